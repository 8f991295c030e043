//! The calls on a descriptor that are neither reading nor writing.

use vfs::{DirEntry, Errno, FileType, Ino, Mode, OFlags, OpenFile, Result, SetTime, Stat, StatFs};

use crate::file::{File, FileId};
use crate::kernel::System;
use crate::{Fd, Kernel, Pid};

/// The device number of what has no inode; no mount has it.
const ANONYMOUS: u64 = 1 << 32;

impl Kernel {
    /// The metadata of an open file. A pipe, a terminal and what the driver gave have some too.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `ESRCH`: no such process.
    pub fn fstat(&mut self, pid: Pid, fd: Fd) -> Result<Stat> {
        let system = self.sys();
        let result = system.fstat(pid, fd);
        system.trace(pid, "fstat", &result, |_| fd.0.to_string());
        result
    }

    /// Hands the entries after `cookie` (0: from the start) to `emit` until it answers `false`;
    /// `.` and `..` are among them. The entry for which it did so was not handed out.
    ///
    /// # Errors
    /// - `EBADF`: not open for reading.
    /// - `ENOTDIR`: not a directory.
    /// - `ESRCH`: no such process.
    pub fn getdents(
        &mut self,
        pid: Pid,
        fd: Fd,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        let system = self.sys();
        let id = system.processes.get(pid)?.fds.get(fd)?.file;
        let description = &system.files[id.0 as usize];
        match &description.file {
            File::Inode(open) if open.file_type == FileType::Directory => {
                if !description.flags.contains(OFlags::READ) {
                    return Err(Errno::EBADF);
                }
                system.vfs.readdir(open, cookie, emit)
            }
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Changes permission bits.
    ///
    /// # Errors
    /// - `EBADF`: not open. `EINVAL`: nothing with an inode.
    /// - `EPERM`: not the owner. `EROFS`: read-only.
    /// - `ESRCH`: no such process.
    pub fn fchmod(&mut self, pid: Pid, fd: Fd, mode: Mode) -> Result<()> {
        self.sys().on_inode(pid, fd, |vfs, cx, open| vfs.fchmod(cx, open, mode))
    }

    /// Changes owner and group; `None` leaves one as it is.
    ///
    /// # Errors
    /// As [`fchmod`](Kernel::fchmod).
    pub fn fchown(&mut self, pid: Pid, fd: Fd, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
        self.sys().on_inode(pid, fd, |vfs, cx, open| vfs.fchown(cx, open, uid, gid))
    }

    /// Changes the times of the last read and the last change.
    ///
    /// # Errors
    /// As [`fchmod`](Kernel::fchmod).
    pub fn futimens(&mut self, pid: Pid, fd: Fd, atime: SetTime, mtime: SetTime) -> Result<()> {
        self.sys().on_inode(pid, fd, |vfs, cx, open| vfs.futimens(cx, open, atime, mtime))
    }

    /// Cuts or extends a file that is open for writing.
    ///
    /// # Errors
    /// - `EBADF`, `EINVAL`: not open for writing; not a regular file.
    /// - `EFBIG`, `ENOSPC`, `EDQUOT`: a limit.
    /// - `ESRCH`: no such process.
    pub fn ftruncate(&mut self, pid: Pid, fd: Fd, size: u64) -> Result<()> {
        self.sys().on_inode(pid, fd, |vfs, cx, open| vfs.ftruncate(cx.now, open, size))
    }

    /// Makes sure that a part of the file has room, extending it as needed.
    ///
    /// # Errors
    /// - `ESPIPE`: a pipe. Else as [`ftruncate`](Kernel::ftruncate).
    pub fn fallocate(&mut self, pid: Pid, fd: Fd, offset: u64, len: u64) -> Result<()> {
        let system = self.sys();
        let id = system.processes.get(pid)?.fds.get(fd)?.file;
        if matches!(system.file(id).file, File::Pipe(..)) {
            return Err(Errno::ESPIPE);
        }
        system.on_inode(pid, fd, |vfs, cx, open| vfs.fallocate(cx.now, open, offset, len))
    }

    /// Brings a file to where it survives.
    ///
    /// # Errors
    /// - `EBADF`: not open. `EINVAL`: nothing with an inode. `EIO`: the store refused.
    /// - `ESRCH`: no such process.
    pub fn fsync(&mut self, pid: Pid, fd: Fd) -> Result<()> {
        self.sys().on_inode(pid, fd, |vfs, _, open| vfs.fsync(open))
    }

    /// Sizes and limits of the filesystem that a file is on.
    ///
    /// # Errors
    /// - `EBADF`: not open. `ENOSYS`: nothing with an inode.
    /// - `ESRCH`: no such process.
    pub fn fstatfs(&mut self, pid: Pid, fd: Fd) -> Result<StatFs> {
        let system = self.sys();
        let id = system.processes.get(pid)?.fds.get(fd)?.file;
        let open = system.file(id).file.open_file().ok_or(Errno::ENOSYS)?;
        let mount = open.location.mount;
        system.vfs.filesystem(mount).ok_or(Errno::ESTALE)?.statfs()
    }

    /// Whether a descriptor is a terminal.
    pub fn isatty(&self, pid: Pid, fd: Fd) -> bool {
        let system = self.sys_ref();
        let entry = system.processes.get(pid).and_then(|p| p.fds.get(fd));
        entry.is_ok_and(|entry| matches!(system.file(entry.file).file, File::Tty(..)))
    }
}

impl System {
    fn fstat(&mut self, pid: Pid, fd: Fd) -> Result<Stat> {
        let id = self.processes.get(pid)?.fds.get(fd)?.file;
        match self.file(id).file.open_file() {
            Some(open) => self.vfs.fstat(open),
            None => self.stat_anonymous(pid, id),
        }
    }

    fn stat_anonymous(&mut self, pid: Pid, id: FileId) -> Result<Stat> {
        let now = self.now();
        let cred = &self.processes.get(pid)?.cred;
        let file = &self.file(id).file;
        let file_type = System::anonymous_type(file);
        let (ino, rdev, mode) = match file {
            File::Pipe(pipe, _) => (u64::from(pipe.0), 0, 0o600),
            File::Device(..) => (u64::from(id.0), vfs::makedev(1, 3), 0o666),
            File::Tty(tty, _) => (u64::from(tty.0), vfs::makedev(5, 0), 0o620),
            _ => (u64::from(id.0), 0, 0o600),
        };
        Ok(Stat {
            dev: ANONYMOUS,
            ino: Ino(ino + 1),
            file_type,
            mode: Mode::new(mode),
            nlink: 1,
            uid: cred.uid,
            gid: cred.gid,
            rdev,
            size: 0,
            blocks: 0,
            atime: now,
            mtime: now,
            ctime: now,
        })
    }

    fn on_inode<T>(
        &mut self,
        pid: Pid,
        fd: Fd,
        call: impl FnOnce(&mut vfs::Vfs, &vfs::Caller<'_>, &OpenFile) -> Result<T>,
    ) -> Result<T> {
        let now = self.now();
        let process = self.processes.get(pid)?;
        let id = process.fds.get(fd)?.file;
        let open = self.files[id.0 as usize].file.open_file().ok_or(Errno::EINVAL)?;
        call(&mut self.vfs, &process.caller(now, vfs::Resolve::Anywhere), open)
    }
}
