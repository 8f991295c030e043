//! `timeout`: runs a command, and ends it when its time is up.
//!
//! GNU's options `-s`, `-k`, `--preserve-status`, `--foreground` (of no effect: there is no terminal).

use std::ffi::OsString;
use std::time::{Duration, Instant};

use agentos_guest::process::{self, Child, Command, Status};

const NAME: &str = "timeout";
/// Status for `timeout`'s own failures, and for a command whose time was up.
const TROUBLE: i32 = 125;
const TIMED_OUT: i32 = 124;
const SIGTERM: u32 = 15;
const SIGKILL: u32 = 9;
const KILLED: i32 = 128 + 9;

struct Options {
    signal: u32,
    kill_after: Option<Duration>,
    preserve_status: bool,
}

fn main() {
    agentos_guest::enter_directory(NAME);
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let options = options(&mut words);
    if words.len() < 2 {
        usage("missing operand");
    }
    let limit = duration(&words.remove(0).to_string_lossy());
    let child = process::start(NAME, &Command::new(words));
    let status = match wait(&child, limit) {
        Some(status) => status.code(),
        None => end(&child, &options),
    };
    std::process::exit(status)
}

/// Ends a command whose time is up; the status to exit with.
fn end(child: &Child, options: &Options) -> i32 {
    // It may have ended by itself just now.
    let _ = child.kill(options.signal);
    let status = match options.kill_after {
        None => child.wait().ok(),
        Some(after) => wait(child, Some(after)).or_else(|| {
            let _ = child.kill(SIGKILL);
            child.wait().ok()
        }),
    };
    match status {
        // What it dies of is told as a status, as a shell has it.
        Some(status) if status.code() == KILLED => KILLED,
        Some(status) if options.preserve_status => status.code(),
        _ => TIMED_OUT,
    }
}

/// How the command ended within `limit`. The kernel has no wait with a deadline, so it is asked
/// again and again: soon at first, then every 20 ms.
fn wait(child: &Child, limit: Option<Duration>) -> Option<Status> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => {}
            Err(error) => {
                let error = agentos_guest::strerror(&error);
                agentos_guest::fail(NAME, TROUBLE, &format!("wait: {error}"))
            }
        }
        let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
        if left == Some(Duration::ZERO) {
            return None;
        }
        std::thread::sleep(left.map_or(pause, |left| left.min(pause)));
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn options(words: &mut Vec<OsString>) -> Options {
    let mut options = Options { signal: SIGTERM, kill_after: None, preserve_status: false };
    while let Some(text) = words.first().map(|word| word.to_string_lossy().into_owned()) {
        if !text.starts_with('-') || text == "-" {
            break;
        }
        words.remove(0);
        let (option, attached) = match text.split_once('=') {
            Some((option, value)) if text.starts_with("--") => (option, Some(value.to_owned())),
            _ if text.len() > 2 && !text.starts_with("--") && text.is_char_boundary(2) => {
                (&text[..2], Some(text[2..].to_owned()))
            }
            _ => (text.as_str(), None),
        };
        let mut value = || match attached.clone() {
            Some(value) => value,
            None if words.is_empty() => usage(&format!("option '{option}' requires an argument")),
            None => words.remove(0).to_string_lossy().into_owned(),
        };
        match option {
            "--" => break,
            "-s" | "--signal" => options.signal = signal(&value()),
            "-k" | "--kill-after" => options.kill_after = duration(&value()),
            "-p" | "--preserve-status" => options.preserve_status = true,
            "-f" | "--foreground" | "-v" | "--verbose" => {}
            "--help" => {
                println!(
                    "Usage: timeout [-s SIGNAL] [-k DURATION] [--preserve-status] DURATION COMMAND [ARG]..."
                );
                std::process::exit(0)
            }
            _ => usage(&format!("unrecognized option '{text}'")),
        }
    }
    options
}

/// `1.5`, `2m`, `1h`, `1d`; 0 is no limit.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        Some((at, 'd')) => (&text[..at], 86400.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok().filter(|n| *n >= 0.0);
    let Some(seconds) = seconds else { usage(&format!("invalid time interval '{text}'")) };
    // More than a Duration holds is no limit either.
    Duration::try_from_secs_f64(seconds * unit).ok().filter(|limit| !limit.is_zero())
}

fn signal(text: &str) -> u32 {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    match (name.parse::<u32>(), NAMES.iter().position(|known| *known == name)) {
        (Ok(number @ 0..=64), _) => number,
        (_, Some(at)) => at as u32 + 1,
        _ => usage(&format!("'{text}': invalid signal")),
    }
}

fn usage(message: &str) -> ! {
    agentos_guest::fail(
        NAME,
        TROUBLE,
        &format!("{message}\nTry 'timeout --help' for more information."),
    )
}
