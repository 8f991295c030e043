//! The host's own kernel as a process of random operations, confined to a directory.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Once;

use rustix::fs::{self, AtFlags, CWD, FallocateFlags, FileType as HostType, RawDir, SeekFrom};
use rustix::fs::{Timespec, Timestamps};
use rustix::io::Errno as Host;
use rustix::process::{self, Gid, Resource, Rlimit, Uid};
use rustix::thread;
use tempfile::TempDir;
use vfs::testing::{Answer, At, Facts, Op, SLOTS, Spot, Traits};
use vfs::{
    Access, Errno, FileType, Follow, HostFs, Mode, OFlags, RenameFlags, Result, SetTime, Timestamp,
    Whence,
};

/// A directory for a kernel's tree: in memory, where the host has that.
///
/// Tests that run beside each other share the descriptors of this process, of which a user often
/// has no more than 1,024.
pub(crate) fn scratch() -> TempDir {
    static MORE_DESCRIPTORS: Once = Once::new();
    MORE_DESCRIPTORS.call_once(|| {
        let limit = process::getrlimit(Resource::Nofile);
        process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    });
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Whether this process may confine itself and act as other users.
pub(crate) fn privileged() -> bool {
    process::geteuid().is_root()
}

/// A directory of the host whose files are shown as user 0's, whoever runs the tests.
pub(crate) fn open_host(top: &Path) -> HostFs {
    let fs = HostFs::open(top).unwrap();
    if privileged() { fs } else { fs.owned_by(0, 0).unwrap() }
}

/// What is known to differ on the host: its clock, and what this host's administrator chose.
pub(crate) fn host_traits() -> Traits {
    let protected = std::fs::read("/proc/sys/fs/protected_hardlinks");
    Traits {
        host_clock: true,
        no_atime: true,
        writer_drops: true,
        protected_hardlinks: protected.is_ok_and(|text| text != b"0\n"),
        protected_sticky: true,
        loose_scans: true,
        ..Traits::default()
    }
}

/// Runs `work` in a thread that has `top` as its root, working directory and umask to itself.
pub(crate) fn confined<T: Send>(top: &Path, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let run = || {
            #[expect(deprecated, reason = "unsafe only with FILES, and there is no other")]
            thread::unshare(thread::UnshareFlags::FS).unwrap();
            process::chroot(top).unwrap();
            process::chdir("/").unwrap();
            process::umask(fs::Mode::from_raw_mode(0o022));
            work()
        };
        scope.spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

struct Slot {
    fd: OwnedFd,
    file_type: FileType,
}

/// A process like [`vfs::testing::Session`], on the kernel.
#[derive(Default)]
pub(crate) struct Kernel {
    slots: [Option<Slot>; SLOTS],
}

impl Kernel {
    pub(crate) fn apply(&mut self, op: &Op) -> Result<Answer> {
        self.call(op).map_err(|errno| Errno::from(&errno.into()))
    }

    fn dir(&self, spot: &Spot) -> Result<BorrowedFd<'_>, Host> {
        match spot.at {
            At::Slot(slot) if spot.path.first() != Some(&b'/') => {
                self.slots[slot].as_ref().map(|slot| slot.fd.as_fd()).ok_or(Host::BADF)
            }
            _ => Ok(CWD),
        }
    }

    fn open(&mut self, number: usize, spot: &Spot, flags: OFlags, mode: Mode) -> Result<(), Host> {
        let fd = match fs::openat(self.dir(spot)?, &*spot.path, host_flags(flags), host_mode(mode))
        {
            // A fifo without a reader; a socket.
            Err(Host::NXIO) => {
                let fd =
                    fs::openat(self.dir(spot)?, &*spot.path, fs::OFlags::PATH, fs::Mode::empty())?;
                if file_type(&fs::fstat(&fd)?) == FileType::Socket {
                    return Err(Host::NXIO);
                }
                fd
            }
            other => other?,
        };
        let file_type = file_type(&fs::fstat(&fd)?);
        self.slots[number] = Some(Slot { fd, file_type });
        Ok(())
    }

    fn call(&mut self, op: &Op) -> Result<Answer, Host> {
        match op {
            Op::Become { uid } => {
                // The user last on the way down, first on the way up.
                let (uid, gid) = (Uid::from_raw(*uid), Gid::from_raw(*uid));
                thread::set_thread_res_uid(None, Uid::ROOT, None)?;
                thread::set_thread_groups(&[])?;
                thread::set_thread_res_gid(None, gid, None)?;
                thread::set_thread_res_uid(None, uid, None)?;
            }
            Op::Umask(mode) => {
                process::umask(host_mode(*mode));
            }
            Op::Chdir(spot) => {
                let flags = fs::OFlags::PATH | fs::OFlags::DIRECTORY;
                let dir = fs::openat(self.dir(spot)?, &*spot.path, flags, fs::Mode::empty())?;
                process::fchdir(dir)?;
            }
            Op::Open { slot, spot, flags, mode } => self.open(*slot, spot, *flags, *mode)?,
            Op::Mkdir { spot, mode } => {
                fs::mkdirat(self.dir(spot)?, &*spot.path, host_mode(*mode))?;
            }
            Op::Mknod { spot, file_type, mode } => {
                let file_type = match file_type {
                    FileType::Fifo => HostType::Fifo,
                    FileType::Socket => HostType::Socket,
                    _ => HostType::RegularFile,
                };
                fs::mknodat(self.dir(spot)?, &*spot.path, file_type, host_mode(*mode), 0)?;
            }
            Op::Symlink { target, spot } => {
                fs::symlinkat(&**target, self.dir(spot)?, &*spot.path)?;
            }
            Op::Link { from, to, follow } => {
                let flags =
                    if *follow == Follow::Yes { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
                fs::linkat(self.dir(from)?, &*from.path, self.dir(to)?, &*to.path, flags)?;
            }
            Op::Unlink(spot) => fs::unlinkat(self.dir(spot)?, &*spot.path, AtFlags::empty())?,
            Op::Rmdir(spot) => fs::unlinkat(self.dir(spot)?, &*spot.path, AtFlags::REMOVEDIR)?,
            Op::Rename { from, to, flags } => {
                let mut host = fs::RenameFlags::empty();
                host.set(fs::RenameFlags::NOREPLACE, flags.contains(RenameFlags::NOREPLACE));
                host.set(fs::RenameFlags::EXCHANGE, flags.contains(RenameFlags::EXCHANGE));
                fs::renameat_with(self.dir(from)?, &*from.path, self.dir(to)?, &*to.path, host)?;
            }
            Op::Stat { spot, follow } => {
                let stat = fs::statat(self.dir(spot)?, &*spot.path, no_follow(*follow))?;
                return Ok(Answer::Facts(facts(&stat)));
            }
            Op::Access { spot, access } => {
                let mut host = fs::Access::empty();
                host.set(fs::Access::READ_OK, access.contains(Access::READ));
                host.set(fs::Access::WRITE_OK, access.contains(Access::WRITE));
                host.set(fs::Access::EXEC_OK, access.contains(Access::EXEC));
                fs::accessat(self.dir(spot)?, &*spot.path, host, AtFlags::EACCESS)?;
            }
            Op::ReadLink(spot) => {
                let target = fs::readlinkat(self.dir(spot)?, &*spot.path, Vec::new())?;
                return Ok(Answer::Bytes(target.into_bytes()));
            }
            Op::Chmod { spot, mode } => {
                fs::chmodat(self.dir(spot)?, &*spot.path, host_mode(*mode), AtFlags::empty())?;
            }
            Op::Chown { spot, uid, gid, follow } => {
                let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
                fs::chownat(self.dir(spot)?, &*spot.path, uid, gid, no_follow(*follow))?;
            }
            Op::Utimens { spot, atime, mtime, follow } => {
                let times = times(*atime, *mtime);
                fs::utimensat(self.dir(spot)?, &*spot.path, &times, no_follow(*follow))?;
            }
            Op::Truncate { spot, size } => {
                // `truncate` itself asks for the type first.
                let stat = fs::statat(self.dir(spot)?, &*spot.path, AtFlags::empty())?;
                if !matches!(file_type(&stat), FileType::Regular | FileType::Directory) {
                    return Err(Host::INVAL);
                }
                let flags = fs::OFlags::WRONLY;
                let file = fs::openat(self.dir(spot)?, &*spot.path, flags, fs::Mode::empty())?;
                fs::ftruncate(file, *size)?;
            }
            Op::Close(slot) => {
                self.slots[*slot].take().ok_or(Host::BADF)?;
            }
            op => return self.file_call(op),
        }
        Ok(Answer::Done)
    }

    fn file_call(&mut self, op: &Op) -> Result<Answer, Host> {
        let number = match *op {
            Op::Read { slot, .. }
            | Op::Pread { slot, .. }
            | Op::Write { slot, .. }
            | Op::Pwrite { slot, .. }
            | Op::Seek { slot, .. }
            | Op::Ftruncate { slot, .. }
            | Op::Fallocate { slot, .. }
            | Op::Fchmod { slot, .. }
            | Op::Fchown { slot, .. }
            | Op::Futimens { slot, .. }
            | Op::ReadDir { slot, .. }
            | Op::Fsync(slot)
            | Op::Rewind(slot)
            | Op::Fstat(slot) => slot,
            _ => return Err(Host::NOSYS),
        };
        let Some(Slot { fd, file_type }) = &self.slots[number] else { return Err(Host::BADF) };
        let of_any_type = matches!(op, Op::Fstat(_) | Op::Rewind(_));
        if !of_any_type && !matches!(file_type, FileType::Regular | FileType::Directory) {
            return Ok(Answer::Done);
        }
        match *op {
            Op::Read { len, .. } => {
                let mut buf = vec![0; len];
                let n = rustix::io::read(fd, &mut buf)?;
                buf.truncate(n);
                return Ok(Answer::Bytes(buf));
            }
            Op::Pread { offset, len, .. } => {
                let mut buf = vec![0; len];
                let n = rustix::io::pread(fd, &mut buf, offset)?;
                buf.truncate(n);
                return Ok(Answer::Bytes(buf));
            }
            Op::Write { byte, len, .. } => {
                return Ok(Answer::Count(rustix::io::write(fd, &vec![byte; len])? as u64));
            }
            Op::Pwrite { offset, byte, len, .. } => {
                let n = rustix::io::pwrite(fd, &vec![byte; len], offset)?;
                return Ok(Answer::Count(n as u64));
            }
            Op::Seek { .. } if *file_type == FileType::Directory => {}
            Op::Seek { offset, whence, .. } => {
                let from = match whence {
                    Whence::Set if offset < 0 => return fs::tell(fd).and(Err(Host::INVAL)),
                    Whence::Set => SeekFrom::Start(offset as u64),
                    Whence::Cur => SeekFrom::Current(offset),
                    Whence::End => SeekFrom::End(offset),
                };
                return Ok(Answer::Count(fs::seek(fd, from)?));
            }
            Op::Ftruncate { size, .. } => fs::ftruncate(fd, size)?,
            Op::Fallocate { offset, len, .. } => {
                fs::fallocate(fd, FallocateFlags::empty(), offset, len)?;
            }
            Op::Fchmod { mode, .. } => fs::fchmod(fd, host_mode(mode))?,
            Op::Fchown { uid, gid, .. } => {
                fs::fchown(fd, uid.map(Uid::from_raw), gid.map(Gid::from_raw))?;
            }
            Op::Futimens { atime, mtime, .. } => fs::futimens(fd, &times(atime, mtime))?,
            Op::Fsync(_) => fs::fsync(fd)?,
            Op::Rewind(_) if *file_type == FileType::Directory => {
                // Of a handle that cannot be read there is nothing to rewind.
                let _ = fs::seek(fd, SeekFrom::Start(0));
            }
            Op::Rewind(_) => {}
            Op::ReadDir { take, .. } => return read_dir(fd, take),
            _ => return Ok(Answer::Facts(facts(&fs::fstat(fd)?))),
        }
        Ok(Answer::Done)
    }
}

fn read_dir(fd: &OwnedFd, take: usize) -> Result<Answer, Host> {
    let (mut names, mut end, mut cookie) = (Vec::new(), true, None);
    let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
    let mut entries = RawDir::new(fd, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if names.len() == take {
            end = false;
            break;
        }
        let name = entry.file_name().to_bytes();
        cookie = Some(entry.next_entry_cookie());
        if name != b"." && name != b".." {
            names.push((name.to_vec(), from_host_type(entry.file_type())));
        }
    }
    if let Some(cookie) = cookie {
        fs::seek(fd, SeekFrom::Start(cookie))?;
    }
    Ok(Answer::Entries { names, end })
}

fn host_flags(flags: OFlags) -> fs::OFlags {
    let mut host = match flags & OFlags::RDWR {
        OFlags::RDWR => fs::OFlags::RDWR,
        OFlags::WRITE => fs::OFlags::WRONLY,
        _ => fs::OFlags::RDONLY,
    };
    for (ours, theirs) in [
        (OFlags::CREAT, fs::OFlags::CREATE),
        (OFlags::EXCL, fs::OFlags::EXCL),
        (OFlags::TRUNC, fs::OFlags::TRUNC),
        (OFlags::APPEND, fs::OFlags::APPEND),
        (OFlags::DIRECTORY, fs::OFlags::DIRECTORY),
        (OFlags::NOFOLLOW, fs::OFlags::NOFOLLOW),
        (OFlags::PATH, fs::OFlags::PATH),
    ] {
        host.set(theirs, flags.contains(ours));
    }
    // A fifo would make us wait.
    if flags.contains(OFlags::PATH) { host } else { host | fs::OFlags::NONBLOCK }
}

fn host_mode(mode: Mode) -> fs::Mode {
    fs::Mode::from_bits_truncate(mode.bits().into())
}

fn no_follow(follow: Follow) -> AtFlags {
    if follow == Follow::No { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() }
}

fn times(atime: SetTime, mtime: SetTime) -> Timestamps {
    let spec = |time| match time {
        SetTime::Now => Timespec { tv_sec: 0, tv_nsec: fs::UTIME_NOW },
        SetTime::Omit => Timespec { tv_sec: 0, tv_nsec: fs::UTIME_OMIT },
        SetTime::At(time) => Timespec { tv_sec: time.secs(), tv_nsec: time.subsec_nanos().into() },
    };
    Timestamps { last_access: spec(atime), last_modification: spec(mtime) }
}

fn from_host_type(host: HostType) -> FileType {
    match host {
        HostType::Directory => FileType::Directory,
        HostType::Symlink => FileType::Symlink,
        HostType::Fifo => FileType::Fifo,
        HostType::Socket => FileType::Socket,
        HostType::RegularFile => FileType::Regular,
        HostType::BlockDevice => FileType::BlockDevice,
        _ => FileType::CharDevice,
    }
}

fn file_type(stat: &fs::Stat) -> FileType {
    from_host_type(HostType::from_raw_mode(stat.st_mode))
}

#[expect(clippy::unnecessary_cast, reason = "the members' types differ between architectures")]
fn facts(stat: &fs::Stat) -> Facts {
    let file_type = file_type(stat);
    let time = |secs: i64, nanos: u64| Some(Timestamp::new(secs, nanos as u32));
    Facts {
        file_type,
        mode: Mode::new(stat.st_mode),
        nlink: stat.st_nlink as u64,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: if file_type == FileType::Directory { 0 } else { stat.st_size as u64 },
        atime: time(stat.st_atime as i64, stat.st_atime_nsec as u64),
        mtime: time(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
        ctime: time(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
    }
}
