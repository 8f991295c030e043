//! `cargo xtask ci`: all that CI runs, cheapest first; the first failure ends it.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::process::Cmd;
use crate::{coverage, fetch, run as run_command, software, test, tidy};

/// Run every check that CI runs.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only what takes seconds: formatting, house rules, lints.
    #[arg(long)]
    quick: bool,
}

/// The README's first command, and what it prints.
const SEED: (&str, &str) = (r#"echo -e "banana\napple\ncherry" | sort"#, "apple\nbanana\ncherry\n");

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    step("format", || Cmd::cargo().args(["fmt", "--all", "--check"]).run())?;
    step("tidy", tidy::check)?;
    if arguments.quick {
        return step("lints", lints);
    }
    step("coverage", coverage::check)?;
    step("software", software::ensure)?;
    step("packages of others", || {
        fetch::try_to();
        Ok(())
    })?;
    step("lints", lints)?;
    step("docs", docs)?;
    let tally = step("tests, a thousand cases for each property", || test::tally(&[], 1000))?;
    step("seed example", seed_example)?;
    eprintln!("xtask: ci took {:.0} s", start.elapsed().as_secs_f64());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(())
}

/// Runs one step, and says what it is and how long it took.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("== {name}");
    let start = Instant::now();
    let result = work();
    let verdict = if result.is_ok() { "ok" } else { "FAILED" };
    eprintln!("== {name}: {verdict}, {:.1} s", start.elapsed().as_secs_f64());
    result
}

fn lints() -> Result<()> {
    Cmd::cargo()
        .args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"])
        .run()
}

fn docs() -> Result<()> {
    Cmd::cargo()
        .args(["doc", "--quiet", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "--deny warnings")
        .run()
}

fn seed_example() -> Result<()> {
    let (script, expected) = SEED;
    let printed = Cmd::new(run_command::build()?).args(["run", script]).output()?;
    ensure!(printed == expected, "`{script}` printed {printed:?} instead of {expected:?}");
    Ok(())
}
