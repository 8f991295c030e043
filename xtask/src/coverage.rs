//! `cargo xtask coverage`: `docs/wasi.md`, the page of system calls, from the tables in `syscalls`.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Write docs/wasi.md from the tables of system calls.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only check that it is up to date.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.check {
        return check();
    }
    let file = file();
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    fs::write(&file, syscalls::coverage_markdown())
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Fails where the page is not what the tables say.
pub(crate) fn check() -> Result<()> {
    let page = fs::read_to_string(file()).unwrap_or_default();
    ensure!(
        page == syscalls::coverage_markdown(),
        "docs/wasi.md is not what syscalls says: run `cargo xtask coverage`"
    );
    Ok(())
}

fn file() -> std::path::PathBuf {
    workspace::root().join("docs/wasi.md")
}
