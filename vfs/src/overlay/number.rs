//! Inode numbers of two layers in one space: lower ones even, upper ones odd.
//!
//! Computed, so that what was never changed needs no memory and no lock. An overlay may be the
//! lower layer of another one, a bit being spent on each.

use crate::{Errno, Ino, Result};

/// The deepest tree that is walked upwards.
pub(super) const DEPTH_MAX: usize = 1 << 16;

/// Where an inode comes from: under which number, in which layer. Never changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Lower(Ino),
    Upper(Ino),
}

impl Layer {
    /// What our number says.
    pub(super) fn of(ino: Ino) -> Layer {
        let inner = Ino(ino.0 >> 1);
        if ino.0 & 1 == 0 { Layer::Lower(inner) } else { Layer::Upper(inner) }
    }
}

/// Our number of a lower inode.
///
/// # Errors
/// - `EOVERFLOW`: the lower layer's number has no bit left.
pub(super) fn lower_number(ino: Ino) -> Result<Ino> {
    if ino.0 >> 63 == 0 { Ok(Ino(ino.0 << 1)) } else { Err(Errno::EOVERFLOW) }
}

/// Our number of an inode that only the upper layer has.
///
/// # Errors
/// - `EOVERFLOW`: the upper layer's number has no bit left.
pub(super) fn upper_number(ino: Ino) -> Result<Ino> {
    lower_number(ino).map(|ino| Ino(ino.0 | 1))
}
