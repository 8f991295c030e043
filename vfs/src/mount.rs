//! The namespace: which filesystem is mounted where.
//!
//! Not here: the path walk that crosses mounts (`namei`).

use bitflags::bitflags;

use crate::{Errno, FileSystem, Ino, Result};

/// Names a mounted filesystem; never given twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MountId(pub(crate) u32);

impl MountId {
    /// The number, as it is shown in `st_dev`.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// An inode in a namespace. Analogous to Linux's `struct path`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// Which mounted filesystem.
    pub mount: MountId,
    /// Which inode of it.
    pub ino: Ino,
}

bitflags! {
    /// How a filesystem is mounted.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct MountFlags: u32 {
        /// Every writing operation answers `EROFS`.
        const RDONLY = 1 << 0;
        /// Nothing in it can be executed.
        const NOEXEC = 1 << 1;
        /// Reading changes no time.
        const NOATIME = 1 << 2;
    }
}

/// A mount, as `/proc/mounts` shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MountInfo {
    /// Which.
    pub id: MountId,
    /// Where.
    pub path: Vec<u8>,
    /// What its filesystem calls itself.
    pub kind: &'static str,
    /// How.
    pub flags: MountFlags,
}

pub(crate) struct Mount {
    pub(crate) id: MountId,
    pub(crate) fs: Box<dyn FileSystem>,
    pub(crate) flags: MountFlags,
    /// The directory that its root covers; none for the first mount.
    pub(crate) covers: Option<Location>,
    /// Open files and working directories in it.
    pub(crate) pins: u64,
    pub(crate) path: Vec<u8>,
}

/// All mounts, oldest first.
pub(crate) struct Mounts {
    mounts: Vec<Mount>,
    next: u32,
}

impl Mounts {
    pub(crate) fn new(root: Box<dyn FileSystem>) -> Mounts {
        let mut mounts = Mounts { mounts: Vec::new(), next: 1 };
        mounts.add(root, MountFlags::empty(), None, b"/".to_vec());
        mounts
    }

    pub(crate) fn add(
        &mut self,
        fs: Box<dyn FileSystem>,
        mut flags: MountFlags,
        covers: Option<Location>,
        path: Vec<u8>,
    ) -> MountId {
        let id = MountId(self.next);
        self.next += 1;
        if fs.read_only() {
            flags |= MountFlags::RDONLY;
        }
        self.mounts.push(Mount { id, fs, flags, covers, pins: 0, path });
        id
    }

    pub(crate) fn root(&self) -> Location {
        let first = &self.mounts[0];
        Location { mount: first.id, ino: first.fs.root() }
    }

    #[inline]
    pub(crate) fn get(&self, id: MountId) -> Result<&Mount> {
        self.mounts.iter().find(|mount| mount.id == id).ok_or(Errno::ESTALE)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: MountId) -> Result<&mut Mount> {
        self.mounts.iter_mut().find(|mount| mount.id == id).ok_or(Errno::ESTALE)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Mount> {
        self.mounts.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Mount> {
        self.mounts.iter_mut()
    }

    /// What is seen at a location: the root of the newest mount that covers it.
    #[inline]
    pub(crate) fn cross(&self, mut at: Location) -> Location {
        while self.mounts.len() > 1
            && let Some(mount) = self.mounts.iter().rev().find(|mount| mount.covers == Some(at))
        {
            at = Location { mount: mount.id, ino: mount.fs.root() };
        }
        at
    }

    pub(crate) fn is_covered(&self, at: Location) -> bool {
        self.mounts.iter().any(|mount| mount.covers == Some(at))
    }

    /// Takes a mount away.
    ///
    /// # Errors
    /// - `EBUSY`: something in it is in use, or mounted on.
    /// - `EINVAL`: the first mount.
    pub(crate) fn remove(&mut self, id: MountId) -> Result<(Location, Box<dyn FileSystem>)> {
        let index = self.mounts.iter().position(|m| m.id == id).ok_or(Errno::EINVAL)?;
        let covers = self.mounts[index].covers.ok_or(Errno::EINVAL)?;
        let busy = self.mounts[index].pins > 0
            || self.mounts.iter().any(|m| m.covers.is_some_and(|at| at.mount == id));
        if busy {
            return Err(Errno::EBUSY);
        }
        Ok((covers, self.mounts.remove(index).fs))
    }
}
