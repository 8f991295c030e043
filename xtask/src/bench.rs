//! `cargo xtask bench`: the cold starts, as a table beside the host's own shells, with a limit.
//!
//! criterion measures and keeps each sample under `target/criterion`; here they become percentiles.
//! Not here: the benches themselves (`benches`).

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process::Cmd;
use crate::{software, workspace};

/// Run the benches of cold starts, and compare.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The bench to run: a file in benches/benches.
    #[arg(default_value = "cold_start")]
    bench: String,
}

/// What a create and a first WebAssembly command may take where modules are warm, in milliseconds.
const LIMIT_MS: f64 = 6.0;
/// How often each of the host's shells is started.
const SHELL_STARTS: usize = 100;

/// Milliseconds per iteration, in ascending order.
struct Row {
    name: String,
    times: Vec<f64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    software::ensure()?;
    let criterion = workspace::target_dir().join("criterion");
    if criterion.exists() {
        // Samples of an earlier run are not this one's.
        fs::remove_dir_all(&criterion)?;
    }
    Cmd::cargo()
        .args(["bench", "--quiet", "--package", "agentos-benches", "--bench", &arguments.bench])
        .run()?;
    let mut rows = Vec::new();
    collect(&criterion, &mut rows)?;
    ensure!(!rows.is_empty(), "the bench left no samples in {}", criterion.display());
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    for shell in ["dash", "bash"] {
        rows.extend(shell_starts(shell));
    }
    println!("{:<52} {:>9} {:>9} {:>9}", "milliseconds", "p50", "p95", "p99");
    for row in &rows {
        let [p50, p95, p99] = [0.50, 0.95, 0.99].map(|p| row.percentile(p));
        println!("{:<52} {p50:>9.3} {p95:>9.3} {p99:>9.3}", row.name);
    }
    hold_limit(&rows)
}

/// The cold start that users feel: a sandbox and its first command, modules warm.
fn hold_limit(rows: &[Row]) -> Result<()> {
    for row in rows.iter().filter(|row| row.name.contains("wasm") && row.name.contains("warm")) {
        let p50 = row.percentile(0.50);
        if p50 > LIMIT_MS {
            bail!("{}: {p50:.3} ms, where {LIMIT_MS} ms are allowed", row.name);
        }
    }
    Ok(())
}

impl Row {
    fn new(name: &str, mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self { name: name.to_owned(), times }
    }

    /// The time that this part of all samples does not exceed (nearest rank).
    fn percentile(&self, part: f64) -> f64 {
        let rank = (part * self.times.len() as f64).ceil() as usize;
        self.times.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }
}

/// Reads each `new/sample.json` below `dir`, named by the `new/benchmark.json` beside it.
fn collect(dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let (sample, benchmark) = (path.join("sample.json"), path.join("benchmark.json"));
        if path.ends_with("new") && sample.is_file() {
            let name = json(&benchmark)?["full_id"].as_str().unwrap_or("?").to_owned();
            rows.push(Row::new(&name, milliseconds(&json(&sample)?)));
        } else {
            collect(&path, rows)?;
        }
    }
    Ok(())
}

/// criterion's samples: so many iterations took so many nanoseconds.
fn milliseconds(sample: &Value) -> Vec<f64> {
    let numbers = |name: &str| {
        sample[name].as_array().into_iter().flatten().filter_map(Value::as_f64).collect::<Vec<_>>()
    };
    let (iterations, times) = (numbers("iters"), numbers("times"));
    iterations.iter().zip(&times).map(|(iterations, time)| time / iterations / 1e6).collect()
}

fn json(file: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))
}

/// How long a shell of the host takes for nothing; none where there is no such shell.
fn shell_starts(shell: &str) -> Option<Row> {
    let mut times = Vec::new();
    for _ in 0..SHELL_STARTS {
        let start = Instant::now();
        Cmd::new(shell).args(["-c", "/bin/true"]).output().ok()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Some(Row::new(&format!("the host's {shell} -c /bin/true"), times))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn samples_are_milliseconds_per_iteration() {
        let sample = json!({ "iters": [1.0, 2.0], "times": [1e6, 1e6] });
        assert_eq!(milliseconds(&sample), [1.0, 0.5]);
    }

    #[test]
    fn percentiles_are_samples() {
        let row = Row::new("x", (1..=100).rev().map(f64::from).collect());
        assert_eq!([0.5, 0.95, 0.99].map(|p| row.percentile(p)), [50.0, 95.0, 99.0]);
    }

    #[test]
    fn a_slow_warm_start_is_a_failure() {
        let slow = |name| Row::new(name, vec![6.1]);
        assert!(hold_limit(&[slow("cold_start/first wasm command, warm")]).is_err());
        assert!(hold_limit(&[slow("cold_start/first wasm command, cold")]).is_ok());
    }
}
