//! Tests of the filesystem crate, one file per subject.
#![allow(clippy::disallowed_methods, reason = "the tests judge by what the host itself says")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

extern crate agentos_vfs as vfs;

#[cfg(all(feature = "host", target_os = "linux"))]
mod archive;
#[cfg(all(feature = "host", target_os = "linux"))]
mod beneath;
#[cfg(all(feature = "host", target_os = "linux"))]
mod changes;
#[cfg(all(feature = "host", target_os = "linux"))]
mod conformance;
#[cfg(all(feature = "host", target_os = "linux"))]
mod escape;
#[cfg(all(feature = "host", target_os = "linux"))]
mod faults;
#[cfg(all(feature = "host", target_os = "linux"))]
mod host;
#[cfg(all(feature = "host", target_os = "linux"))]
mod kernel;
#[cfg(all(feature = "host", target_os = "linux"))]
mod overlay;
#[cfg(all(feature = "host", target_os = "linux"))]
mod random;
#[cfg(all(feature = "host", target_os = "linux"))]
mod spelling;
#[cfg(all(feature = "host", target_os = "linux"))]
mod tree;
