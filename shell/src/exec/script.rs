//! Running text: a script, `-c`, standard input, `eval`, traps, `source`.
//!
//! Commands are run as they are read, so that a later syntax error does not stop earlier ones
//! and aliases and options hold from the next line.

use std::ops::Range;
use std::sync::Arc;

use kernel::Signal;
use vfs::{Errno, OFlags, Whence};

use super::Outcome;
use bstr::ByteSlice;

use crate::env::{SetOption, Shopt, footprint};
use crate::shell::{Shell, Source};
use crate::syntax::{ParseError, ParseOptions, Parser};
use crate::sys::{Deep, Fd};
use crate::unwind::Unwind;

/// What reading a line came to.
pub(crate) enum LineRead {
    /// A line with its newline; the last one may have none.
    Line(Vec<u8>),
    End,
    Interrupted,
}

impl Shell {
    fn parse_options(&self, first_line: u32) -> ParseOptions {
        ParseOptions {
            posix: self.env.is(SetOption::Posix),
            extglob: self.env.shopt(Shopt::Extglob),
            comments: !self.interactive || self.env.shopt(Shopt::InteractiveComments),
            first_line,
        }
    }

    /// A parser of text that is about to run.
    fn parser(&mut self, text: &[u8], line: u32) -> Parser {
        self.names_bash_command |= text.contains_str("BASH_COMMAND");
        Parser::new(text, self.parse_options(line))
    }

    /// Looks up what the parser asks.
    fn alias_table(&self) -> impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static {
        let expand = self.env.shopt(Shopt::ExpandAliases) || self.env.is(SetOption::Posix);
        let table = Arc::clone(&self.env.aliases);
        move |name: &[u8]| table.get(name).filter(|_| expand).cloned()
    }

    /// Runs text inside of a running command: `eval`, a trap. Errors unwind it.
    /// `reader` is what messages about its syntax name, if anything.
    pub(crate) fn run_text<'a>(
        &'a mut self,
        text: &'a [u8],
        line: u32,
        reader: &'static str,
    ) -> Deep<'a, Outcome> {
        Deep::new(async move {
            if text.len() > self.parsable() {
                return Err(self.exhausted());
            }
            self.enter()?;
            // `set -x` shows that this is inside of something; not so of what runs after `-c`.
            let last = self.in_trap.exit && self.source == Source::Text;
            let level = self.trace_level;
            self.trace_level += u32::from(!last);
            let errexit_off = self.errexit_off;
            self.errexit_off |= self.tested;
            let result = self.run_commands(text, line, reader).await;
            self.errexit_off = errexit_off;
            self.trace_level = level;
            self.leave();
            result
        })
    }

    async fn run_commands(&mut self, text: &[u8], line: u32, reader: &str) -> Outcome {
        let mut parser = self.parser(text, line);
        self.env.status = if text.trim_ascii().is_empty() { 0 } else { self.env.status };
        loop {
            parser.set_options(self.parse_options(line));
            let start = parser.position();
            let list = match parser.next_command(&self.alias_table()) {
                Ok(Some(list)) => list,
                Ok(None) => return Ok(()),
                Err(error) if error.drops_line() => {
                    self.say_syntax_error(&error, text, reader);
                    self.env.status = 1;
                    parser.skip_line();
                    continue;
                }
                Err(error) => {
                    self.say_syntax_error(&error, text, reader);
                    let status = 2;
                    self.env.status = status;
                    // Ends what was read; POSIX shells end altogether.
                    return if self.env.is(SetOption::Posix) && !self.interactive {
                        Err(Unwind::Exit(status))
                    } else {
                        Ok(())
                    };
                }
            };
            self.say_warnings(&mut parser, text);
            self.show_read(text, start..parser.position());
            let (depth, tested, loops) = (self.env.variables.depth(), self.tested, self.loops);
            match self.run_list(&list).await {
                // What follows on later lines of this text still runs, but not in a subshell.
                Err(Unwind::Error(status)) if !self.in_subshell => {
                    self.env.status = status;
                    self.recover(depth);
                    (self.tested, self.loops) = (tested, loops);
                }
                result => result?,
            }
        }
    }

    /// `set -v`: shows what has been read.
    fn show_read(&mut self, text: &[u8], range: Range<usize>) {
        if self.env.is(SetOption::Verbose) {
            let end = range.end.min(text.len());
            let mut read = text.get(range.start..end).unwrap_or_default().to_vec();
            if read.last() != Some(&b'\n') {
                read.push(b'\n');
            }
            self.print_error(&read);
        }
    }

    /// Says which here-documents the end of the text has cut off.
    fn say_warnings(&mut self, parser: &mut Parser, text: &[u8]) {
        let line = self.env.line;
        for warning in parser.take_warnings() {
            let after = u32::from(text.ends_with(b"\n"));
            self.env.line = warning.line.saturating_sub(after).max(warning.from);
            self.complain(warning.message());
        }
        self.env.line = line;
    }

    /// Runs the text of a script or of `-c`: an error ends one command, not the script.
    pub(crate) async fn run_script(&mut self, text: &[u8]) -> Outcome {
        let mut parser = self.parser(text, 1);
        loop {
            parser.set_options(self.parse_options(1));
            let start = parser.position();
            let list = match parser.next_command(&self.alias_table()) {
                Ok(Some(list)) => list,
                Ok(None) => return Ok(()),
                Err(error) if error.drops_line() => {
                    self.say_syntax_error(&error, text, "");
                    self.env.status = 1;
                    parser.skip_line();
                    continue;
                }
                Err(error) => {
                    self.say_syntax_error(&error, text, "");
                    self.env.status = 2;
                    return Err(Unwind::Exit(2));
                }
            };
            self.say_warnings(&mut parser, text);
            self.show_read(text, start..parser.position());
            if self.env.is(SetOption::Noexec) {
                continue;
            }
            self.run_top(&list).await?;
            if self.env.is(SetOption::Onecmd) {
                return Ok(());
            }
        }
    }

    /// Runs a command of the topmost level.
    async fn run_top(&mut self, list: &crate::syntax::ast::List) -> Outcome {
        let depth = self.env.variables.depth();
        match self.run_list(list).await {
            Err(Unwind::Abandon(status)) if self.in_subshell || self.source == Source::Text => {
                Err(Unwind::Exit(status))
            }
            Err(Unwind::Error(status) | Unwind::Abandon(status)) => {
                self.env.status = status;
                self.recover(depth);
                Ok(())
            }
            Err(Unwind::Break(_) | Unwind::Continue(_)) => Ok(()),
            result => result,
        }
    }

    /// After an error nothing of what was running is left.
    fn recover(&mut self, depth: u32) {
        while self.env.variables.depth() > depth {
            self.env.pop_scope();
        }
        self.tested = false;
        self.loops = 0;
        self.builtin = None;
        self.replaceable = false;
    }

    /// Runs the commands that a descriptor gives, never reading beyond the current one.
    pub(crate) async fn run_stdin(&mut self, fd: Fd) -> Outcome {
        let mut text: Vec<u8> = Vec::new();
        let mut first_line = 1;
        loop {
            self.prompt(text.is_empty()).await;
            let at_end = match self.read_script_line(fd).await {
                LineRead::Line(line) => {
                    if self.env.is(SetOption::Verbose) {
                        self.print_error(&line);
                    }
                    text.extend_from_slice(&line);
                    if text.len() > self.parsable() {
                        return Err(self.exhausted());
                    }
                    false
                }
                LineRead::End => true,
                LineRead::Interrupted => {
                    text.clear();
                    self.env.status = 130;
                    continue;
                }
            };
            if text.is_empty() {
                if at_end {
                    return Ok(());
                }
                continue;
            }
            if !at_end && continues(&text) {
                continue;
            }
            match self.parse_piece(&text, first_line, at_end) {
                Piece::More => continue,
                Piece::Bad(error) => {
                    self.say_syntax_error(&error, &text, "");
                    self.env.status = 2;
                    if !self.interactive {
                        return Err(Unwind::Exit(2));
                    }
                }
                Piece::Lists(lists) => {
                    first_line += count_lines(&text);
                    text.clear();
                    for list in lists {
                        if self.env.is(SetOption::Noexec) {
                            continue;
                        }
                        match self.run_top(&list).await {
                            Err(Unwind::Exit(_)) if self.exit_refused() => {}
                            result => result?,
                        }
                        if self.env.is(SetOption::Onecmd) {
                            return Ok(());
                        }
                    }
                    if at_end {
                        return Ok(());
                    }
                    continue;
                }
            }
            first_line += count_lines(&text);
            text.clear();
            if at_end {
                return Ok(());
            }
        }
    }

    /// Room for `checkjobs`; nothing refuses an exit now.
    fn exit_refused(&self) -> bool {
        false
    }

    /// Parses what has been read so far.
    fn parse_piece(&mut self, text: &[u8], first_line: u32, at_end: bool) -> Piece {
        let mut parser = self.parser(text, first_line);
        let mut lists = Vec::new();
        loop {
            match parser.next_command(&self.alias_table()) {
                Ok(Some(list)) => lists.push(list),
                Ok(None) => break,
                Err(error) if error.is_incomplete() && !at_end => return Piece::More,
                Err(error) => return Piece::Bad(error),
            }
        }
        let warnings = parser.take_warnings();
        if !warnings.is_empty() {
            if !at_end {
                return Piece::More;
            }
            for warning in warnings {
                self.complain(warning.message());
            }
        }
        Piece::Lists(lists)
    }

    async fn prompt(&mut self, first: bool) {
        if !self.interactive {
            return;
        }
        if first {
            self.announce_jobs().await;
        }
        let name: &[u8] = if first { b"PS1" } else { b"PS2" };
        let text = self.env.get(name).map(|value| value.into_owned()).unwrap_or_default();
        let prompt = self.expand_prompt(&text).await.unwrap_or(text);
        self.print_error(&prompt);
        self.flush_errors().await;
    }

    /// How many bytes of text there is memory for once it is parsed. For some there always is.
    pub(crate) fn parsable(&self) -> usize {
        const LITTLE: usize = 16 << 10;
        (self.sys.room() / footprint::PARSED).max(LITTLE)
    }

    /// One line; what follows it stays unread.
    ///
    /// An interactive shell that is interrupted forgets what it read: [`LineRead::Interrupted`].
    pub(crate) async fn read_script_line(&mut self, fd: Fd) -> LineRead {
        let seekable = self.sys.with(|k, pid| k.lseek(pid, fd, 0, Whence::Cur)).is_ok();
        let mut line = Vec::new();
        let mut block = [0; 1024];
        loop {
            let want = if seekable { block.len() } else { 1 };
            let read = self.sys.read(fd, block.get_mut(..want).unwrap_or_default()).await;
            let bytes = match read {
                Ok(0) => break,
                Ok(count) => block.get(..count).unwrap_or_default(),
                Err(Errno::EINTR) => {
                    self.collect_signals();
                    let interrupted = self.interactive && self.pending.contains(&Signal::INT);
                    match self.run_signal_traps().await {
                        Err(Unwind::Error(_)) if interrupted => return LineRead::Interrupted,
                        Err(_) => break,
                        Ok(()) => continue,
                    }
                }
                Err(_) => break,
            };
            if let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                line.extend_from_slice(bytes.get(..=end).unwrap_or_default());
                let extra = bytes.len() - end - 1;
                if extra > 0 {
                    let back = -(extra as i64);
                    let _ = self.sys.with(|k, pid| k.lseek(pid, fd, back, Whence::Cur));
                }
                return LineRead::Line(line);
            }
            line.extend_from_slice(bytes);
            if line.len() > self.parsable() {
                return LineRead::Line(line);
            }
        }
        if line.is_empty() { LineRead::End } else { LineRead::Line(line) }
    }

    /// The whole content of a file.
    ///
    /// # Errors
    /// Those of `open(2)` and `read(2)`.
    pub(crate) async fn read_file(&mut self, path: &[u8]) -> vfs::Result<Vec<u8>> {
        let fd = self.sys.open(path, OFlags::READ | OFlags::CLOEXEC, 0).await?;
        let is_dir = self.sys.with(|kernel, pid| kernel.fstat(pid, fd))?.is_dir();
        if is_dir {
            let _ = self.sys.close(fd);
            return Err(Errno::EISDIR);
        }
        let mut text = Vec::new();
        let mut block = vec![0; 16 * 1024];
        let result = loop {
            match self.sys.read(fd, &mut block).await {
                Ok(0) => break Ok(text),
                Ok(_) if text.len() > self.parsable() => {
                    self.sys.refuse();
                    break Err(Errno::ENOMEM);
                }
                Ok(count) => text.extend_from_slice(block.get(..count).unwrap_or_default()),
                Err(Errno::EINTR) => self.collect_signals(),
                Err(error) => break Err(error),
            }
        };
        let _ = self.sys.close(fd);
        result
    }

    /// `bash: line 3: syntax error near unexpected token …`, and the line itself.
    pub(crate) fn say_syntax_error(&mut self, error: &ParseError, text: &[u8], reader: &str) {
        let outer = self.builtin.take();
        let line = self.env.line;
        self.env.line = if error.is_incomplete() {
            error.span.line.max(1).max(count_lines(text).max(1))
        } else {
            error.span.line.max(1)
        };
        if self.carets {
            let name = String::from_utf8_lossy(&self.env.arg0).into_owned();
            let shown = error.render(text, &name);
            self.print_error(shown.as_bytes());
        } else {
            let dash_c = matches!(self.source, Source::Text) && self.env.frames.is_empty();
            let mut said = self.message_prefix();
            let reader = if reader.is_empty() && dash_c { "-c" } else { reader };
            if !reader.is_empty() && !self.interactive {
                let number = format!("line {}: ", self.env.line);
                said.truncate(said.len() - number.len());
                said.extend_from_slice(format!("{reader}: {number}").as_bytes());
            }
            let head = said.clone();
            said.extend_from_slice(&error.message());
            said.push(b'\n');
            if error.repeats_line() {
                said.extend_from_slice(&head);
                said.push(b'`');
                said.extend_from_slice(error.line_text(text));
                said.extend_from_slice(b"'\n");
            }
            self.print_error(&said);
        }
        self.env.line = line;
        self.builtin = outer;
    }

    /// Becomes the shell of another script: nothing but the exported variables is left.
    pub(crate) async fn become_script(
        &mut self,
        path: Vec<u8>,
        args: Vec<Vec<u8>>,
        environ: Vec<Vec<u8>>,
        text: Vec<u8>,
    ) -> Outcome {
        let mut env = crate::env::Env::new(Arc::new(self.sys.clone()), &environ);
        env.arg0 = path.as_slice().into();
        env.script = Some(path.as_slice().into());
        env.set_positional(args.into_iter().skip(1).collect());
        let source = Source::File(path.into());
        *self = Shell::new(env, self.sys.clone(), source);
        self.import_functions(&environ).await;
        self.run_script(&text).await
    }
}

enum Piece {
    More,
    Bad(ParseError),
    Lists(Vec<crate::syntax::ast::List>),
}

fn count_lines(text: &[u8]) -> u32 {
    text.iter().filter(|byte| **byte == b'\n').count() as u32
}

/// Whether the last line ends in a backslash that joins the next one to it.
fn continues(text: &[u8]) -> bool {
    let Some(line) = text.strip_suffix(b"\n") else { return false };
    line.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}
