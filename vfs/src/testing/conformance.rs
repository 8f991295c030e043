//! The cases.
use crate::FileSystem;
/// All.
pub fn conformance(_make: impl Fn() -> Box<dyn FileSystem>) {}
/// All.
pub fn conformance_read_only(_make: impl Fn() -> Box<dyn FileSystem>) {}
