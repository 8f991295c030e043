//! Files that are whole or absent: written beside their place, then renamed into it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

/// Waits until no other `xtask` holds the lock; it is released with the returned file.
pub(super) fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("xtask: waiting for another build of the standard commands");
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

/// Replaces `path` by a file of these bytes.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = partial(path);
    fs::write(&partial, bytes).with_context(|| format!("cannot write {}", partial.display()))?;
    rename(&partial, path)
}

/// Makes the folder `path` by filling another, which becomes `path` when `fill` has succeeded.
/// A folder that is there is left as it is.
pub(super) fn make_dir(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let partial = partial(path);
    if partial.exists() {
        fs::remove_dir_all(&partial)
            .with_context(|| format!("cannot remove {}", partial.display()))?;
    }
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    fill(&partial)?;
    rename(&partial, path)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Sets the time of last change to now: cargo then looks at the file again. A read-only checkout
/// has no build of its own to refresh, so a failure is none.
pub(super) fn touch(path: &Path) {
    if let Ok(file) = File::options().append(true).open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests;
