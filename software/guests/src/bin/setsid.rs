//! `setsid`: runs a command in a session of its own. After util-linux's.

use std::ffi::OsString;

use agentos_guest::posix::{self, Spawn};
use agentos_guest::process::Command;
use agentos_guest::{fail, strerror, usage};

const NAME: &str = "setsid";
const OPTIONS: [&str; 4] = ["-w", "--wait", "-f", "--fork"];

fn main() {
    agentos_guest::enter_directory(NAME);
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    // `--fork`: in a process of its own; then, and where it must, it waits in any case.
    let mut forks = false;
    while let Some(option) = words.first().filter(|w| OPTIONS.iter().any(|o| w == o)) {
        forks |= option != "-w" && option != "--wait";
        words.remove(0);
    }
    if words.first().is_none_or(|word| word.to_string_lossy().starts_with('-')) {
        usage(NAME, 1, "no command specified");
    }
    // Who leads a group cannot lead a session; then the command leads a group at least.
    let leads = posix::setsid().is_ok();
    if leads && !forks {
        refuse(&words, &Command::new(words.clone()).exec());
    }
    let started = Spawn::new(&words).and_then(|spawn| {
        let spawn = if leads { spawn } else { spawn.group(0) };
        spawn.spawn()
    });
    match started.and_then(|pid| posix::wait(pid as i32)) {
        Ok((_, status)) => std::process::exit(status.code()),
        Err(error) => refuse(&words, &error),
    }
}

fn refuse(words: &[OsString], error: &std::io::Error) -> ! {
    let status = if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 };
    let name = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    fail(NAME, status, &format!("failed to execute {name}: {}", strerror(error)))
}
