//! The contract of a filesystem backend.
//!
//! A backend sees inode numbers and single names; paths, symbolic links, `..`, mounts,
//! permission checks and open flags are the business of [`namei`](crate::namei) and
//! [`Vfs`](crate::Vfs). Analogous to the inode operations of Linux.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;

use crate::{Errno, FileType, Ino, Mode, RenameFlags, Result, SetStat, Stat, StatFs, Timestamp};

/// One entry that [`FileSystem::read_dir`] hands out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DirEntry<'a> {
    /// The entry's name: one component, never `.` or `..`.
    pub name: &'a [u8],
    /// The inode it names.
    pub ino: Ino,
    /// That inode's type.
    pub file_type: FileType,
    /// Where reading goes on after this entry; stays valid while entries come and go.
    pub next: u64,
}

/// What a new inode starts with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewInode {
    /// Permission bits, the umask already applied.
    pub mode: Mode,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The kernel's time: becomes atime, mtime and ctime.
    pub now: Timestamp,
}

/// Contents that somebody else keeps until they are asked for: a command inside a pack.
///
/// The address of the `Arc` identifies the contents for as long as it is held, so that
/// a loader need not read or hash them to know them again.
pub trait Blob: Send + Sync {
    /// The number of bytes.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes; [`len`](Blob::len) of them, the same at each call.
    ///
    /// Called for each read of the file, so an expensive answer is one to remember.
    ///
    /// # Errors
    /// - `EIO`: they cannot be produced.
    fn bytes(&self) -> Result<Bytes>;
}

impl Blob for Bytes {
    fn len(&self) -> u64 {
        Bytes::len(self) as u64
    }

    fn bytes(&self) -> Result<Bytes> {
        Ok(self.clone())
    }
}

/// A filesystem, keyed by inode number, one path component at a time.
///
/// What a backend must have is [`root`](FileSystem::root), [`kind`](FileSystem::kind),
/// [`stat`](FileSystem::stat) and [`read_dir`](FileSystem::read_dir), and
/// [`blob`](FileSystem::blob) or [`read_at`](FileSystem::read_at) to have content: the others
/// answer from these, right but slowly. Writing methods take `&mut self` and answer `EROFS`
/// unless a backend overrides them, and [`read_only`](FileSystem::read_only) with them. Through an `Arc<dyn FileSystem>` no writing method can
/// be called: a shared filesystem is read-only by type.
///
/// A `name` is one component: never empty, never `.` or `..`, without `/` and NUL.
/// The caller has checked permissions; the backend checks what POSIX says of types and links.
/// Every method answers `ESTALE` for an inode number that it never gave out or that is gone,
/// and may answer `EIO` where it stands on something that can fail.
pub trait FileSystem: Any + Send + Sync {
    /// The inode of the root directory.
    fn root(&self) -> Ino;

    /// A short word for `/proc/mounts`: `memfs`, `hostfs`, `overlay`.
    fn kind(&self) -> &'static str;

    /// Finds the entry `name` of the directory `dir`; a symbolic link is returned, not followed.
    ///
    /// By default goes through the entries.
    ///
    /// # Errors
    /// - `ENOENT`: `dir` has no such entry.
    /// - `ENOTDIR`: `dir` is not a directory.
    fn lookup(&self, dir: Ino, name: &[u8]) -> Result<Ino> {
        let mut found = Err(Errno::ENOENT);
        self.read_dir(dir, 0, &mut |entry| {
            if entry.name == name {
                found = Ok(entry.ino);
            }
            found.is_err()
        })?;
        found
    }

    /// The metadata of an inode; `dev` is 0.
    ///
    /// # Errors
    /// - `ESTALE`: no such inode.
    fn stat(&self, ino: Ino) -> Result<Stat>;

    /// [`lookup`](FileSystem::lookup) and [`stat`](FileSystem::stat) of what it finds: each step of
    /// a path walk. For a backend that has both at once.
    ///
    /// # Errors
    /// As these.
    fn lookup_stat(&self, dir: Ino, name: &[u8]) -> Result<Stat> {
        self.stat(self.lookup(dir, name)?)
    }

    /// Reads up to `buf.len()` bytes at `offset` of a regular file; 0 at or past its end.
    ///
    /// By default reads from the [`blob`](FileSystem::blob).
    ///
    /// # Errors
    /// - `EISDIR`: `ino` is a directory.
    /// - `EINVAL`: `ino` has no content to read.
    fn read_at(&self, ino: Ino, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let Some(blob) = self.blob(ino) else {
            return Err(if self.stat(ino)?.is_dir() { Errno::EISDIR } else { Errno::EINVAL });
        };
        let bytes = blob.bytes()?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = bytes.get(offset..).unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    /// Hands the entries after `cookie` (0: from the start) to `emit` until it answers `false`.
    ///
    /// The entry for which `emit` answers `false` counts as not handed out. `.` and `..` are
    /// not among them. An entry that exists during a whole scan is handed out exactly once.
    ///
    /// # Errors
    /// - `ENOTDIR`: `dir` is not a directory.
    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()>;

    /// The target of a symbolic link. By default there are none.
    ///
    /// # Errors
    /// - `EINVAL`: `ino` is not a symbolic link.
    fn read_link(&self, ino: Ino) -> Result<Vec<u8>> {
        self.stat(ino).and(Err(Errno::EINVAL))
    }

    /// The whole content of a regular file where the backend has it as one shared piece.
    ///
    /// `None` says only that [`read_at`](FileSystem::read_at) must be used.
    fn blob(&self, ino: Ino) -> Option<Arc<dyn Blob>> {
        let _ = ino;
        None
    }

    /// Sizes and limits.
    ///
    /// # Errors
    /// - `EIO`: they cannot be read.
    fn statfs(&self) -> Result<StatFs> {
        Ok(StatFs { block_size: 4096, name_max: 255, ..StatFs::default() })
    }

    /// Where the parent of a directory is; the root is its own.
    ///
    /// By default looks for it in the whole tree, from the root down.
    ///
    /// # Errors
    /// - `ENOTDIR`: `dir` is not a directory.
    fn parent(&self, dir: Ino) -> Result<Ino> {
        if !self.stat(dir)?.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        let mut todo = vec![self.root()];
        let mut found = dir == self.root();
        while let Some(above) = todo.pop() {
            if found {
                return Ok(above);
            }
            self.read_dir(above, 0, &mut |entry| {
                if entry.file_type == FileType::Directory {
                    found = entry.ino == dir;
                    todo.push(if found { above } else { entry.ino });
                }
                !found
            })?;
        }
        Err(Errno::ESTALE)
    }

    /// Whether every writing method answers `EROFS`, as they do by default: the mount is then
    /// read-only as a whole.
    fn read_only(&self) -> bool {
        true
    }

    /// Whether somebody must refresh the content before it is looked at: `/proc`.
    ///
    /// An open of such a file takes its [`blob`](FileSystem::blob) once and reads from that.
    fn is_fed(&self) -> bool {
        false
    }

    /// For a link of `/proc/<pid>/fd`: the process and the descriptor that it stands for, which
    /// an open of it reaches instead of what the link says.
    fn magic_fd(&self, ino: Ino) -> Option<(u32, u32)> {
        let _ = ino;
        None
    }

    /// A second filesystem that starts as this one is now and goes its own way, without pins.
    ///
    /// `None`: this backend cannot be copied.
    fn fork(&self) -> Option<Box<dyn FileSystem>> {
        None
    }

    /// Creates an inode that is not a directory or a symbolic link: a regular file, a fifo,
    /// a socket or a device (`rdev`).
    ///
    /// # Errors
    /// - `EEXIST`: the name is taken.
    /// - `ENOENT`: `dir` was removed.
    /// - `ENOTDIR`: `dir` is not a directory.
    /// - `ENAMETOOLONG`, `ENOSPC`, `EDQUOT`: a limit.
    /// - `EROFS`: read-only.
    fn create(
        &mut self,
        dir: Ino,
        name: &[u8],
        file_type: FileType,
        rdev: u64,
        new: &NewInode,
    ) -> Result<Ino> {
        let _ = (dir, name, file_type, rdev, new);
        Err(Errno::EROFS)
    }

    /// Creates an empty directory.
    ///
    /// # Errors
    /// As [`create`](FileSystem::create), and
    /// - `EMLINK`: `dir` has as many subdirectories as it can.
    fn mkdir(&mut self, dir: Ino, name: &[u8], new: &NewInode) -> Result<Ino> {
        let _ = (dir, name, new);
        Err(Errno::EROFS)
    }

    /// Creates a symbolic link to `target`, which is kept as it is.
    ///
    /// # Errors
    /// As [`create`](FileSystem::create).
    fn symlink(&mut self, dir: Ino, name: &[u8], target: &[u8], new: &NewInode) -> Result<Ino> {
        let _ = (dir, name, target, new);
        Err(Errno::EROFS)
    }

    /// Gives the inode `ino` one more name.
    ///
    /// # Errors
    /// As [`create`](FileSystem::create), and
    /// - `EPERM`: `ino` is a directory.
    /// - `EMLINK`: `ino` has as many links as it can.
    /// - `ENOENT`: `ino` has no link left.
    fn link(&mut self, ino: Ino, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let _ = (ino, dir, name, now);
        Err(Errno::EROFS)
    }

    /// Removes a name that is not a directory's. The inode lives on while it is linked or pinned.
    ///
    /// # Errors
    /// - `ENOENT`: no such entry.
    /// - `EISDIR`: it is a directory (Linux's answer; POSIX has `EPERM`).
    /// - `ENOTDIR`: `dir` is not a directory.
    /// - `EROFS`: read-only.
    fn unlink(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let _ = (dir, name, now);
        Err(Errno::EROFS)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// - `ENOENT`: no such entry.
    /// - `ENOTDIR`: it, or `dir`, is not a directory.
    /// - `ENOTEMPTY`: it has entries.
    /// - `EROFS`: read-only.
    fn rmdir(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let _ = (dir, name, now);
        Err(Errno::EROFS)
    }

    /// Renames, replacing what the new name stood for; with `EXCHANGE` swaps.
    ///
    /// Two names of one inode: nothing happens, as POSIX says.
    ///
    /// # Errors
    /// - `ENOENT`: no such entry, or with `EXCHANGE` no such new entry.
    /// - `EEXIST`: `NOREPLACE`, and the new name exists.
    /// - `EISDIR`: a directory would be replaced by something else.
    /// - `ENOTDIR`: something else would be replaced by a directory; or a `dir` is none.
    /// - `ENOTEMPTY`: the directory to be replaced has entries.
    /// - `EINVAL`: a directory would become its own descendant; or both flags are given.
    /// - `EMLINK`, `ENAMETOOLONG`, `ENOSPC`, `EDQUOT`: a limit.
    /// - `EROFS`: read-only.
    fn rename(
        &mut self,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        flags: RenameFlags,
        now: Timestamp,
    ) -> Result<()> {
        let _ = (from, to, flags, now);
        Err(Errno::EROFS)
    }

    /// Writes at `offset` of a regular file, extending it as needed; a gap reads as zeros.
    ///
    /// Fewer bytes than given are written only where a limit cuts the write short.
    ///
    /// # Errors
    /// - `EISDIR`, `EINVAL`: not a regular file.
    /// - `EFBIG`: past the largest size of a file.
    /// - `ENOSPC`, `EDQUOT`: not even one byte fits.
    /// - `EROFS`: read-only.
    fn write_at(&mut self, ino: Ino, offset: u64, buf: &[u8], now: Timestamp) -> Result<usize> {
        let _ = (ino, offset, buf, now);
        Err(Errno::EROFS)
    }

    /// Changes metadata, all of it or nothing; sets ctime to `now`, and mtime if the size is set.
    ///
    /// # Errors
    /// - `EISDIR`, `EINVAL`: a size for what is not a regular file.
    /// - `EFBIG`, `ENOSPC`, `EDQUOT`: as [`write_at`](FileSystem::write_at).
    /// - `EPERM`: the backend cannot keep this (an owner on the host, say).
    /// - `EROFS`: read-only.
    fn set_stat(&mut self, ino: Ino, changes: &SetStat, now: Timestamp) -> Result<()> {
        let _ = (ino, changes, now);
        Err(Errno::EROFS)
    }

    /// Notes that content was read at `now`: sets atime and, unlike
    /// [`set_stat`](FileSystem::set_stat), not ctime. A backend that keeps no such time,
    /// or whose store keeps it by itself, does nothing.
    fn touch(&mut self, ino: Ino, now: Timestamp) {
        let _ = (ino, now);
    }

    /// Makes sure that `offset..offset + len` has room, extending the size to its end.
    ///
    /// Sets mtime and ctime, also where there was room already.
    ///
    /// # Errors
    /// As [`write_at`](FileSystem::write_at).
    fn allocate(&mut self, ino: Ino, offset: u64, len: u64, now: Timestamp) -> Result<()> {
        let _ = (ino, offset, len, now);
        Err(Errno::EROFS)
    }

    /// Brings content and metadata to where they survive.
    ///
    /// # Errors
    /// - `EIO`: the backing store refused.
    fn sync(&mut self, ino: Ino) -> Result<()> {
        let _ = ino;
        Ok(())
    }

    /// Keeps an inode alive, linked or not, until as many calls of [`unpin`](FileSystem::unpin).
    ///
    /// Called once for each open file description, and for each working directory. By default
    /// only looks whether it is there, which is enough where nothing ever goes.
    ///
    /// # Errors
    /// - `ESTALE`: no such inode.
    fn pin(&mut self, ino: Ino) -> Result<()> {
        self.stat(ino).map(drop)
    }

    /// Ends one [`pin`](FileSystem::pin).
    fn unpin(&mut self, ino: Ino) {
        let _ = ino;
    }
}

/// A shared filesystem: what it reads, and `EROFS` for the rest.
impl<T: FileSystem + ?Sized> FileSystem for Arc<T> {
    fn root(&self) -> Ino {
        (**self).root()
    }

    fn kind(&self) -> &'static str {
        (**self).kind()
    }

    fn lookup(&self, dir: Ino, name: &[u8]) -> Result<Ino> {
        (**self).lookup(dir, name)
    }

    fn stat(&self, ino: Ino) -> Result<Stat> {
        (**self).stat(ino)
    }

    fn lookup_stat(&self, dir: Ino, name: &[u8]) -> Result<Stat> {
        (**self).lookup_stat(dir, name)
    }

    fn read_at(&self, ino: Ino, offset: u64, buf: &mut [u8]) -> Result<usize> {
        (**self).read_at(ino, offset, buf)
    }

    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        (**self).read_dir(dir, cookie, emit)
    }

    fn read_link(&self, ino: Ino) -> Result<Vec<u8>> {
        (**self).read_link(ino)
    }

    fn blob(&self, ino: Ino) -> Option<Arc<dyn Blob>> {
        (**self).blob(ino)
    }

    fn statfs(&self) -> Result<StatFs> {
        (**self).statfs()
    }

    fn parent(&self, dir: Ino) -> Result<Ino> {
        (**self).parent(dir)
    }

    fn read_only(&self) -> bool {
        true
    }

    fn is_fed(&self) -> bool {
        (**self).is_fed()
    }

    fn magic_fd(&self, ino: Ino) -> Option<(u32, u32)> {
        (**self).magic_fd(ino)
    }

    fn fork(&self) -> Option<Box<dyn FileSystem>> {
        Some(Box::new(self.clone()))
    }

    fn pin(&mut self, ino: Ino) -> Result<()> {
        // Nobody takes anything away here, so there is nothing to keep.
        (**self).stat(ino).map(drop)
    }
}
