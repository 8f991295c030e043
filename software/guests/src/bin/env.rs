//! `env`: runs a command in a changed environment, or prints it.
//!
//! GNU's options `-i`, `-u`, `-0`, `-C` and `-S` (the last without escapes).

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::wasi::ffi::OsStrExt;

use agentos_guest::process::{self, Command};

/// Status for `env`'s own failures.
const TROUBLE: i32 = 125;

#[derive(Default)]
struct Options {
    ignore: bool,
    null: bool,
    unset: Vec<OsString>,
    directory: Option<OsString>,
}

fn main() {
    agentos_guest::enter_directory("env");
    let mut words: Vec<OsString> = std::env::args_os().skip(1).rev().collect();
    let options = options(&mut words);
    let mut environment = if options.ignore { Vec::new() } else { std::env::vars_os().collect() };
    environment.retain(|(name, _)| !options.unset.contains(name));
    while let Some((name, value)) = words.last().and_then(|word| assignment(word)) {
        words.pop();
        environment.retain(|(old, _)| *old != name);
        environment.push((name, value));
    }
    words.reverse();
    if words.is_empty() {
        print(&environment, if options.null { 0 } else { b'\n' });
        return;
    }
    if options.null {
        usage("cannot specify --null (-0) with command");
    }
    let mut command = Command::new(words).environment(environment);
    if let Some(directory) = options.directory {
        command = command.directory(absolute(&directory));
    }
    process::exec("env", &command)
}

/// Takes the options off the end of `words`, which are in reverse.
fn options(words: &mut Vec<OsString>) -> Options {
    let mut options = Options::default();
    while let Some(word) = words.last().filter(|word| word.as_bytes().starts_with(b"-")) {
        let text = word.to_string_lossy().into_owned();
        words.pop();
        match text.as_str() {
            "--" => break,
            "-" | "--ignore-environment" => options.ignore = true,
            "--null" => options.null = true,
            "--unset" => options.unset.push(value(words, "unset")),
            "--chdir" => options.directory = Some(value(words, "chdir")),
            "--split-string" => {
                let string = value(words, "split-string");
                split(words, &string.to_string_lossy());
            }
            "--help" => help(),
            _ if text.starts_with("--") => match text[2..].split_once('=') {
                Some(("unset", name)) => options.unset.push(name.into()),
                Some(("chdir", directory)) => options.directory = Some(directory.into()),
                Some(("split-string", string)) => split(words, string),
                _ => usage(&format!("unrecognized option '{text}'")),
            },
            _ => letters(&text[1..], words, &mut options),
        }
    }
    options
}

fn letters(letters: &str, words: &mut Vec<OsString>, options: &mut Options) {
    for (at, letter) in letters.char_indices() {
        let rest = &letters[at + letter.len_utf8()..];
        if matches!(letter, 'u' | 'C' | 'S') {
            if !rest.is_empty() {
                words.push(rest.into());
            }
            let value = value(words, &letter.to_string());
            match letter {
                'u' => options.unset.push(value),
                'C' => options.directory = Some(value),
                _ => split(words, &value.to_string_lossy()),
            }
            return;
        }
        match letter {
            'i' => options.ignore = true,
            '0' => options.null = true,
            _ => usage(&format!("invalid option -- '{letter}'")),
        }
    }
}

fn value(words: &mut Vec<OsString>, option: &str) -> OsString {
    words.pop().unwrap_or_else(|| usage(&format!("option requires an argument -- '{option}'")))
}

/// `-S`: the words of one string. Quotes and escapes are refused, not misread.
fn split(words: &mut Vec<OsString>, string: &str) {
    if string.contains(['\\', '\'', '"', '$', '#']) {
        usage("-S: quotes, escapes, variables and comments are not supported");
    }
    words.extend(string.split_whitespace().rev().map(OsString::from));
}

fn assignment(word: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = word.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (&bytes[..at], &bytes[at + 1..]);
    (!name.is_empty()).then(|| (OsStr::from_bytes(name).into(), OsStr::from_bytes(value).into()))
}

fn absolute(directory: &OsStr) -> OsString {
    match std::env::set_current_dir(directory).and_then(|()| std::env::current_dir()) {
        Ok(directory) => directory.into_os_string(),
        Err(error) => {
            let directory = std::path::Path::new(directory).display();
            let error = agentos_guest::strerror(&error);
            agentos_guest::fail(
                "env",
                TROUBLE,
                &format!("cannot change directory to '{directory}': {error}"),
            )
        }
    }
}

fn print(environment: &[(OsString, OsString)], end: u8) {
    let mut lines = Vec::new();
    for (name, value) in environment {
        lines.extend(name.as_bytes());
        lines.push(b'=');
        lines.extend(value.as_bytes());
        lines.push(end);
    }
    let mut stdout = std::io::stdout();
    if let Err(error) = stdout.write_all(&lines).and_then(|()| stdout.flush()) {
        let error = agentos_guest::strerror(&error);
        agentos_guest::fail("env", TROUBLE, &format!("write error: {error}"));
    }
}

fn help() -> ! {
    println!(
        "Usage: env [-i] [-0] [-u NAME]... [-C DIR] [-S STRING] [NAME=VALUE]... [COMMAND [ARG]...]"
    );
    std::process::exit(0)
}

fn usage(message: &str) -> ! {
    agentos_guest::fail(
        "env",
        TROUBLE,
        &format!("{message}\nTry 'env --help' for more information."),
    )
}
