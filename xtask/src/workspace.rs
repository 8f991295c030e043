//! Where things are: the workspace's root and its `target`.

use std::env;
use std::path::{Path, PathBuf};

/// The folder of the root `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    Path::new(&xtask).parent().unwrap_or(Path::new(".")).to_owned()
}

/// Where cargo puts the workspace's own builds.
pub(crate) fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Where toolchains and packs are kept. Always in the root: `software/build.rs` looks there.
pub(crate) fn cache_dir() -> PathBuf {
    root().join("target")
}
