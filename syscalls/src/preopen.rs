//! The directories that a guest finds open, and `fd_renumber`, which can put others there.

use core::task::Poll;

use kernel::Fd;
use vfs::{Errno, Result};

use crate::context::{Answer, Cx, GuestFd, Paths, SCRATCH_PLACE, SCRATCH_PLACES, Slot};
use crate::fd::{describe, done, open_directory};
use crate::table::words;

/// Where a path of the guest's is, as it is from the root, without leading slashes: for a libc
/// that takes relative paths for ones from the root.
///
/// # Errors
/// - `EFAULT`: the path does not end in memory.
/// - `ENOENT`: the working directory was removed.
fn from_root(cx: &mut Cx<'_>, path: u32) -> Result<u32> {
    let mut len = 0;
    while cx.memory.slice(path.saturating_add(len), 1)? != [0] {
        len += 1;
    }
    let text = cx.bytes(path, len)?;
    let slashes = text.iter().take_while(|b| **b == b'/').count();
    let Paths::FromRoot { scratch, next } = cx.state.paths else {
        return Ok(path + u32::try_from(slashes).unwrap_or(len));
    };
    if slashes > 0 || text.is_empty() {
        return Ok(path + u32::try_from(slashes).unwrap_or(len));
    }
    let mut full = cx.kernel.getcwd(cx.pid)?;
    full.push(b'/');
    full.extend(text);
    // One too long for a place stays too long for a path when it is cut there.
    full.truncate(SCRATCH_PLACE as usize - 1);
    full.push(0);
    let at = scratch + next * SCRATCH_PLACE;
    cx.state.paths = Paths::FromRoot { scratch, next: (next + 1) % SCRATCH_PLACES };
    cx.memory.write(at, &full)?;
    let slashes = full.iter().take_while(|b| **b == b'/').count();
    Ok(at + u32::try_from(slashes).unwrap_or(0))
}

/// What a preopened directory is called.
///
/// # Errors
/// - `EBADF`: it is none, or none any more.
fn preopen_name(cx: &Cx<'_>, fd: u32) -> Result<Vec<u8>> {
    match cx.state.slot(fd).and_then(|slot| cx.state.slots.get(slot)) {
        Some(Slot::Preopen(preopen)) => Ok(preopen.name.clone()),
        _ => Err(Errno::EBADF),
    }
}

pub(crate) fn fd_prestat_get(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, out] = words(a);
    if out == u32::MAX && cx.state.paths != Paths::AsSpecified {
        // A path that is in memory stays what it is if it cannot be made absolute.
        return Poll::Ready(Answer::Value(from_root(cx, fd).unwrap_or(fd)));
    }
    done((|| {
        let len = u32::try_from(preopen_name(cx, fd)?.len()).map_err(|_| Errno::EOVERFLOW)?;
        // Tag 0: a directory.
        cx.memory.set_u64(out, u64::from(len) << 32)
    })())
}

pub(crate) fn fd_prestat_dir_name(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, path, len] = words(a);
    done((|| {
        let name = preopen_name(cx, fd)?;
        if name.len() > len as usize {
            return Err(Errno::ENAMETOOLONG);
        }
        cx.memory.write(path, &name)
    })())
}

pub(crate) fn fd_renumber(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [from, to] = words(a);
    done((|| {
        // Both must be open, unlike for dup2.
        describe(cx, from)?;
        describe(cx, to)?;
        if from == to {
            return Ok(());
        }
        renumber(cx, from, to)?;
        match cx.state.rights.remove(&from) {
            Some(rights) => cx.state.rights.insert(to, rights),
            None => cx.state.rights.remove(&to),
        };
        Ok(())
    })())
}

/// Gives what `from` stands for the number `to`. The kernel's descriptors have each its number;
/// where a preopened directory was, one of them can be put, and takes it as its only one.
fn renumber(cx: &mut Cx<'_>, from: u32, to: u32) -> Result<()> {
    let (source, target) = (cx.state.slot(from), cx.state.slot(to));
    if let (Some(source), Some(target)) = (source, target) {
        if let GuestFd::Fd(old) = cx.guest_fd(to)? {
            cx.kernel.close(cx.pid, old)?;
        }
        cx.state.slots.swap(source, target);
        if let Some(slot) = cx.state.slots.get_mut(source) {
            *slot = Slot::Closed;
        }
        return Ok(());
    }
    let old = match cx.guest_fd(from)? {
        GuestFd::Fd(fd) => fd,
        GuestFd::Preopen(path) => open_directory(cx, &path)?,
    };
    if let Some(slot) = source.and_then(|slot| cx.state.slots.get_mut(slot)) {
        *slot = Slot::Closed;
    }
    match (cx.guest_fd(to)?, target) {
        (replaced, Some(target)) => {
            if let GuestFd::Fd(replaced) = replaced {
                cx.kernel.close(cx.pid, replaced)?;
            }
            // The standard descriptors' numbers are used again: by them it could not be hidden.
            let kept = cx.kernel.dup_min(cx.pid, old, Fd(3), kernel::CloseOnExec::No)?;
            if let Some(slot) = cx.state.slots.get_mut(target) {
                *slot = Slot::Fd(kept);
            }
        }
        (GuestFd::Fd(new), None) => {
            cx.kernel.dup2(cx.pid, old, new, kernel::CloseOnExec::No)?;
        }
        (GuestFd::Preopen(_), None) => return Err(Errno::EBADF),
    }
    cx.kernel.close(cx.pid, old)
}
