//! The host's system calls, each on a handle and at most one [`Name`].
//!
//! Every way to the host goes through here, and here a name is one component, is not `..`
//! and is not followed. Analogous to the `*at` calls with `O_PATH | O_NOFOLLOW`.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    self, AtFlags, CWD, OFlags, RawDir, RawDirEntry, ResolveFlags, SeekFrom, Timespec, Timestamps,
};
use rustix::io::Errno as Host;

use super::errno::from_host;
use super::fault::step;
use crate::{Errno, FileType, Mode, Result, SetStat, Stat, Timestamp, makedev};

/// What an unpinned handle is: no access to content, no effect on devices and fifos.
const HANDLE: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// One component of a path: the only kind of name that reaches the host.
pub(super) struct Name(CString);

impl Name {
    /// Checks what the contract promises, since all containment rests on it.
    pub(super) fn new(name: &[u8]) -> Result<Name> {
        match name {
            b"" | b"." | b".." => Err(Errno::EINVAL),
            _ if name.contains(&b'/') => Err(Errno::EINVAL),
            _ if name.len() > 255 => Err(Errno::ENAMETOOLONG),
            _ => CString::new(name).map(Name).map_err(|_| Errno::EINVAL),
        }
    }
}

/// The host's `/proc/self/fd`: the way from a handle to an open file of the very same inode.
pub(super) struct Reopen(OwnedFd);

impl Reopen {
    /// Opens the directory, and makes sure that it is procfs and not somebody's imitation.
    pub(super) fn open() -> std::io::Result<Reopen> {
        let dir = fs::open(
            "/proc/self/fd",
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            fs::Mode::empty(),
        )?;
        if fs::fstatfs(&dir)?.f_type != fs::PROC_SUPER_MAGIC {
            return Err(std::io::Error::other("/proc is not the process filesystem"));
        }
        Ok(Reopen(dir))
    }

    /// Opens the regular file or directory behind `handle`. The caller has looked at its type.
    ///
    /// Where the host allows it (to the owner) reading leaves the time of the last access alone.
    pub(super) fn file(&self, handle: &OwnedFd, flags: OFlags) -> Result<OwnedFd, Host> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
        let name = link_name(handle);
        step()?;
        match fs::openat(&self.0, &name, flags | OFlags::NOATIME, fs::Mode::empty()) {
            Err(Host::PERM) => fs::openat(&self.0, &name, flags, fs::Mode::empty()),
            other => other,
        }
    }

    /// Changes the mode of what is behind `handle`.
    pub(super) fn chmod(&self, handle: &OwnedFd, mode: Mode) -> Result<()> {
        call(|| fs::chmodat(&self.0, link_name(handle), host_mode(mode), AtFlags::empty()))
    }

    /// Gives what is behind `handle` the name `name` in `dir`.
    pub(super) fn link(&self, handle: &OwnedFd, dir: &OwnedFd, name: &Name) -> Result<()> {
        call(|| fs::linkat(&self.0, link_name(handle), dir, &name.0, AtFlags::SYMLINK_FOLLOW))
    }
}

/// Makes a call.
fn call<T>(call: impl FnOnce() -> Result<T, Host>) -> Result<T> {
    step().and_then(|()| call()).map_err(from_host)
}

fn link_name(handle: &OwnedFd) -> String {
    handle.as_raw_fd().to_string()
}

/// A handle on the directory at `path`, which the embedder chose: links on the way are followed.
pub(super) fn open_root(path: &Path) -> std::io::Result<OwnedFd> {
    Ok(fs::openat2(
        CWD,
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        fs::Mode::empty(),
        ResolveFlags::NO_MAGICLINKS,
    )
    .or_else(|err| match err {
        // Linux before 5.6, or a seccomp filter.
        Host::NOSYS | Host::PERM => {
            fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, fs::Mode::empty())
        }
        err => Err(err),
    })?)
}

/// A handle on the entry `name` of `dir`, whatever it is.
pub(super) fn open_handle(dir: &OwnedFd, name: &Name) -> Result<OwnedFd, Host> {
    step()?;
    fs::openat(dir, &name.0, HANDLE, fs::Mode::empty())
}

/// The metadata of the entry `name` of `dir`.
pub(super) fn stat_at(dir: &OwnedFd, name: &Name) -> Result<fs::Stat> {
    call(|| fs::statat(dir, &name.0, AtFlags::SYMLINK_NOFOLLOW))
}

/// The metadata of what is behind a handle.
pub(super) fn stat(handle: &OwnedFd) -> Result<fs::Stat> {
    call(|| fs::fstat(handle))
}

/// Creates a regular file and opens it for reading and writing.
pub(super) fn create(dir: &OwnedFd, name: &Name, mode: Mode) -> Result<OwnedFd, Host> {
    step()?;
    let flags = OFlags::CREATE
        | OFlags::EXCL
        | OFlags::RDWR
        | OFlags::NOFOLLOW
        | OFlags::CLOEXEC
        | OFlags::NOCTTY;
    fs::openat(dir, &name.0, flags, host_mode(mode))
}

/// Creates a fifo or a socket.
pub(super) fn mknod(dir: &OwnedFd, name: &Name, file_type: FileType, mode: Mode) -> Result<()> {
    let host_type =
        if file_type == FileType::Socket { fs::FileType::Socket } else { fs::FileType::Fifo };
    call(|| fs::mknodat(dir, &name.0, host_type, host_mode(mode), 0))
}

/// Creates a directory.
pub(super) fn mkdir(dir: &OwnedFd, name: &Name, mode: Mode) -> Result<()> {
    call(|| fs::mkdirat(dir, &name.0, host_mode(mode)))
}

/// Creates a symbolic link; its text is the guest's and means nothing to the host.
pub(super) fn symlink(dir: &OwnedFd, name: &Name, target: &[u8]) -> Result<()> {
    call(|| fs::symlinkat(target, dir, &name.0))
}

/// The target of the symbolic link behind a handle.
pub(super) fn read_link(handle: &OwnedFd) -> Result<Vec<u8>> {
    call(|| fs::readlinkat(handle, c"", Vec::new()).map(CString::into_bytes))
}

/// Removes a name that is not a directory's.
pub(super) fn unlink(dir: &OwnedFd, name: &Name) -> Result<()> {
    call(|| fs::unlinkat(dir, &name.0, AtFlags::empty()))
}

/// Removes an empty directory.
pub(super) fn rmdir(dir: &OwnedFd, name: &Name) -> Result<()> {
    call(|| fs::unlinkat(dir, &name.0, AtFlags::REMOVEDIR))
}

/// Renames: `renameat2(2)`.
pub(super) fn rename(
    from: (&OwnedFd, &Name),
    to: (&OwnedFd, &Name),
    flags: crate::RenameFlags,
) -> Result<()> {
    let mut host = fs::RenameFlags::empty();
    host.set(fs::RenameFlags::NOREPLACE, flags.contains(crate::RenameFlags::NOREPLACE));
    host.set(fs::RenameFlags::EXCHANGE, flags.contains(crate::RenameFlags::EXCHANGE));
    call(|| match host.is_empty() {
        true => fs::renameat(from.0, &from.1.0, to.0, &to.1.0),
        false => fs::renameat_with(from.0, &from.1.0, to.0, &to.1.0, host),
    })
}

/// Changes the owner of what is behind a handle.
pub(super) fn chown(handle: &OwnedFd, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
    // The all-ones id means "leave it" to the host.
    if uid == Some(u32::MAX) || gid == Some(u32::MAX) {
        return Err(Errno::EINVAL);
    }
    let (uid, gid) = (uid.map(fs::Uid::from_raw), gid.map(fs::Gid::from_raw));
    call(|| fs::chownat(handle, c"", uid, gid, AtFlags::EMPTY_PATH))
}

/// Sets the times of what is behind a handle.
pub(super) fn set_times(handle: &OwnedFd, changes: &SetStat) -> Result<()> {
    let times = Timestamps {
        last_access: timespec(changes.atime),
        last_modification: timespec(changes.mtime),
    };
    call(|| fs::utimensat(handle, c"", &times, AtFlags::EMPTY_PATH))
}

/// Reads at an offset.
pub(super) fn pread(file: &OwnedFd, buf: &mut [u8], offset: u64) -> Result<usize> {
    call(|| rustix::io::retry_on_intr(|| rustix::io::pread(file, &mut *buf, offset)))
}

/// Writes at an offset.
pub(super) fn pwrite(file: &OwnedFd, buf: &[u8], offset: u64) -> Result<usize> {
    call(|| rustix::io::retry_on_intr(|| rustix::io::pwrite(file, buf, offset)))
}

/// Sets the size of an open file.
pub(super) fn truncate(file: &OwnedFd, size: u64) -> Result<()> {
    call(|| fs::ftruncate(file, size))
}

/// Gives a part of an open file room.
pub(super) fn allocate(file: &OwnedFd, offset: u64, len: u64) -> Result<()> {
    call(|| fs::fallocate(file, fs::FallocateFlags::empty(), offset, len))
}

/// Brings an open file to where it survives.
pub(super) fn sync(file: &OwnedFd) -> Result<()> {
    call(|| fs::fsync(file))
}

/// Sets where the next entries of an open directory are read.
pub(super) fn seek(dir: &OwnedFd, cookie: u64) -> Result<()> {
    call(|| fs::seek(dir, SeekFrom::Start(cookie)).map(drop))
}

/// The next entry of an open directory.
pub(super) fn next_entry<'a>(
    entries: &'a mut RawDir<'_, &OwnedFd>,
) -> Result<Option<RawDirEntry<'a>>> {
    call(|| entries.next().transpose())
}

/// Sizes and limits of the filesystem that a handle is on.
pub(super) fn statfs(handle: &OwnedFd) -> Result<fs::StatVfs> {
    call(|| fs::fstatvfs(handle))
}

fn timespec(time: Option<Timestamp>) -> Timespec {
    match time {
        Some(time) => Timespec { tv_sec: time.secs(), tv_nsec: time.subsec_nanos().into() },
        None => Timespec { tv_sec: 0, tv_nsec: fs::UTIME_OMIT },
    }
}

fn host_mode(mode: Mode) -> fs::Mode {
    fs::Mode::from_bits_truncate(mode.bits().into())
}

/// The type part of the host's `st_mode`.
pub(super) fn file_type(stat: &fs::Stat) -> Result<FileType> {
    from_host_type(fs::FileType::from_raw_mode(stat.st_mode)).ok_or(Errno::EIO)
}

/// A type as a directory entry has it; `None` if the host does not say.
pub(super) fn from_host_type(host: fs::FileType) -> Option<FileType> {
    Some(match host {
        fs::FileType::RegularFile => FileType::Regular,
        fs::FileType::Directory => FileType::Directory,
        fs::FileType::Symlink => FileType::Symlink,
        fs::FileType::Fifo => FileType::Fifo,
        fs::FileType::Socket => FileType::Socket,
        fs::FileType::CharacterDevice => FileType::CharDevice,
        fs::FileType::BlockDevice => FileType::BlockDevice,
        _ => return None,
    })
}

/// The host's `struct stat` as ours; the number is the caller's to fill in.
#[expect(
    clippy::useless_conversion,
    clippy::unnecessary_cast,
    reason = "the members' types differ between the host's architectures"
)]
pub(super) fn from_host_stat(host: &fs::Stat, ino: crate::Ino) -> Result<Stat> {
    Ok(Stat {
        dev: 0,
        ino,
        file_type: file_type(host)?,
        mode: Mode::new(host.st_mode & 0o7777),
        nlink: u64::from(host.st_nlink),
        uid: host.st_uid,
        gid: host.st_gid,
        rdev: makedev(fs::major(host.st_rdev), fs::minor(host.st_rdev)),
        size: u64::try_from(host.st_size).unwrap_or(0),
        blocks: u64::try_from(host.st_blocks).unwrap_or(0),
        atime: Timestamp::new(host.st_atime as i64, host.st_atime_nsec as u32),
        mtime: Timestamp::new(host.st_mtime as i64, host.st_mtime_nsec as u32),
        ctime: Timestamp::new(host.st_ctime as i64, host.st_ctime_nsec as u32),
    })
}
