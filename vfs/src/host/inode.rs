//! Which host inode an [`Ino`] stands for, and the handles that are open. All of it bounded.
//!
//! A number is computed from the host's, so it needs no memory and survives being forgotten.
//! What is kept is where an inode was seen last, so that it can be opened again; the numbers
//! are compared whenever it is. Not here: any system call.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::recent::Recent;
use crate::{Errno, Ino, Result};

/// Places remembered, at least: about 100 bytes each. One that is forgotten is found again by
/// the next walk, so this need only exceed what lies between a walk and the use of its result.
const PLACES: usize = 1 << 16;

/// Handles held open, at least, of what is not pinned. The usual limit of a process is 1024, of
/// which several filesystems have to live: only who is out of descriptors gives its own back.
const HANDLES: usize = 48;

/// Open files held, at least, of what is not pinned: reading without opening.
const CONTENTS: usize = 8;

/// Numbers of another device than the root's have this bit, the device in the twelve bits
/// below it and 48 bits of the host's number. The three bits above stay free for layers.
const FOREIGN: u64 = 1 << 60;
const DEVICE_SHIFT: u32 = 48;
const DEVICES_MAX: usize = 1 << 12;

/// Where an inode was seen last.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) dir: Ino,
    pub(super) name: Arc<[u8]>,
}

/// A regular file, open.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) file: Arc<OwnedFd>,
    pub(super) writable: bool,
}

/// What is held for a pinned inode, whatever happens to its name.
struct Pinned {
    count: u32,
    handle: Arc<OwnedFd>,
    content: Option<Content>,
    place: Option<Place>,
}

/// The table behind a [`HostFs`](super::HostFs).
pub(super) struct Inodes {
    devices: Vec<u64>,
    places: Recent<Place>,
    handles: Recent<Arc<OwnedFd>>,
    contents: Recent<Content>,
    pinned: BTreeMap<Ino, Pinned>,
}

impl Inodes {
    /// A table that knows the root only, on the device `dev`.
    pub(super) fn new(dev: u64) -> Inodes {
        Inodes {
            devices: vec![dev],
            places: Recent::new(PLACES),
            handles: Recent::new(HANDLES),
            contents: Recent::new(CONTENTS),
            pinned: BTreeMap::new(),
        }
    }

    /// Our number for the host's.
    ///
    /// # Errors
    /// - `EOVERFLOW`: the host's number is too large, or there are too many devices.
    pub(super) fn number(&mut self, dev: u64, ino: u64) -> Result<Ino> {
        let known = self.devices.iter().position(|&seen| seen == dev);
        let index = match known {
            Some(index) => index,
            None if self.devices.len() < DEVICES_MAX => {
                self.devices.push(dev);
                self.devices.len() - 1
            }
            None => return Err(Errno::EOVERFLOW),
        };
        match index {
            0 if ino < FOREIGN => Ok(Ino(ino)),
            1.. if ino < 1 << DEVICE_SHIFT => {
                Ok(Ino(FOREIGN | (index as u64) << DEVICE_SHIFT | ino))
            }
            _ => Err(Errno::EOVERFLOW),
        }
    }

    /// Where `ino` was seen last.
    pub(super) fn place(&mut self, ino: Ino) -> Option<Place> {
        match self.pinned.get(&ino) {
            Some(pinned) => pinned.place.clone(),
            None => self.places.get(ino).map(|place| place.clone()),
        }
    }

    /// Notes that the entry `name` of `dir` is `ino`.
    pub(super) fn seen(&mut self, ino: Ino, dir: Ino, name: &[u8]) {
        let place = Place { dir, name: name.into() };
        if let Some(pinned) = self.pinned.get_mut(&ino) {
            pinned.place = Some(place);
        } else if let Some(known) = self.places.get(ino) {
            if known.dir != dir || *known.name != *name {
                *known = place;
            }
        } else {
            self.places.insert(ino, place);
        }
    }

    /// Forgets an inode that is gone or is not where it was, unless it is pinned.
    pub(super) fn forget(&mut self, ino: Ino) {
        self.places.remove(ino);
        self.handles.remove(ino);
        self.contents.remove(ino);
    }

    /// An open handle on `ino`.
    pub(super) fn handle(&mut self, ino: Ino) -> Option<Arc<OwnedFd>> {
        match self.pinned.get(&ino) {
            Some(pinned) => Some(pinned.handle.clone()),
            None => self.handles.get(ino).map(|handle| handle.clone()),
        }
    }

    /// Keeps a handle for the next use.
    pub(super) fn keep_handle(&mut self, ino: Ino, handle: Arc<OwnedFd>) {
        self.handles.insert(ino, handle);
    }

    /// The open file of `ino`.
    pub(super) fn content(&mut self, ino: Ino) -> Option<Content> {
        match self.pinned.get(&ino) {
            Some(pinned) => pinned.content.clone(),
            None => self.contents.get(ino).map(|content| content.clone()),
        }
    }

    /// Keeps an open file for the next use.
    pub(super) fn keep_content(&mut self, ino: Ino, content: Content) {
        match self.pinned.get_mut(&ino) {
            Some(pinned) => pinned.content = Some(content),
            None => self.contents.insert(ino, content),
        }
    }

    /// Closes what can be opened again, for when the process has no descriptor left.
    pub(super) fn close_unpinned(&mut self) {
        self.handles.clear();
        self.contents.clear();
    }

    /// Pins once more; `false` if it was not pinned before.
    pub(super) fn pin_again(&mut self, ino: Ino) -> bool {
        match self.pinned.get_mut(&ino) {
            Some(pinned) => {
                pinned.count = pinned.count.saturating_add(1);
                true
            }
            None => false,
        }
    }

    /// Pins for the first time.
    pub(super) fn pin(&mut self, ino: Ino, handle: Arc<OwnedFd>) {
        let place = self.places.remove(ino);
        let content = self.contents.remove(ino);
        self.handles.remove(ino);
        self.pinned.insert(ino, Pinned { count: 1, handle, content, place });
    }

    /// Ends one pin; after the last one the handles are closed.
    pub(super) fn unpin(&mut self, ino: Ino) {
        let Some(pinned) = self.pinned.get_mut(&ino) else { return };
        pinned.count = pinned.count.saturating_sub(1);
        if pinned.count == 0
            && let Some(pinned) = self.pinned.remove(&ino)
            && let Some(place) = pinned.place
        {
            self.places.insert(ino, place);
        }
    }

    /// How often the inode is pinned.
    pub(super) fn pins(&self, ino: Ino) -> u32 {
        self.pinned.get(&ino).map_or(0, |pinned| pinned.count)
    }
}
