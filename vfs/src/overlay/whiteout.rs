//! Hiding lower names, and lower inodes that lose theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::OrdMap;

use super::copy_up::stub_name;
use super::{Changed, Layer, OverlayFs};
use crate::{Errno, FileType, Ino, RenameFlags, Result, SetStat, Stat, Timestamp};

/// A lower inode as it was at some time: enough to notice that somebody else changed it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Version {
    pub(super) ino: Ino,
    pub(super) file_type: FileType,
    pub(super) size: u64,
    pub(super) mtime: Timestamp,
    pub(super) ctime: Timestamp,
}

impl Version {
    /// The version that has this metadata. Of a directory only the identity matters: what is
    /// added to it beside our changes does not contradict them.
    pub(super) fn of(stat: &Stat) -> Version {
        let (size, mtime, ctime) = match stat.file_type {
            FileType::Directory => (0, Timestamp::default(), Timestamp::default()),
            _ => (stat.size, stat.mtime, stat.ctime),
        };
        Version { ino: stat.ino, file_type: stat.file_type, size, mtime, ctime }
    }
}

/// A lower entry that is not seen under its lower name.
#[derive(Clone, Copy)]
pub(super) struct Hidden {
    pub(super) version: Version,
}

impl Hidden {
    pub(super) fn is_dir(&self) -> bool {
        self.version.file_type == FileType::Directory
    }
}

impl Changed {
    /// Whether the lower entry `name` is not seen. A removed directory has none.
    pub(super) fn hides(&self, name: &[u8]) -> bool {
        self.links == 0 || self.hidden.contains_key(name)
    }
}

impl OverlayFs {
    /// What hiding the entry `name` of `dir` takes: done in two steps, so that the second,
    /// [`hide`](OverlayFs::hide), cannot fail. `None` if the lower layer has no such entry.
    pub(super) fn to_hide(&self, dir: Ino, name: &[u8]) -> Result<Option<(Ino, Hidden)>> {
        let Layer::Lower(lower) = Layer::of(dir) else { return Ok(None) };
        match self.lower.lookup(lower, name) {
            Ok(child) => {
                let version = Version::of(&self.lower.stat(child)?);
                Ok(Some((lower, Hidden { version })))
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Hides a lower entry. One that is hidden already keeps the version that was first seen.
    pub(super) fn hide(&mut self, name: &[u8], hidden: Option<(Ino, Hidden)>) {
        if let Some((lower, hidden)) = hidden
            && let Some(changed) = self.changed.get_mut(&lower)
            && !changed.hidden.contains_key(name)
        {
            changed.hidden.insert(Arc::from(name), hidden);
        }
    }

    /// Notes the versions of lower files anew that were `known` before a commit. It may have
    /// taken another name of one away, or moved it, and that changes the ctime; of those that it
    /// `retimed` the mtime too.
    pub(super) fn note_again(&mut self, known: &BTreeMap<Ino, Version>, retimed: &BTreeSet<Ino>) {
        let mut now: BTreeMap<Ino, Version> = BTreeMap::new();
        let lower = self.lower.clone();
        let mut see = |ino: Ino| {
            let (Some(was), Ok(stat)) = (known.get(&ino), lower.stat(ino)) else { return };
            let is = Version::of(&stat);
            let mtime = if retimed.contains(&ino) { was.mtime } else { is.mtime };
            if (Version { ctime: was.ctime, mtime, ..is }) == *was {
                now.insert(ino, is);
            }
        };
        let hidden = self.changed.iter().map(|(dir, changed)| (dir, &changed.hidden));
        for (dir, hidden) in hidden.chain(&self.buried) {
            for (name, hidden) in hidden {
                // A host has to find it first.
                if known.contains_key(&hidden.version.ino)
                    && lower.lookup(*dir, name) == Ok(hidden.version.ino)
                {
                    see(hidden.version.ino);
                }
            }
        }
        self.changed.keys().for_each(|ino| see(*ino));
        let again = |version: &mut Version| match now.get(&version.ino) {
            Some(is) if known.get(&version.ino) == Some(version) => *version = *is,
            _ => {}
        };
        let again_hidden = |hidden: &mut OrdMap<Arc<[u8]>, Hidden>| {
            let names: Vec<Arc<[u8]>> = hidden.keys().cloned().collect();
            for name in names {
                if let Some(hidden) = hidden.get_mut(&name) {
                    again(&mut hidden.version);
                }
            }
        };
        let inos: Vec<Ino> = self.changed.keys().copied().collect();
        for ino in inos {
            if let Some(changed) = self.changed.get_mut(&ino) {
                again(&mut changed.version);
                again_hidden(&mut changed.hidden);
            }
        }
        let dirs: Vec<Ino> = self.buried.keys().copied().collect();
        for dir in dirs {
            if let Some(hidden) = self.buried.get_mut(&dir) {
                again_hidden(hidden);
            }
        }
    }

    /// Makes the entry `name` of `dir`, which is `child`, one of the upper layer's, so that the
    /// upper layer can rename it. Returns the upper directory; what is seen does not change.
    pub(super) fn list_above(
        &mut self,
        dir: Ino,
        name: &[u8],
        child: Ino,
        now: Timestamp,
    ) -> Result<Ino> {
        let into = self.raise_dir(dir)?;
        let Layer::Lower(lower) = Layer::of(child) else { return Ok(into) };
        match self.upper.lookup(into, name) {
            Ok(_) => return Ok(into),
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
        let hidden = self.to_hide(dir, name)?;
        let stub = self.raise(lower)?;
        let before = self.upper.stat(into)?;
        if self.upper.stat(stub)?.is_dir() {
            let kept = (self.upper.root(), stub_name(lower));
            self.upper.rename((kept.0, &kept.1), (into, name), RenameFlags::empty(), now)?;
            if let Some(changed) = self.changed.get_mut(&lower) {
                changed.moved = true;
            }
        } else {
            self.upper.link(stub, into, name, now)?;
        }
        self.hide(name, hidden);
        let times = SetStat { mtime: Some(before.mtime), ..SetStat::default() };
        let _ = self.upper.set_stat(into, &times, before.ctime);
        Ok(into)
    }

    /// Removes the entry `name` of `dir`, a lower inode's; `from` is the upper directory.
    pub(super) fn unlink_lower(
        &mut self,
        dir: Ino,
        from: Ino,
        name: &[u8],
        lower: Ino,
        now: Timestamp,
    ) -> Result<()> {
        let hidden = self.to_hide(dir, name)?;
        let named_elsewhere = match self.lower.stat(lower) {
            Ok(stat) => stat.nlink > 1,
            Err(Errno::ESTALE) => false,
            Err(errno) => return Err(errno),
        };
        if named_elsewhere || self.pins.contains_key(&lower) {
            self.raise(lower)?;
        }
        self.remove_listed(from, name, now, Unlink::File)?;
        self.hide(name, hidden);
        self.drop_link(lower, now);
        Ok(())
    }

    /// Removes the empty directory `name` of `dir`, a lower inode; `from` is the upper directory.
    pub(super) fn rmdir_lower(
        &mut self,
        dir: Ino,
        from: Ino,
        name: &[u8],
        lower: Ino,
        now: Timestamp,
    ) -> Result<()> {
        let hidden = self.to_hide(dir, name)?;
        if self.pins.contains_key(&lower) {
            self.raise(lower)?;
        }
        let hold = self.hold_removed(lower);
        let in_place = self.changed.get(&lower).is_some_and(|changed| !changed.moved);
        // Where it is not listed above this says only that the directory changed.
        let removed = self.remove_listed(from, name, now, Unlink::Directory).and_then(|()| {
            if in_place {
                self.upper.rmdir(self.upper.root(), &stub_name(lower), now)
            } else {
                Ok(())
            }
        });
        if removed.is_err() && hold {
            self.release_held(lower);
        }
        removed?;
        self.hide(name, hidden);
        self.drop_link(lower, now);
        Ok(())
    }

    /// Removes an entry of an upper directory if it is listed there; its times say so either way.
    fn remove_listed(
        &mut self,
        from: Ino,
        name: &[u8],
        now: Timestamp,
        what: Unlink,
    ) -> Result<()> {
        match (self.upper.lookup(from, name), what) {
            (Ok(_), Unlink::File) => self.upper.unlink(from, name, now),
            (Ok(_), Unlink::Directory) => self.upper.rmdir(from, name, now),
            (Err(Errno::ENOENT), _) => {
                self.upper.set_stat(from, &SetStat { mtime: Some(now), ..SetStat::default() }, now)
            }
            (Err(errno), _) => Err(errno),
        }
    }

    /// Counts one more name of a lower inode.
    pub(super) fn count_link(&mut self, lower: Ino) {
        if let Some(changed) = self.changed.get_mut(&lower) {
            changed.links = changed.links.saturating_add(1);
        }
    }

    /// Counts one name less; after the last one of what is not pinned the stub goes.
    pub(super) fn drop_link(&mut self, lower: Ino, now: Timestamp) {
        let Some(changed) = self.changed.get_mut(&lower) else { return };
        let stub = changed.upper;
        let is_dir = changed.version.file_type == FileType::Directory;
        changed.links = if is_dir { 0 } else { changed.links.saturating_sub(1) };
        if changed.links > 0 || self.pins.contains_key(&lower) {
            if !is_dir {
                self.see_stub(lower);
                let _ = self.upper.set_stat(stub, &SetStat::default(), now);
            }
            return;
        }
        self.drop_stub(lower, now);
    }

    /// Looks at the stub of a file where it is kept: a host only knows an inode by the name that
    /// it was last seen under, and that one is gone.
    pub(super) fn see_stub(&self, lower: Ino) {
        let _ = self.upper.lookup(self.upper.root(), &stub_name(lower));
    }

    /// Forgets a lower inode that has no name left.
    pub(super) fn drop_stub(&mut self, lower: Ino, now: Timestamp) {
        let Some(changed) = self.changed.remove(&lower) else { return };
        self.origin.remove(&changed.upper);
        if !changed.hidden.is_empty() {
            self.buried.insert(lower, changed.hidden);
        }
        if changed.version.file_type != FileType::Directory {
            let _ = self.upper.unlink(self.upper.root(), &stub_name(lower), now);
        }
    }

    /// Keeps the stub of a pinned directory alive through its removal; whether it has to be.
    pub(super) fn hold_removed(&mut self, lower: Ino) -> bool {
        match self.changed.get(&lower) {
            Some(changed)
                if changed.version.file_type == FileType::Directory
                    && self.pins.contains_key(&lower) =>
            {
                self.upper.pin(changed.upper).is_ok()
            }
            _ => false,
        }
    }

    /// Undoes [`hold_removed`](OverlayFs::hold_removed).
    pub(super) fn release_held(&mut self, lower: Ino) {
        if let Some(changed) = self.changed.get(&lower) {
            self.upper.unpin(changed.upper);
        }
    }

    /// Ends one pin of a lower inode; the last one of what has no name takes the stub along.
    pub(super) fn unpin_lower(&mut self, lower: Ino) {
        let Some(pins) = self.pins.get_mut(&lower) else { return };
        *pins = pins.saturating_sub(1);
        if *pins > 0 {
            return;
        }
        self.pins.remove(&lower);
        let Some(changed) = self.changed.get(&lower) else { return };
        if changed.links == 0 {
            if changed.version.file_type == FileType::Directory {
                self.release_held(lower);
            }
            self.drop_stub(lower, Timestamp::default());
        }
    }
}

/// Which call removes an entry.
#[derive(Clone, Copy)]
enum Unlink {
    File,
    Directory,
}
