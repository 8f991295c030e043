//! `cargo xtask run`: all the set-up, then `agentos run`.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::process::Cmd;
use crate::{software, workspace};

/// Build what is missing, then run a command line in a sandbox.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What `agentos run` takes: options and a script, or `-- PROGRAM ARGS…`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let agentos = build()?;
    let status = Cmd::new(agentos)
        .dir(&std::env::current_dir()?)
        .arg("run")
        .args(&arguments.arguments)
        .quiet()
        .stdin_inherited()
        .status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The release build of the command line, with the standard commands in it.
pub(crate) fn build() -> Result<std::path::PathBuf> {
    software::ensure()?;
    Cmd::cargo()
        .args(["build", "--quiet", "--release", "--package", "agentos-cli"])
        .quiet()
        .run()?;
    Ok(workspace::target_dir()
        .join("release")
        .join(format!("agentos{}", std::env::consts::EXE_SUFFIX)))
}
