//! The conformance suite: what every backend must do, case by case.
//!
//! Cases are in `conformance/entries.rs` (names), `content.rs`, `metadata.rs`, `contract.rs` (the
//! trait itself) and `reading.rs` (what a read-only backend must do as well). Each step of a case
//! is judged by the [`Model`] beside what the case itself says.

mod case;
mod content;
mod contract;
mod entries;
mod metadata;
mod reading;

use super::{Model, Traits};
use crate::FileSystem;
use case::Case;

/// A case and its name.
type Named = (&'static str, fn(&mut Case));

/// Runs every case on a backend that can be written. `make` makes an empty filesystem whose root
/// has the mode 755 and belongs to user 0.
///
/// ```
/// use agentos_vfs::MemFs;
/// use agentos_vfs::testing::{Traits, conformance};
/// conformance(Traits::default(), || Box::new(MemFs::default()));
/// ```
///
/// # Panics
/// A case fails.
#[track_caller]
pub fn conformance(traits: Traits, mut make: impl FnMut() -> Box<dyn FileSystem>) {
    for (name, run) in entries::CASES.iter().chain(content::CASES).chain(metadata::CASES) {
        let mut case = Case::new(name, make(), Model::new(traits));
        run(&mut case);
        case.finish();
    }
    contract::check(&mut make);
    reading::check(&mut |files| reading::filled(make(), files));
}

/// Runs the part for backends that are only read. `make` makes a filesystem with these files,
/// each by its path without a leading slash, and the directories that the paths imply.
///
/// # Panics
/// A case fails.
#[track_caller]
pub fn conformance_read_only(mut make: impl FnMut(&[(&str, &[u8])]) -> Box<dyn FileSystem>) {
    reading::check(&mut make);
    reading::check_read_only(&mut make);
}
