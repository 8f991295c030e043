//! Descriptors: opening, closing, duplicating, and their flags.
//!
//! Not here: what is read and written through them (`io`).

use core::task::Poll;

use vfs::{Errno, FileType, Mode, OFlags, OpenFile, Result};

use crate::fd::Entry;
use crate::file::{Device, File, FileId};
use crate::kernel::System;
use crate::trace::quote;
use crate::{CloseOnExec, DirFd, Fd, Kernel, Limit, Pid};

/// The flags that `fcntl(F_SETFL)` can change.
const SETTABLE: OFlags = OFlags::APPEND.union(OFlags::NONBLOCK).union(OFlags::SYNC);

impl Kernel {
    /// Opens a file and answers the lowest free descriptor. `dir` is where a relative path starts;
    /// `None` is the working directory.
    ///
    /// The `open` of a fifo waits for the other end. `/dev/fd/N` is descriptor N again, as by
    /// `dup`. Reference: POSIX `openat`.
    ///
    /// # Errors
    /// - `EMFILE`, `ENFILE`: too many open files of the process, of all processes.
    /// - `ENOENT`, `EEXIST`, `EACCES`, `EISDIR`, `ENOTDIR`, `ELOOP`, `EROFS`, …: as the path says.
    /// - `ENXIO`: a fifo without readers, opened with `WRITE` and `NONBLOCK`; a device without a
    ///   driver; a socket.
    /// - `EINTR`: it would wait, and a caught signal is pending.
    /// - `EBADF`: `dir` is not open.
    /// - `ESRCH`: no such process.
    pub fn openat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        flags: OFlags,
        mode: Mode,
    ) -> Poll<Result<Fd>> {
        let dir = dir.into();
        let system = self.sys();
        let result = system.openat(pid, dir, path, flags, mode);
        system.trace(pid, "openat", &result, |s| {
            format!("{}, {}, {flags:?}, {:04o}", s.show_dir(dir), quote(path), mode.bits())
        });
        result
    }

    /// Closes a descriptor. Reference: POSIX `close`.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `ESRCH`: no such process.
    pub fn close(&mut self, pid: Pid, fd: Fd) -> Result<()> {
        let system = self.sys();
        let result = system.close(pid, fd);
        system.trace(pid, "close", &result, |_| fd.0.to_string());
        result
    }

    /// The lowest free descriptor becomes another name of `fd`'s open file description.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `EMFILE`: too many.
    /// - `ESRCH`: no such process.
    pub fn dup(&mut self, pid: Pid, fd: Fd) -> Result<Fd> {
        self.dup_min(pid, fd, Fd(0), CloseOnExec::No)
    }

    /// As [`dup`](Kernel::dup), with a number from `min` on: `F_DUPFD`, `F_DUPFD_CLOEXEC`.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `EINVAL`: `min` is beyond the limit.
    /// - `EMFILE`: too many.
    /// - `ESRCH`: no such process.
    pub fn dup_min(&mut self, pid: Pid, fd: Fd, min: Fd, cloexec: CloseOnExec) -> Result<Fd> {
        let system = self.sys();
        let file = system.processes.get(pid)?.fds.get(fd)?.file;
        if min.0 >= system.limits.descriptors {
            return Err(Errno::EINVAL);
        }
        let result = system.lowest_free(pid, min).inspect(|new| {
            system.retain(file);
            system.replace(pid, *new, Entry { file, cloexec });
        });
        system.trace(pid, "dup", &result, |_| format!("{}, {}", fd.0, min.0));
        result
    }

    /// `new` becomes another name of `old`'s open file description; what it was is closed.
    /// Nothing happens if they are the same. Reference: POSIX `dup2`, dup3(2).
    ///
    /// # Errors
    /// - `EBADF`: `old` is not open, or `new` is beyond the limit.
    /// - `ESRCH`: no such process.
    pub fn dup2(&mut self, pid: Pid, old: Fd, new: Fd, cloexec: CloseOnExec) -> Result<Fd> {
        let system = self.sys();
        let result = system.dup2(pid, old, new, cloexec);
        system.trace(pid, "dup2", &result, |_| format!("{}, {}", old.0, new.0));
        result
    }

    /// Makes a pipe: its reading and its writing end. `NONBLOCK` and `CLOEXEC` matter.
    ///
    /// # Errors
    /// - `EMFILE`, `ENFILE`: too many open files.
    /// - `ESRCH`: no such process.
    pub fn pipe2(&mut self, pid: Pid, flags: OFlags) -> Result<(Fd, Fd)> {
        let system = self.sys();
        let result = system.pipe2(pid, flags);
        system.trace(pid, "pipe2", &result, |_| format!("{flags:?}"));
        result
    }

    /// Access mode and status flags of the open file description: `F_GETFL`.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `ESRCH`: no such process.
    pub fn fcntl_getfl(&self, pid: Pid, fd: Fd) -> Result<OFlags> {
        let system = self.sys_ref();
        Ok(system.file(system.processes.get(pid)?.fds.get(fd)?.file).flags)
    }

    /// Sets `APPEND`, `NONBLOCK` and `SYNC` of the open file description: `F_SETFL`. Other
    /// flags are ignored.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `ESRCH`: no such process.
    pub fn fcntl_setfl(&mut self, pid: Pid, fd: Fd, flags: OFlags) -> Result<()> {
        let system = self.sys();
        let id = system.processes.get(pid)?.fds.get(fd)?.file;
        let description = &mut system.files[id.0 as usize];
        description.flags = description.flags.difference(SETTABLE) | flags & SETTABLE;
        if let File::Inode(open) = &mut description.file {
            open.flags = open.flags.difference(SETTABLE) | flags & SETTABLE;
        }
        Ok(())
    }

    /// Whether exec closes the descriptor: `F_GETFD`.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `ESRCH`: no such process.
    pub fn fcntl_getfd(&self, pid: Pid, fd: Fd) -> Result<CloseOnExec> {
        Ok(self.sys_ref().processes.get(pid)?.fds.get(fd)?.cloexec)
    }

    /// Sets whether exec closes the descriptor: `F_SETFD`.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `ESRCH`: no such process.
    pub fn fcntl_setfd(&mut self, pid: Pid, fd: Fd, cloexec: CloseOnExec) -> Result<()> {
        self.sys().processes.get_mut(pid)?.fds.get_mut(fd)?.cloexec = cloexec;
        Ok(())
    }

    /// The open descriptors of a process, in order, and how `/proc` names what they refer to.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn descriptors(&self, pid: Pid) -> Result<Vec<(Fd, Vec<u8>)>> {
        let system = self.sys_ref();
        let fds = system.processes.get(pid)?.fds.iter();
        Ok(fds.map(|(fd, entry)| (fd, system.describe_file(entry.file))).collect())
    }
}

impl System {
    pub(crate) fn openat(
        &mut self,
        pid: Pid,
        dir: DirFd,
        path: &[u8],
        flags: OFlags,
        mode: Mode,
    ) -> Poll<Result<Fd>> {
        let process = self.processes.get(pid)?;
        if process.is_halted() {
            return Poll::Pending;
        }
        let fd = self.lowest_free(pid, Fd(0))?;
        let file = match self.processes.get(pid)?.pending_open.as_ref() {
            Some(pending) if pending.is_for(dir, path, flags) => self.continue_open(pid),
            _ => self.open_file(pid, dir, path, flags, mode),
        };
        file.map_ok(|file| {
            let cloexec = CloseOnExec::from(flags.contains(OFlags::CLOEXEC));
            self.replace(pid, fd, Entry { file, cloexec });
            fd
        })
    }

    fn open_file(
        &mut self,
        pid: Pid,
        dir: DirFd,
        path: &[u8],
        flags: OFlags,
        mode: Mode,
    ) -> Poll<Result<FileId>> {
        self.cancel_pending_open(pid);
        let follows = !flags.intersects(OFlags::NOFOLLOW | OFlags::PATH | OFlags::EXCL);
        // An open that changes nothing may look first; another one must know beforehand.
        let changes = flags.intersects(OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC);
        if follows
            && changes
            && let Some(file) = self.open_magic_fd(pid, dir, path, flags)?
        {
            return Poll::Ready(Ok(file));
        }
        if self.files.len() >= self.limits.open_files as usize {
            self.note_limit(Limit::OpenFiles);
            return Poll::Ready(Err(Errno::ENFILE));
        }
        let opened = self.open_inode(pid, dir, path, flags, mode);
        if follows
            && !changes
            && self.met_proc
            && let Some(file) = self.open_magic_fd(pid, dir, path, flags)?
        {
            if let Ok(open) = &opened {
                self.vfs.close(open);
            }
            return Poll::Ready(Ok(file));
        }
        let open = opened?;
        if open.file_type == FileType::Fifo && !flags.contains(OFlags::PATH) {
            return self.open_fifo(pid, (dir, path, flags), open);
        }
        Poll::Ready(self.open_other(pid, open))
    }

    /// `/dev/fd/N` and `/proc/<own pid>/fd/N`: the same open file description again.
    fn open_magic_fd(
        &mut self,
        pid: Pid,
        dir: DirFd,
        path: &[u8],
        flags: OFlags,
    ) -> Result<Option<FileId>> {
        let Some((owner, fd)) = self.magic_fd(pid, dir, path)? else { return Ok(None) };
        let caller = self.processes.get(pid)?;
        let process = self.processes.get(owner)?;
        if !caller.cred.is_root() && caller.cred.uid != process.cred.uid {
            return Err(Errno::EACCES);
        }
        let file = process.fds.get(fd).map_err(|_| Errno::ENOENT)?.file;
        let granted = self.file(file).flags;
        if !granted.contains(flags & OFlags::RDWR) {
            return Err(Errno::EACCES);
        }
        self.retain(file);
        Ok(Some(file))
    }

    fn open_other(&mut self, pid: Pid, open: OpenFile) -> Result<FileId> {
        let flags = open.flags;
        let file = match open.file_type {
            _ if flags.contains(OFlags::PATH) => File::Inode(open),
            FileType::Regular | FileType::Directory => File::Inode(open),
            FileType::CharDevice => match Device::from_rdev(open.rdev) {
                Some(device) => File::Device(device, Some(open)),
                None => match self.terminal_of(pid, open.rdev) {
                    Some(tty) => File::Tty(tty, Some(open)),
                    None => {
                        self.vfs.close(&open);
                        return Err(Errno::ENXIO);
                    }
                },
            },
            _ => {
                self.vfs.close(&open);
                return Err(Errno::ENXIO);
            }
        };
        self.add_file(file, flags).map_err(|file| {
            if let Some(open) = file.open_file() {
                self.vfs.close(open);
            }
            Errno::ENFILE
        })
    }

    pub(crate) fn lowest_free(&mut self, pid: Pid, min: Fd) -> Result<Fd> {
        let limit = self.limits.descriptors;
        let fd = self.processes.get(pid)?.fds.lowest_free(min, limit);
        if fd.is_err() {
            self.note_limit(Limit::Descriptors);
        }
        fd
    }

    /// Puts an entry, whose reference this takes over, in place of what is there.
    pub(crate) fn replace(&mut self, pid: Pid, fd: Fd, entry: Entry) {
        let Ok(process) = self.processes.get_mut(pid) else { return self.release(entry.file) };
        let old = process.fds.set(fd, entry);
        self.generation += 1;
        if let Some(old) = old {
            self.release(old.file);
        }
    }

    pub(crate) fn close(&mut self, pid: Pid, fd: Fd) -> Result<()> {
        let entry = self.processes.get_mut(pid)?.fds.remove(fd).ok_or(Errno::EBADF)?;
        self.generation += 1;
        self.release(entry.file);
        Ok(())
    }

    pub(crate) fn dup2(&mut self, pid: Pid, old: Fd, new: Fd, cloexec: CloseOnExec) -> Result<Fd> {
        let file = self.processes.get(pid)?.fds.get(old)?.file;
        if new.0 >= self.limits.descriptors {
            return Err(Errno::EBADF);
        }
        if old != new {
            self.retain(file);
            self.replace(pid, new, Entry { file, cloexec });
        }
        Ok(new)
    }

    fn pipe2(&mut self, pid: Pid, flags: OFlags) -> Result<(Fd, Fd)> {
        let read_fd = self.lowest_free(pid, Fd(0))?;
        let write_fd = self.lowest_free(pid, Fd(read_fd.0 + 1))?;
        if self.files.len() + 2 > self.limits.open_files as usize {
            self.note_limit(Limit::OpenFiles);
            return Err(Errno::ENFILE);
        }
        let id = self.new_pipe();
        let cloexec = CloseOnExec::from(flags.contains(OFlags::CLOEXEC));
        let status = flags & OFlags::NONBLOCK;
        for (fd, access) in [(read_fd, OFlags::READ), (write_fd, OFlags::WRITE)] {
            let file = self.add_file(File::Pipe(id, None), access | status);
            let file = file.map_err(|_| Errno::ENFILE)?;
            self.replace(pid, fd, Entry { file, cloexec });
        }
        Ok((read_fd, write_fd))
    }
}
