//! [`HostFs`]: a directory of the host, and nothing above it. Linux only.
//!
//! Every access starts at a handle (`O_PATH`) and names at most one component, which the host
//! does not follow; so neither `..`, nor a symbolic link, nor a name that changes between two
//! steps leads out. `..` is answered from what earlier look-ups saw. Content is opened through
//! the handle, after its type is known: a fifo, a socket or a device is never opened.
//! The system calls are in `host/sys.rs`, the table of inodes in `host/inode.rs`; what lets calls
//! fail for a test is in `host/fault.rs`.
//!
//! A handle is a capability, as everywhere in Unix: a directory that somebody on the host moves
//! elsewhere while it is open is still that directory, and `..` in it is still where it was.

mod errno;
mod fault;
mod inode;
mod recent;
mod sys;

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{OFlags, RawDir};
use rustix::io::Errno as Host;

use crate::{
    DirEntry, Errno, FileSystem, FileType, Ino, Mode, NewInode, RenameFlags, Result, SetStat, Stat,
    StatFs, Timestamp,
};
use errno::from_host;
#[cfg(feature = "testing")]
pub use fault::fail_host_calls;
use inode::{Content, Inodes, Place};
use sys::{Name, Reopen};

/// How many steps up a handle may have to be opened again; deeper is not found (`ESTALE`).
const DEPTH_MAX: usize = 4096;

/// What the host's `getdents64(2)` fills at once.
const DIRENT_BUFFER: usize = 16 * 1024;

/// A directory of the host as a filesystem, read-write or read-only.
///
/// Modes, owners, times, links and sizes are the host's own: they are seen and set truly, within
/// what the host lets this process do. Times of creation and change come from the host's clock,
/// not from the kernel's. Other programs may change the directory at any time; an inode that is
/// gone by then answers `ESTALE`, unless it is pinned.
///
/// Reading leaves times of the last access alone where the host lets us, as a mount with
/// `noatime` does; not those of symbolic links.
///
/// Two things are refused although the host may allow them, with `EPERM`: devices, and
/// set-user-ID and set-group-ID bits on what is not a directory. Both would act outside.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// use agentos_vfs::HostFs;
/// let project = HostFs::open(".")?;
/// let reference = HostFs::open_read_only("/usr/share/doc")?;
/// # Ok(()) }
/// ```
pub struct HostFs {
    root: Ino,
    root_handle: Arc<OwnedFd>,
    reopen: Reopen,
    read_only: bool,
    owner: Option<Owner>,
    inodes: Mutex<Inodes>,
}

/// The host's user and group, and whom the guest sees in their stead.
#[derive(Clone, Copy)]
struct Owner {
    host: (u32, u32),
    guest: (u32, u32),
}

impl HostFs {
    /// Opens the directory at `path` for reading and writing.
    ///
    /// # Errors
    /// What the host answers: `path` is missing, is not a directory, may not be searched; or
    /// `/proc` is not mounted, without which an inode cannot be opened through its handle.
    pub fn open(path: impl AsRef<Path>) -> io::Result<HostFs> {
        HostFs::open_with(path.as_ref(), false)
    }

    /// Opens the directory at `path`; every change answers `EROFS`.
    ///
    /// # Errors
    /// As [`open`](HostFs::open).
    pub fn open_read_only(path: impl AsRef<Path>) -> io::Result<HostFs> {
        HostFs::open_with(path.as_ref(), true)
    }

    fn open_with(path: &Path, read_only: bool) -> io::Result<HostFs> {
        let root_handle = sys::open_root(path)?;
        let stat = rustix::fs::fstat(&root_handle)?;
        let mut inodes = Inodes::new(stat.st_dev);
        let root = inodes
            .number(stat.st_dev, stat.st_ino)
            .map_err(|errno| io::Error::other(errno.message()))?;
        let root_handle = Arc::new(root_handle);
        inodes.pin(root, root_handle.clone());
        Ok(HostFs {
            root,
            root_handle,
            reopen: Reopen::open()?,
            read_only,
            owner: None,
            inodes: Mutex::new(inodes),
        })
    }

    /// Shows what belongs to the host's owner of the opened directory as `uid`'s and `gid`'s,
    /// and the other way about. Without this the guest sees the host's numbers.
    ///
    /// # Errors
    /// What the host answers when the directory is looked at.
    pub fn owned_by(self, uid: u32, gid: u32) -> io::Result<HostFs> {
        let stat = rustix::fs::fstat(&self.root_handle)?;
        let owner = Owner { host: (stat.st_uid, stat.st_gid), guest: (uid, gid) };
        Ok(HostFs { owner: Some(owner), ..self })
    }

    /// `EROFS` if so opened.
    fn may_write(&self) -> Result<()> {
        if self.read_only { Err(Errno::EROFS) } else { Ok(()) }
    }

    /// An open handle on `ino`: a kept one, or opened again where the inode was seen last.
    fn handle(&self, ino: Ino) -> Result<Arc<OwnedFd>> {
        let mut inodes = self.inodes.lock();
        let mut below: Vec<(Ino, Place)> = Vec::new();
        let mut at = ino;
        let mut handle = loop {
            if let Some(handle) = inodes.handle(at) {
                break handle;
            }
            let place =
                inodes.place(at).filter(|_| below.len() < DEPTH_MAX).ok_or(Errno::ESTALE)?;
            let dir = place.dir;
            below.push((at, place));
            at = dir;
        };
        for (ino, place) in below.into_iter().rev() {
            handle = Arc::new(open_known(&mut inodes, &handle, ino, &place)?);
            inodes.keep_handle(ino, handle.clone());
        }
        Ok(handle)
    }

    /// The host's metadata of `ino`, without opening it if its directory is at hand.
    fn host_stat(&self, ino: Ino) -> Result<rustix::fs::Stat> {
        let (handle, place, pins) = {
            let mut inodes = self.inodes.lock();
            (inodes.handle(ino), inodes.place(ino), inodes.pins(ino))
        };
        if let Some(handle) = handle {
            let stat = sys::stat(&handle)?;
            if stat.st_nlink == 0 && pins == 0 {
                // Only our handle keeps it.
                self.inodes.lock().forget(ino);
                return Err(Errno::ESTALE);
            }
            return Ok(stat);
        }
        let place = place.ok_or(Errno::ESTALE)?;
        let dir = self.handle(place.dir)?;
        let found = sys::stat_at(&dir, &Name::new(&place.name)?);
        let mut inodes = self.inodes.lock();
        match found {
            Ok(stat) if inodes.number(stat.st_dev, stat.st_ino)? == ino => Ok(stat),
            Ok(_) | Err(Errno::ENOENT | Errno::ENOTDIR) => {
                inodes.forget(ino);
                Err(Errno::ESTALE)
            }
            Err(errno) => Err(errno),
        }
    }

    /// The entry `name` of `dir` as the host has it now.
    fn entry(&self, dir: Ino, name: &[u8]) -> Result<(Ino, rustix::fs::Stat)> {
        let handle = self.handle(dir)?;
        let stat = sys::stat_at(&handle, &Name::new(name)?)?;
        let mut inodes = self.inodes.lock();
        let ino = inodes.number(stat.st_dev, stat.st_ino)?;
        inodes.seen(ino, dir, name);
        Ok((ino, stat))
    }

    /// The open file of a regular inode, opened (again) if it is not open in this way.
    fn content(&self, ino: Ino, writable: bool) -> Result<Arc<OwnedFd>> {
        if let Some(content) = self.inodes.lock().content(ino)
            && (content.writable || !writable)
        {
            return Ok(content.file);
        }
        let handle = self.handle(ino)?;
        match sys::file_type(&sys::stat(&handle)?)? {
            FileType::Regular => {}
            FileType::Directory => return Err(Errno::EISDIR),
            _ => return Err(Errno::EINVAL),
        }
        let flags = if writable { OFlags::RDWR } else { OFlags::RDONLY };
        let open = self.retrying(|| self.reopen.file(&handle, flags));
        let file = match open {
            // Writable but not readable: `>` on a file of mode 0200.
            Err(Errno::EACCES) if writable => {
                self.retrying(|| self.reopen.file(&handle, OFlags::WRONLY))?
            }
            other => other?,
        };
        let content = Content { file: Arc::new(file), writable };
        self.inodes.lock().keep_content(ino, content.clone());
        Ok(content.file)
    }

    /// Calls `open` again after closing what is only kept, if the process is out of descriptors.
    fn retrying(&self, open: impl Fn() -> Result<OwnedFd, Host>) -> Result<OwnedFd> {
        match open() {
            Err(Host::MFILE | Host::NFILE) => {
                self.inodes.lock().close_unpinned();
                open().map_err(from_host)
            }
            other => other.map_err(from_host),
        }
    }

    /// What the guest may not set, since it would act outside.
    fn check_mode(file_type: FileType, mode: Mode) -> Result<()> {
        let acts_outside =
            file_type != FileType::Directory && mode.intersects(Mode::ISUID | Mode::ISGID);
        if acts_outside { Err(Errno::EPERM) } else { Ok(()) }
    }

    /// Finishes a new inode: the mode regardless of this process's umask, the owner if we may.
    fn finish_new(&self, dir: Ino, name: &[u8], new: &NewInode) -> Result<Ino> {
        let (ino, stat) = self.entry(dir, name)?;
        let handle = self.handle(ino)?;
        let (uid, gid) = self.to_host(Some(new.uid), Some(new.gid));
        let uid = uid.filter(|&uid| uid != stat.st_uid);
        let gid = gid.filter(|&gid| gid != stat.st_gid);
        if uid.is_some() || gid.is_some() {
            // Without the privilege the file is this process's user's, and is shown so.
            match sys::chown(&handle, uid, gid) {
                Ok(()) | Err(Errno::EPERM | Errno::EINVAL) => {}
                Err(errno) => return Err(errno),
            }
        }
        // What a set-group-ID directory hands down is the caller's to say, as is all else.
        if sys::file_type(&stat)? != FileType::Symlink && Mode::new(stat.st_mode) != new.mode {
            self.reopen.chmod(&handle, new.mode)?;
        }
        Ok(ino)
    }

    /// Removes a half-made entry after a failure; the failure is what is reported.
    fn undo<T>(&self, dir: Ino, name: &[u8], result: Result<T>) -> Result<T> {
        if result.is_err()
            && let (Ok(handle), Ok(name)) = (self.handle(dir), Name::new(name))
        {
            let _ = sys::unlink(&handle, &name).or_else(|_| sys::rmdir(&handle, &name));
        }
        result
    }

    fn to_guest(&self, stat: &mut Stat) {
        if let Some(Owner { host, guest }) = self.owner {
            if stat.uid == host.0 {
                stat.uid = guest.0;
            }
            if stat.gid == host.1 {
                stat.gid = guest.1;
            }
        }
    }

    fn to_host(&self, uid: Option<u32>, gid: Option<u32>) -> (Option<u32>, Option<u32>) {
        let Some(Owner { host, guest }) = self.owner else { return (uid, gid) };
        (
            uid.map(|id| if id == guest.0 { host.0 } else { id }),
            gid.map(|id| if id == guest.1 { host.1 } else { id }),
        )
    }

    /// Sets what `changes` has but the times, one call each. The first failure ends it.
    fn set_each(&self, ino: Ino, handle: &OwnedFd, changes: &SetStat) -> Result<()> {
        // Opened before a new mode or owner might forbid it.
        let content = changes.size.map(|_| self.content(ino, true)).transpose()?;
        let (uid, gid) = self.to_host(changes.uid, changes.gid);
        if uid.is_some() || gid.is_some() {
            sys::chown(handle, uid, gid)?;
        }
        if let Some(mode) = changes.mode {
            self.reopen.chmod(handle, mode)?;
        }
        if let (Some(size), Some(file)) = (changes.size, content) {
            sys::truncate(&file, size)?;
        }
        if changes.atime.is_some() || changes.mtime.is_some() {
            sys::set_times(handle, changes)?;
        }
        Ok(())
    }
}

/// Opens `place`, where `ino` was seen, and makes sure that it is still there.
fn open_known(inodes: &mut Inodes, dir: &OwnedFd, ino: Ino, place: &Place) -> Result<OwnedFd> {
    let name = Name::new(&place.name)?;
    let opened = match sys::open_handle(dir, &name) {
        Err(Host::MFILE | Host::NFILE) => {
            inodes.close_unpinned();
            sys::open_handle(dir, &name)
        }
        other => other,
    };
    match opened {
        Ok(handle) => {
            let stat = sys::stat(&handle)?;
            if inodes.number(stat.st_dev, stat.st_ino)? == ino {
                return Ok(handle);
            }
            inodes.forget(ino);
            Err(Errno::ESTALE)
        }
        Err(Host::NOENT | Host::NOTDIR) => {
            inodes.forget(ino);
            Err(Errno::ESTALE)
        }
        Err(err) => Err(from_host(err)),
    }
}

impl FileSystem for HostFs {
    fn root(&self) -> Ino {
        self.root
    }

    fn kind(&self) -> &'static str {
        "hostfs"
    }

    fn lookup(&self, dir: Ino, name: &[u8]) -> Result<Ino> {
        self.entry(dir, name).map(|(ino, _)| ino)
    }

    fn lookup_stat(&self, dir: Ino, name: &[u8]) -> Result<Stat> {
        let (ino, host) = self.entry(dir, name)?;
        let mut stat = sys::from_host_stat(&host, ino)?;
        self.to_guest(&mut stat);
        Ok(stat)
    }

    fn stat(&self, ino: Ino) -> Result<Stat> {
        let mut stat = sys::from_host_stat(&self.host_stat(ino)?, ino)?;
        self.to_guest(&mut stat);
        Ok(stat)
    }

    fn read_at(&self, ino: Ino, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let file = self.content(ino, false)?;
        if i64::try_from(offset).is_err() {
            return Ok(0);
        }
        sys::pread(&file, buf, offset)
    }

    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        let handle = self.handle(dir)?;
        let here = sys::stat(&handle)?;
        if sys::file_type(&here)? != FileType::Directory {
            return Err(Errno::ENOTDIR);
        }
        let open =
            self.retrying(|| self.reopen.file(&handle, OFlags::RDONLY | OFlags::DIRECTORY))?;
        if cookie != 0 {
            sys::seek(&open, cookie)?;
        }
        let mut buffer = [MaybeUninit::uninit(); DIRENT_BUFFER];
        let mut entries = RawDir::new(&open, &mut buffer);
        while let Some(entry) = sys::next_entry(&mut entries)? {
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let (ino, file_type) = match sys::from_host_type(entry.file_type()) {
                // What is mounted on a directory has another number than the entry says.
                None | Some(FileType::Directory) => match self.entry(dir, name) {
                    Ok((ino, stat)) => (ino, sys::file_type(&stat)?),
                    Err(Errno::ENOENT) => continue,
                    Err(errno) => return Err(errno),
                },
                Some(file_type) => {
                    let mut inodes = self.inodes.lock();
                    let ino = inodes.number(here.st_dev, entry.ino())?;
                    inodes.seen(ino, dir, name);
                    (ino, file_type)
                }
            };
            if !emit(DirEntry { name, ino, file_type, next: entry.next_entry_cookie() }) {
                break;
            }
        }
        Ok(())
    }

    fn read_link(&self, ino: Ino) -> Result<Vec<u8>> {
        let handle = self.handle(ino)?;
        if sys::file_type(&sys::stat(&handle)?)? != FileType::Symlink {
            return Err(Errno::EINVAL);
        }
        sys::read_link(&handle)
    }

    fn statfs(&self) -> Result<StatFs> {
        let host = sys::statfs(&self.root_handle)?;
        Ok(StatFs {
            block_size: host.f_bsize,
            blocks: host.f_blocks,
            blocks_free: host.f_bavail,
            files: host.f_files,
            files_free: host.f_ffree,
            name_max: 255.min(host.f_namemax),
        })
    }

    fn parent(&self, dir: Ino) -> Result<Ino> {
        if dir == self.root {
            return Ok(dir);
        }
        if sys::file_type(&self.host_stat(dir)?)? != FileType::Directory {
            return Err(Errno::ENOTDIR);
        }
        self.inodes.lock().place(dir).map(|place| place.dir).ok_or(Errno::ESTALE)
    }

    fn read_only(&self) -> bool {
        self.read_only
    }

    fn create(
        &mut self,
        dir: Ino,
        name: &[u8],
        file_type: FileType,
        rdev: u64,
        new: &NewInode,
    ) -> Result<Ino> {
        let _ = rdev;
        self.may_write()?;
        let handle = self.handle(dir)?;
        let host_name = Name::new(name)?;
        HostFs::check_mode(file_type, new.mode)?;
        let file = match file_type {
            FileType::Regular => {
                Some(self.retrying(|| sys::create(&handle, &host_name, new.mode))?)
            }
            FileType::Fifo | FileType::Socket => {
                sys::mknod(&handle, &host_name, file_type, new.mode)?;
                None
            }
            FileType::CharDevice | FileType::BlockDevice => {
                // An existing name is the more telling answer, and Linux's.
                return Err(if sys::stat_at(&handle, &host_name).is_ok() {
                    Errno::EEXIST
                } else {
                    Errno::EPERM
                });
            }
            FileType::Directory | FileType::Symlink => return Err(Errno::EINVAL),
        };
        let made = self.finish_new(dir, name, new);
        let ino = self.undo(dir, name, made)?;
        if let Some(file) = file {
            // Kept, since a mode without `w` would not let us open it for writing again.
            self.inodes.lock().keep_content(ino, Content { file: Arc::new(file), writable: true });
        }
        Ok(ino)
    }

    fn mkdir(&mut self, dir: Ino, name: &[u8], new: &NewInode) -> Result<Ino> {
        self.may_write()?;
        sys::mkdir(&*self.handle(dir)?, &Name::new(name)?, new.mode)?;
        let made = self.finish_new(dir, name, new);
        self.undo(dir, name, made)
    }

    fn symlink(&mut self, dir: Ino, name: &[u8], target: &[u8], new: &NewInode) -> Result<Ino> {
        self.may_write()?;
        sys::symlink(&*self.handle(dir)?, &Name::new(name)?, target)?;
        let made = self.finish_new(dir, name, new);
        self.undo(dir, name, made)
    }

    fn link(&mut self, ino: Ino, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let _ = now;
        self.may_write()?;
        let handle = self.handle(ino)?;
        if sys::file_type(&sys::stat(&handle)?)? == FileType::Directory {
            return Err(Errno::EPERM);
        }
        self.reopen.link(&handle, &*self.handle(dir)?, &Name::new(name)?)?;
        self.inodes.lock().seen(ino, dir, name);
        Ok(())
    }

    fn unlink(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let _ = now;
        self.may_write()?;
        let (ino, _) = self.entry(dir, name)?;
        sys::unlink(&*self.handle(dir)?, &Name::new(name)?)?;
        // Open files would keep the space taken; another name is found by another walk.
        self.inodes.lock().forget(ino);
        Ok(())
    }

    fn rmdir(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let _ = now;
        self.may_write()?;
        let (ino, _) = self.entry(dir, name)?;
        sys::rmdir(&*self.handle(dir)?, &Name::new(name)?)?;
        self.inodes.lock().forget(ino);
        Ok(())
    }

    fn rename(
        &mut self,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        flags: RenameFlags,
        now: Timestamp,
    ) -> Result<()> {
        let _ = now;
        self.may_write()?;
        let (moved, _) = self.entry(from.0, from.1)?;
        let replaced = match self.entry(to.0, to.1) {
            Ok((ino, _)) => Some(ino).filter(|&ino| ino != moved),
            Err(Errno::ENOENT) => None,
            Err(errno) => return Err(errno),
        };
        let (from_dir, to_dir) = (self.handle(from.0)?, self.handle(to.0)?);
        let (from_name, to_name) = (Name::new(from.1)?, Name::new(to.1)?);
        sys::rename((&from_dir, &from_name), (&to_dir, &to_name), flags)?;
        let mut inodes = self.inodes.lock();
        inodes.seen(moved, to.0, to.1);
        match replaced {
            Some(other) if flags.contains(RenameFlags::EXCHANGE) => {
                inodes.seen(other, from.0, from.1);
            }
            Some(other) => inodes.forget(other),
            None => {}
        }
        Ok(())
    }

    fn write_at(&mut self, ino: Ino, offset: u64, buf: &[u8], now: Timestamp) -> Result<usize> {
        let _ = now;
        self.may_write()?;
        let file = self.content(ino, true)?;
        let room = (i64::MAX as u64).saturating_sub(offset);
        let len = usize::try_from(room).unwrap_or(usize::MAX).min(buf.len());
        if len == 0 && !buf.is_empty() {
            return Err(Errno::EFBIG);
        }
        sys::pwrite(&file, buf.get(..len).unwrap_or(buf), offset)
    }

    fn set_stat(&mut self, ino: Ino, changes: &SetStat, now: Timestamp) -> Result<()> {
        let _ = now;
        self.may_write()?;
        let handle = self.handle(ino)?;
        let before = sys::from_host_stat(&sys::stat(&handle)?, ino)?;
        if let Some(mode) = changes.mode {
            HostFs::check_mode(before.file_type, mode)?;
        }
        let regular = before.file_type == FileType::Regular;
        if changes.size.is_some() && !regular {
            return Err(if before.is_dir() { Errno::EISDIR } else { Errno::EINVAL });
        }
        if changes.size.is_some_and(|size| i64::try_from(size).is_err()) {
            return Err(Errno::EFBIG);
        }
        if changes.mode.is_some() && regular && self.inodes.lock().pins(ino) > 0 {
            // Whoever has it open for writing may go on doing so after the bit is gone.
            let _ = self.content(ino, true);
        }
        self.set_each(ino, &handle, changes).inspect_err(|_| {
            // All or nothing: a size is set last but for the times, which do not fail then.
            if changes.uid.is_some() || changes.gid.is_some() {
                let _ = sys::chown(&handle, Some(before.uid), Some(before.gid));
            }
            if changes.mode.is_some() {
                let _ = self.reopen.chmod(&handle, before.mode);
            }
        })
    }

    fn allocate(&mut self, ino: Ino, offset: u64, len: u64, now: Timestamp) -> Result<()> {
        let _ = now;
        self.may_write()?;
        let file = self.content(ino, true)?;
        if offset.checked_add(len).is_none_or(|end| i64::try_from(end).is_err()) {
            return Err(Errno::EFBIG);
        }
        if len == 0 {
            return Err(Errno::EINVAL);
        }
        sys::allocate(&file, offset, len)
    }

    fn sync(&mut self, ino: Ino) -> Result<()> {
        let handle = self.handle(ino)?;
        match sys::file_type(&sys::stat(&handle)?)? {
            FileType::Regular => sys::sync(&*self.content(ino, false)?),
            FileType::Directory => {
                let open = self
                    .retrying(|| self.reopen.file(&handle, OFlags::RDONLY | OFlags::DIRECTORY))?;
                sys::sync(&open)
            }
            _ => Ok(()),
        }
    }

    fn pin(&mut self, ino: Ino) -> Result<()> {
        if self.inodes.lock().pin_again(ino) {
            return Ok(());
        }
        let handle = self.handle(ino)?;
        if sys::file_type(&sys::stat(&handle)?)? == FileType::Regular {
            // Open now, while the mode lets us; a failure shows when it is read.
            let _ = self.content(ino, false);
        }
        self.inodes.lock().pin(ino, handle);
        Ok(())
    }

    fn unpin(&mut self, ino: Ino) {
        if ino != self.root || self.inodes.lock().pins(ino) > 1 {
            self.inodes.lock().unpin(ino);
        }
    }
}
