//! `flock`: runs a command while a file, or a directory, is locked. After util-linux's.
//!
//! `-s`, `-x` and `-e`, `-n`, `-E STATUS`, `-o`, `-c COMMAND`, `-v`. Not here: `-w`, and locking a descriptor
//! that the shell has open, for which the shell would have to know its own.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::Path;

use agentos_guest::posix::{self, Lock, Patience, Spawn};
use agentos_guest::{fail, strerror, usage};

const NAME: &str = "flock";
/// Statuses of `<sysexits.h>`.
const USAGE: i32 = 64;
const NO_INPUT: i32 = 66;
const UNAVAILABLE: i32 = 69;
const OS_ERROR: i32 = 71;

fn main() {
    agentos_guest::enter_directory(NAME);
    let mut lock = Lock::Exclusive;
    let mut patience = Patience::Wait;
    let mut conflict = 1;
    let mut parser = lexopt::Parser::from_env();
    let mut words: Vec<OsString> = Vec::new();
    loop {
        use lexopt::prelude::{Long, Short, Value, ValueExt};
        match parser.next().unwrap_or_else(|error| usage(NAME, USAGE, &error.to_string())) {
            None => break,
            Some(Short('s') | Long("shared")) => lock = Lock::Shared,
            Some(Short('x' | 'e') | Long("exclusive")) => lock = Lock::Exclusive,
            Some(Short('n') | Long("nonblock" | "nb")) => patience = Patience::Try,
            Some(Short('o') | Long("close") | Short('v') | Long("verbose")) => {}
            Some(Short('E') | Long("conflict-exit-code")) => {
                let status = parser.value().and_then(|value| value.parse());
                conflict = status.unwrap_or_else(|error| usage(NAME, USAGE, &error.to_string()));
            }
            Some(Value(file)) => {
                words.push(file);
                if let Ok(rest) = parser.raw_args() {
                    words.extend(rest);
                }
            }
            Some(other) => usage(NAME, USAGE, &other.unexpected().to_string()),
        }
    }
    if words.len() < 2 {
        usage(NAME, USAGE, "a file and a command are needed");
    }
    let file = words.remove(0);
    let opened = open(Path::new(&file));
    let opened = opened.unwrap_or_else(|error| {
        let name = file.to_string_lossy();
        fail(NAME, NO_INPUT, &format!("cannot open lock file {name}: {}", strerror(&error)))
    });
    if let Err(error) = posix::flock(&opened, lock, patience) {
        if error.kind() == std::io::ErrorKind::WouldBlock {
            std::process::exit(conflict);
        }
        fail(NAME, OS_ERROR, &strerror(&error));
    }
    std::process::exit(run(&words))
}

/// The file, made if it is missing; a directory is opened as it is.
fn open(path: &Path) -> std::io::Result<File> {
    if path.is_dir() {
        return File::open(path);
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Runs the command; its status.
fn run(words: &[OsString]) -> i32 {
    let words = match words {
        [option, script] if option == "-c" || option == "--command" => {
            vec!["sh".into(), "-c".into(), script.clone()]
        }
        words => words.to_vec(),
    };
    let started = Spawn::new(&words).and_then(|spawn| spawn.spawn());
    match started.and_then(|pid| posix::wait(pid as i32)) {
        Ok((_, status)) => status.code(),
        Err(error) => {
            let name = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
            fail(NAME, UNAVAILABLE, &format!("failed to execute {name}: {}", strerror(&error)))
        }
    }
}
