//! Commands from directories of the host: plain ones, and packages in the layout of Agent OS.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bytes::Bytes;
use vfs::{Blob, Errno, Result};

use crate::error::ErrorKind;
use crate::module::Source;
use crate::{Engine, Error};

/// How deep packages may lie: `node_modules/@scope/package`.
const MAX_DEPTH: usize = 3;

/// A module of the host's, read when it first runs.
struct HostModule {
    path: PathBuf,
    len: u64,
    content: OnceLock<Bytes>,
}

impl Blob for HostModule {
    fn len(&self) -> u64 {
        self.len
    }

    fn bytes(&self) -> Result<Bytes> {
        if let Some(content) = self.content.get() {
            return Ok(content.clone());
        }
        #[expect(clippy::disallowed_methods, reason = "the embedder names this file of the host")]
        let content = Bytes::from(fs::read(&self.path).map_err(|_| Errno::EIO)?);
        // The file's size was told when it was found, and what was read is kept: a file that
        // has changed since is not the one that was named.
        if content.len() as u64 != self.len {
            return Err(Errno::EIO);
        }
        Ok(self.content.get_or_init(|| content).clone())
    }
}

/// A command: its name and its module.
pub(crate) type Command = (String, Arc<dyn Blob>);

/// Modules of the host's that were found before, by path: as long as a file stays what it is, its
/// content is one, and so is what is compiled from it.
#[derive(Default)]
pub(crate) struct Found(BTreeMap<PathBuf, (Version, Arc<dyn Blob>)>);

/// By what a file is known to be what it was: its length and time.
type Version = (u64, Option<SystemTime>);

/// The commands of a directory, by name.
///
/// # Errors
/// - [`ErrorKind::Software`]: it cannot be read, or has no commands.
pub(crate) fn commands(engine: &Engine, dir: &Path) -> std::result::Result<Vec<Command>, Error> {
    let fail =
        |why: String| Error::from(ErrorKind::Software { path: dir.display().to_string(), why });
    let mut commands = Vec::new();
    collect(engine, dir, MAX_DEPTH, &mut commands).map_err(|error| fail(error.to_string()))?;
    if commands.is_empty() {
        return Err(fail("no WebAssembly commands in it".to_owned()));
    }
    Ok(commands)
}

/// Takes the modules of a directory, or of the packages in it.
fn collect(
    engine: &Engine,
    dir: &Path,
    depth: usize,
    commands: &mut Vec<Command>,
) -> io::Result<()> {
    let inner = dir.join("wasm");
    let (dir, source) =
        if inner.is_dir() { (inner.as_path(), Source::Package) } else { (dir, Source::Other) };
    #[expect(clippy::disallowed_methods, reason = "the embedder names this directory of the host")]
    let entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let before = commands.len();
    for path in paths.iter().filter(|path| path.is_file()) {
        if let Some(version) = module_at(path)?
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            let blob = content(engine, path, version, source);
            commands.push((name.strip_suffix(".wasm").unwrap_or(name).to_owned(), blob));
        }
    }
    if commands.len() > before || depth == 0 {
        return Ok(());
    }
    for path in paths.iter().filter(|path| path.is_dir()) {
        collect(engine, path, depth - 1, commands)?;
    }
    Ok(())
}

/// The content of a module, the same as before if the file is.
fn content(engine: &Engine, path: &Path, version: Version, source: Source) -> Arc<dyn Blob> {
    let mut found = engine.inner().found.lock();
    match found.0.get(path) {
        Some((known, blob)) if *known == version => return blob.clone(),
        _ => {}
    }
    let module = HostModule { path: path.to_owned(), len: version.0, content: OnceLock::new() };
    let blob: Arc<dyn Blob> = Arc::new(module);
    engine.inner().know(&blob, source);
    found.0.insert(path.to_owned(), (version, blob.clone()));
    blob
}

/// The version of a file that begins as a module does.
fn module_at(path: &Path) -> io::Result<Option<Version>> {
    #[expect(clippy::disallowed_methods, reason = "the embedder names this directory of the host")]
    let mut file = fs::File::open(path)?;
    let mut magic = [0; 4];
    match file.read_exact(&mut magic) {
        Ok(()) if &magic == b"\0asm" => {
            let metadata = file.metadata()?;
            Ok(Some((metadata.len(), metadata.modified().ok())))
        }
        Ok(()) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
