//! `xargs`: builds command lines from standard input and runs them.
//!
//! POSIX's and GNU's options `-0 -a -d -E -I -L -n -r -s -t -x -P`; commands run one after another
//! whatever `-P` says, so that their output does not mix. Not here: `-p`, which needs a terminal.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::wasi::ffi::{OsStrExt, OsStringExt};

use agentos_guest::process::{Command, Status};

const NAME: &str = "xargs";
/// GNU's default for `-s`: bytes of one command line.
const LINE_LIMIT: usize = 128 * 1024;

#[derive(Default)]
struct Options {
    delimiter: Option<u8>,
    file: Option<OsString>,
    end: Option<OsString>,
    replace: Option<Vec<u8>>,
    max_lines: Option<usize>,
    max_args: Option<usize>,
    max_chars: Option<usize>,
    no_run_if_empty: bool,
    trace: bool,
    exit: bool,
}

/// One argument from the input, and whether a line ended after it.
struct Item {
    text: Vec<u8>,
    ends_line: bool,
}

fn main() {
    agentos_guest::enter_directory(NAME);
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let options = options(&mut words);
    if words.is_empty() {
        words.push("echo".into());
    }
    let input = read(&options);
    let mut items = match options.delimiter {
        Some(delimiter) => delimited(&input, delimiter),
        None if options.replace.is_some() => lines(&input),
        None => quoted(&input),
    };
    if let Some(end) = &options.end
        && let Some(at) = items.iter().position(|item| item.text == end.as_bytes())
    {
        items.truncate(at);
    }
    let mut runner = Runner { options: &options, status: 0 };
    match &options.replace {
        Some(pattern) => {
            for item in &items {
                runner.run(words.iter().map(|word| replace(word, pattern, &item.text)).collect());
            }
        }
        None => runner.run_batches(&words, items),
    }
    std::process::exit(runner.status)
}

struct Runner<'a> {
    options: &'a Options,
    status: i32,
}

impl Runner<'_> {
    fn run_batches(&mut self, words: &[OsString], items: Vec<Item>) {
        if items.is_empty() && !self.options.no_run_if_empty {
            self.run(words.to_vec());
        }
        let limit = self.options.max_chars.unwrap_or(LINE_LIMIT);
        let fixed: usize = words.iter().map(|word| word.len() + 1).sum();
        let (mut batch, mut chars, mut lines) = (Vec::new(), fixed, 0);
        for item in items {
            let len = item.text.len() + 1;
            if fixed + len > limit {
                agentos_guest::fail(NAME, 1, "argument line too long");
            }
            if chars + len > limit {
                if self.options.exit {
                    agentos_guest::fail(NAME, 1, "argument line too long");
                }
                self.run(words.iter().cloned().chain(batch.drain(..)).collect());
                (chars, lines) = (fixed, 0);
            }
            chars += len;
            lines += usize::from(item.ends_line);
            batch.push(OsString::from_vec(item.text));
            let full = self.options.max_args.is_some_and(|max| batch.len() >= max)
                || self.options.max_lines.is_some_and(|max| lines >= max);
            if full {
                self.run(words.iter().cloned().chain(batch.drain(..)).collect());
                (chars, lines) = (fixed, 0);
            }
        }
        if !batch.is_empty() {
            self.run(words.iter().cloned().chain(batch).collect());
        }
    }

    /// Runs one command line; its status becomes part of ours as POSIX and GNU have it.
    fn run(&mut self, words: Vec<OsString>) {
        if self.options.trace {
            let line: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            let _ = writeln!(io::stderr(), "{}", line.join(" "));
        }
        let command = Command::new(words);
        let status = agentos_guest::process::start(NAME, &command).wait();
        let program = command.program();
        match status {
            Ok(Status::Exited(0)) => {}
            Ok(Status::Exited(255)) => agentos_guest::fail(
                NAME,
                124,
                &format!("{program}: exited with status 255; aborting"),
            ),
            Ok(Status::Exited(_)) => self.status = 123,
            Ok(Status::Signaled(signal)) => {
                agentos_guest::fail(NAME, 125, &format!("{program}: terminated by signal {signal}"))
            }
            Err(error) => {
                agentos_guest::fail(NAME, 1, &format!("wait: {}", agentos_guest::strerror(&error)))
            }
        }
    }
}

fn read(options: &Options) -> Vec<u8> {
    let mut input = Vec::new();
    let result = match &options.file {
        Some(file) => std::fs::read(file).map(|content| input = content),
        None => io::stdin().read_to_end(&mut input).map(drop),
    };
    if let Err(error) = result {
        let file = options.file.as_deref().unwrap_or(OsStr::new("standard input"));
        let error = agentos_guest::strerror(&error);
        agentos_guest::fail(NAME, 1, &format!("{}: {error}", file.to_string_lossy()));
    }
    input
}

fn delimited(input: &[u8], delimiter: u8) -> Vec<Item> {
    let input = input.strip_suffix(&[delimiter]).unwrap_or(input);
    if input.is_empty() {
        return Vec::new();
    }
    let items = input.split(|byte| *byte == delimiter);
    items.map(|text| Item { text: text.to_vec(), ends_line: true }).collect()
}

/// `-I`: a line is one argument, without its leading blanks; empty lines are none.
fn lines(input: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    for line in input.split(|byte| *byte == b'\n') {
        let text: Vec<u8> =
            line.iter().copied().skip_while(|b| matches!(b, b' ' | b'\t')).collect();
        if !text.is_empty() {
            // Quotes are taken as they are by the other reading of a line.
            let joined = quoted(&text).into_iter().map(|item| item.text).collect::<Vec<_>>();
            items.push(Item {
                text: if has_quotes(&text) { joined.join(&b' ') } else { text },
                ends_line: true,
            });
        }
    }
    items
}

fn has_quotes(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'\\'))
}

/// POSIX's reading: words by blanks and newlines, with quotes and backslashes.
fn quoted(input: &[u8]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut blank_before_newline = false;
    let mut bytes = input.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\n' => {
                if let Some(text) = word.take() {
                    items.push(Item { text, ends_line: false });
                }
                // A blank at a line's end continues it on the next one (POSIX, -L).
                if byte == b'\n'
                    && !blank_before_newline
                    && let Some(last) = items.last_mut()
                {
                    last.ends_line = true;
                }
                blank_before_newline = byte != b'\n';
                continue;
            }
            b'\'' | b'"' => {
                let text = word.get_or_insert_default();
                loop {
                    match bytes.next() {
                        Some(inner) if inner == byte => break,
                        Some(inner) if inner != b'\n' => text.push(inner),
                        _ => {
                            let kind = if byte == b'"' { "double" } else { "single" };
                            agentos_guest::fail(
                                NAME,
                                1,
                                &format!(
                                    "unmatched {kind} quote; by default quotes are special to xargs unless you use the -0 option"
                                ),
                            )
                        }
                    }
                }
            }
            b'\\' => {
                if let Some(next) = bytes.next() {
                    word.get_or_insert_default().push(next);
                }
            }
            _ => word.get_or_insert_default().push(byte),
        }
        blank_before_newline = false;
    }
    if let Some(text) = word {
        items.push(Item { text, ends_line: true });
    }
    items
}

fn replace(word: &OsStr, pattern: &[u8], with: &[u8]) -> OsString {
    let mut rest = word.as_bytes();
    let mut replaced = Vec::new();
    while !rest.is_empty() {
        if !pattern.is_empty() && rest.starts_with(pattern) {
            replaced.extend(with);
            rest = &rest[pattern.len()..];
        } else {
            replaced.push(rest[0]);
            rest = &rest[1..];
        }
    }
    OsString::from_vec(replaced)
}

fn options(words: &mut Vec<OsString>) -> Options {
    let mut options = Options::default();
    while let Some(text) = words.first().map(|word| word.to_string_lossy().into_owned()) {
        if !text.starts_with('-') || text == "-" {
            break;
        }
        words.remove(0);
        if text == "--" {
            break;
        }
        match text.strip_prefix("--") {
            Some(long) => long_option(long, words, &mut options),
            None => letters(&text[1..], words, &mut options),
        }
    }
    options
}

fn long_option(text: &str, words: &mut Vec<OsString>, options: &mut Options) {
    let (name, attached) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    let letter = match name {
        "null" => '0',
        "arg-file" => 'a',
        "delimiter" => 'd',
        "eof" => 'E',
        "replace" => 'I',
        "max-lines" => 'L',
        "max-args" => 'n',
        "max-chars" => 's',
        "max-procs" => 'P',
        "no-run-if-empty" => 'r',
        "verbose" => 't',
        "exit" => 'x',
        "help" => {
            println!(
                "Usage: xargs [-0rtx] [-a FILE] [-d DELIM] [-E EOF] [-I REPLACE] [-L N] [-n N] [-s N] [COMMAND [ARG]...]"
            );
            std::process::exit(0)
        }
        _ => usage(&format!("unrecognized option '--{name}'")),
    };
    apply(letter, attached, words, options);
}

fn letters(letters: &str, words: &mut Vec<OsString>, options: &mut Options) {
    for (at, letter) in letters.char_indices() {
        let rest = &letters[at + letter.len_utf8()..];
        if "adEILnsPi".contains(letter) {
            apply(letter, (!rest.is_empty()).then(|| rest.to_owned()), words, options);
            return;
        }
        apply(letter, None, words, options);
    }
}

fn apply(letter: char, attached: Option<String>, words: &mut Vec<OsString>, options: &mut Options) {
    let mut value = || match attached.clone() {
        Some(value) => value,
        None if words.is_empty() => usage(&format!("option requires an argument -- '{letter}'")),
        None => words.remove(0).to_string_lossy().into_owned(),
    };
    match letter {
        '0' => options.delimiter = Some(0),
        'a' => options.file = Some(value().into()),
        'd' => options.delimiter = Some(delimiter(&value())),
        'E' => options.end = Some(value().into()),
        'I' => options.replace = Some(value().into_bytes()),
        'i' => options.replace = Some(attached.unwrap_or("{}".into()).into_bytes()),
        'L' => options.max_lines = Some(number(letter, &value())),
        'n' => options.max_args = Some(number(letter, &value())),
        's' => options.max_chars = Some(number(letter, &value())),
        'P' => drop(value()),
        'r' => options.no_run_if_empty = true,
        't' => options.trace = true,
        'x' => options.exit = true,
        'p' => usage("-p is not supported: there is no terminal to ask"),
        _ => usage(&format!("invalid option -- '{letter}'")),
    }
}

fn number(letter: char, text: &str) -> usize {
    match text.parse() {
        Ok(number @ 1..) => number,
        _ => usage(&format!("invalid number '{text}' for -{letter} option")),
    }
}

fn delimiter(text: &str) -> u8 {
    match text.as_bytes() {
        [byte] => *byte,
        b"\\n" => b'\n',
        b"\\t" => b'\t',
        b"\\0" => 0,
        b"\\\\" => b'\\',
        _ => usage(&format!(
            "invalid input delimiter '{text}': a single character, or \\n \\t \\0 \\\\"
        )),
    }
}

fn usage(message: &str) -> ! {
    agentos_guest::fail(NAME, 1, &format!("{message}\nTry 'xargs --help' for more information."))
}
