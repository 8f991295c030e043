//! `cargo xtask test`: all the set-up, then every test; and the counting of tests for `ci`.

use std::ffi::OsString;

use anyhow::Result;

use crate::process::Cmd;
use crate::software;

/// Build the standard commands if they are missing, then run every test.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// More arguments for `cargo test`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// How many tests ran, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    software::ensure()?;
    let tally = tally(&arguments.arguments, CASES)?;
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(())
}

/// Cases of each property test in a plain `cargo test`: proptest's own number.
const CASES: u32 = 256;

/// What the random cases of property tests are drawn from.
const SEED: &str = "2026";

/// Runs the workspace's tests, doctests too, and counts them; a failed one is an error.
pub(crate) fn tally(arguments: &[OsString], cases: u32) -> Result<Tally> {
    let cargo = Cmd::cargo().args(["test", "--workspace"]).args(arguments);
    // Always the same cases: a change is judged by what it changes, not by the luck of the draw.
    // Whoever looks for new ones sets a seed, or runs `cargo test` alone.
    let seed = std::env::var("PROPTEST_RNG_SEED").unwrap_or_else(|_| SEED.to_owned());
    count(cargo.env("PROPTEST_CASES", cases.to_string()).env("PROPTEST_RNG_SEED", seed))
}

fn count(cmd: Cmd) -> Result<Tally> {
    let mut tally = Tally::default();
    cmd.run_lines(|line| {
        println!("{line}");
        tally.add(line);
    })?;
    Ok(tally)
}

impl Tally {
    /// Adds what a line like `test result: ok. 12 passed; 0 failed; …` says.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) =
            line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for part in counts.split("; ") {
            match part.split_once(' ') {
                Some((n, "passed")) => self.passed += n.parse().unwrap_or(0),
                Some((n, "failed")) => self.failed += n.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_added_and_others_are_not() {
        let mut tally = Tally::default();
        for line in [
            "running 2 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "5 passed; 5 failed",
        ] {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 15, failed: 2 });
    }
}
