//! What a sandbox changed under a `cow` mount: kept in a file, shown, and applied to the host.

use std::any::Any;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use runtime::Sandbox;
use vfs::{Change, ChangeKind, FileType, HostFs, Limits, OverlayFs, Refusal, Selection, Timestamp};

use crate::args::{Apply, Diff, SandboxOptions};
use crate::mount::MountMode;
use crate::sandbox::{HOME, USER};

/// `--save`: where the changes go, and of which mount.
pub(crate) struct Save(Option<(File, String, String)>);

impl Save {
    /// Checks what `--save` needs before anything runs, and makes the file.
    pub(crate) fn prepare(options: &SandboxOptions) -> Result<Save, String> {
        let Some(path) = &options.save else { return Ok(Save(None)) };
        let mounts = options.mount.iter().filter(|spec| spec.mode == MountMode::CopyOnWrite);
        let [spec] = mounts.collect::<Vec<_>>()[..] else {
            return Err("--save needs one mount that is `cow`, and no second one".to_owned());
        };
        let at = spec.at(options.cwd.as_deref().unwrap_or(HOME));
        #[expect(clippy::disallowed_methods, reason = "the user names this file of the host")]
        let file = File::create(path);
        let name = path.display().to_string();
        let file = file.map_err(|error| format!("--save {name}: {error}"))?;
        Ok(Save(Some((file, name, at))))
    }

    /// Writes the changes.
    pub(crate) fn finish(self, sandbox: &mut Sandbox) -> Result<(), String> {
        let Some((file, name, at)) = self.0 else { return Ok(()) };
        let vfs = sandbox.kernel().vfs();
        let mount = vfs.mounts().filter(|mount| mount.path == at.as_bytes()).last();
        let fs = mount.and_then(|mount| vfs.filesystem(mount.id));
        let overlay = fs.and_then(|fs| (fs as &dyn Any).downcast_ref::<OverlayFs>());
        let overlay = overlay.ok_or_else(|| format!("--save {name}: {at} is no mount any more"))?;
        overlay.save(BufWriter::new(file)).map_err(|error| format!("--save {name}: {error}"))
    }
}

/// A directory of the host as `run --mount` shows it.
fn host(dir: &Path, open: fn(&Path) -> std::io::Result<HostFs>) -> Result<HostFs, String> {
    open(dir)
        .and_then(|fs| fs.owned_by(USER, USER))
        .map_err(|error| format!("{}: {error}", dir.display()))
}

/// The saved changes over a directory, and the paths that it has no place for any more.
fn load(file: &Path, dir: &Path) -> Result<(OverlayFs, Vec<Vec<u8>>), String> {
    let lower = Arc::new(host(dir, |dir| HostFs::open_read_only(dir))?);
    #[expect(clippy::disallowed_methods, reason = "the user names this file of the host")]
    let input = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    OverlayFs::load(lower, Limits::default(), BufReader::new(input)).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::InvalidData => " (is it what --save wrote?)",
            _ => "",
        };
        format!("{}: {error}{hint}", file.display())
    })
}

/// `agentos diff`.
pub(crate) fn diff(options: &Diff) -> Result<i32, String> {
    let (overlay, lost) = load(&options.file, &options.dir)?;
    let failed = |errno| format!("{}: {errno}", options.dir.display());
    let mut out = Vec::new();
    for change in overlay.diff().map_err(failed)? {
        if options.summary {
            out.extend(summary(&change));
            continue;
        }
        match overlay.unified_diff(&change).map_err(failed)? {
            Some(text) => out.extend(text),
            None => {
                out.extend(b"# ");
                out.extend(summary(&change));
            }
        }
    }
    std::io::stdout().write_all(&out).map_err(|error| format!("standard output: {error}"))?;
    complain_about_lost(&lost);
    Ok(i32::from(!lost.is_empty()))
}

/// `agentos apply`.
pub(crate) fn apply(options: &Apply) -> Result<i32, String> {
    let (mut overlay, lost) = load(&options.file, &options.dir)?;
    let mut target = host(&options.dir, |dir| HostFs::open(dir))?;
    let paths = options.paths.iter().map(|path| plain(path.as_bytes()));
    let paths = paths.collect::<Result<Vec<_>, _>>()?;
    let chosen: Vec<&[u8]> = paths.iter().map(Vec::as_slice).collect();
    for path in &chosen {
        let changes = overlay.diff().map_err(|errno| errno.to_string())?;
        if !changes.iter().any(|change| is_below(&change.path, path)) {
            return Err(format!("{}: no change there", String::from_utf8_lossy(path)));
        }
    }
    let selection = if chosen.is_empty() { Selection::All } else { Selection::Paths(&chosen) };
    // What is written gets the host's own time.
    let done = overlay
        .commit(&mut target, selection, Timestamp::default())
        .map_err(|errno| format!("{}: {errno}", options.dir.display()))?;
    let lines: Vec<u8> = done.applied.iter().flat_map(summary).collect();
    std::io::stdout().write_all(&lines).map_err(|error| format!("standard output: {error}"))?;
    for conflict in &done.conflicts {
        let path = String::from_utf8_lossy(&conflict.change.path).into_owned();
        match conflict.reason {
            Refusal::ChangedMeanwhile => complain(&path, "the host's version is another one now"),
            Refusal::Failed(errno) => complain(&path, &errno.to_string()),
        }
    }
    complain_about_lost(&lost);
    Ok(i32::from(!done.conflicts.is_empty() || !lost.is_empty()))
}

/// A path as changes are listed by: without `./`, doubled and trailing slashes.
fn plain(path: &[u8]) -> Result<Vec<u8>, String> {
    let names: Vec<&[u8]> =
        path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b".")).collect();
    if path.first() == Some(&b'/') || names.contains(&&b".."[..]) {
        let path = String::from_utf8_lossy(path);
        return Err(format!("{path}: write the path from the directory, without `..`"));
    }
    Ok(names.join(&b'/'))
}

fn is_below(path: &[u8], top: &[u8]) -> bool {
    let rest = path.strip_prefix(top);
    top.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn complain_about_lost(lost: &[Vec<u8>]) {
    for path in lost {
        complain(&String::from_utf8_lossy(path), "the directory has no place for it any more");
    }
}

fn complain(path: &str, what: &str) {
    // Nobody is left to tell if this fails.
    let _ = writeln!(std::io::stderr(), "agentos: {path}: {what}");
}

/// A letter and the path, as a line.
fn summary(change: &Change) -> Vec<u8> {
    let letter = match &change.kind {
        ChangeKind::Added => "A ",
        ChangeKind::Modified => "M ",
        ChangeKind::Deleted => "D ",
        ChangeKind::Renamed { .. } => "R ",
        ChangeKind::ModeChanged => "T ",
    };
    let mut line = letter.as_bytes().to_vec();
    if let ChangeKind::Renamed { from } = &change.kind {
        line.extend_from_slice(from);
        line.extend(b" -> ");
    }
    line.extend_from_slice(&change.path);
    if change.file_type == FileType::Directory {
        line.push(b'/');
    }
    line.push(b'\n');
    line
}
