//! What the benches share: timing each single round, and running the host's own commands beside.
//!
//! criterion's samples are means of many rounds, in which a slow one drowns. [`each`] lets criterion
//! measure as always, and keeps how long every round took besides: `cargo xtask bench` makes
//! percentiles of that. The benches are in `benches/`. Not here: limits (`xtask`).
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures the host's time and runs its commands"
)]

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;

/// The folder with one file for each bench of [`each`]: a line of nanoseconds for each round.
///
/// It is named by `AGENTOS_LATENCIES`; nothing is written where that is not set.
const FOLDER: &str = "AGENTOS_LATENCIES";

/// The most rounds whose times are kept, so that a fast bench does not fill the memory.
const KEPT: usize = 1 << 20;

/// Measures `routine`, without what `setup` makes for it and without dropping what it gives.
///
/// # Panics
/// When the folder for the times of single rounds cannot be written.
pub fn each<I, O>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    mut setup: impl FnMut() -> I,
    mut routine: impl FnMut(I) -> O,
) {
    let mut rounds = Vec::new();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| {
            let mut total = Duration::ZERO;
            for _ in 0..count {
                let input = setup();
                let start = Instant::now();
                let output = black_box(routine(input));
                let took = start.elapsed();
                drop(output);
                total += took;
                if rounds.len() < KEPT {
                    rounds.push(took.as_nanos());
                }
            }
            total
        });
    });
    if let Some(folder) = std::env::var_os(FOLDER) {
        let lines = rounds.iter().map(|nanoseconds| format!("{nanoseconds}\n")).collect::<String>();
        let file = PathBuf::from(folder).join(name.replace(['/', ' '], "_"));
        fs::write(&file, format!("{name}\n{lines}")).expect("the folder for times can be written");
    }
}

/// Runs a command of the host and waits for its end; what it prints is dropped.
///
/// # Errors
/// [`std::io::Error`]: there is no such command.
pub fn host(program: &str, arguments: &[&str]) -> std::io::Result<()> {
    let mut command = Command::new(program);
    let status = command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    black_box(status);
    Ok(())
}

/// The shells of this host among `dash` and `bash`, to be measured beside.
#[must_use]
pub fn shells() -> Vec<&'static str> {
    ["dash", "bash"].into_iter().filter(|shell| host(shell, &["-c", ":"]).is_ok()).collect()
}
