//! `cargo xtask bench`: the benches, as a table beside the host's own shells, with a limit.
//!
//! criterion measures; the benches leave how long each single round took (`agentos_benches::each`),
//! and here those become percentiles. Not here: the benches themselves (`benches`).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::process::Cmd;
use crate::{software, workspace};

/// Run benches on the release profile, print percentiles, and hold the limit on a cold start.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The benches to run: files of benches/benches, by name. Default: those of the cold start.
    benches: Vec<String>,
}

/// What runs unless told otherwise.
const DEFAULT: [&str; 3] = ["cold_start", "pipeline", "memory"];
/// What making a sandbox and running a first command may take where modules are warm, in milliseconds.
const LIMIT_MS: f64 = 6.0;
/// The round that the limit is for.
const LIMITED: &str = "create, first wasm command (seq 3), modules warm";

/// A measured thing: milliseconds of each round, in ascending order.
struct Row {
    name: String,
    times: Vec<f64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    software::ensure()?;
    let default = DEFAULT.map(str::to_owned);
    let benches =
        if arguments.benches.is_empty() { &default[..] } else { arguments.benches.as_slice() };
    let folder = workspace::target_dir().join("latencies");
    for bench in benches {
        if folder.exists() {
            // Times of an earlier run are not this one's.
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Cmd::cargo()
            .args(["bench", "--quiet", "--package", "agentos-benches", "--bench", bench])
            .env("AGENTOS_LATENCIES", &folder)
            .run()?;
        let rows = collect(&folder)?;
        if !rows.is_empty() {
            print(&rows);
        }
        if bench == "cold_start" {
            hold_limit(&rows)?;
        }
    }
    Ok(())
}

fn print(rows: &[Row]) {
    println!("{:<60} {:>9} {:>9} {:>9}", "milliseconds", "p50", "p95", "p99");
    for row in rows {
        let [p50, p95, p99] = [0.50, 0.95, 0.99].map(|part| row.percentile(part));
        println!("{:<60} {p50:>9.3} {p95:>9.3} {p99:>9.3}", row.name);
    }
}

/// The cold start that users feel: a sandbox and its first command, modules warm.
fn hold_limit(rows: &[Row]) -> Result<()> {
    let row = rows.iter().find(|row| row.name == LIMITED);
    let p50 = row.with_context(|| format!("nothing measured {LIMITED:?}"))?.percentile(0.50);
    if p50 > LIMIT_MS {
        bail!("{LIMITED}: {p50:.3} ms, where {LIMIT_MS} ms are allowed");
    }
    Ok(())
}

impl Row {
    fn new(name: &str, mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self { name: name.to_owned(), times }
    }

    /// The time that this part of all rounds does not exceed (nearest rank).
    fn percentile(&self, part: f64) -> f64 {
        let rank = (part * self.times.len() as f64).ceil() as usize;
        self.times.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }
}

/// The files of a folder, oldest first: the order in which they were measured.
fn collect(folder: &Path) -> Result<Vec<Row>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    files.sort();
    files.iter().map(|(_, file)| row(&fs::read_to_string(file)?)).collect()
}

/// A name, and then the nanoseconds of each round, a line each.
fn row(text: &str) -> Result<Row> {
    let mut lines = text.lines();
    let name = lines.next().context("a file of times is empty")?;
    let times = lines
        .map(|line| Ok(line.parse::<f64>().with_context(|| format!("{name}: {line:?}"))? / 1e6))
        .collect::<Result<Vec<_>>>()?;
    ensure!(!times.is_empty(), "{name} has no times");
    Ok(Row::new(name, times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_milliseconds() {
        let row = row("create\n2000000\n500000\n").unwrap();
        assert_eq!((row.name.as_str(), row.times), ("create", vec![0.5, 2.0]));
        assert!(self::row("create\n").is_err());
        assert!(self::row("create\nfast\n").is_err());
    }

    #[test]
    fn percentiles_are_rounds() {
        let row = Row::new("x", (1..=100).rev().map(f64::from).collect());
        assert_eq!([0.5, 0.95, 0.99].map(|part| row.percentile(part)), [50.0, 95.0, 99.0]);
    }

    #[test]
    fn a_slow_warm_start_is_a_failure_and_so_is_none() {
        assert!(hold_limit(&[Row::new(LIMITED, vec![6.1])]).is_err());
        assert!(hold_limit(&[Row::new(LIMITED, vec![5.9])]).is_ok());
        assert!(hold_limit(&[Row::new("another", vec![1.0])]).is_err());
    }
}
