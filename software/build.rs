//! Finds the pack of the standard commands, if it has been built, for `src/lib.rs` to embed.
//!
//! Without one the crate still compiles. A path that is watched but missing would make cargo run
//! this script, and recompile what depends on it, on every build; so a missing pack is not watched:
//! `cargo xtask software` touches this file when it has made one.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads cargo's environment and answers on stdout"
)]

use std::path::PathBuf;

const VARIABLE: &str = "AGENTOS_SOFTWARE_PACK";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    println!("cargo:rustc-check-cfg=cfg(agentos_pack)");
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    let pack = named.clone().or_else(|| {
        let crate_dir = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
        Some(crate_dir.parent()?.join("target/software/common.pack"))
    });
    match pack {
        Some(pack) if pack.is_file() => {
            println!("cargo:rerun-if-changed={}", pack.display());
            println!("cargo:rustc-env=AGENTOS_PACK={}", pack.display());
            println!("cargo:rustc-cfg=agentos_pack");
        }
        Some(pack) if named.is_some() => {
            println!("cargo:warning={VARIABLE} names no file: {}", pack.display());
        }
        _ => {}
    }
}
