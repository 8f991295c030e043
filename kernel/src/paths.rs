//! The calls that name files: each asks the vfs with the rights of the process.
//!
//! Not here: opening (`open`).

use vfs::{
    Access, AtFlags, Caller, Errno, FileType, Follow, Location, Mode, OFlags, OpenFile,
    RenameFlags, Result, SetTime, Stat, StatFs, Vfs,
};

use crate::kernel::System;
use crate::trace::quote;
use crate::{DirFd, Fd, Kernel, Pid};

/// A name in a directory, as [`Kernel::read_dir`] lists it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DirEntryBuf {
    /// The name.
    pub name: Vec<u8>,
    /// The type of what it names; a symbolic link is one.
    pub file_type: FileType,
}

impl Kernel {
    /// The metadata of what a path names. With `EMPTY_PATH` and an empty path, of `dir` itself.
    ///
    /// # Errors
    /// - as [`Vfs::fstatat`](vfs::Vfs::fstatat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn fstatat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        flags: AtFlags,
    ) -> Result<Stat> {
        let dir = dir.into();
        if let (DirFd::Fd(fd), true, true) =
            (dir, path.is_empty(), flags.contains(AtFlags::EMPTY_PATH))
        {
            return self.fstat(pid, fd);
        }
        let system = self.sys();
        let result = system
            .traced_at(pid, "fstatat", dir, path, |vfs, cx, at| vfs.fstatat(cx, at, path, flags));
        let follows = !flags.contains(AtFlags::SYMLINK_NOFOLLOW);
        if follows
            && system.met_proc
            && let Some((owner, fd)) = system.magic_fd(pid, dir, path)?
        {
            return self.fstat(owner, fd);
        }
        result
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// - as [`Vfs::mkdirat`](vfs::Vfs::mkdirat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn mkdirat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        mode: Mode,
    ) -> Result<()> {
        self.sys().traced_at(pid, "mkdirat", dir.into(), path, |vfs, cx, at| {
            vfs.mkdirat(cx, at, path, mode)
        })
    }

    /// Makes a regular file, a fifo, a socket or a device.
    ///
    /// # Errors
    /// - as [`Vfs::mknodat`](vfs::Vfs::mknodat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn mknodat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        file_type: FileType,
        mode: Mode,
        rdev: u64,
    ) -> Result<()> {
        self.sys().traced_at(pid, "mknodat", dir.into(), path, |vfs, cx, at| {
            vfs.mknodat(cx, at, path, file_type, mode, rdev)
        })
    }

    /// Makes a symbolic link to `target`.
    ///
    /// # Errors
    /// - as [`Vfs::symlinkat`](vfs::Vfs::symlinkat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn symlinkat(
        &mut self,
        pid: Pid,
        target: &[u8],
        dir: impl Into<DirFd>,
        path: &[u8],
    ) -> Result<()> {
        self.sys().traced_at(pid, "symlinkat", dir.into(), path, |vfs, cx, at| {
            vfs.symlinkat(cx, target, at, path)
        })
    }

    /// Gives a file one more name.
    ///
    /// # Errors
    /// - as [`Vfs::linkat`](vfs::Vfs::linkat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn linkat(
        &mut self,
        pid: Pid,
        old_dir: impl Into<DirFd>,
        old: &[u8],
        new_dir: impl Into<DirFd>,
        new: &[u8],
        flags: AtFlags,
    ) -> Result<()> {
        let (old_dir, new_dir) = (old_dir.into(), new_dir.into());
        let system = self.sys();
        let new_at = system.directory(pid, new_dir, new)?;
        let resolve = old_dir.held_with(new_dir);
        let result = system.at(pid, old_dir, old, |vfs, cx, at| {
            let cx = &Caller { resolve, ..*cx };
            vfs.linkat(cx, at, old, new_at, new, flags)
        });
        system.trace(pid, "linkat", &result, |_| format!("{}, {}", quote(old), quote(new)));
        result
    }

    /// Removes a name; with `REMOVEDIR` a directory's.
    ///
    /// # Errors
    /// - as [`Vfs::unlinkat`](vfs::Vfs::unlinkat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn unlinkat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        flags: AtFlags,
    ) -> Result<()> {
        self.sys().traced_at(pid, "unlinkat", dir.into(), path, |vfs, cx, at| {
            vfs.unlinkat(cx, at, path, flags)
        })
    }

    /// Renames.
    ///
    /// # Errors
    /// - as [`Vfs::renameat2`](vfs::Vfs::renameat2);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn renameat2(
        &mut self,
        pid: Pid,
        old_dir: impl Into<DirFd>,
        old: &[u8],
        new_dir: impl Into<DirFd>,
        new: &[u8],
        flags: RenameFlags,
    ) -> Result<()> {
        let (old_dir, new_dir) = (old_dir.into(), new_dir.into());
        let system = self.sys();
        let new_at = system.directory(pid, new_dir, new)?;
        let resolve = old_dir.held_with(new_dir);
        let result = system.at(pid, old_dir, old, |vfs, cx, at| {
            let cx = &Caller { resolve, ..*cx };
            vfs.renameat2(cx, at, old, new_at, new, flags)
        });
        system.trace(pid, "renameat2", &result, |_| format!("{}, {}", quote(old), quote(new)));
        result
    }

    /// The target of a symbolic link.
    ///
    /// # Errors
    /// - as [`Vfs::readlinkat`](vfs::Vfs::readlinkat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn readlinkat(&mut self, pid: Pid, dir: impl Into<DirFd>, path: &[u8]) -> Result<Vec<u8>> {
        self.sys().traced_at(pid, "readlinkat", dir.into(), path, |vfs, cx, at| {
            vfs.readlinkat(cx, at, path)
        })
    }

    /// Whether the process may do this.
    ///
    /// # Errors
    /// - as [`Vfs::faccessat`](vfs::Vfs::faccessat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn faccessat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        access: Access,
        flags: AtFlags,
    ) -> Result<()> {
        let dir = dir.into();
        let system = self.sys();
        let result = system.traced_at(pid, "faccessat", dir, path, |vfs, cx, at| {
            vfs.faccessat(cx, at, path, access, flags)
        });
        if system.met_proc
            && let Some((owner, fd)) = system.magic_fd(pid, dir, path)?
        {
            return system.access_descriptor(owner, fd, access);
        }
        result
    }

    /// Changes permission bits.
    ///
    /// # Errors
    /// - as [`Vfs::fchmodat`](vfs::Vfs::fchmodat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn fchmodat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        mode: Mode,
        flags: AtFlags,
    ) -> Result<()> {
        self.sys().traced_at(pid, "fchmodat", dir.into(), path, |vfs, cx, at| {
            vfs.fchmodat(cx, at, path, mode, flags)
        })
    }

    /// Changes owner and group; `None` leaves one as it is.
    ///
    /// # Errors
    /// - as [`Vfs::fchownat`](vfs::Vfs::fchownat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn fchownat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        uid: Option<u32>,
        gid: Option<u32>,
        flags: AtFlags,
    ) -> Result<()> {
        self.sys().traced_at(pid, "fchownat", dir.into(), path, |vfs, cx, at| {
            vfs.fchownat(cx, at, path, uid, gid, flags)
        })
    }

    /// Changes the times of the last read and the last change.
    ///
    /// # Errors
    /// - as [`Vfs::utimensat`](vfs::Vfs::utimensat);
    /// - `EBADF`, `ENOTDIR`: a directory's descriptor is not open, or not a directory's.
    /// - `ESRCH`: no such process.
    pub fn utimensat(
        &mut self,
        pid: Pid,
        dir: impl Into<DirFd>,
        path: &[u8],
        atime: SetTime,
        mtime: SetTime,
        flags: AtFlags,
    ) -> Result<()> {
        self.sys().traced_at(pid, "utimensat", dir.into(), path, |vfs, cx, at| {
            vfs.utimensat(cx, at, path, atime, mtime, flags)
        })
    }

    /// Cuts or extends a file.
    ///
    /// # Errors
    /// - as [`Vfs::truncateat`](vfs::Vfs::truncateat);
    /// - `ESRCH`: no such process.
    pub fn truncate(&mut self, pid: Pid, path: &[u8], size: u64) -> Result<()> {
        self.sys().traced_at(pid, "truncate", DirFd::Cwd, path, |vfs, cx, at| {
            vfs.truncateat(cx, at, path, size)
        })
    }

    /// Sizes and limits of the filesystem that a path is on.
    ///
    /// # Errors
    /// - as [`Vfs::statfsat`](vfs::Vfs::statfsat);
    /// - `ESRCH`: no such process.
    pub fn statfs(&mut self, pid: Pid, path: &[u8]) -> Result<StatFs> {
        self.sys()
            .traced_at(pid, "statfs", DirFd::Cwd, path, |vfs, cx, at| vfs.statfsat(cx, at, path))
    }

    /// Changes the working directory.
    ///
    /// # Errors
    /// - `ENOENT`, `ENOTDIR`, `ELOOP`: as the path says.
    /// - `EACCES`: it, or a directory on the way, may not be searched.
    /// - `ESRCH`: no such process.
    pub fn chdir(&mut self, pid: Pid, path: &[u8]) -> Result<()> {
        let system = self.sys();
        let result = system.chdir(pid, path);
        system.trace(pid, "chdir", &result, |_| quote(path));
        result
    }

    /// Changes the working directory to one that is open.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `ENOTDIR`: not a directory.
    /// - `EACCES`: it may not be searched.
    /// - `ESRCH`: no such process.
    pub fn fchdir(&mut self, pid: Pid, fd: Fd) -> Result<()> {
        let system = self.sys();
        let at = system.directory(pid, DirFd::Fd(fd), b"")?;
        system.enter(pid, at)
    }

    /// The path of the working directory.
    ///
    /// # Errors
    /// - `ENOENT`: it was removed.
    /// - `ESRCH`: no such process.
    pub fn getcwd(&self, pid: Pid) -> Result<Vec<u8>> {
        let system = self.sys_ref();
        system.vfs.path_of(system.processes.get(pid)?.cwd)
    }

    /// Sets which permission bits new files do not get; answers the old set.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn umask(&mut self, pid: Pid, mask: Mode) -> Result<Mode> {
        let process = self.sys().processes.get_mut(pid)?;
        let mask = mask & Mode::new(0o777);
        Ok(core::mem::replace(&mut process.umask, mask))
    }

    /// The names in a directory, sorted by the filesystem's order, without `.` and `..`.
    ///
    /// # Errors
    /// - `EACCES`: it may not be read.
    /// - as the path says.
    pub fn read_dir(&mut self, pid: Pid, path: &[u8]) -> Result<Vec<DirEntryBuf>> {
        let system = self.sys();
        let flags = OFlags::READ | OFlags::DIRECTORY;
        let open = system.open_inode(pid, DirFd::Cwd, path, flags, Mode::empty())?;
        let mut entries = Vec::new();
        let result = system.vfs.readdir(&open, 0, &mut |entry| {
            if !matches!(entry.name, b"." | b"..") {
                let name = entry.name.to_vec();
                entries.push(DirEntryBuf { name, file_type: entry.file_type });
            }
            true
        });
        system.vfs.close(&open);
        result.map(|()| entries)
    }
}

impl System {
    /// One call of the vfs with the rights of a process; again if it looked at a `/proc` that
    /// was out of date.
    pub(crate) fn at<T>(
        &mut self,
        pid: Pid,
        dir: DirFd,
        path: &[u8],
        mut call: impl FnMut(&mut Vfs, &Caller<'_>, Location) -> Result<T>,
    ) -> Result<T> {
        let at = self.directory(pid, dir, path)?;
        let now = self.now();
        let cx = self.processes.get(pid)?.caller(now, dir.resolves());
        let result = call(&mut self.vfs, &cx, at);
        self.met_proc = self.vfs.take_fed();
        if self.met_proc && self.feed_proc(pid) {
            let cx = self.processes.get(pid)?.caller(now, dir.resolves());
            return call(&mut self.vfs, &cx, at);
        }
        result
    }

    /// What `faccessat` says of `/dev/fd/N`: how it was opened.
    fn access_descriptor(&self, owner: Pid, fd: Fd, access: Access) -> Result<()> {
        let entry = self.processes.get(owner)?.fds.get(fd).map_err(|_| Errno::ENOENT)?;
        let flags = self.file(entry.file).flags;
        let denied = access.contains(Access::READ) && !flags.contains(OFlags::READ)
            || access.contains(Access::WRITE) && !flags.contains(OFlags::WRITE)
            || access.contains(Access::EXEC);
        if denied { Err(Errno::EACCES) } else { Ok(()) }
    }

    /// As [`at`](System::at), and tells the trace.
    fn traced_at<T: core::fmt::Debug>(
        &mut self,
        pid: Pid,
        name: &'static str,
        dir: DirFd,
        path: &[u8],
        call: impl FnMut(&mut Vfs, &Caller<'_>, Location) -> Result<T>,
    ) -> Result<T> {
        let result = self.at(pid, dir, path, call);
        self.trace(pid, name, &result, |s| format!("{}, {}", s.show_dir(dir), quote(path)));
        result
    }

    pub(crate) fn open_inode(
        &mut self,
        pid: Pid,
        dir: DirFd,
        path: &[u8],
        flags: OFlags,
        mode: Mode,
    ) -> Result<OpenFile> {
        let at = self.directory(pid, dir, path)?;
        let now = self.now();
        let cx = self.processes.get(pid)?.caller(now, dir.resolves());
        let result = self.vfs.openat(&cx, at, path, flags, mode);
        self.met_proc = self.vfs.take_fed();
        if self.met_proc && self.feed_proc(pid) {
            if let Ok(open) = &result {
                self.vfs.close(open);
            }
            let cx = self.processes.get(pid)?.caller(now, dir.resolves());
            return self.vfs.openat(&cx, at, path, flags, mode);
        }
        result
    }

    pub(crate) fn chdir(&mut self, pid: Pid, path: &[u8]) -> Result<()> {
        let at =
            self.at(pid, DirFd::Cwd, path, |vfs, cx, at| vfs.resolve(cx, at, path, Follow::Yes))?;
        self.enter(pid, at)
    }

    fn enter(&mut self, pid: Pid, at: Location) -> Result<()> {
        let stat = self.vfs.stat(at)?;
        let process = self.processes.get(pid)?;
        if !stat.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        process.cred.check(&stat, Access::EXEC)?;
        self.vfs.pin(at)?;
        let process = self.processes.get_mut(pid)?;
        let old = core::mem::replace(&mut process.cwd, at);
        self.vfs.unpin(old);
        self.generation += 1;
        Ok(())
    }
}
