//! Sandboxes from outside: what an embedder sees.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail and talk as tests do"
)]

mod isolation;
mod limits;
mod slice;
mod software_dir;
mod wasi;

use agentos_runtime::{Output, Sandbox};

/// Runs a script in a fresh sandbox with the standard commands, if they are built.
#[track_caller]
fn run(script: &str) -> Output {
    let mut sandbox = Sandbox::builder().software(software::common()).build().unwrap();
    sandbox.execute_command(script).unwrap()
}

/// Whether the standard commands are part of this build; says so if not.
fn has_commands() -> bool {
    let built = software::common().is_built();
    if !built {
        println!("skipped: no commands in this build: run `{}`", software::HOW_TO_BUILD);
    }
    built
}
