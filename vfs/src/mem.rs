//! `MemFs`: a filesystem in memory that can be forked in constant time.
//!
//! The inode table is a persistent map: a fork shares every inode with the original until one of
//! the two writes to it. Here is the table and the `FileSystem` contract; a directory's
//! entries are in `mem::dir`, contents in `mem::data`.

mod data;
mod dir;
mod ranges;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use imbl::OrdMap;

use crate::{
    Blob, DirEntry, Errno, FileSystem, FileType, Ino, Limits, Mode, NewInode, RenameFlags, Result,
    SetStat, Stat, StatFs, Timestamp,
};
use data::Data;
use dir::Dir;

/// A filesystem in memory. `clone` and [`FileSystem::fork`] take constant time.
#[derive(Clone)]
pub struct MemFs {
    inodes: OrdMap<u64, Arc<Inode>>,
    /// How often an inode is pinned; a fork starts without pins.
    pins: OrdMap<u64, u32>,
    next: u64,
    bytes: u64,
    /// Names beyond the first of each inode.
    extra_links: u64,
    /// Bytes by owner, of all but user 0.
    bytes_by_user: OrdMap<u32, u64>,
    limits: Limits,
}

#[derive(Clone)]
struct Inode {
    mode: Mode,
    uid: u32,
    gid: u32,
    nlink: u64,
    rdev: u64,
    atime: Timestamp,
    mtime: Timestamp,
    ctime: Timestamp,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Regular(Data),
    Directory(Dir),
    Symlink(Arc<[u8]>),
    Special(FileType),
}

impl Inode {
    fn new(new: &NewInode, content: Content) -> Inode {
        Inode {
            mode: new.mode,
            uid: new.uid,
            gid: new.gid,
            nlink: 1,
            rdev: 0,
            atime: new.now,
            mtime: new.now,
            ctime: new.now,
            content,
        }
    }

    fn file_type(&self) -> FileType {
        match &self.content {
            Content::Regular(_) => FileType::Regular,
            Content::Directory(_) => FileType::Directory,
            Content::Symlink(_) => FileType::Symlink,
            Content::Special(file_type) => *file_type,
        }
    }

    fn dir(&self) -> Result<&Dir> {
        match &self.content {
            Content::Directory(dir) => Ok(dir),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn data(&self) -> Result<&Data> {
        match &self.content {
            Content::Regular(data) => Ok(data),
            Content::Directory(_) => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Bytes that count against the filesystem's limit.
    fn held(&self) -> u64 {
        match &self.content {
            Content::Regular(data) => data.held(),
            Content::Symlink(target) => target.len() as u64,
            _ => 0,
        }
    }
}

const ROOT: u64 = 1;

impl MemFs {
    /// An empty filesystem with a root directory of mode 755 that belongs to user 0.
    pub fn new(limits: Limits) -> MemFs {
        let new = NewInode { mode: Mode::new(0o755), uid: 0, gid: 0, now: Timestamp::default() };
        let mut root = Inode::new(&new, Content::Directory(Dir::new(Ino(ROOT))));
        root.nlink = 2;
        MemFs {
            inodes: OrdMap::unit(ROOT, Arc::new(root)),
            pins: OrdMap::new(),
            next: ROOT + 1,
            bytes: 0,
            extra_links: 0,
            bytes_by_user: OrdMap::new(),
            limits,
        }
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sets the limits; what is there already stays.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// A copy that goes its own way, in constant time; open files of the original are not its.
    pub fn snapshot(&self) -> MemFs {
        let mut copy = self.clone();
        let orphans: Vec<u64> = copy
            .pins
            .keys()
            .filter(|ino| copy.inodes.get(*ino).is_some_and(|inode| inode.nlink == 0))
            .copied()
            .collect();
        copy.pins = OrdMap::new();
        for ino in orphans {
            copy.release(ino);
        }
        copy
    }

    /// Adds a regular file whose content is `blob` until it is written; charged when it is.
    ///
    /// # Errors
    /// As [`FileSystem::create`].
    pub fn add_blob(
        &mut self,
        dir: Ino,
        name: &[u8],
        blob: Arc<dyn Blob>,
        new: &NewInode,
    ) -> Result<Ino> {
        self.insert(dir, name, Inode::new(new, Content::Regular(Data::from_blob(blob))))
    }

    fn inode(&self, ino: Ino) -> Result<&Inode> {
        self.inodes.get(&ino.0).map(|inode| &**inode).ok_or(Errno::ESTALE)
    }

    fn inode_mut(&mut self, ino: Ino) -> Result<&mut Inode> {
        self.inodes.get_mut(&ino.0).map(Arc::make_mut).ok_or(Errno::ESTALE)
    }

    fn dir_mut(&mut self, ino: Ino) -> Result<&mut Dir> {
        match &mut self.inode_mut(ino)?.content {
            Content::Directory(dir) => Ok(dir),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Checks that `dir` can take a new entry `name`.
    fn check_new(&self, dir: Ino, name: &[u8]) -> Result<()> {
        let inode = self.inode(dir)?;
        let entries = inode.dir()?;
        if name.len() > self.limits.name {
            return Err(Errno::ENAMETOOLONG);
        }
        if entries.get(name).is_some() {
            return Err(Errno::EEXIST);
        }
        if inode.nlink == 0 {
            return Err(Errno::ENOENT);
        }
        Ok(())
    }

    fn insert(&mut self, dir: Ino, name: &[u8], inode: Inode) -> Result<Ino> {
        self.check_new(dir, name)?;
        let is_dir = matches!(inode.content, Content::Directory(_));
        if is_dir && self.inode(dir)?.nlink > self.limits.links {
            return Err(Errno::EMLINK);
        }
        if self.inodes_used() >= self.limits.inodes {
            return Err(Errno::ENOSPC);
        }
        self.check_room(inode.uid, inode.held())?;
        self.charge(inode.uid, inode.held());
        let ino = Ino(self.next);
        self.next += 1;
        let (file_type, now) = (inode.file_type(), inode.ctime);
        self.inodes.insert(ino.0, Arc::new(inode));
        let parent = self.inode_mut(dir)?;
        if is_dir {
            parent.nlink += 1;
        }
        (parent.mtime, parent.ctime) = (now, now);
        self.dir_mut(dir)?.insert(name, ino, file_type);
        Ok(ino)
    }

    /// What counts against the limit of inodes.
    fn inodes_used(&self) -> u64 {
        (self.inodes.len() as u64).saturating_add(self.extra_links)
    }

    /// How many bytes more a user may have, and the errno for who wants more.
    fn room(&self, uid: u32) -> (u64, Errno) {
        let free = self.limits.bytes.saturating_sub(self.bytes);
        let Some(quota) = self.limits.bytes_per_user.filter(|_| uid != 0) else {
            return (free, Errno::ENOSPC);
        };
        let left = quota.saturating_sub(self.bytes_by_user.get(&uid).copied().unwrap_or(0));
        if left < free { (left, Errno::EDQUOT) } else { (free, Errno::ENOSPC) }
    }

    fn check_room(&self, uid: u32, bytes: u64) -> Result<()> {
        let (room, errno) = self.room(uid);
        if bytes > room { Err(errno) } else { Ok(()) }
    }

    fn charge(&mut self, uid: u32, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        if uid != 0 && bytes > 0 {
            let sum = self.bytes_by_user.entry(uid).or_insert(0);
            *sum = sum.saturating_add(bytes);
        }
    }

    fn discharge(&mut self, uid: u32, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(sum) = self.bytes_by_user.get_mut(&uid).filter(|_| bytes > 0) {
            *sum = sum.saturating_sub(bytes);
            if *sum == 0 {
                self.bytes_by_user.remove(&uid);
            }
        }
    }

    /// Accounts for an inode that had `before` bytes of `owner`.
    fn recharge(&mut self, ino: Ino, owner: u32, before: u64) -> Result<()> {
        let (uid, held) = self.inode(ino).map(|inode| (inode.uid, inode.held()))?;
        if (uid, held) != (owner, before) {
            self.discharge(owner, before);
            self.charge(uid, held);
        }
        Ok(())
    }

    /// Frees an inode that has neither names nor pins.
    fn release(&mut self, ino: u64) {
        let gone = self.inodes.get(&ino).is_some_and(|inode| inode.nlink == 0)
            && !self.pins.contains_key(&ino);
        if gone && let Some(inode) = self.inodes.remove(&ino) {
            self.discharge(inode.uid, inode.held());
        }
    }

    /// Takes one name away from what is not a directory.
    fn drop_link(&mut self, ino: Ino, now: Timestamp) -> Result<()> {
        let inode = self.inode_mut(ino)?;
        inode.nlink -= 1;
        inode.ctime = now;
        if inode.nlink > 0 {
            self.extra_links -= 1;
        }
        self.release(ino.0);
        Ok(())
    }

    /// Takes the name of an empty directory away, and its `..` from the parent.
    fn drop_dir(&mut self, parent: Ino, ino: Ino, now: Timestamp) -> Result<()> {
        let inode = self.inode_mut(ino)?;
        inode.nlink = 0;
        inode.ctime = now;
        self.inode_mut(parent)?.nlink -= 1;
        self.release(ino.0);
        Ok(())
    }

    fn changed(&mut self, dir: Ino, now: Timestamp) -> Result<()> {
        let inode = self.inode_mut(dir)?;
        (inode.mtime, inode.ctime) = (now, now);
        Ok(())
    }

    /// Whether `dir` is `ancestor` or below it.
    fn is_below(&self, mut dir: Ino, ancestor: Ino) -> Result<bool> {
        loop {
            if dir == ancestor {
                return Ok(true);
            }
            let parent = self.inode(dir)?.dir()?.parent();
            if parent == dir {
                return Ok(false);
            }
            dir = parent;
        }
    }

    fn exchange(&mut self, from: (Ino, &[u8]), to: (Ino, &[u8]), now: Timestamp) -> Result<()> {
        let (a, b) = (self.lookup(from.0, from.1)?, self.lookup(to.0, to.1)?);
        let (a_dir, b_dir) = (self.inode(a)?.dir().is_ok(), self.inode(b)?.dir().is_ok());
        if (a_dir && self.is_below(to.0, a)?) || (b_dir && self.is_below(from.0, b)?) {
            return Err(Errno::EINVAL);
        }
        let (a_type, b_type) = (self.inode(a)?.file_type(), self.inode(b)?.file_type());
        self.dir_mut(from.0)?.replace(from.1, b, b_type);
        self.dir_mut(to.0)?.replace(to.1, a, a_type);
        if a_dir {
            self.dir_mut(a)?.set_parent(to.0);
        }
        if b_dir {
            self.dir_mut(b)?.set_parent(from.0);
        }
        if a_dir != b_dir {
            let (gains, loses) = if a_dir { (to.0, from.0) } else { (from.0, to.0) };
            self.inode_mut(gains)?.nlink += 1;
            self.inode_mut(loses)?.nlink -= 1;
        }
        for ino in [a, b] {
            self.inode_mut(ino)?.ctime = now;
        }
        self.changed(from.0, now)?;
        self.changed(to.0, now)
    }

    /// Checks that `old` may take the place of `new`.
    fn check_replace(&self, old: Ino, new: Ino) -> Result<()> {
        match (self.inode(old)?.dir().is_ok(), self.inode(new)?.dir()) {
            (true, Ok(target)) if !target.is_empty() => Err(Errno::ENOTEMPTY),
            (true, Err(_)) => Err(Errno::ENOTDIR),
            (false, Ok(_)) => Err(Errno::EISDIR),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for MemFs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemFs")
            .field("inodes", &self.inodes.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Default for MemFs {
    fn default() -> MemFs {
        MemFs::new(Limits::default())
    }
}

impl FileSystem for MemFs {
    fn root(&self) -> Ino {
        Ino(ROOT)
    }

    fn kind(&self) -> &'static str {
        "memfs"
    }

    fn lookup(&self, dir: Ino, name: &[u8]) -> Result<Ino> {
        self.inode(dir)?.dir()?.get(name).ok_or(Errno::ENOENT)
    }

    fn stat(&self, ino: Ino) -> Result<Stat> {
        let inode = self.inode(ino)?;
        let (size, blocks) = match &inode.content {
            Content::Regular(data) => (data.len(), data.blocks()),
            Content::Directory(_) => (4096, 8),
            Content::Symlink(target) => (target.len() as u64, 0),
            Content::Special(_) => (0, 0),
        };
        Ok(Stat {
            dev: 0,
            ino,
            file_type: inode.file_type(),
            mode: inode.mode,
            nlink: inode.nlink,
            uid: inode.uid,
            gid: inode.gid,
            rdev: inode.rdev,
            size,
            blocks,
            atime: inode.atime,
            mtime: inode.mtime,
            ctime: inode.ctime,
        })
    }

    fn read_at(&self, ino: Ino, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.inode(ino)?.data()?.read_at(offset, buf)
    }

    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        self.inode(dir)?.dir()?.read(cookie, emit);
        Ok(())
    }

    fn read_link(&self, ino: Ino) -> Result<Vec<u8>> {
        match &self.inode(ino)?.content {
            Content::Symlink(target) => Ok(target.to_vec()),
            _ => Err(Errno::EINVAL),
        }
    }

    fn blob(&self, ino: Ino) -> Option<Arc<dyn Blob>> {
        self.inode(ino).ok()?.data().ok()?.blob()
    }

    fn statfs(&self) -> Result<StatFs> {
        let limits = &self.limits;
        Ok(StatFs {
            block_size: 4096,
            blocks: limits.bytes / 4096,
            blocks_free: limits.bytes.saturating_sub(self.bytes) / 4096,
            files: limits.inodes,
            files_free: limits.inodes.saturating_sub(self.inodes_used()),
            name_max: limits.name as u64,
        })
    }

    fn parent(&self, dir: Ino) -> Result<Ino> {
        Ok(self.inode(dir)?.dir()?.parent())
    }

    fn read_only(&self) -> bool {
        false
    }

    fn fork(&self) -> Option<Box<dyn FileSystem>> {
        Some(Box::new(self.snapshot()))
    }

    fn create(
        &mut self,
        dir: Ino,
        name: &[u8],
        file_type: FileType,
        rdev: u64,
        new: &NewInode,
    ) -> Result<Ino> {
        let content = match file_type {
            FileType::Regular => Content::Regular(Data::default()),
            FileType::Directory | FileType::Symlink => return Err(Errno::EINVAL),
            special => Content::Special(special),
        };
        let mut inode = Inode::new(new, content);
        inode.rdev = rdev;
        self.insert(dir, name, inode)
    }

    fn mkdir(&mut self, dir: Ino, name: &[u8], new: &NewInode) -> Result<Ino> {
        let mut inode = Inode::new(new, Content::Directory(Dir::new(dir)));
        inode.nlink = 2;
        self.insert(dir, name, inode)
    }

    fn symlink(&mut self, dir: Ino, name: &[u8], target: &[u8], new: &NewInode) -> Result<Ino> {
        if target.len() > self.limits.path {
            return Err(Errno::ENAMETOOLONG);
        }
        let mut inode = Inode::new(new, Content::Symlink(target.into()));
        inode.mode = Mode::new(0o777);
        self.insert(dir, name, inode)
    }

    fn link(&mut self, ino: Ino, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let inode = self.inode(ino)?;
        if inode.dir().is_ok() {
            return Err(Errno::EPERM);
        }
        if inode.nlink == 0 {
            return Err(Errno::ENOENT);
        }
        if inode.nlink >= self.limits.links {
            return Err(Errno::EMLINK);
        }
        let file_type = inode.file_type();
        self.check_new(dir, name)?;
        if self.inodes_used() >= self.limits.inodes {
            return Err(Errno::ENOSPC);
        }
        self.extra_links += 1;
        let inode = self.inode_mut(ino)?;
        inode.nlink += 1;
        inode.ctime = now;
        self.dir_mut(dir)?.insert(name, ino, file_type);
        self.changed(dir, now)
    }

    fn unlink(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let ino = self.lookup(dir, name)?;
        if self.inode(ino)?.dir().is_ok() {
            return Err(Errno::EISDIR);
        }
        self.dir_mut(dir)?.remove(name);
        self.changed(dir, now)?;
        self.drop_link(ino, now)
    }

    fn rmdir(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let ino = self.lookup(dir, name)?;
        if !self.inode(ino)?.dir()?.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.dir_mut(dir)?.remove(name);
        self.changed(dir, now)?;
        self.drop_dir(dir, ino, now)
    }

    fn rename(
        &mut self,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        flags: RenameFlags,
        now: Timestamp,
    ) -> Result<()> {
        if flags.contains(RenameFlags::EXCHANGE | RenameFlags::NOREPLACE) {
            return Err(Errno::EINVAL);
        }
        if flags.contains(RenameFlags::EXCHANGE) {
            return self.exchange(from, to, now);
        }
        let old = self.lookup(from.0, from.1)?;
        let target = self.inode(to.0)?.dir()?.get(to.1);
        let is_dir = self.inode(old)?.dir().is_ok();
        if target.is_some() && flags.contains(RenameFlags::NOREPLACE) {
            return Err(Errno::EEXIST);
        }
        // First: what is above a removed directory may be gone too.
        if self.inode(to.0)?.nlink == 0 {
            return Err(Errno::ENOENT);
        }
        if is_dir && self.is_below(to.0, old)? {
            return Err(Errno::EINVAL);
        }
        if to.1.len() > self.limits.name {
            return Err(Errno::ENAMETOOLONG);
        }
        if target == Some(old) {
            return Ok(());
        }
        if let Some(new) = target {
            self.check_replace(old, new)?;
        } else if is_dir && from.0 != to.0 && self.inode(to.0)?.nlink > self.limits.links {
            return Err(Errno::EMLINK);
        }
        let file_type = self.inode(old)?.file_type();
        self.dir_mut(from.0)?.remove(from.1);
        match target {
            Some(new) => {
                self.dir_mut(to.0)?.replace(to.1, old, file_type);
                if is_dir {
                    self.drop_dir(to.0, new, now)?;
                } else {
                    self.drop_link(new, now)?;
                }
            }
            None => self.dir_mut(to.0)?.insert(to.1, old, file_type),
        }
        if is_dir && from.0 != to.0 {
            self.dir_mut(old)?.set_parent(to.0);
            self.inode_mut(from.0)?.nlink -= 1;
            self.inode_mut(to.0)?.nlink += 1;
        }
        self.inode_mut(old)?.ctime = now;
        self.changed(from.0, now)?;
        self.changed(to.0, now)
    }

    fn write_at(&mut self, ino: Ino, offset: u64, buf: &[u8], now: Timestamp) -> Result<usize> {
        let inode = self.inode(ino)?;
        let (held, uid, len) = (inode.data()?.held(), inode.uid, buf.len());
        if len == 0 {
            return Ok(0);
        }
        let room = self.limits.file_size.checked_sub(offset).filter(|room| *room > 0);
        let len = (len as u64).min(room.ok_or(Errno::EFBIG)?);
        let cost = self.inode(ino)?.data()?.cost(offset, len);
        let (free, errno) = self.room(uid);
        let len = if cost <= free { len } else { len.saturating_sub(cost - free) };
        if len == 0 {
            return Err(errno);
        }
        let inode = self.inode_mut(ino)?;
        let Content::Regular(data) = &mut inode.content else { return Err(Errno::EINVAL) };
        let written = data.write_at(offset, &buf[..len as usize])?;
        (inode.mtime, inode.ctime) = (now, now);
        self.recharge(ino, uid, held)?;
        Ok(written)
    }

    fn set_stat(&mut self, ino: Ino, changes: &SetStat, now: Timestamp) -> Result<()> {
        if let Some(size) = changes.size {
            self.inode(ino)?.data()?;
            if size > self.limits.file_size {
                return Err(Errno::EFBIG);
            }
        }
        let (owner, held) = self.inode(ino).map(|inode| (inode.uid, inode.held()))?;
        if let Some(heir) = changes.uid.filter(|uid| *uid != owner) {
            let (room, errno) = self.room(heir);
            if errno == Errno::EDQUOT && held > room {
                return Err(errno);
            }
        }
        let inode = self.inode_mut(ino)?;
        if let (Some(size), Content::Regular(data)) = (changes.size, &mut inode.content) {
            data.set_len(size)?;
            inode.mtime = now;
        }
        inode.mode = changes.mode.unwrap_or(inode.mode);
        inode.uid = changes.uid.unwrap_or(inode.uid);
        inode.gid = changes.gid.unwrap_or(inode.gid);
        inode.atime = changes.atime.unwrap_or(inode.atime);
        inode.mtime = changes.mtime.unwrap_or(inode.mtime);
        inode.ctime = now;
        self.recharge(ino, owner, held)
    }

    fn touch(&mut self, ino: Ino, now: Timestamp) {
        if let Ok(inode) = self.inode_mut(ino) {
            inode.atime = now;
        }
    }

    fn allocate(&mut self, ino: Ino, offset: u64, len: u64, now: Timestamp) -> Result<()> {
        let end = offset.checked_add(len).filter(|end| *end <= self.limits.file_size);
        let end = end.ok_or(Errno::EFBIG)?;
        let inode = self.inode(ino)?;
        let (owner, held) = (inode.uid, inode.held());
        if len == 0 {
            return inode.data().map(drop);
        }
        self.check_room(owner, inode.data()?.cost_to_allocate(offset, end))?;
        let inode = self.inode_mut(ino)?;
        let Content::Regular(data) = &mut inode.content else { return Err(Errno::EINVAL) };
        data.allocate(offset, end);
        if end > data.len() {
            data.set_len(end)?;
        }
        (inode.mtime, inode.ctime) = (now, now);
        self.recharge(ino, owner, held)
    }

    fn pin(&mut self, ino: Ino) -> Result<()> {
        self.inode(ino)?;
        *self.pins.entry(ino.0).or_insert(0) += 1;
        Ok(())
    }

    fn unpin(&mut self, ino: Ino) {
        match self.pins.get_mut(&ino.0) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                self.pins.remove(&ino.0);
                self.release(ino.0);
            }
            None => {}
        }
    }
}
