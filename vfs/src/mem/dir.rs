//! The entries of a directory in memory, by name and in the order in which they are read.

use std::sync::Arc;

use imbl::OrdMap;

use crate::{DirEntry, FileType, Ino};

/// A directory's entries.
#[derive(Clone)]
pub(super) struct Dir {
    parent: Ino,
    by_name: OrdMap<Arc<[u8]>, Entry>,
    /// A cookie names a place in this order, not an entry: it stays good when entries go.
    by_cookie: OrdMap<u64, Arc<[u8]>>,
    next_cookie: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    ino: Ino,
    file_type: FileType,
    cookie: u64,
}

impl Dir {
    pub(super) fn new(parent: Ino) -> Dir {
        Dir { parent, by_name: OrdMap::new(), by_cookie: OrdMap::new(), next_cookie: 1 }
    }

    pub(super) fn parent(&self) -> Ino {
        self.parent
    }

    pub(super) fn set_parent(&mut self, parent: Ino) {
        self.parent = parent;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<Ino> {
        self.by_name.get(name).map(|entry| entry.ino)
    }

    /// Adds an entry whose name is free.
    pub(super) fn insert(&mut self, name: &[u8], ino: Ino, file_type: FileType) {
        let name: Arc<[u8]> = name.into();
        let cookie = self.next_cookie;
        self.next_cookie += 1;
        self.by_cookie.insert(cookie, name.clone());
        self.by_name.insert(name, Entry { ino, file_type, cookie });
    }

    /// Lets an existing name stand for another inode.
    pub(super) fn replace(&mut self, name: &[u8], ino: Ino, file_type: FileType) {
        if let Some(entry) = self.by_name.get_mut(name) {
            (entry.ino, entry.file_type) = (ino, file_type);
        }
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        if let Some(entry) = self.by_name.remove(name) {
            self.by_cookie.remove(&entry.cookie);
        }
    }

    /// Hands out the entries after `cookie`.
    pub(super) fn read(&self, cookie: u64, emit: &mut dyn FnMut(DirEntry<'_>) -> bool) {
        for (at, name) in self.by_cookie.range(cookie.saturating_add(1)..) {
            let Some(entry) = self.by_name.get(name) else { continue };
            let go_on =
                emit(DirEntry { name, ino: entry.ino, file_type: entry.file_type, next: *at });
            if !go_on {
                return;
            }
        }
    }
}
