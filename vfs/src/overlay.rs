//! [`OverlayFs`]: changes kept apart from what they change. Copy-on-write.
//!
//! What was never changed is the lower layer's, under the lower layer's number, and costs
//! nothing here. What was changed has a *stub* in the upper layer: an inode with the metadata,
//! and with the content once that is written. Stubs are found by number, not by path: so a
//! renamed directory brings its lower entries along, hard links stay one file across the
//! copy-up, and a number never changes. The root of the upper layer is where stubs are kept,
//! each named after its lower inode; a directory's stub lists what was added to it.
//!
//! Here are the two layers as one filesystem. Moving up is in `overlay/copy_up.rs`, hiding in
//! `overlay/whiteout.rs`, what differs in `overlay/diff.rs`, and applying it in `overlay/commit.rs`,
//! and keeping it is in `overlay/save.rs`.

mod commit;
mod copy_up;
mod diff;
mod discard;
mod escape;
mod number;
mod read_dir;
mod save;
mod whiteout;

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;

use crate::{
    Blob, DirEntry, Errno, FileSystem, FileType, Ino, Limits, MemFs, NewInode, RenameFlags, Result,
    SetStat, Stat, StatFs, Timestamp,
};
use number::{Layer, lower_number, upper_number};
use whiteout::{Hidden, Version};

pub use commit::{Commit, Conflict, Refusal, Selection};
pub use diff::{Change, ChangeKind};

/// A filesystem on top of another one that is only read.
///
/// The lower layer may be shared and is never written: by type, since a shared filesystem has
/// no writing methods. It may change underneath: what is gone then answers as the lower layer
/// does (`ESTALE`, `ENOENT`), and what was changed here stays as it was changed.
///
/// Numbers of inodes are stable: also when content moves up, and for each name of a hard link.
/// Metadata is changed without copying content, and reading never copies anything; so the time
/// of the last read is kept only of what was changed. The limits are the upper layer's.
pub struct OverlayFs {
    lower: Arc<dyn FileSystem>,
    upper: Box<dyn FileSystem>,
    /// Lower inodes that differ from the lower layer, by lower number.
    changed: OrdMap<Ino, Changed>,
    /// Stubs, by upper number: which lower inode each stands for.
    origin: OrdMap<Ino, Ino>,
    /// What was hidden in lower directories that are gone themselves.
    buried: OrdMap<Ino, OrdMap<Arc<[u8]>, Hidden>>,
    /// How often each lower inode is pinned. The lower layer itself cannot be told.
    pins: BTreeMap<Ino, u32>,
    /// Cookies of lower entries start here, those of upper ones end here.
    lower_cookies: u64,
}

/// What differs of a lower inode.
#[derive(Clone)]
struct Changed {
    /// The stub.
    upper: Ino,
    /// Where the content is.
    data: Data,
    /// Names in the merged tree; of a directory only whether it has one.
    links: u64,
    /// Of a directory: the stub is in the upper directory it was moved to, not with the others.
    moved: bool,
    /// Of a directory: the lower names that are gone, or that an upper one stands in front of.
    hidden: OrdMap<Arc<[u8]>, Hidden>,
    /// The lower inode as it was when it was first changed.
    version: Version,
}

/// What an entry turns out to be.
enum Entry {
    /// An inode of ours.
    Known(Ino),
    /// What the lower layer has in this directory, if anything.
    Below(Ino),
}

/// Which layer has the content of a changed regular file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Lower,
    Upper,
}

impl OverlayFs {
    /// Keeps the changes to `lower` in memory, within the default [`Limits`].
    ///
    /// ```
    /// use agentos_vfs::{FileSystem, MemFs, OverlayFs};
    /// let base = MemFs::default();
    /// let mut changed = OverlayFs::over(base);
    /// assert!(changed.diff()?.is_empty());
    /// # Ok::<(), agentos_vfs::Errno>(())
    /// ```
    pub fn over(lower: impl FileSystem + 'static) -> OverlayFs {
        OverlayFs::new(Arc::new(lower))
    }

    /// Keeps the changes to the shared `lower` in memory, within the default [`Limits`].
    pub fn new(lower: Arc<dyn FileSystem>) -> OverlayFs {
        OverlayFs::with_limits(lower, Limits::default())
    }

    /// Keeps the changes to `lower` in memory, within `limits`.
    pub fn with_limits(lower: Arc<dyn FileSystem>, limits: Limits) -> OverlayFs {
        let lower_cookies = read_dir::AFTER_MEMORY;
        OverlayFs { lower_cookies, ..OverlayFs::with_upper(lower, MemFs::new(limits)) }
    }

    /// Keeps the changes to `lower` in `upper`, which must be empty and is not shown itself.
    pub fn with_upper(lower: Arc<dyn FileSystem>, upper: impl FileSystem + 'static) -> OverlayFs {
        OverlayFs {
            lower,
            upper: Box::new(upper),
            changed: OrdMap::new(),
            origin: OrdMap::new(),
            buried: OrdMap::new(),
            pins: BTreeMap::new(),
            lower_cookies: read_dir::AFTER_ANY,
        }
    }

    /// The layer below.
    pub fn lower(&self) -> &Arc<dyn FileSystem> {
        &self.lower
    }

    /// Our number of what the upper layer calls `ino`.
    fn number_of_upper(&self, ino: Ino) -> Result<Ino> {
        match self.origin.get(&ino) {
            Some(&lower) => lower_number(lower),
            None => upper_number(ino),
        }
    }

    /// Where the entry `name` of `dir` is to be looked up.
    ///
    /// # Errors
    /// - `ENOENT`: it is hidden, or only the upper layer could have it and has not.
    fn find(&self, dir: Ino, name: &[u8]) -> Result<Entry> {
        let lower = match Layer::of(dir) {
            Layer::Upper(upper) => {
                return self.number_of_upper(self.upper.lookup(upper, name)?).map(Entry::Known);
            }
            Layer::Lower(lower) => lower,
        };
        if let Some(changed) = self.changed.get(&lower) {
            match self.upper.lookup(changed.upper, name) {
                Ok(found) => return self.number_of_upper(found).map(Entry::Known),
                Err(Errno::ENOENT) => {}
                Err(errno) => return Err(errno),
            }
            if changed.hides(name) {
                return Err(Errno::ENOENT);
            }
        }
        Ok(Entry::Below(lower))
    }

    /// Who has the content of `ino`, under which number.
    fn content(&self, ino: Ino) -> (&dyn FileSystem, Ino) {
        match Layer::of(ino) {
            Layer::Upper(upper) => (&*self.upper, upper),
            Layer::Lower(lower) => match self.changed.get(&lower) {
                Some(changed) if changed.data == Data::Upper => (&*self.upper, changed.upper),
                _ => (&*self.lower, lower),
            },
        }
    }

    /// The upper inode of `ino`, if it has one.
    fn upper_of(&self, ino: Ino) -> Option<Ino> {
        match Layer::of(ino) {
            Layer::Upper(upper) => Some(upper),
            Layer::Lower(lower) => self.changed.get(&lower).map(|changed| changed.upper),
        }
    }

    /// The metadata of a changed lower inode, from both layers.
    fn stat_changed(&self, lower: Ino, changed: &Changed) -> Result<Stat> {
        let mut stat = self.upper.stat(changed.upper)?;
        stat.ino = lower_number(lower)?;
        if stat.is_dir() {
            if changed.links > 0 {
                stat.nlink = self.merged_nlink(lower, changed, stat.nlink)?;
            }
            return Ok(stat);
        }
        stat.nlink = changed.links;
        if changed.data == Data::Lower && stat.file_type == FileType::Regular {
            let below = self.lower.stat(lower)?;
            (stat.size, stat.blocks) = (below.size, below.blocks);
        }
        Ok(stat)
    }

    /// Links of a merged directory: two, and one for each subdirectory's `..`.
    fn merged_nlink(&self, lower: Ino, changed: &Changed, upper_nlink: u64) -> Result<u64> {
        let below = self.lower.stat(lower)?.nlink;
        let gone = changed.hidden.values().filter(|hidden| hidden.is_dir()).count() as u64;
        // Some filesystems (btrfs) do not count and say 1.
        Ok(if below < 2 { below } else { (below + upper_nlink).saturating_sub(2 + gone) })
    }

    fn is_dir(&self, ino: Ino) -> Result<bool> {
        Ok(self.stat(ino)?.is_dir())
    }

    /// `EEXIST` if `dir` has an entry `name`.
    fn absent(&self, dir: Ino, name: &[u8]) -> Result<()> {
        match self.lookup(dir, name) {
            Ok(_) => Err(Errno::EEXIST),
            Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// `ENOTEMPTY` if the directory `dir` has an entry.
    fn empty(&self, dir: Ino) -> Result<()> {
        let mut empty = true;
        self.read_dir(dir, 0, &mut |_| {
            empty = false;
            false
        })?;
        if empty { Ok(()) } else { Err(Errno::ENOTEMPTY) }
    }

    /// Whether `dir` is `ancestor` or somewhere below it.
    fn is_within(&self, dir: Ino, ancestor: Ino) -> Result<bool> {
        let mut at = dir;
        // A lower layer that changes underneath could send us round in circles.
        for _ in 0..number::DEPTH_MAX {
            if at == ancestor {
                return Ok(true);
            }
            let parent = self.parent(at)?;
            if parent == at {
                return Ok(false);
            }
            at = parent;
        }
        Err(Errno::ELOOP)
    }

    /// What `rename` may not do, in Linux's order. The entries exist.
    fn check_rename(
        &self,
        from: (Ino, Ino),
        to: (Ino, Option<Ino>),
        flags: RenameFlags,
    ) -> Result<()> {
        let (from_dir, moved) = from;
        let (to_dir, target) = to;
        let moved_is_dir = self.is_dir(moved)?;
        if moved_is_dir && self.is_within(to_dir, moved)? {
            return Err(Errno::EINVAL);
        }
        let Some(target) = target else { return Ok(()) };
        let target_is_dir = self.is_dir(target)?;
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        if target_is_dir && self.is_within(from_dir, target)? {
            return Err(if exchange { Errno::EINVAL } else { Errno::ENOTEMPTY });
        }
        if exchange {
            return Ok(());
        }
        match (moved_is_dir, target_is_dir) {
            (true, false) => Err(Errno::ENOTDIR),
            (false, true) => Err(Errno::EISDIR),
            (true, true) => self.empty(target),
            (false, false) => Ok(()),
        }
    }
}

impl FileSystem for OverlayFs {
    fn root(&self) -> Ino {
        // A root whose number cannot be had is one that answers ESTALE.
        lower_number(self.lower.root()).unwrap_or(Ino(0))
    }

    fn kind(&self) -> &'static str {
        "overlay"
    }

    fn lookup(&self, dir: Ino, name: &[u8]) -> Result<Ino> {
        match self.find(dir, name)? {
            Entry::Known(ino) => Ok(ino),
            Entry::Below(lower) => lower_number(self.lower.lookup(lower, name)?),
        }
    }

    fn lookup_stat(&self, dir: Ino, name: &[u8]) -> Result<Stat> {
        let below = match self.find(dir, name)? {
            Entry::Known(ino) => return self.stat(ino),
            Entry::Below(lower) => self.lower.lookup_stat(lower, name)?,
        };
        match self.changed.get(&below.ino) {
            Some(changed) => self.stat_changed(below.ino, changed),
            None => Ok(Stat { ino: lower_number(below.ino)?, ..below }),
        }
    }

    fn stat(&self, ino: Ino) -> Result<Stat> {
        let stat = match Layer::of(ino) {
            Layer::Upper(upper) => self.upper.stat(upper)?,
            Layer::Lower(lower) => match self.changed.get(&lower) {
                Some(changed) => return self.stat_changed(lower, changed),
                None => self.lower.stat(lower)?,
            },
        };
        Ok(Stat { ino, ..stat })
    }

    fn read_at(&self, ino: Ino, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let (layer, ino) = self.content(ino);
        layer.read_at(ino, offset, buf)
    }

    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        match Layer::of(dir) {
            Layer::Upper(upper) => self.read_upper(upper, cookie, emit).map(|_| ()),
            Layer::Lower(lower) => self.read_merged(lower, cookie, emit),
        }
    }

    fn read_link(&self, ino: Ino) -> Result<Vec<u8>> {
        let (layer, ino) = self.content(ino);
        layer.read_link(ino)
    }

    fn blob(&self, ino: Ino) -> Option<Arc<dyn Blob>> {
        let (layer, ino) = self.content(ino);
        layer.blob(ino)
    }

    fn statfs(&self) -> Result<StatFs> {
        self.upper.statfs()
    }

    fn parent(&self, dir: Ino) -> Result<Ino> {
        let upper = match Layer::of(dir) {
            Layer::Upper(upper) => upper,
            Layer::Lower(lower) => match self.changed.get(&lower) {
                Some(changed) if changed.moved => changed.upper,
                _ => return lower_number(self.lower.parent(lower)?),
            },
        };
        self.number_of_upper(self.upper.parent(upper)?)
    }

    fn read_only(&self) -> bool {
        false
    }

    fn fork(&self) -> Option<Box<dyn FileSystem>> {
        let mut fork = OverlayFs {
            lower: self.lower.clone(),
            upper: self.upper.fork()?,
            changed: self.changed.clone(),
            origin: self.origin.clone(),
            buried: self.buried.clone(),
            pins: BTreeMap::new(),
            lower_cookies: self.lower_cookies,
        };
        // What only a pin keeps alive here is not in the fork.
        for &lower in self.pins.keys() {
            if fork.changed.get(&lower).is_some_and(|changed| changed.links == 0) {
                fork.drop_stub(lower, Timestamp::default());
            }
        }
        Some(Box::new(fork))
    }

    fn create(
        &mut self,
        dir: Ino,
        name: &[u8],
        file_type: FileType,
        rdev: u64,
        new: &NewInode,
    ) -> Result<Ino> {
        self.absent(dir, name)?;
        let upper = self.raise_dir(dir)?;
        upper_number(self.upper.create(upper, name, file_type, rdev, new)?)
    }

    fn mkdir(&mut self, dir: Ino, name: &[u8], new: &NewInode) -> Result<Ino> {
        self.absent(dir, name)?;
        let upper = self.raise_dir(dir)?;
        upper_number(self.upper.mkdir(upper, name, new)?)
    }

    fn symlink(&mut self, dir: Ino, name: &[u8], target: &[u8], new: &NewInode) -> Result<Ino> {
        self.absent(dir, name)?;
        let upper = self.raise_dir(dir)?;
        upper_number(self.upper.symlink(upper, name, target, new)?)
    }

    fn link(&mut self, ino: Ino, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let stat = self.stat(ino)?;
        if stat.is_dir() {
            return Err(Errno::EPERM);
        }
        if stat.nlink == 0 {
            return Err(Errno::ENOENT);
        }
        self.absent(dir, name)?;
        let into = self.raise_dir(dir)?;
        match Layer::of(ino) {
            Layer::Upper(upper) => self.upper.link(upper, into, name, now),
            Layer::Lower(lower) => {
                let stub = self.raise(lower)?;
                self.upper.link(stub, into, name, now)?;
                self.count_link(lower);
                Ok(())
            }
        }
    }

    fn unlink(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let child = self.lookup(dir, name)?;
        if self.is_dir(child)? {
            return Err(Errno::EISDIR);
        }
        let from = self.raise_dir(dir)?;
        match Layer::of(child) {
            Layer::Upper(_) => self.upper.unlink(from, name, now),
            Layer::Lower(lower) => self.unlink_lower(dir, from, name, lower, now),
        }
    }

    fn rmdir(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        let child = self.lookup(dir, name)?;
        if !self.is_dir(child)? {
            return Err(Errno::ENOTDIR);
        }
        self.empty(child)?;
        let from = self.raise_dir(dir)?;
        match Layer::of(child) {
            Layer::Upper(_) => self.upper.rmdir(from, name, now),
            Layer::Lower(lower) => self.rmdir_lower(dir, from, name, lower, now),
        }
    }

    fn rename(
        &mut self,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        flags: RenameFlags,
        now: Timestamp,
    ) -> Result<()> {
        if flags.contains(RenameFlags::NOREPLACE | RenameFlags::EXCHANGE) {
            return Err(Errno::EINVAL);
        }
        let moved = self.lookup(from.0, from.1)?;
        let target = match self.lookup(to.0, to.1) {
            Ok(_) if flags.contains(RenameFlags::NOREPLACE) => return Err(Errno::EEXIST),
            Ok(target) if target == moved => return Ok(()),
            Ok(target) => Some(target),
            Err(Errno::ENOENT) if !flags.contains(RenameFlags::EXCHANGE) => None,
            Err(errno) => return Err(errno),
        };
        self.check_rename((from.0, moved), (to.0, target), flags)?;
        let source = self.list_above(from.0, from.1, moved, now)?;
        let dest = match target {
            Some(target) => self.list_above(to.0, to.1, target, now)?,
            None => self.raise_dir(to.0)?,
        };
        let replaced = match target.map(Layer::of) {
            Some(Layer::Lower(lower)) if !flags.contains(RenameFlags::EXCHANGE) => Some(lower),
            _ => None,
        };
        let hold = replaced.is_some_and(|lower| self.hold_removed(lower));
        let renamed = self.upper.rename((source, from.1), (dest, to.1), flags, now);
        match (replaced, renamed) {
            (Some(lower), Ok(())) => self.drop_link(lower, now),
            (Some(lower), Err(_)) if hold => self.release_held(lower),
            _ => {}
        }
        renamed
    }

    fn write_at(&mut self, ino: Ino, offset: u64, buf: &[u8], now: Timestamp) -> Result<usize> {
        let upper = match Layer::of(ino) {
            Layer::Upper(upper) => upper,
            Layer::Lower(lower) => self.raise_content(lower)?,
        };
        self.upper.write_at(upper, offset, buf, now)
    }

    fn set_stat(&mut self, ino: Ino, changes: &SetStat, now: Timestamp) -> Result<()> {
        let upper = match (Layer::of(ino), changes.size) {
            (Layer::Upper(upper), _) => upper,
            (Layer::Lower(lower), None) => self.raise(lower)?,
            (Layer::Lower(lower), Some(size)) => {
                let change = |upper: &mut dyn FileSystem, stub| upper.set_stat(stub, changes, now);
                return self.raise_content_for(lower, size, change).map(drop);
            }
        };
        self.upper.set_stat(upper, changes, now)
    }

    fn touch(&mut self, ino: Ino, now: Timestamp) {
        // Of what was never changed no time of last access is kept: it would be a change.
        if let Some(upper) = self.upper_of(ino) {
            self.upper.touch(upper, now);
        }
    }

    fn allocate(&mut self, ino: Ino, offset: u64, len: u64, now: Timestamp) -> Result<()> {
        let upper = match Layer::of(ino) {
            Layer::Upper(upper) => upper,
            Layer::Lower(lower) => self.raise_content(lower)?,
        };
        self.upper.allocate(upper, offset, len, now)
    }

    fn sync(&mut self, ino: Ino) -> Result<()> {
        match self.upper_of(ino) {
            Some(upper) => self.upper.sync(upper),
            None => self.stat(ino).map(|_| ()),
        }
    }

    fn pin(&mut self, ino: Ino) -> Result<()> {
        match Layer::of(ino) {
            Layer::Upper(upper) => self.upper.pin(upper),
            Layer::Lower(lower) => {
                self.stat(ino)?;
                let pins = self.pins.entry(lower).or_insert(0);
                *pins = pins.saturating_add(1);
                Ok(())
            }
        }
    }

    fn unpin(&mut self, ino: Ino) {
        match Layer::of(ino) {
            Layer::Upper(upper) => self.upper.unpin(upper),
            Layer::Lower(lower) => self.unpin_lower(lower),
        }
    }
}
