//! The standard commands of agentos: WebAssembly programs, packed into one file.
//!
//! `cargo xtask software` builds the commands from `software/guests` and writes the pack; this crate
//! embeds it when it is there. A build without it compiles, and [`common`] is then empty.
//!
//! ```
//! let commands = agentos_software::common();
//! if commands.is_built() {
//!     let cat = commands.get("cat").expect("cat is one of the standard commands");
//!     assert!(cat.bytes()?.starts_with(b"\0asm"));
//! }
//! # Ok::<(), agentos_software::PackError>(())
//! ```
//!
//! Not here: running the commands (`agentos-runtime`), building them (`cargo xtask software`), and
//! any knowledge of WebAssembly: a module is bytes.

mod builder;
mod pack;

pub use builder::PackBuilder;
pub use pack::{Command, Module, Pack, PackError};

use std::sync::OnceLock;

use bytes::Bytes;

/// What to run where the standard commands are missing; for error messages.
pub const HOW_TO_BUILD: &str = "cargo xtask software";

/// The standard commands: coreutils, sed, grep, find, xargs, diff and cmp.
///
/// Empty, with [`Pack::is_built`] false, in a build without the pack. Clones share their modules,
/// so that each is decompressed once per process.
#[must_use]
pub fn common() -> Pack {
    static COMMON: OnceLock<Pack> = OnceLock::new();
    COMMON.get_or_init(uncached).clone()
}

/// The same commands as [`common`], but none decompressed yet, and none kept when the last clone goes.
///
/// For an embedder that runs a command once and wants its memory back, and for measuring a cold start.
#[must_use]
pub fn uncached() -> Pack {
    Pack::parse(embedded()).unwrap_or_default()
}

#[cfg(agentos_pack)]
fn embedded() -> Bytes {
    Bytes::from_static(include_bytes!(env!("AGENTOS_PACK")))
}

#[cfg(not(agentos_pack))]
fn embedded() -> Bytes {
    Bytes::new()
}
