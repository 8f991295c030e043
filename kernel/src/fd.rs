//! Descriptors: the small numbers of a process, and what each refers to.
//!
//! Not here: open file descriptions (`file`), reading and writing (`io`).

use vfs::{Errno, Result};

use crate::file::FileId;

/// A file descriptor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fd(pub u32);

impl Fd {
    /// Standard input.
    pub const STDIN: Fd = Fd(0);
    /// Standard output.
    pub const STDOUT: Fd = Fd(1);
    /// Standard error.
    pub const STDERR: Fd = Fd(2);
}

/// Whether a descriptor is closed by exec: `FD_CLOEXEC`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum CloseOnExec {
    /// The new program inherits it.
    #[default]
    No,
    /// It is closed.
    Yes,
}

impl CloseOnExec {
    /// Whether it is closed.
    pub const fn is_yes(self) -> bool {
        matches!(self, CloseOnExec::Yes)
    }
}

impl From<bool> for CloseOnExec {
    fn from(yes: bool) -> CloseOnExec {
        if yes { CloseOnExec::Yes } else { CloseOnExec::No }
    }
}

/// What one descriptor holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) file: FileId,
    pub(crate) cloexec: CloseOnExec,
}

/// The descriptors of a process. It does not count references: who changes it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct FdTable {
    entries: Vec<Option<Entry>>,
}

impl FdTable {
    /// # Errors
    /// - `EBADF`: not open.
    pub(crate) fn get(&self, fd: Fd) -> Result<Entry> {
        match self.entries.get(fd.0 as usize) {
            Some(Some(entry)) => Ok(*entry),
            _ => Err(Errno::EBADF),
        }
    }

    /// # Errors
    /// - `EBADF`: not open.
    pub(crate) fn get_mut(&mut self, fd: Fd) -> Result<&mut Entry> {
        self.entries.get_mut(fd.0 as usize).and_then(Option::as_mut).ok_or(Errno::EBADF)
    }

    /// The lowest number from `min` on that is free and below `limit`.
    ///
    /// # Errors
    /// - `EMFILE`: there is none.
    pub(crate) fn lowest_free(&self, min: Fd, limit: u32) -> Result<Fd> {
        let start = min.0 as usize;
        let free = self.entries.iter().skip(start).position(Option::is_none);
        let index = free.map_or(self.entries.len().max(start), |n| start + n);
        match u32::try_from(index) {
            Ok(fd) if fd < limit => Ok(Fd(fd)),
            _ => Err(Errno::EMFILE),
        }
    }

    /// Puts an entry in place; answers what was there. `fd` is below the limit.
    pub(crate) fn set(&mut self, fd: Fd, entry: Entry) -> Option<Entry> {
        let index = fd.0 as usize;
        if index >= self.entries.len() {
            self.entries.resize(index + 1, None);
        }
        self.entries[index].replace(entry)
    }

    pub(crate) fn remove(&mut self, fd: Fd) -> Option<Entry> {
        let entry = self.entries.get_mut(fd.0 as usize)?.take();
        while self.entries.last().is_some_and(Option::is_none) {
            self.entries.pop();
        }
        entry
    }

    /// The open descriptors, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fd, Entry)> {
        (0u32..).zip(&self.entries).filter_map(|(fd, entry)| entry.map(|entry| (Fd(fd), entry)))
    }
}
