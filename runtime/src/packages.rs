//! Commands from directories of the host: plain ones, and packages in the layout of Agent OS.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use vfs::{Blob, Errno, Result};

use crate::Error;
use crate::error::ErrorKind;

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

/// The commands of a directory, by name.
///
/// # Errors
/// - [`ErrorKind::Software`]: it cannot be read, or has no commands.
pub(crate) fn commands(dir: &Path) -> std::result::Result<Vec<Command>, Error> {
    let fail =
        |why: String| Error::from(ErrorKind::Software { path: dir.display().to_string(), why });
    let mut found = Vec::new();
    collect(dir, MAX_DEPTH, &mut found).map_err(|error| fail(error.to_string()))?;
    if found.is_empty() {
        return Err(fail("no WebAssembly commands in it".to_owned()));
    }
    Ok(found)
}

/// Takes the modules of a directory, or of the packages in it.
fn collect(dir: &Path, depth: usize, found: &mut Vec<Command>) -> io::Result<()> {
    let inner = dir.join("wasm");
    let dir = if inner.is_dir() { &inner } else { dir };
    #[expect(clippy::disallowed_methods, reason = "the embedder names this directory of the host")]
    let entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let before = found.len();
    for path in paths.iter().filter(|path| path.is_file()) {
        if let Some(len) = module_len(path)?
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            let name = name.strip_suffix(".wasm").unwrap_or(name).to_owned();
            let module = HostModule { path: path.clone(), len, content: OnceLock::new() };
            found.push((name, Arc::new(module)));
        }
    }
    if found.len() > before || depth == 0 {
        return Ok(());
    }
    for path in paths.iter().filter(|path| path.is_dir()) {
        collect(path, depth - 1, found)?;
    }
    Ok(())
}

/// The size of a file that begins as a module does.
fn module_len(path: &Path) -> io::Result<Option<u64>> {
    #[expect(clippy::disallowed_methods, reason = "the embedder names this directory of the host")]
    let mut file = fs::File::open(path)?;
    let mut magic = [0; 4];
    match file.read_exact(&mut magic) {
        Ok(()) if &magic == b"\0asm" => Ok(Some(file.metadata()?.len())),
        Ok(()) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
