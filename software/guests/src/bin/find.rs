//! `find`: uutils' walk and tests; `-exec` and `-execdir`, which start commands, are ours.
//!
//! uutils' `find` writes all output through one writer. An `-exec` is handed to it as a `-printf` of a
//! mark and the path; our writer takes the marked parts out of the stream and runs the command right
//! there, in the order of the output. So an `-exec` cannot yet decide what comes after it: where
//! something does, `find` says so. Not here: `-ok` and `-okdir`, which ask at a terminal.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::SystemTime;

use agentos_guest::process::Command;
use findutils::find::{Dependencies, find_main};

const NAME: &str = "find";
/// What stands around a marked part. No path contains a NUL, and only `-print0` writes one: there,
/// never before `\u{1}`.
const MARK: &str = "\0\u{1}exec\u{1}";

fn main() {
    agentos_guest::enter_directory(NAME);
    uucore::panic::mute_sigpipe_panic();
    let args =
        std::env::args_os().map(std::ffi::OsString::into_string).collect::<Result<Vec<_>, _>>();
    let args = args.unwrap_or_else(|invalid| {
        agentos_guest::fail(NAME, 1, &format!("{}: not UTF-8", invalid.to_string_lossy()))
    });
    let (args, actions) = take_actions(args);
    let world = World { now: SystemTime::now(), output: RefCell::new(Output::new(actions)) };
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let status = find_main(&args, &world);
    let mut output = world.output.borrow_mut();
    let finished = output.finish();
    if let Err(error) = finished {
        agentos_guest::fail(NAME, 1, &format!("write error: {}", agentos_guest::strerror(&error)));
    }
    std::process::exit(if status == 0 { output.status } else { status })
}

/// One `-exec`, `-execdir`, or their forms with `+`.
struct Action {
    words: Vec<String>,
    in_directory: bool,
    /// `+`: the paths so far; they run together.
    batch: Option<Vec<String>>,
}

/// Replaces each `-exec … ;` by the `-printf` that stands for it.
fn take_actions(args: Vec<String>) -> (Vec<String>, Vec<Action>) {
    let (mut rest, mut actions) = (Vec::new(), Vec::new());
    let mut args = args.into_iter().peekable();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-exec" | "-execdir" => {
                let action = take_action(&arg, &mut args);
                let decides = !matches!(
                    args.peek().map(String::as_str),
                    None | Some(")" | "-o" | "-or" | ",")
                ) && action.batch.is_none();
                // `-exec a \; -exec b \;` runs b only if a succeeds.
                if decides {
                    agentos_guest::fail(
                        NAME,
                        1,
                        &format!(
                            "{arg} … ;: as a test for what follows it is not supported; put it last, or use xargs"
                        ),
                    );
                }
                let mark = format!("\\000\\001exec\\001{}", actions.len());
                let path = if action.in_directory { "%h\\000%f" } else { "%p" };
                rest.push("-printf".to_owned());
                rest.push(format!("{mark}\\000{path}\\000\\001end\\001"));
                actions.push(action);
            }
            "-ok" | "-okdir" => agentos_guest::fail(
                NAME,
                1,
                &format!("{arg}: not supported: there is no terminal to ask"),
            ),
            _ => rest.push(arg),
        }
    }
    (rest, actions)
}

fn take_action(name: &str, args: &mut impl Iterator<Item = String>) -> Action {
    let mut words: Vec<String> = Vec::new();
    loop {
        match args.next() {
            Some(arg) if arg == ";" && !words.is_empty() => {
                return Action { words, in_directory: name == "-execdir", batch: None };
            }
            Some(arg) if arg == "+" && words.last().is_some_and(|word| word == "{}") => {
                words.pop();
                if name == "-execdir" {
                    agentos_guest::fail(
                        NAME,
                        1,
                        "-execdir … {} +: not supported: use -execdir … {} ;",
                    );
                }
                return Action { words, in_directory: false, batch: Some(Vec::new()) };
            }
            Some(arg) => words.push(arg),
            None => agentos_guest::fail(NAME, 1, &format!("missing argument to `{name}'")),
        }
    }
}

struct World {
    now: SystemTime,
    output: RefCell<Output>,
}

impl Dependencies for World {
    fn get_output(&self) -> &RefCell<dyn Write> {
        &self.output
    }

    fn now(&self) -> SystemTime {
        self.now
    }

    fn confirm(&self, _prompt: &str) -> bool {
        false
    }
}

/// Standard output, with the marked parts taken out of it and run.
struct Output {
    actions: Vec<Action>,
    /// What has been written and not yet passed on: it may be the start of a mark.
    pending: Vec<u8>,
    stdout: io::BufWriter<io::Stdout>,
    status: i32,
}

/// The end of a marked part.
const END: &[u8] = b"\0\x01end\x01";
/// GNU's limit on the bytes of one command line of `-exec … +`.
const BATCH: usize = 128 * 1024;

impl Output {
    fn new(actions: Vec<Action>) -> Self {
        let stdout = io::BufWriter::new(io::stdout());
        Self { actions, pending: Vec::new(), stdout, status: 0 }
    }

    /// Passes on what cannot be part of a mark, and runs what is whole.
    fn drain(&mut self) -> io::Result<()> {
        while let Some(at) = find(&self.pending, MARK.as_bytes()) {
            let Some(len) = find(&self.pending[at..], END) else {
                let before: Vec<u8> = self.pending.drain(..at).collect();
                return self.stdout.write_all(&before);
            };
            self.stdout.write_all(&self.pending[..at])?;
            let marked = self.pending[at + MARK.len()..at + len].to_vec();
            self.pending.drain(..at + len + END.len());
            self.run(&String::from_utf8_lossy(&marked))?;
        }
        let keep = (1..MARK.len().min(self.pending.len() + 1))
            .rev()
            .find(|len| self.pending.ends_with(&MARK.as_bytes()[..*len]))
            .unwrap_or(0);
        let passed: Vec<u8> = self.pending.drain(..self.pending.len() - keep).collect();
        self.stdout.write_all(&passed)
    }

    /// Runs the command of a marked part: `NUMBER NUL PATH`, or `NUMBER NUL DIRECTORY NUL NAME`.
    fn run(&mut self, marked: &str) -> io::Result<()> {
        let mut parts = marked.split('\0');
        let number = parts.next().and_then(|number| number.parse::<usize>().ok());
        let path = parts.next().unwrap_or_default().to_owned();
        let Some(action) = number.and_then(|number| self.actions.get_mut(number)) else {
            return Ok(());
        };
        if let Some(batch) = &mut action.batch {
            batch.push(path);
            if batch.iter().map(|path| path.len() + 1).sum::<usize>() < BATCH {
                return Ok(());
            }
            let batch = std::mem::take(batch);
            let words = [&action.words[..], &batch].concat();
            self.start(words, None)?;
            return Ok(());
        }
        let (path, directory) = match parts.next() {
            Some(name) => (format!("./{name}"), Some(path)),
            None => (path, None),
        };
        let words = action.words.iter().map(|word| word.replace("{}", &path)).collect();
        self.start(words, directory)?;
        Ok(())
    }

    /// Starts a command after all that was printed before it, and waits; whether it succeeded.
    fn start(&mut self, words: Vec<String>, directory: Option<String>) -> io::Result<bool> {
        self.stdout.flush()?;
        let mut command = Command::new(words.into_iter().map(Into::into).collect());
        if let Some(directory) = directory {
            let absolute =
                std::fs::canonicalize(if directory.is_empty() { "." } else { &directory })?;
            command = command.directory(absolute.into_os_string());
        }
        match command.spawn().and_then(|child| child.wait()) {
            Ok(status) => Ok(status.code() == 0),
            Err(error) => {
                let error = agentos_guest::strerror(&error);
                writeln!(io::stderr(), "{NAME}: '{}': {error}", command.program())?;
                self.status = 1;
                Ok(false)
            }
        }
    }

    /// Runs the batches that are left, and passes on the rest.
    fn finish(&mut self) -> io::Result<()> {
        self.drain()?;
        let rest = std::mem::take(&mut self.pending);
        self.stdout.write_all(&rest)?;
        for index in 0..self.actions.len() {
            let action = &mut self.actions[index];
            let batch = action.batch.take().unwrap_or_default();
            if !batch.is_empty() {
                let words = [&action.words[..], &batch].concat();
                if !self.start(words, None)? {
                    self.status = 1;
                }
            }
        }
        self.stdout.flush()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend(bytes);
        self.drain()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.drain()
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
