//! Listing two layers as one directory: what was added above, then what is left below.

use super::{Changed, OverlayFs, lower_number};
use crate::{DirEntry, Errno, Ino, Result};

/// Where cookies of lower entries start if the upper layer may have any that the host has: 63
/// bits. Added, not shifted, since the lower layer's have as many.
pub(super) const AFTER_ANY: u64 = 1 << 63;

/// The same over a `MemFs`, whose cookies count the entries ever made: leaves room for many
/// overlays on top of each other.
pub(super) const AFTER_MEMORY: u64 = 1 << 40;

impl OverlayFs {
    /// Hands out the upper directory `upper`; whether all of it was.
    pub(super) fn read_upper(
        &self,
        upper: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<bool> {
        let mut problem = None;
        let mut all = true;
        self.upper.read_dir(upper, cookie, &mut |entry| {
            let more = match self.number_of_upper(entry.ino) {
                Ok(_) if entry.next >= self.lower_cookies => {
                    problem = Some(Errno::EOVERFLOW);
                    false
                }
                Ok(ino) => emit(DirEntry { ino, ..entry }),
                Err(errno) => {
                    problem = Some(errno);
                    false
                }
            };
            all = more;
            more
        })?;
        problem.map_or(Ok(all), Err)
    }

    /// Hands out the lower directory `lower` with what was changed in it.
    ///
    /// A lower entry stays a lower entry when its inode is changed in place, so its cookie and
    /// its turn stay too.
    pub(super) fn read_merged(
        &self,
        lower: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        let changed = self.changed.get(&lower);
        if let Some(changed) = changed
            && cookie < self.lower_cookies
            && !self.read_upper(changed.upper, cookie, emit)?
        {
            return Ok(());
        }
        let mut problem = None;
        self.lower.read_dir(lower, cookie.saturating_sub(self.lower_cookies), &mut |entry| {
            let covered = changed.map_or(Ok(false), |changed| self.covers(changed, entry.name));
            let (ino, next) = match covered {
                Ok(true) => return true,
                Ok(false) => (lower_number(entry.ino), entry.next.checked_add(self.lower_cookies)),
                Err(errno) => (Err(errno), None),
            };
            match (ino, next) {
                (Ok(ino), Some(next)) => return emit(DirEntry { ino, next, ..entry }),
                (Ok(_), None) => problem = Some(Errno::EOVERFLOW),
                (Err(errno), _) => problem = Some(errno),
            }
            false
        })?;
        problem.map_or(Ok(()), Err)
    }

    /// Whether the lower entry `name` is not to be seen: hidden, or the lower layer got it after
    /// the upper one had.
    fn covers(&self, changed: &Changed, name: &[u8]) -> Result<bool> {
        if changed.hides(name) {
            return Ok(true);
        }
        match self.upper.lookup(changed.upper, name) {
            Ok(_) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(errno),
        }
    }
}
