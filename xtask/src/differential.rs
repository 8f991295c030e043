//! `cargo xtask differential`: generated scripts, run by bash and by this shell.
//!
//! Standard output and status must be the same. A script that makes a difference is cut down to
//! what still makes it. Not here: the grammar of the scripts (`shell::testing`).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, bail};
use shell::testing::{self, Expected, Job};

use crate::oracle;

/// Run generated scripts in bash and in this shell, and compare.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many scripts.
    #[arg(long, default_value_t = 20_000)]
    count: u64,
    /// The seed of the first; the others follow.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many differences end the run.
    #[arg(long, default_value_t = 10)]
    stop: usize,
}

/// Units of the kernel's fuel that a script may use.
const FUEL: u64 = 20_000_000;

/// What is said of scripts that nobody would write.
const NONSENSE: [&str; 10] = [
    "status 124",
    "-c: line",
    "ambiguous redirect",
    "syntax error",
    "not found",
    "unexpected",
    "expected",
    "no job control",
    "invalid option",
    "BASH",
];

/// What bash says where it is the one that is wrong: it prints a command substitution that it has
/// read and reads that again, and loses track of quotes in both.
const DEFECTS: [&[u8]; 3] =
    [b"command substitution: line ", b"array assign: line ", b"bad substitution: no closing `}'"];

/// What `timeout` leaves of a script that does not end.
const TIMEOUT: u8 = 124;

/// How often bash has to do otherwise.
const RUNS: usize = 20;
/// How often a script is run to cut it down.
const ATTEMPTS: usize = 600;

/// What the scripts did.
#[derive(Default)]
struct Tally {
    next: AtomicU64,
    ended: AtomicU64,
    found: Mutex<Vec<String>>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let tally = Tally::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| work(arguments, &tally))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })?;
    let found = tally.found.into_inner().unwrap_or_default();
    let run = tally.next.into_inner().min(arguments.count);
    let skipped = run.saturating_sub(tally.ended.into_inner());
    println!("{run} scripts, {skipped} too long, {} differences", found.len());
    if !found.is_empty() {
        bail!("{}", found.join("\n"));
    }
    Ok(())
}

fn work(arguments: &Arguments, tally: &Tally) -> Result<()> {
    loop {
        let number = tally.next.fetch_add(1, Ordering::Relaxed);
        let found = tally.found.lock().map_or(0, |found| found.len());
        if number >= arguments.count || found >= arguments.stop {
            return Ok(());
        }
        let seed = arguments.seed + number;
        let script = testing::script(seed);
        let Some(ours) = ours(&script) else { continue };
        tally.ended.fetch_add(1, Ordering::Relaxed);
        let Some(first) = steady_difference(&script, &ours)? else { continue };
        let script = shrink(script, &first)?;
        let Some(ours) = self::ours(&script) else { continue };
        if let Some(text) = steady_difference(&script, &ours)? {
            let text = format!("=== seed {seed}\n{}\n{text}", script.trim_end());
            println!("{text}");
            if let Ok(mut found) = tally.found.lock() {
                found.push(format!("seed {seed}"));
            }
        }
    }
}

/// What this shell does; nothing for a script that is too long.
fn ours(script: &str) -> Option<Expected> {
    let job = Job { arg0: "bash", script: script.as_bytes(), fuel: Some(FUEL) };
    match testing::run(job) {
        Ok(finished) => Some(Expected {
            stdout: finished.stdout,
            stderr: Some(finished.stderr),
            status: finished.status,
        }),
        Err(kernel_outcome) if format!("{kernel_outcome:?}").starts_with("Limit") => None,
        Err(outcome) => Some(Expected {
            stdout: format!("{outcome:?}").into_bytes(),
            stderr: None,
            status: 255,
        }),
    }
}

/// What bash does otherwise.
fn difference(script: &str, ours: &Expected) -> Result<Option<String>> {
    let bash = oracle::printed("bash", script.as_bytes())?;
    if bash.status == TIMEOUT {
        return Ok(None);
    }
    let said = bash.stderr.as_deref().unwrap_or_default();
    let defect =
        DEFECTS.iter().any(|defect| said.windows(defect.len()).any(|text| text == *defect));
    if defect || bash.stdout == ours.stdout && bash.status == ours.status {
        return Ok(None);
    }
    let show = |name: &str, printed: &Expected| {
        let stderr = printed.stderr.as_deref().unwrap_or_default();
        let (out, err) = (shown(&printed.stdout), shown(stderr));
        format!("--- {name}: status {}\n{out}--- {name}, stderr\n{err}", printed.status)
    };
    Ok(Some(show("bash", &bash) + &show("agentos", ours)))
}

/// What bash does otherwise each time: a pipeline whose reader ends early has one of several statuses.
fn steady_difference(script: &str, ours: &Expected) -> Result<Option<String>> {
    let mut found = None;
    for _ in 0..RUNS {
        found = difference(script, ours)?;
        if found.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The beginning of a text.
fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text.get(..1000).unwrap_or(text)).into_owned()
}

/// Leaves out lines, then words, as long as there is a difference.
fn shrink(script: String, first: &str) -> Result<String> {
    let mut attempts = ATTEMPTS;
    let script = without_pieces(script, '\n', first, &mut attempts)?;
    let script = without_pieces(script, ' ', first, &mut attempts)?;
    without_pieces(script, ';', first, &mut attempts)
}

/// Leaves out pieces that end with a character: halves first, then smaller runs.
fn without_pieces(
    mut script: String,
    end: char,
    first: &str,
    attempts: &mut usize,
) -> Result<String> {
    let mut size = script.split_inclusive(end).count().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while *attempts > 0 {
            let pieces: Vec<&str> = script.split_inclusive(end).collect();
            if at >= pieces.len() {
                break;
            }
            let rest = pieces.iter().take(at).chain(pieces.iter().skip(at + size));
            let shorter: String = rest.copied().collect();
            *attempts -= 1;
            let differs = match ours(&shorter) {
                Some(ours) => difference(&shorter, &ours)?,
                None => None,
            };
            let new_nonsense =
                |text: &str| NONSENSE.iter().any(|n| text.contains(n) && !first.contains(n));
            if differs.is_some_and(|text| !new_nonsense(&text)) {
                script = shorter;
            } else {
                at += size;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_scripts_do_the_same_in_bash() {
        run(&Arguments { count: 300, seed: 1_000_000, stop: 1 }).unwrap();
    }
}
