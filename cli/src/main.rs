//! The `agentos` command: sandboxes from a shell.
//!
//! Here is only who does what; what the command line says is in `args`, what it means for a
//! sandbox in `sandbox`, running in `run`, keeping and applying what changed in `changes`.

mod args;
mod changes;
mod copy;
mod mount;
mod run;
mod sandbox;
mod shell;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

/// Exit status when agentos itself failed, as docker(1) has it.
const FAILED: u8 = 125;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Run(options) => run::run(options),
        Command::Shell(options) => shell::shell(options),
        Command::Wasm(options) => run::wasm(options),
        Command::Diff(options) => changes::diff(&options),
        Command::Apply(options) => changes::apply(&options),
    };
    match done {
        Ok(code) => ExitCode::from(u8::try_from(code & 0xff).unwrap_or(FAILED)),
        Err(message) => {
            // Nobody is left to tell if this fails.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("agentos: {message}\n").as_bytes(),
            );
            ExitCode::from(FAILED)
        }
    }
}
