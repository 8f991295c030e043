//! Developer commands: `cargo xtask …`. One file per command; each does all of its own set-up.
//!
//! Not here: anything that a sandbox or an embedder needs. Nothing depends on this crate.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool works on the host: its files, its commands, its clock"
)]

mod bench;
mod ci;
mod conformance;
mod coverage;
mod differential;
mod fetch;
mod oracle;
mod process;
mod run;
mod software;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Every developer command of agentos.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Bench(bench::Arguments),
    Ci(ci::Arguments),
    Conformance(conformance::Arguments),
    Coverage(coverage::Arguments),
    Differential(differential::Arguments),
    FetchPackages(fetch::Arguments),
    Oracle(oracle::Arguments),
    Run(run::Arguments),
    Software(software::Arguments),
    Test(test::Arguments),
    Tidy(tidy::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Differential(arguments) => differential::run(&arguments),
        Command::Oracle(arguments) => oracle::run(&arguments),
        Command::FetchPackages(arguments) => fetch::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Run(arguments) => return exit(run::run(&arguments)),
        Command::Software(arguments) => software::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Tidy(arguments) => tidy::run(&arguments),
    };
    exit(result.map(|()| ExitCode::SUCCESS))
}

fn exit(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}
