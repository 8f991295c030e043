//! Where a path of a call starts, and whether it may lead out of there.

use vfs::{FileType, Location, Resolve, Result};

use crate::kernel::System;
use crate::{Errno, Fd, Kernel, Pid};

/// The `dirfd` of the `*at` calls: where a relative path starts.
///
/// `None` is the working directory, and a descriptor is itself, wherever one of these is wanted.
/// Those that say *beneath* hold the path there, as [`Resolve::Beneath`] has it; a call with two
/// paths holds both if one is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DirFd {
    /// The working directory: `AT_FDCWD`.
    Cwd,
    /// This descriptor's directory.
    Fd(Fd),
    /// This descriptor's directory, and nothing out of its tree.
    BeneathFd(Fd),
    /// The directory that [`resolve`](Kernel::resolve) found, and nothing out of its tree.
    Beneath(Location),
}

impl From<Option<Fd>> for DirFd {
    fn from(fd: Option<Fd>) -> DirFd {
        fd.map_or(DirFd::Cwd, DirFd::Fd)
    }
}

impl DirFd {
    pub(crate) fn resolves(self) -> Resolve {
        match self {
            DirFd::Cwd | DirFd::Fd(_) => Resolve::Anywhere,
            DirFd::BeneathFd(_) | DirFd::Beneath(_) => Resolve::Beneath,
        }
    }

    /// With [`Resolve`] of both.
    pub(crate) fn held_with(self, other: DirFd) -> Resolve {
        match self.resolves() {
            Resolve::Anywhere => other.resolves(),
            Resolve::Beneath => Resolve::Beneath,
        }
    }
}

impl Kernel {
    /// What a path leads to from the working directory; links are followed.
    ///
    /// # Errors
    /// - as [`Vfs::resolve`](vfs::Vfs::resolve);
    /// - `ESRCH`: no such process.
    pub fn resolve(&mut self, pid: Pid, path: &[u8]) -> Result<Location> {
        self.sys()
            .at(pid, DirFd::Cwd, path, |vfs, cx, at| vfs.resolve(cx, at, path, vfs::Follow::Yes))
    }
}

impl System {
    /// Where a path of a process starts.
    ///
    /// # Errors
    /// - `EBADF`: the descriptor is not open.
    /// - `ENOTDIR`: it is not a directory's.
    pub(crate) fn directory(&self, pid: Pid, dir: DirFd, path: &[u8]) -> Result<Location> {
        let process = self.processes.get(pid)?;
        let fd = match dir {
            DirFd::Beneath(at) => return Ok(at),
            DirFd::Cwd => return Ok(process.cwd),
            DirFd::Fd(_) if path.first() == Some(&b'/') => return Ok(process.cwd),
            DirFd::Fd(fd) | DirFd::BeneathFd(fd) => fd,
        };
        let open = self.file(process.fds.get(fd)?.file).file.open_file();
        let open = open.ok_or(Errno::ENOTDIR)?;
        if open.file_type == FileType::Directory { Ok(open.location) } else { Err(Errno::ENOTDIR) }
    }

    /// As a trace shows it.
    pub(crate) fn show_dir(&self, dir: DirFd) -> String {
        match dir {
            DirFd::Cwd => "AT_FDCWD".to_owned(),
            DirFd::Fd(fd) | DirFd::BeneathFd(fd) => fd.0.to_string(),
            DirFd::Beneath(at) => {
                let path = self.vfs.path_of(at).unwrap_or_default();
                format!("<{}>", String::from_utf8_lossy(&path))
            }
        }
    }
}
