//! `fd_*`: open files and directories.

use core::task::Poll;

use kernel::{Fd, Kernel, Pid};
use vfs::{DirEntry, Errno, FileType, OFlags, Result, SetTime, Stat, Timestamp, Whence};

use crate::abi;
use crate::context::{Answer, Cx, GuestFd, Slot, answer};
use crate::errno;
use crate::table::{wide, words};

pub(crate) fn done(result: Result<()>) -> Poll<Answer> {
    answer(Poll::Ready(result))
}

/// Follows `?` inside a `Poll`: waits, or fails.
macro_rules! ready {
    ($call:expr) => {
        match $call {
            Poll::Ready(Ok(value)) => value,
            Poll::Ready(Err(errno)) => return Poll::Ready(Err(errno)),
            Poll::Pending => return Poll::Pending,
        }
    };
}
pub(crate) use ready;

pub(crate) fn fd_advise(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    let advice = wide(a, 3);
    done((|| {
        let fd = cx.fd_or(fd, Errno::EBADF)?;
        let stat = cx.kernel.fstat(cx.pid, fd)?;
        if cx.state.strict && stat.is_dir() {
            return Err(Errno::EBADF);
        }
        if advice > 5 {
            return Err(Errno::EINVAL);
        }
        if stat.file_type == FileType::Fifo { Err(Errno::ESPIPE) } else { Ok(()) }
    })())
}

pub(crate) fn fd_allocate(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    let (offset, len) = (wide(a, 1), wide(a, 2));
    done(cx.fd_or(fd, Errno::EBADF).and_then(|fd| cx.kernel.fallocate(cx.pid, fd, offset, len)))
}

pub(crate) fn fd_close(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    let open = cx.guest_fd(fd);
    cx.state.rights.remove(&fd);
    if let Some(slot) = cx.state.slot(fd).and_then(|slot| cx.state.slots.get_mut(slot)) {
        *slot = Slot::Closed;
    }
    done(match open {
        Ok(GuestFd::Preopen(_)) => Ok(()),
        Ok(GuestFd::Fd(fd)) => cx.kernel.close(cx.pid, fd),
        Err(errno) => Err(errno),
    })
}

/// `fd_datasync` and `fd_sync`.
pub(crate) fn fd_sync(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    done(match cx.guest_fd(fd) {
        Ok(GuestFd::Preopen(_)) => Ok(()),
        Ok(GuestFd::Fd(fd)) => cx.kernel.fsync(cx.pid, fd),
        Err(errno) => Err(errno),
    })
}

/// What preview1 calls the file behind a descriptor. A pipe has no name there, and must not
/// be taken for a terminal.
fn fd_filetype(cx: &mut Cx<'_>, fd: Fd, stat: &Stat) -> u8 {
    let device = stat.file_type == FileType::CharDevice;
    match stat.file_type {
        _ if cx.kernel.isatty(cx.pid, fd) => abi::CHARACTER_DEVICE,
        _ if device && !cx.state.strict => abi::REGULAR_FILE,
        file_type => abi::filetype(file_type),
    }
}

fn rights_of(filetype: u8, flags: OFlags) -> (u64, u64) {
    match filetype {
        abi::DIRECTORY => (abi::RIGHTS_DIR, abi::RIGHTS_ALL),
        abi::REGULAR_FILE => {
            let mut rights = abi::RIGHTS_FILE;
            if !flags.contains(OFlags::READ) {
                rights &= !abi::RIGHT_FD_READ;
            }
            if !flags.contains(OFlags::WRITE) {
                rights &= !(abi::RIGHT_FD_WRITE
                    | abi::RIGHT_FD_ALLOCATE
                    | abi::RIGHT_FD_FILESTAT_SET_SIZE);
            }
            (rights, 0)
        }
        // Terminals and pipes have no offset: this is how libc tells a terminal.
        _ => (abi::RIGHTS_FILE & !(abi::RIGHT_FD_SEEK | abi::RIGHT_FD_TELL), 0),
    }
}

/// File type, flags and rights of a guest's descriptor.
pub(crate) fn describe(cx: &mut Cx<'_>, guest: u32) -> Result<(u8, OFlags, (u64, u64))> {
    let (filetype, flags) = match cx.guest_fd(guest)? {
        GuestFd::Preopen(_) => (abi::DIRECTORY, OFlags::empty()),
        GuestFd::Fd(fd) => {
            let flags = cx.kernel.fcntl_getfl(cx.pid, fd)?;
            let stat = cx.kernel.fstat(cx.pid, fd)?;
            (fd_filetype(cx, fd, &stat), flags)
        }
    };
    let rights = match cx.state.rights.get(&guest) {
        Some(narrowed) => *narrowed,
        None => rights_of(filetype, flags),
    };
    Ok((filetype, flags, rights))
}

pub(crate) fn fd_fdstat_get(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, out] = words(a);
    done((|| {
        let (filetype, flags, (base, inheriting)) = describe(cx, fd)?;
        cx.memory.write(out, &abi::fdstat(filetype, abi::fdflags(flags), base, inheriting))
    })())
}

pub(crate) fn fd_fdstat_set_flags(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, flags] = words(a);
    done((|| {
        let flags = abi::oflags_of_fdflags(flags).ok_or(Errno::EINVAL)?;
        let fd = cx.fd_or(fd, Errno::EBADF)?;
        cx.kernel.fcntl_setfl(cx.pid, fd, flags)
    })())
}

pub(crate) fn fd_fdstat_set_rights(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    let (base, inheriting) = (wide(a, 1), wide(a, 2));
    match describe(cx, fd) {
        Err(errno) => done(Err(errno)),
        Ok((_, _, (had, had_inheriting))) => {
            if base & !had != 0 || inheriting & !had_inheriting != 0 {
                return Poll::Ready(Answer::Value(errno::NOTCAPABLE.into()));
            }
            cx.state.rights.insert(fd, (base, inheriting));
            done(Ok(()))
        }
    }
}

pub(crate) fn fd_filestat_get(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, out] = words(a);
    done((|| {
        let (stat, filetype) = match cx.guest_fd(fd)? {
            GuestFd::Preopen(path) => {
                let stat = cx.kernel.fstatat(cx.pid, None, &path, vfs::AtFlags::empty())?;
                (stat, abi::DIRECTORY)
            }
            GuestFd::Fd(fd) => {
                let stat = cx.kernel.fstat(cx.pid, fd)?;
                let filetype = fd_filetype(cx, fd, &stat);
                (stat, filetype)
            }
        };
        cx.memory.write(out, &abi::filestat(&stat, filetype))
    })())
}

pub(crate) fn fd_filestat_set_size(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    let size = wide(a, 1);
    done(cx.fd_or(fd, Errno::EBADF).and_then(|fd| cx.kernel.ftruncate(cx.pid, fd, size)))
}

/// The two times of `fstflags`.
///
/// # Errors
/// - `EINVAL`: unknown flags, or now and a time at once.
pub(crate) fn times(atime: u64, mtime: u64, flags: u64) -> Result<(SetTime, SetTime)> {
    let one = |time: u64, given: bool, now: bool| match (given, now) {
        (true, true) => Err(Errno::EINVAL),
        (true, false) => {
            let nanos = i64::try_from(time).map_err(|_| Errno::EINVAL)?;
            Ok(SetTime::At(Timestamp::from_nanos(nanos)))
        }
        (false, true) => Ok(SetTime::Now),
        (false, false) => Ok(SetTime::Omit),
    };
    if flags & !15 != 0 {
        return Err(Errno::EINVAL);
    }
    let atime = one(atime, flags & 1 != 0, flags & 2 != 0)?;
    Ok((atime, one(mtime, flags & 4 != 0, flags & 8 != 0)?))
}

pub(crate) fn fd_filestat_set_times(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    done((|| {
        let (atime, mtime) = times(wide(a, 1), wide(a, 2), wide(a, 3))?;
        match cx.guest_fd(fd)? {
            GuestFd::Fd(fd) => cx.kernel.futimens(cx.pid, fd, atime, mtime),
            GuestFd::Preopen(path) => {
                cx.kernel.utimensat(cx.pid, None, &path, atime, mtime, vfs::AtFlags::empty())
            }
        }
    })())
}

/// Reads into each element until one is not filled. What was read is never given back, so only
/// the first element may wait.
fn read_elements(
    cx: &mut Cx<'_>,
    iovecs: (u32, u32),
    mut read: impl FnMut(&mut Kernel, Pid, &mut [u8], u64) -> Poll<Result<usize>>,
) -> Poll<Result<usize>> {
    let list = cx.memory.iovecs(iovecs.0, iovecs.1)?;
    let mut total = 0;
    for (at, len) in list.iter() {
        let buf = cx.memory.slice_mut(at, len)?;
        match read(cx.kernel, cx.pid, buf, total as u64) {
            Poll::Ready(Ok(n)) => {
                total += n;
                if n < len as usize {
                    break;
                }
            }
            _ if total > 0 => break,
            other => return other,
        }
    }
    Poll::Ready(Ok(total))
}

fn write_elements(
    cx: &mut Cx<'_>,
    iovecs: (u32, u32),
    mut write: impl FnMut(&mut Kernel, Pid, &[u8], u64) -> Poll<Result<usize>>,
) -> Poll<Result<usize>> {
    let list = cx.memory.iovecs(iovecs.0, iovecs.1)?;
    let mut total = 0;
    let mut any = false;
    for (at, len) in list.iter() {
        any = true;
        let buf = cx.memory.slice(at, len)?;
        match write(cx.kernel, cx.pid, buf, total as u64) {
            Poll::Ready(Ok(n)) => {
                total += n;
                if n < len as usize {
                    break;
                }
            }
            _ if total > 0 => break,
            other => return other,
        }
    }
    if !any {
        return write(cx.kernel, cx.pid, &[], 0);
    }
    Poll::Ready(Ok(total))
}

fn count(cx: &mut Cx<'_>, out: u32, n: Poll<Result<usize>>) -> Poll<Answer> {
    answer(n.map(|n| cx.memory.set_u32(out, u32::try_from(n?).map_err(|_| Errno::EOVERFLOW)?)))
}

pub(crate) fn fd_read(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [guest, iovs, len, out] = words(a);
    let fd = match cx.fd_or(guest, Errno::EISDIR) {
        Ok(fd) => fd,
        Err(errno) => return done(Err(errno)),
    };
    // The count has somewhere to go before bytes are taken out of a pipe.
    if let Err(errno) = cx.memory.slice(out, 4) {
        return done(Err(errno));
    }
    let n = read_elements(cx, (iovs, len), |kernel, pid, buf, _| kernel.read(pid, fd, buf));
    count(cx, out, n)
}

pub(crate) fn fd_pread(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [guest, iovs, len] = words(a);
    let (offset, [out]) = (wide(a, 3), [wide(a, 4) as u32]);
    let fd = match cx.fd_or(guest, Errno::EISDIR) {
        Ok(fd) => fd,
        Err(errno) => return done(Err(errno)),
    };
    let n = read_elements(cx, (iovs, len), |kernel, pid, buf, done| {
        Poll::Ready(kernel.pread(pid, fd, offset.saturating_add(done), buf))
    });
    count(cx, out, n)
}

pub(crate) fn fd_write(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [guest, iovs, len, out] = words(a);
    let fd = match cx.fd_or(guest, Errno::EBADF) {
        Ok(fd) => fd,
        Err(errno) => return done(Err(errno)),
    };
    if let Err(errno) = cx.memory.slice(out, 4) {
        return done(Err(errno));
    }
    let n = write_elements(cx, (iovs, len), |kernel, pid, buf, _| kernel.write(pid, fd, buf));
    count(cx, out, n)
}

pub(crate) fn fd_pwrite(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [guest, iovs, len] = words(a);
    let (offset, out) = (wide(a, 3), wide(a, 4) as u32);
    let fd = match cx.fd_or(guest, Errno::EBADF) {
        Ok(fd) => fd,
        Err(errno) => return done(Err(errno)),
    };
    let n = write_elements(cx, (iovs, len), |kernel, pid, buf, done| {
        Poll::Ready(kernel.pwrite(pid, fd, offset.saturating_add(done), buf))
    });
    count(cx, out, n)
}

/// Fills the buffer to its end as long as there are entries: less than full means the end.
pub(crate) fn fd_readdir(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [guest, buf, len] = words(a);
    let (cookie, out) = (wide(a, 3), wide(a, 4) as u32);
    done((|| {
        let (fd, opened) = match cx.guest_fd(guest)? {
            GuestFd::Fd(fd) => (fd, false),
            GuestFd::Preopen(path) => (open_directory(cx, &path)?, true),
        };
        let strict = cx.state.strict;
        let listed = cx
            .memory
            .slice_mut(buf, len)
            .and_then(|target| list(cx.kernel, cx.pid, fd, cookie, target, strict));
        if opened {
            cx.kernel.close(cx.pid, fd)?;
        }
        let used = u32::try_from(listed?).map_err(|_| Errno::EOVERFLOW)?;
        cx.memory.set_u32(out, used)
    })())
}

pub(crate) fn open_directory(cx: &mut Cx<'_>, path: &[u8]) -> Result<Fd> {
    let flags = OFlags::READ | OFlags::DIRECTORY;
    match cx.kernel.openat(cx.pid, None, path, flags, vfs::Mode::empty()) {
        Poll::Ready(fd) => fd,
        Poll::Pending => Err(Errno::EAGAIN),
    }
}

fn list(
    kernel: &mut Kernel,
    pid: Pid,
    fd: Fd,
    cookie: u64,
    target: &mut [u8],
    strict: bool,
) -> Result<usize> {
    let mut used = 0;
    kernel.getdents(pid, fd, cookie, &mut |entry: DirEntry<'_>| {
        let filetype = match entry.file_type {
            FileType::CharDevice if !strict => abi::REGULAR_FILE,
            file_type => abi::filetype(file_type),
        };
        let name_len = u32::try_from(entry.name.len()).unwrap_or(u32::MAX);
        let header = abi::dirent(entry.next, entry.ino.0, name_len, filetype);
        for part in [&header[..], entry.name] {
            let room = target.get_mut(used..).unwrap_or_default();
            let n = room.len().min(part.len());
            if let (Some(room), Some(part)) = (room.get_mut(..n), part.get(..n)) {
                room.copy_from_slice(part);
            }
            used += n;
        }
        used < target.len()
    })?;
    Ok(used)
}

/// A descriptor with an offset; preview1 knows none of a directory.
///
/// # Errors
/// - `EBADF`: it is not open, or a directory.
fn seekable(cx: &mut Cx<'_>, guest: u32) -> Result<Fd> {
    let fd = cx.fd_or(guest, Errno::EBADF)?;
    if cx.state.strict && cx.kernel.fstat(cx.pid, fd)?.is_dir() {
        return Err(Errno::EBADF);
    }
    Ok(fd)
}

pub(crate) fn fd_seek(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [guest] = words(a);
    let (offset, whence, out) = (wide(a, 1).cast_signed(), wide(a, 2), wide(a, 3) as u32);
    done((|| {
        let whence = match whence {
            0 => Whence::Set,
            1 => Whence::Cur,
            2 => Whence::End,
            _ => return Err(Errno::EINVAL),
        };
        let fd = seekable(cx, guest)?;
        let offset = cx.kernel.lseek(cx.pid, fd, offset, whence)?;
        cx.memory.set_u64(out, offset)
    })())
}

pub(crate) fn fd_tell(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [guest, out] = words(a);
    done((|| {
        let fd = seekable(cx, guest)?;
        let offset = cx.kernel.lseek(cx.pid, fd, 0, Whence::Cur)?;
        cx.memory.set_u64(out, offset)
    })())
}
