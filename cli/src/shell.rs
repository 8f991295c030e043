//! `agentos shell`: bash in a sandbox, on the user's terminal.
//!
//! The sandbox has a terminal of its own, whose keyboard and screen are the user's. While something
//! in it waits for a line, a line editor reads that line, in a thread of its own so that jobs in the
//! background go on; otherwise keys go through as they are typed. Job control and signals are the
//! sandbox's. Not here: line editing (rustyline).

use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use runtime::{Progress, Terminal, WindowSize};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::termios::{self, OptionalActions, Termios};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{ExternalPrinter, Helper};

use crate::args::Shell;
use crate::changes::Save;
use crate::{run, sandbox};

/// How long the sandbox runs before keys and the size of the window are looked at.
const SLICE: Duration = Duration::from_millis(10);
/// How long nothing is done where there is nothing to do.
const NAP: Duration = Duration::from_millis(100);

/// Runs the shell; its exit status.
pub(crate) fn shell(mut options: Shell) -> Result<i32, String> {
    let args = options.args.into_iter().map(OsStringExt::into_vec);
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        options.sandbox.stdin = true;
        let save = Save::prepare(&options.sandbox)?;
        let mut sandbox = sandbox::build(&options.sandbox)?;
        let code = run::finish(sandbox.command("bash").args(args), &options.sandbox)?;
        save.finish(&mut sandbox)?;
        return Ok(code);
    }
    if options.sandbox.json || options.sandbox.stdin {
        return Err("--json and --stdin need a standard input that is no terminal".to_owned());
    }
    if options.sandbox.timeout.is_some() {
        return Err("--timeout is for `agentos run`: a session has no end of its own".to_owned());
    }
    options.sandbox.env.insert(0, ("PS1".to_owned(), "\\u@\\h:\\w\\$ ".to_owned()));
    #[expect(
        clippy::disallowed_methods,
        reason = "what kind of terminal this is, only the user knows"
    )]
    let term = std::env::var_os("TERM").and_then(|term| term.into_string().ok());
    options.sandbox.env.insert(0, ("TERM".to_owned(), term.unwrap_or("dumb".to_owned())));
    let save = Save::prepare(&options.sandbox)?;
    let mut sandbox = sandbox::build(&options.sandbox)?;
    let size = window()?;
    let terminal = sandbox.command("bash").args(args).terminal(size);
    let mut session = Session {
        terminal: terminal.map_err(|error| error.to_string())?,
        editor: Editor::start()?,
        size,
        line: Vec::new(),
    };
    let raw = Raw::enter()?;
    let code = session.run();
    drop(raw);
    drop(session);
    save.finish(&mut sandbox)?;
    code
}

struct Session<'s> {
    terminal: Terminal<'s>,
    editor: Editor,
    size: WindowSize,
    /// What stands on the line of the cursor: the prompt, when a line is awaited.
    line: Vec<u8>,
}

impl Session<'_> {
    fn run(&mut self) -> Result<i32, String> {
        loop {
            let progress = self.step(SLICE)?;
            self.show()?;
            match progress {
                Progress::Ended(_, code) => return Ok(code),
                Progress::Running => self.keys(Duration::ZERO)?,
                Progress::Waiting(_) if self.terminal.awaits_line() => {
                    if let Some(code) = self.edit()? {
                        return Ok(code);
                    }
                }
                Progress::Waiting(left) => self.keys(left.unwrap_or(NAP).min(NAP))?,
            }
        }
    }

    fn step(&mut self, time: Duration) -> Result<Progress, String> {
        let size = window()?;
        if size != self.size {
            self.size = size;
            self.terminal.resize(size);
        }
        self.terminal.run(time).map_err(|error| error.to_string())
    }

    fn show(&mut self) -> Result<(), String> {
        let bytes = self.terminal.output();
        if bytes.is_empty() {
            return Ok(());
        }
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => self.line = bytes.get(at + 1..).unwrap_or_default().to_vec(),
            None => self.line.extend_from_slice(&bytes),
        }
        print(&bytes)
    }

    /// Passes on what is typed within some time.
    fn keys(&mut self, time: Duration) -> Result<(), String> {
        let stdin = std::io::stdin();
        let time = Timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) };
        let descriptor = stdin.as_fd();
        let mut polled = [PollFd::new(&descriptor, PollFlags::IN)];
        match rustix::event::poll(&mut polled, Some(&time)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(format!("standard input: {error}")),
        }
        let mut buffer = [0; 1024];
        // Past the buffer of std's stdin: what it kept the editor would not see.
        let read = rustix::io::read(stdin, &mut buffer);
        let count = read.map_err(|error| format!("standard input: {error}"))?;
        if count == 0 {
            return Err("the terminal is gone".to_owned());
        }
        self.terminal.input(buffer.get(..count).unwrap_or_default());
        Ok(())
    }

    /// Lets the user edit a line; the status when the command ended meanwhile.
    fn edit(&mut self) -> Result<Option<i32>, String> {
        // The editor draws the prompt itself, in the place of what is there.
        print(b"\r\x1b[K")?;
        let prompt = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        self.editor.ask(prompt)?;
        loop {
            match self.editor.answer(SLICE)? {
                Some(Answer::Line(line)) => {
                    self.terminal.input_shown(format!("{line}\n").as_bytes());
                    return Ok(None);
                }
                Some(Answer::End) => {
                    self.terminal.input_shown(b"\x04");
                    return Ok(None);
                }
                Some(Answer::Interrupted) => {
                    self.terminal.input_shown(b"\x03");
                    self.step(SLICE)?;
                    // The editor has gone to the next line already.
                    let shown = self.terminal.output();
                    let rest = shown.strip_prefix(b"\r\n").unwrap_or(&shown);
                    self.line = rest.to_vec();
                    print(rest)?;
                    return Ok(None);
                }
                Some(Answer::Complete { word, first, reply }) => {
                    let found = self.terminal.complete(&word, first);
                    // The editor may have given up meanwhile.
                    let _ = reply.send(found.map_err(|error| error.to_string())?);
                }
                None => {}
            }
            let progress = self.step(SLICE)?;
            let shown = self.terminal.output();
            if !shown.is_empty() {
                self.editor.print(String::from_utf8_lossy(&shown).into_owned())?;
            }
            if let Progress::Ended(_, code) = progress {
                return Ok(Some(code));
            }
        }
    }
}

fn print(bytes: &[u8]) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|error| format!("standard output: {error}"))
}

fn window() -> Result<WindowSize, String> {
    let size = termios::tcgetwinsize(std::io::stdout()).map_err(|error| error.to_string())?;
    Ok(WindowSize { rows: size.ws_row, cols: size.ws_col })
}

/// The user's terminal gives keys as they are typed, until this is dropped.
struct Raw {
    before: Termios,
}

impl Raw {
    fn enter() -> Result<Raw, String> {
        let failed = |error: rustix::io::Errno| format!("the terminal: {error}");
        let before = termios::tcgetattr(std::io::stdin()).map_err(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).map_err(failed)?;
        Ok(Raw { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nobody is left to tell if this fails.
        let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// What the editor's thread says.
enum Answer {
    Line(String),
    End,
    Interrupted,
    /// What could this word become, the first of a command or not?
    Complete {
        word: String,
        first: bool,
        reply: Sender<Vec<String>>,
    },
}

/// The line editor, in a thread of its own.
struct Editor {
    prompts: Sender<String>,
    answers: Receiver<Result<Answer, String>>,
    printer: Box<dyn ExternalPrinter + Send>,
}

impl Editor {
    fn start() -> Result<Editor, String> {
        let (prompts, asked) = mpsc::channel::<String>();
        let (answer, answers) = mpsc::channel();
        let config = rustyline::Config::builder()
            .completion_type(rustyline::CompletionType::List)
            .auto_add_history(true)
            .build();
        let mut editor =
            rustyline::Editor::with_config(config).map_err(|error| error.to_string())?;
        editor.set_helper(Some(Asking { answer: answer.clone() }));
        let printer = editor.create_external_printer().map_err(|error| error.to_string())?;
        #[expect(
            clippy::disallowed_methods,
            reason = "reading a line blocks; the sandbox goes on"
        )]
        std::thread::spawn(move || {
            for prompt in asked {
                let read = match editor.readline(&prompt) {
                    Ok(line) => Ok(Answer::Line(line)),
                    Err(ReadlineError::Eof) => Ok(Answer::End),
                    Err(ReadlineError::Interrupted) => Ok(Answer::Interrupted),
                    Err(error) => Err(error.to_string()),
                };
                if answer.send(read).is_err() {
                    return;
                }
            }
        });
        Ok(Editor { prompts, answers, printer: Box::new(printer) })
    }

    fn ask(&self, prompt: String) -> Result<(), String> {
        self.prompts.send(prompt).map_err(|_| GONE.to_owned())
    }

    fn answer(&self, time: Duration) -> Result<Option<Answer>, String> {
        match self.answers.recv_timeout(time) {
            Ok(answer) => answer.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(GONE.to_owned()),
        }
    }

    /// Shows text above the line that is being edited.
    fn print(&mut self, text: String) -> Result<(), String> {
        self.printer.print(text).map_err(|error| error.to_string())
    }
}

const GONE: &str = "the line editor ended";

/// Asks the session for completions.
struct Asking {
    answer: Sender<Result<Answer, String>>,
}

impl Completer for Asking {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let (start, word, first) = word_at(line.get(..pos).unwrap_or_default());
        let (reply, found) = mpsc::channel();
        let asked = self.answer.send(Ok(Answer::Complete { word, first, reply }));
        Ok((start, asked.ok().and_then(|()| found.recv().ok()).unwrap_or_default()))
    }
}

impl Helper for Asking {}
impl Highlighter for Asking {}
impl Validator for Asking {}
impl Hinter for Asking {
    type Hint = String;
}

/// The word that ends a text: where it starts, what it is unquoted, and whether it is the first of a
/// command.
fn word_at(text: &str) -> (usize, String, bool) {
    let (mut start, mut word, mut first, mut quote) = (0, String::new(), true, None);
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (None, '\\') => word.extend(characters.next().map(|(_, next)| next)),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, ' ' | '\t' | '|' | '&' | ';' | '(' | '<' | '>') => {
                let ends_command = matches!(character, '|' | '&' | ';' | '(');
                let redirects = matches!(character, '<' | '>');
                first = ends_command || (first && word.is_empty() && !redirects);
                word.clear();
                start = at + character.len_utf8();
            }
            _ => word.push(character),
        }
    }
    (start, word, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_the_shell_splits_them() {
        let at = |text| word_at(text);
        assert_eq!(at("ec"), (0, "ec".to_owned(), true));
        assert_eq!(at("  ec"), (2, "ec".to_owned(), true));
        assert_eq!(at("cat /e"), (4, "/e".to_owned(), false));
        assert_eq!(at("cat a b"), (6, "b".to_owned(), false));
        assert_eq!(at("a | so"), (4, "so".to_owned(), true));
        assert_eq!(at("a;so"), (2, "so".to_owned(), true));
        assert_eq!(at("a >/de"), (3, "/de".to_owned(), false));
        assert_eq!(at(r"cat a\ b"), (4, "a b".to_owned(), false));
        assert_eq!(at("cat 'a b"), (4, "a b".to_owned(), false));
        assert_eq!(at(""), (0, String::new(), true));
        assert_eq!(at("cat "), (4, String::new(), false));
    }
}
