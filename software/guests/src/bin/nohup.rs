//! `nohup` and `nice`: run a command that a terminal's end, or other processes, would not disturb.
//!
//! `nohup` leaves the descriptors as they are, also those of a terminal. There are no priorities in a
//! sandbox: `nice` runs its command as it is, checks its adjustment and, alone, prints the only niceness there is.

use std::ffi::OsString;

use agentos_guest::process::{self, Command};
use agentos_guest::sys;

const SIGHUP: u32 = 1;

fn main() {
    let args: Vec<OsString> = std::env::args_os().collect();
    let called = args.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = if called.rsplit('/').next() == Some("nice") { "nice" } else { "nohup" };
    agentos_guest::enter_directory(name);
    let mut words = args[args.len().min(1)..].to_vec();
    if name == "nice" && !take_adjustment(&mut words) && words.is_empty() {
        println!("0");
        return;
    }
    if words.first().is_some_and(|word| word == "--") {
        words.remove(0);
    } else if let Some(option) = words.first().filter(|w| w.to_string_lossy().starts_with('-')) {
        agentos_guest::fail(
            name,
            125,
            &format!("unrecognized option '{}'", option.to_string_lossy()),
        );
    }
    if words.is_empty() {
        agentos_guest::fail(name, 125, "missing operand");
    }
    if name == "nohup"
        && let Err(error) = sys::sigignore(SIGHUP)
    {
        agentos_guest::fail(name, 125, &agentos_guest::strerror(&error));
    }
    process::exec(name, &Command::new(words))
}

/// Takes `-n N`, `-nN`, `--adjustment=N` or `-N` off the front.
fn take_adjustment(words: &mut Vec<OsString>) -> bool {
    let Some(first) = words.first().map(|word| word.to_string_lossy().into_owned()) else {
        return false;
    };
    let (number, taken) = if first == "-n" || first == "--adjustment" {
        (words.get(1).map(|word| word.to_string_lossy().into_owned()).unwrap_or_default(), 2)
    } else if let Some(number) =
        first.strip_prefix("--adjustment=").or_else(|| first.strip_prefix("-n"))
    {
        (number.to_owned(), 1)
    } else if let Some(number) = first.strip_prefix('-').filter(|n| n.parse::<i32>().is_ok()) {
        (number.to_owned(), 1)
    } else {
        return false;
    };
    if number.parse::<i32>().is_err() {
        agentos_guest::fail("nice", 125, &format!("invalid adjustment '{number}'"));
    }
    words.drain(..taken.min(words.len()));
    true
}
