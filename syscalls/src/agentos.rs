//! `agentos`: what preview1 and the published extensions lack.
//!
//! Paths are as the program has them: absolute, or relative to the working directory that the
//! kernel keeps. `stat` is 88 bytes, little-endian: `dev ino nlink` (u64), `mode uid gid` and a
//! pad (u32), `rdev size blocks` (u64), `atime mtime ctime` (i64, nanoseconds).

use core::task::Poll;

use kernel::{Disposition, Pgid, Pid, Signal};
use vfs::{Access, AtFlags, Errno, FileType, Mode, Result, Stat};

use crate::context::{Answer, Cx, GuestFd, answer};
use crate::table::words;

fn done(result: Result<()>) -> Poll<Answer> {
    answer(Poll::Ready(result))
}

/// Writes a string and its length, which may be more than fits.
fn string(cx: &mut Cx<'_>, text: &[u8], buf: u32, buf_len: u32, ret_len: u32) -> Result<()> {
    let len = u32::try_from(text.len()).map_err(|_| Errno::EOVERFLOW)?;
    cx.memory.set_u32(ret_len, len)?;
    if len > buf_len {
        return Err(Errno::ERANGE);
    }
    cx.memory.write(buf, text)
}

/// `getcwd(buf, buf_len, ret_len)`; `ERANGE` if it does not fit, with the length that would.
pub(crate) fn getcwd(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [buf, buf_len, ret_len] = words(a);
    done(cx.kernel.getcwd(cx.pid).and_then(|cwd| string(cx, &cwd, buf, buf_len, ret_len)))
}

/// `chdir(path, len)`
pub(crate) fn chdir(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len] = words(a);
    done(cx.bytes(path, len).and_then(|path| cx.kernel.chdir(cx.pid, &path)))
}

/// `umask(mask, ret_old)`
pub(crate) fn umask(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [mask, ret] = words(a);
    done((|| {
        cx.memory.slice(ret, 4)?;
        let old = cx.kernel.umask(cx.pid, Mode::new(mask & 0o777))?;
        cx.memory.set_u32(ret, old.bits().into())
    })())
}

fn encode(stat: &Stat) -> [u8; 88] {
    let mut out = [0; 88];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        if let Some(slot) = out.get_mut(at..at + bytes.len()) {
            slot.copy_from_slice(bytes);
        }
        at += bytes.len();
    };
    for value in [stat.dev, stat.ino.0, stat.nlink] {
        put(&value.to_le_bytes());
    }
    for value in [stat.st_mode(), stat.uid, stat.gid, 0] {
        put(&value.to_le_bytes());
    }
    for value in [stat.rdev, stat.size, stat.blocks] {
        put(&value.to_le_bytes());
    }
    for time in [stat.atime, stat.mtime, stat.ctime] {
        put(&time.as_nanos().to_le_bytes());
    }
    out
}

/// `path_stat(path, len, follow, ret)`
pub(crate) fn path_stat(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len, follow, ret] = words(a);
    let flags = if follow == 0 { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
    done((|| {
        let path = cx.bytes(path, len)?;
        let stat = cx.kernel.fstatat(cx.pid, None, &path, flags)?;
        cx.memory.write(ret, &encode(&stat))
    })())
}

/// `fd_stat(fd, ret)`
pub(crate) fn fd_stat(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, ret] = words(a);
    done((|| {
        let stat = match cx.guest_fd(fd)? {
            GuestFd::Fd(fd) => cx.kernel.fstat(cx.pid, fd)?,
            GuestFd::Preopen(path) => cx.kernel.fstatat(cx.pid, None, &path, AtFlags::empty())?,
        };
        cx.memory.write(ret, &encode(&stat))
    })())
}

/// `path_chmod(path, len, mode, follow)`
pub(crate) fn path_chmod(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len, mode, follow] = words(a);
    let flags = if follow == 0 { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
    done(
        cx.bytes(path, len)
            .and_then(|path| cx.kernel.fchmodat(cx.pid, None, &path, Mode::new(mode), flags)),
    )
}

/// `path_chown(path, len, uid, gid, follow)`; an id of 2³² − 1 leaves it as it is.
pub(crate) fn path_chown(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len, uid, gid, follow] = words(a);
    let flags = if follow == 0 { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
    let id = |id: u32| (id != u32::MAX).then_some(id);
    done(
        cx.bytes(path, len)
            .and_then(|path| cx.kernel.fchownat(cx.pid, None, &path, id(uid), id(gid), flags)),
    )
}

/// `path_mkfifo(path, len, mode)`
pub(crate) fn path_mkfifo(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len, mode] = words(a);
    done(cx.bytes(path, len).and_then(|path| {
        cx.kernel.mknodat(cx.pid, None, &path, FileType::Fifo, Mode::new(mode), 0)
    }))
}

/// `path_access(path, len, mode)`: `R_OK` 4, `W_OK` 2, `X_OK` 1.
pub(crate) fn path_access(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len, mode] = words(a);
    done((|| {
        let access = Access::from_bits(mode).ok_or(Errno::EINVAL)?;
        let path = cx.bytes(path, len)?;
        cx.kernel.faccessat(cx.pid, None, &path, access, AtFlags::empty())
    })())
}

/// `path_statfs(path, len, ret)`: six u64, in the order of [`vfs::StatFs`].
pub(crate) fn path_statfs(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len, ret] = words(a);
    done((|| {
        let path = cx.bytes(path, len)?;
        let fs = cx.kernel.statfs(cx.pid, &path)?;
        let values =
            [fs.block_size, fs.blocks, fs.blocks_free, fs.files, fs.files_free, fs.name_max];
        let bytes: Vec<u8> = values.into_iter().flat_map(u64::to_le_bytes).collect();
        cx.memory.write(ret, &bytes)
    })())
}

/// `proc_setpgid(pid, pgid)`; pid 0 is the caller.
pub(crate) fn proc_setpgid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [pid, pgid] = words(a);
    let target = if pid == 0 { cx.pid } else { Pid(pid) };
    done(cx.kernel.setpgid(cx.pid, target, Pgid(pgid)))
}

/// `proc_getpgid(pid, ret)`; pid 0 is the caller.
pub(crate) fn proc_getpgid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [pid, ret] = words(a);
    let target = if pid == 0 { cx.pid } else { Pid(pid) };
    done(cx.kernel.getpgid(target).and_then(|pgid| cx.memory.set_u32(ret, pgid.0)))
}

/// `proc_sigignore(signal)`: as `nohup` needs it.
pub(crate) fn proc_sigignore(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [number] = words(a);
    done((|| {
        let signal = Signal::from_number(number).ok_or(Errno::EINVAL)?;
        cx.kernel.sigaction(cx.pid, signal, Disposition::Ignore).map(|_| ())
    })())
}

/// `uname(buf, buf_len, ret_len)`: system, node, release, version and machine, each with a NUL.
pub(crate) fn uname(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [buf, buf_len, ret_len] = words(a);
    let mut text = b"Linux\0".to_vec();
    text.extend_from_slice(cx.kernel.hostname());
    text.extend_from_slice(b"\x006.1.0-agentos\0#1 WebAssembly\0wasm32\0");
    done(string(cx, &text, buf, buf_len, ret_len))
}
