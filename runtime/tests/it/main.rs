//! Sandboxes from outside: what an embedder sees.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail and talk as tests do"
)]

mod bounds;
mod commands;
mod exec;
mod isolation;
mod limits;
mod modules;
mod packages;
mod programs;
mod scripts;
mod signals;
mod slice;
mod software_dir;
mod wasi;

use std::path::{Path, PathBuf};

use agentos_runtime::{Output, Sandbox};

/// Runs a script in a fresh sandbox with the standard commands, if they are built.
#[track_caller]
fn run(script: &str) -> Output {
    let mut sandbox = Sandbox::builder().software(software::common()).build().unwrap();
    sandbox.execute_command(script).unwrap()
}

/// Something that `cargo xtask fetch-packages` has fetched; says so if it has not.
fn fetched(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/packages").join(path);
    if !found.exists() {
        println!("skipped: no target/packages/{path}: run `cargo xtask fetch-packages`");
        return None;
    }
    Some(found)
}

/// Whether the standard commands are part of this build; says so if not.
fn has_commands() -> bool {
    let built = software::common().is_built();
    if !built {
        println!("skipped: no commands in this build: run `{}`", software::HOW_TO_BUILD);
    }
    built
}
