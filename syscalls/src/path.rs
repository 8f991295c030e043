//! `path_*`: calls on paths below a directory descriptor.

use core::task::Poll;

use kernel::DirFd;
use vfs::{AtFlags, Errno, FileType, Mode, OFlags, RenameFlags, Result, Stat};

use crate::abi;
use crate::context::{Answer, Cx, GuestFd, answer};
use crate::fd::{describe, ready, times};
use crate::table::{wide, words};

/// Where a path is resolved: a directory of the kernel's, and the path from there.
pub(crate) struct At {
    pub(crate) dir: DirFd,
    pub(crate) path: Vec<u8>,
}

/// `lookupflags`: follow a symbolic link.
const FOLLOW: u32 = 1;

fn done(result: Result<()>) -> Poll<Answer> {
    answer(Poll::Ready(result))
}

/// A path argument below a descriptor. A preopened directory is none of the kernel's: its path
/// is put before. A guest that is held to preview1's letter is held beneath the directory.
///
/// # Errors
/// - `EBADF`: the descriptor is not open.
/// - `EFAULT`, `ENAMETOOLONG`: the argument.
/// - as [`Kernel::resolve`](kernel::Kernel::resolve), of a preopened directory.
fn at(cx: &mut Cx<'_>, fd: u32, path: u32, len: u32) -> Result<At> {
    let path = cx.bytes(path, len)?;
    match cx.guest_fd(fd)? {
        GuestFd::Fd(fd) if cx.state.strict => Ok(At { dir: DirFd::BeneathFd(fd), path }),
        GuestFd::Fd(fd) => {
            // Absolute paths would not be looked up below `fd`.
            let path = if path.first() == Some(&b'/') { trim(&path) } else { path };
            Ok(At { dir: DirFd::Fd(fd), path })
        }
        GuestFd::Preopen(base) if cx.state.strict => {
            let base = cx.kernel.resolve(cx.pid, &base)?;
            Ok(At { dir: DirFd::Beneath(base), path })
        }
        GuestFd::Preopen(_) if path.is_empty() => Ok(At { dir: DirFd::Cwd, path }),
        GuestFd::Preopen(base) => {
            let slash: &[u8] = if base.ends_with(b"/") { b"" } else { b"/" };
            Ok(At { dir: DirFd::Cwd, path: [&base, slash, &path].concat() })
        }
    }
}

fn trim(path: &[u8]) -> Vec<u8> {
    let rest = path.iter().position(|b| *b != b'/').map_or(&b"."[..], |n| &path[n..]);
    rest.to_vec()
}

fn nofollow(flags: u32) -> AtFlags {
    if flags & FOLLOW != 0 { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW }
}

pub(crate) fn path_create_directory(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, path, len] = words(a);
    done(
        at(cx, fd, path, len)
            .and_then(|at| cx.kernel.mkdirat(cx.pid, at.dir, &at.path, Mode::new(0o777))),
    )
}

/// What preview1 calls an inode that a path names. Commands of the extension ABI know regular
/// files, directories and links only, and read devices and fifos as files.
fn path_filetype(cx: &Cx<'_>, stat: &Stat) -> u8 {
    match stat.file_type {
        FileType::CharDevice | FileType::Fifo if !cx.state.strict => abi::REGULAR_FILE,
        file_type => abi::filetype(file_type),
    }
}

pub(crate) fn path_filestat_get(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, flags, path, len, out] = words(a);
    done((|| {
        let at = at(cx, fd, path, len)?;
        let stat = cx.kernel.fstatat(cx.pid, at.dir, &at.path, nofollow(flags))?;
        let filetype = path_filetype(cx, &stat);
        cx.memory.write(out, &abi::filestat(&stat, filetype))
    })())
}

pub(crate) fn path_filestat_set_times(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, flags, path, len] = words(a);
    done((|| {
        let at = at(cx, fd, path, len)?;
        let (atime, mtime) = times(wide(a, 4), wide(a, 5), wide(a, 6))?;
        cx.kernel.utimensat(cx.pid, at.dir, &at.path, atime, mtime, nofollow(flags))
    })())
}

pub(crate) fn path_link(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [old_fd, flags, old, old_len, new_fd, new, new_len] = words(a);
    done((|| {
        let old = at(cx, old_fd, old, old_len)?;
        let new = at(cx, new_fd, new, new_len)?;
        let follow = flags & FOLLOW != 0;
        if follow && cx.state.strict {
            return Err(Errno::EINVAL);
        }
        let flags = if follow { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
        cx.kernel.linkat(cx.pid, old.dir, &old.path, new.dir, &new.path, flags)
    })())
}

/// The access that rights ask for.
fn access(rights: u64, directory: bool) -> OFlags {
    let writes = abi::RIGHT_FD_WRITE | abi::RIGHT_FD_ALLOCATE | abi::RIGHT_FD_FILESTAT_SET_SIZE;
    let read = rights & (abi::RIGHT_FD_READ | abi::RIGHT_FD_READDIR) != 0;
    let write = rights & writes != 0 && !directory;
    let mut flags = OFlags::empty();
    flags.set(OFlags::READ, read || !write);
    flags.set(OFlags::WRITE, write);
    flags
}

pub(crate) fn path_open(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [dirfd, lookup, path, len, oflags] = words(a);
    let (base, fdflags, out) = (wide(a, 5), wide(a, 7) as u32, wide(a, 8) as u32);
    answer((|| {
        let at = at(cx, dirfd, path, len)?;
        cx.memory.slice(out, 4)?;
        let directory = oflags & abi::OFLAGS_DIRECTORY != 0;
        let mut flags = access(base, directory);
        flags |= abi::oflags_of_fdflags(fdflags).ok_or(Errno::EINVAL)?;
        flags.set(OFlags::CREAT, oflags & abi::OFLAGS_CREAT != 0);
        flags.set(OFlags::DIRECTORY, directory);
        flags.set(OFlags::EXCL, oflags & abi::OFLAGS_EXCL != 0);
        flags.set(OFlags::TRUNC, oflags & abi::OFLAGS_TRUNC != 0);
        flags.set(OFlags::NOFOLLOW, lookup & FOLLOW == 0);
        if directory && flags.contains(OFlags::CREAT) {
            return Poll::Ready(Err(Errno::EINVAL));
        }
        let mut result = cx.kernel.openat(cx.pid, at.dir, &at.path, flags, Mode::new(0o666));
        // libc asks for all rights when it opens a directory without saying that it is one.
        let plain = !flags.intersects(OFlags::CREAT | OFlags::TRUNC);
        if result == Poll::Ready(Err(Errno::EISDIR)) && plain && base & abi::RIGHT_FD_READDIR != 0 {
            flags = (flags - OFlags::WRITE) | OFlags::READ;
            result = cx.kernel.openat(cx.pid, at.dir, &at.path, flags, Mode::new(0o666));
        }
        let opened = ready!(result);
        // A directory can be read only; POSIX says so of any open that asks for more.
        if directory && base & abi::RIGHT_FD_WRITE != 0 {
            cx.kernel.close(cx.pid, opened)?;
            return Poll::Ready(Err(Errno::EISDIR));
        }
        let fd = cx.to_guest(opened);
        cx.state.rights.remove(&fd);
        if let Some((_, inheriting)) = cx.state.rights.get(&dirfd).copied() {
            let (_, _, (all, _)) = describe(cx, fd)?;
            cx.state.rights.insert(fd, (all & inheriting, inheriting));
        }
        Poll::Ready(cx.memory.set_u32(out, fd))
    })())
}

pub(crate) fn path_readlink(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, path, len, buf, buf_len, out] = words(a);
    done((|| {
        let at = at(cx, fd, path, len)?;
        let target = cx.kernel.readlinkat(cx.pid, at.dir, &at.path)?;
        // Where it leads outside is not the guest's to know, as it cannot make such a link.
        if cx.state.strict && target.first() == Some(&b'/') {
            return Err(Errno::EPERM);
        }
        let n = target.len().min(buf_len as usize);
        cx.memory.write(buf, target.get(..n).unwrap_or_default())?;
        cx.memory.set_u32(out, u32::try_from(n).map_err(|_| Errno::EOVERFLOW)?)
    })())
}

pub(crate) fn path_remove_directory(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, path, len] = words(a);
    done(
        at(cx, fd, path, len)
            .and_then(|at| cx.kernel.unlinkat(cx.pid, at.dir, &at.path, AtFlags::REMOVEDIR)),
    )
}

pub(crate) fn path_rename(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [old_fd, old, old_len, new_fd, new, new_len] = words(a);
    done((|| {
        let old = at(cx, old_fd, old, old_len)?;
        let new = at(cx, new_fd, new, new_len)?;
        let flags = RenameFlags::empty();
        cx.kernel.renameat2(cx.pid, old.dir, &old.path, new.dir, &new.path, flags)
    })())
}

pub(crate) fn path_symlink(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [target, target_len, fd, path, len] = words(a);
    done((|| {
        let target = cx.bytes(target, target_len)?;
        if cx.state.strict && target.first() == Some(&b'/') {
            return Err(Errno::EPERM);
        }
        let at = at(cx, fd, path, len)?;
        cx.kernel.symlinkat(cx.pid, &target, at.dir, &at.path)
    })())
}

pub(crate) fn path_unlink_file(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, path, len] = words(a);
    done(
        at(cx, fd, path, len)
            .and_then(|at| cx.kernel.unlinkat(cx.pid, at.dir, &at.path, AtFlags::empty())),
    )
}
