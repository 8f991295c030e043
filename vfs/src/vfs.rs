//! The calls on paths: what POSIX says of `openat`, `renameat` and their kin.
//!
//! Here are the namespace and looking things up; changing directories is in `vfs::entry`,
//! metadata in `vfs::attr`, open files in `vfs::io`. Processes and descriptors are the kernel's.

mod attr;
mod entry;
mod io;

pub use attr::SetTime;

use std::any::Any;
use std::sync::Arc;

use crate::mount::{Mount, Mounts};
use crate::namei::{self, Found, Intent, Last, Met};
use crate::{
    Access, AtFlags, Blob, Caller, Cred, Errno, FileSystem, FileType, Follow, Location, Mode,
    MountFlags, MountId, MountInfo, NewInode, OFlags, OpenFile, ProcFs, Resolve, Result, SetStat,
    Stat, StatFs, Timestamp,
};

/// A namespace of mounted filesystems, and every operation on paths and open files.
pub struct Vfs {
    mounts: Mounts,
    /// A walk has met a filesystem that is fed.
    fed: bool,
}

impl Vfs {
    /// A namespace with one filesystem.
    pub fn new(root: Box<dyn FileSystem>) -> Vfs {
        Vfs { mounts: Mounts::new(root), fed: false }
    }

    /// The root directory of the namespace.
    pub fn root(&self) -> Location {
        self.mounts.cross(self.mounts.root())
    }

    /// The rights of user 0 at the root, for the embedder's own operations.
    pub fn superuser(&self, now: Timestamp) -> Caller<'static> {
        static ROOT: Cred = Cred::ROOT;
        let root = self.root();
        Caller {
            cred: &ROOT,
            umask: Mode::new(0o022),
            now,
            cwd: root,
            root,
            resolve: Resolve::Anywhere,
        }
    }

    /// Mounts a filesystem on a directory; a second one there hides the first.
    ///
    /// # Errors
    /// - `ENOENT`, `ENOTDIR`, `ELOOP`, `ENAMETOOLONG`: as the path says.
    pub fn mount(
        &mut self,
        at: &[u8],
        fs: Box<dyn FileSystem>,
        flags: MountFlags,
    ) -> Result<MountId> {
        let cx = self.superuser(Timestamp::default());
        let (point, stat) = self.find(&cx, cx.root, at, Follow::Yes)?.existing()?;
        if !stat.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        let path = self.path_of(point)?;
        self.pin(point)?;
        Ok(self.mounts.add(fs, flags, Some(point), path))
    }

    /// Takes away the newest filesystem that is mounted there.
    ///
    /// # Errors
    /// - `EINVAL`: not a mount point.
    /// - `EBUSY`: files in it are open, a process works in it, or something is mounted below.
    /// - `ENOENT`, `ENOTDIR`, `ELOOP`, `ENAMETOOLONG`: as the path says.
    pub fn umount(&mut self, at: &[u8]) -> Result<Box<dyn FileSystem>> {
        let cx = self.superuser(Timestamp::default());
        let (root, _) = self.find(&cx, cx.root, at, Follow::Yes)?.existing()?;
        if root.ino != self.mounts.get(root.mount)?.fs.root() {
            return Err(Errno::EINVAL);
        }
        let (covered, fs) = self.mounts.remove(root.mount)?;
        self.unpin(covered);
        Ok(fs)
    }

    /// What is mounted, oldest first.
    pub fn mounts(&self) -> impl Iterator<Item = MountInfo> {
        self.mounts.iter().map(|mount| MountInfo {
            id: mount.id,
            // Directories above a mount point may have been renamed since.
            path: self.mount_path(mount).unwrap_or_else(|_| mount.path.clone()),
            kind: mount.fs.kind(),
            flags: mount.flags,
        })
    }

    /// A mounted filesystem.
    pub fn filesystem(&self, mount: MountId) -> Option<&dyn FileSystem> {
        self.mounts.get(mount).ok().map(|mount| &*mount.fs)
    }

    /// A mounted filesystem, to change it past this namespace.
    pub fn filesystem_mut(&mut self, mount: MountId) -> Option<&mut (dyn FileSystem + 'static)> {
        self.mounts.get_mut(mount).ok().map(|mount| &mut *mount.fs)
    }

    /// The filesystem of `/proc`, if one is mounted.
    pub fn proc_mut(&mut self) -> Option<&mut ProcFs> {
        self.mounts.iter_mut().find_map(|mount| {
            let any: &mut dyn Any = &mut *mount.fs;
            any.downcast_mut::<ProcFs>()
        })
    }

    /// Whether a call since the last question looked into a filesystem that is fed: what it
    /// answered may be out of date.
    pub fn take_fed(&mut self) -> bool {
        core::mem::take(&mut self.fed)
    }

    /// The namespace with every filesystem copied, in constant time for those in memory.
    ///
    /// `None` if one cannot be copied. Nothing is open in the copy.
    pub fn fork(&self) -> Option<Vfs> {
        let mut mounts = self.mounts.iter();
        let mut copy = Vfs::new(mounts.next()?.fs.fork()?);
        for mount in mounts {
            copy.mount(&self.mount_path(mount).ok()?, mount.fs.fork()?, mount.flags).ok()?;
        }
        Some(copy)
    }

    fn mount_path(&self, mount: &Mount) -> Result<Vec<u8>> {
        match mount.covers {
            Some(point) => self.path_of(point),
            None => Ok(b"/".to_vec()),
        }
    }

    /// Keeps an inode alive, as a working directory does.
    ///
    /// # Errors
    /// - `ESTALE`: no such inode.
    pub fn pin(&mut self, at: Location) -> Result<()> {
        let mount = self.mounts.get_mut(at.mount)?;
        mount.fs.pin(at.ino)?;
        mount.pins += 1;
        Ok(())
    }

    /// Ends one [`pin`](Vfs::pin).
    pub fn unpin(&mut self, at: Location) {
        if let Ok(mount) = self.mounts.get_mut(at.mount) {
            mount.fs.unpin(at.ino);
            mount.pins = mount.pins.saturating_sub(1);
        }
    }

    /// Finds what a path names.
    ///
    /// # Errors
    /// - `ENOENT`: nothing; or the path is empty.
    /// - `ENOTDIR`: a component before the last, or one before a slash, is not a directory.
    /// - `EACCES`: a directory on the way may not be searched.
    /// - `ELOOP`: more than 40 symbolic links.
    /// - `ENAMETOOLONG`: 4,096 bytes or more, or a component of more than 255.
    /// - `EINVAL`: a NUL in the path.
    /// - `EPERM`: it leads out of the tree of `dir`, and the caller is held there by
    ///   [`Resolve::Beneath`].
    pub fn resolve(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        follow: Follow,
    ) -> Result<Location> {
        Ok(self.find(cx, dir, path, follow)?.existing()?.0)
    }

    /// The process and descriptor that the path is a link of `/proc` to, or of `/dev/fd`.
    pub fn magic_fd(&mut self, cx: &Caller<'_>, dir: Location, path: &[u8]) -> Option<(u32, u32)> {
        let mut met = Met::default();
        // Where the link leads as text does not matter: it may be nowhere.
        let _ = namei::walk(&self.mounts, cx, dir, path, Intent::Node(Follow::Yes), &mut met);
        self.fed |= met.fed;
        met.magic
    }

    fn find<'p>(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &'p [u8],
        follow: Follow,
    ) -> Result<Found<'p>> {
        self.walk(cx, dir, path, Intent::Node(follow))
    }

    fn walk<'p>(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &'p [u8],
        intent: Intent,
    ) -> Result<Found<'p>> {
        let mut met = Met::default();
        let found = namei::walk(&self.mounts, cx, dir, path, intent, &mut met);
        self.fed |= met.fed;
        found
    }

    /// The absolute path of a directory, or of an inode by which name it can be found.
    ///
    /// # Errors
    /// - `ENOENT`: it was removed.
    /// - `ENOTDIR`: it is not a directory, and has no parent to look in.
    pub fn path_of(&self, at: Location) -> Result<Vec<u8>> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut at = at;
        while at != self.root() {
            let mount = self.mounts.get(at.mount)?;
            if at.ino == mount.fs.root() {
                match mount.covers {
                    Some(covered) => at = covered,
                    None => break,
                }
                continue;
            }
            if mount.fs.stat(at.ino)?.nlink == 0 {
                return Err(Errno::ENOENT);
            }
            let dir = mount.fs.parent(at.ino)?;
            names.push(name_in(&*mount.fs, dir, at.ino)?);
            at = Location { mount: at.mount, ino: dir };
        }
        let mut path: Vec<u8> = Vec::new();
        for name in names.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(name);
        }
        if path.is_empty() {
            path.push(b'/');
        }
        Ok(path)
    }

    /// The absolute path by which an open file was found, if it still has that name.
    ///
    /// # Errors
    /// - `ENOENT`: it has not.
    pub fn path_of_file(&self, file: &OpenFile) -> Result<Vec<u8>> {
        if file.file_type == FileType::Directory {
            return self.path_of(file.location);
        }
        let mut path = self.path_of(file.dir)?;
        let fs = self.filesystem(file.location.mount).ok_or(Errno::ESTALE)?;
        let name = name_in(fs, file.dir.ino, file.location.ino)?;
        if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        path.extend_from_slice(&name);
        Ok(path)
    }

    /// The metadata of an inode.
    ///
    /// # Errors
    /// - `ESTALE`: no such inode.
    pub fn stat(&self, at: Location) -> Result<Stat> {
        let mut stat = self.mounts.get(at.mount)?.fs.stat(at.ino)?;
        stat.dev = u64::from(at.mount.0);
        Ok(stat)
    }

    /// The whole content of a regular file where its filesystem has it as one shared piece.
    pub fn blob(&self, at: Location) -> Option<Arc<dyn Blob>> {
        self.filesystem(at.mount)?.blob(at.ino)
    }

    /// `EROFS` if nothing on this mount can be written.
    fn writable(&self, mount: MountId) -> Result<()> {
        if self.mounts.get(mount)?.flags.contains(MountFlags::RDONLY) {
            return Err(Errno::EROFS);
        }
        Ok(())
    }

    /// Opens a file; the inode stays alive until [`close`](Vfs::close).
    ///
    /// Reference: POSIX `open`. Of a fifo or a device only the inode is opened.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve);
    /// - `EEXIST`: `CREAT` and `EXCL`, and the name exists.
    /// - `EISDIR`: a directory, to be written or created.
    /// - `ELOOP`: `NOFOLLOW`, and it is a symbolic link; `ENOTDIR` with `DIRECTORY`.
    /// - `ENOTDIR`: `DIRECTORY`, and it is none.
    /// - `EACCES`: the permissions of the file, or to create it of its directory.
    /// - `EROFS`: to be written, on a read-only mount.
    /// - `ENOSPC`, `EDQUOT`: no room for a new file.
    /// - `ENXIO`: a socket.
    /// - `EINVAL`: `CREAT` together with `DIRECTORY`.
    /// - `ETXTBSY`, `EIO`: as the filesystem says.
    pub fn openat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        flags: OFlags,
        mode: Mode,
    ) -> Result<OpenFile> {
        let mut flags = flags;
        if flags.contains(OFlags::PATH) {
            // open(2): with `O_PATH`, other flags than these are ignored.
            flags &= OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        }
        if flags.contains(OFlags::CREAT | OFlags::DIRECTORY) {
            return Err(Errno::EINVAL);
        }
        let exclusive = flags.contains(OFlags::CREAT | OFlags::EXCL);
        let no_follow = exclusive || flags.contains(OFlags::NOFOLLOW);
        let follow = if no_follow { Follow::No } else { Follow::Yes };
        let creates = flags.contains(OFlags::CREAT);
        let intent = if creates { Intent::Create(follow) } else { Intent::Node(follow) };
        let found = self.walk(cx, dir, path, intent)?;
        if let Some((at, stat)) = found.node {
            if exclusive {
                return Err(Errno::EEXIST);
            }
            let (at, stat) = if found.trailing_slash { found.existing()? } else { (at, stat) };
            return self.open_existing(cx, &found, (at, stat), flags);
        }
        if !creates {
            return Err(Errno::ENOENT);
        }
        let name = found.name.name().ok_or(Errno::EISDIR)?;
        let new = self.check_create(cx, found.dir, &found.dir_stat, mode)?;
        let fs = &mut self.mounts.get_mut(found.dir.mount)?.fs;
        let ino = fs.create(found.dir.ino, name, FileType::Regular, 0, &new)?;
        let at = Location { mount: found.dir.mount, ino };
        self.opened(cx, found.dir, at, FileType::Regular, 0, flags)
    }

    fn open_existing(
        &mut self,
        cx: &Caller<'_>,
        found: &Found<'_>,
        (at, stat): (Location, Stat),
        flags: OFlags,
    ) -> Result<OpenFile> {
        if flags.contains(OFlags::DIRECTORY) && !stat.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        if flags.contains(OFlags::PATH) {
            return self.opened(cx, found.dir, at, stat.file_type, stat.rdev, flags);
        }
        if stat.file_type == FileType::Symlink {
            return Err(Errno::ELOOP);
        }
        let writes = flags.intersects(OFlags::WRITE | OFlags::TRUNC);
        if stat.is_dir() && (writes || flags.contains(OFlags::CREAT)) {
            return Err(Errno::EISDIR);
        }
        let mut access = Access::empty();
        access.set(Access::READ, flags.contains(OFlags::READ));
        access.set(Access::WRITE, writes);
        cx.cred.check(&stat, access)?;
        if stat.file_type == FileType::Socket {
            return Err(Errno::ENXIO);
        }
        if writes && stat.file_type == FileType::Regular {
            self.writable(at.mount)?;
        }
        let open = self.opened(cx, found.dir, at, stat.file_type, stat.rdev, flags)?;
        if flags.contains(OFlags::TRUNC) && stat.file_type == FileType::Regular {
            let mut change = SetStat { size: Some(0), ..SetStat::default() };
            if !cx.cred.is_root() {
                change.mode = attr::without_privileges(&stat, cx.cred);
            }
            let fs = &mut self.mounts.get_mut(at.mount)?.fs;
            if let Err(errno) = fs.set_stat(at.ino, &change, cx.now) {
                self.close(&open);
                return Err(errno);
            }
        }
        Ok(open)
    }

    fn opened(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        at: Location,
        file_type: FileType,
        rdev: u64,
        flags: OFlags,
    ) -> Result<OpenFile> {
        let fs = &self.mounts.get(at.mount)?.fs;
        let text = match fs.is_fed().then(|| fs.blob(at.ino)).flatten() {
            Some(blob) => Some(blob.bytes()?),
            None => None,
        };
        self.pin(at)?;
        let once = OFlags::CREAT
            | OFlags::EXCL
            | OFlags::TRUNC
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC
            | OFlags::DIRECTORY;
        // Nothing was checked for a `PATH` handle, so nothing but the handle is given.
        let path_only = flags.contains(OFlags::PATH);
        let flags = if path_only { OFlags::PATH } else { flags - once };
        Ok(OpenFile {
            location: at,
            dir,
            flags,
            offset: 0,
            file_type,
            rdev,
            opener: (!cx.cred.is_root()).then(|| cx.cred.clone()),
            text,
        })
    }

    /// Lets go of the inode of an open file.
    pub fn close(&mut self, file: &OpenFile) {
        self.unpin(file.location);
    }

    /// Checks that something may be created in a directory; what it starts with.
    fn check_create(
        &self,
        cx: &Caller<'_>,
        dir: Location,
        stat: &Stat,
        mode: Mode,
    ) -> Result<NewInode> {
        self.writable(dir.mount)?;
        if stat.nlink == 0 {
            return Err(Errno::ENOENT);
        }
        cx.cred.check(stat, Access::WRITE | Access::EXEC)?;
        let inherits = stat.mode.contains(Mode::ISGID);
        let gid = if inherits { stat.gid } else { cx.cred.gid };
        let mut mode = mode - (cx.umask & Mode::new(0o777));
        // Nobody makes a program that runs with the rights of a group that he is not in.
        let outsider = !cx.cred.is_root() && !cx.cred.in_group(gid);
        if inherits && outsider && mode.contains(Mode::ISGID | Mode::IXGRP) {
            mode -= Mode::ISGID;
        }
        Ok(NewInode { mode, uid: cx.cred.uid, gid, now: cx.now })
    }

    /// The target of a symbolic link. Reference: POSIX `readlink`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve);
    /// - `EINVAL`: not a symbolic link.
    pub fn readlinkat(&mut self, cx: &Caller<'_>, dir: Location, path: &[u8]) -> Result<Vec<u8>> {
        let (at, _) = self.find(cx, dir, path, Follow::No)?.existing()?;
        self.mounts.get(at.mount)?.fs.read_link(at.ino)
    }

    /// Metadata. Reference: POSIX `fstatat`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve).
    pub fn fstatat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        flags: AtFlags,
    ) -> Result<Stat> {
        if path.is_empty() && flags.contains(AtFlags::EMPTY_PATH) {
            return self.stat(dir);
        }
        Ok(self.find(cx, dir, path, follow(flags))?.existing()?.1)
    }

    /// Checks permissions. Reference: POSIX `faccessat`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve);
    /// - `EACCES`: not granted, or execution on a mount without it.
    /// - `EROFS`: writing, on a read-only mount.
    pub fn faccessat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        access: Access,
        flags: AtFlags,
    ) -> Result<()> {
        let (at, stat) = self.find(cx, dir, path, follow(flags))?.existing()?;
        let special = matches!(
            stat.file_type,
            FileType::Fifo | FileType::CharDevice | FileType::BlockDevice | FileType::Socket
        );
        if access.contains(Access::WRITE) && !special {
            self.writable(at.mount)?;
        }
        let no_exec = self.mounts.get(at.mount)?.flags.contains(MountFlags::NOEXEC);
        if access.contains(Access::EXEC) && no_exec && stat.file_type == FileType::Regular {
            return Err(Errno::EACCES);
        }
        cx.cred.check(&stat, access)
    }

    /// Sizes of the filesystem that a path is on. Reference: POSIX `statvfs`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve).
    pub fn statfsat(&mut self, cx: &Caller<'_>, dir: Location, path: &[u8]) -> Result<StatFs> {
        let at = self.resolve(cx, dir, path, Follow::Yes)?;
        self.mounts.get(at.mount)?.fs.statfs()
    }
}

fn follow(flags: AtFlags) -> Follow {
    if flags.contains(AtFlags::SYMLINK_NOFOLLOW) { Follow::No } else { Follow::Yes }
}

/// By which name a directory has an inode.
fn name_in(fs: &dyn FileSystem, dir: crate::Ino, ino: crate::Ino) -> Result<Vec<u8>> {
    let mut name = None;
    fs.read_dir(dir, 0, &mut |entry| {
        if entry.ino == ino {
            name = Some(entry.name.to_vec());
        }
        name.is_none()
    })?;
    name.ok_or(Errno::ENOENT)
}

/// The errno of naming `.`, `..` or the root where an entry is to be removed.
fn not_an_entry(last: &Last<'_>) -> Errno {
    match last {
        Last::Dot => Errno::EINVAL,
        Last::DotDot => Errno::ENOTEMPTY,
        Last::Root | Last::Name(_) => Errno::EBUSY,
    }
}
