//! Lists, and-or lists and pipelines.

use std::sync::Arc;

use crate::syntax::Grammar;
use crate::syntax::ast::{AndOr, AndOrOp, Command, List, ListItem, Pipeline, Timed};
use crate::syntax::error::ParseError;
use crate::syntax::token::Keyword;

impl Grammar<'_> {
    /// A list up to whatever cannot continue it; may be empty.
    pub(in crate::syntax) fn list(&mut self) -> Result<List, ParseError> {
        let mut list = List::default();
        loop {
            self.newlines()?;
            self.command_start()?;
            if self.input.peek() == b'\n' {
                continue;
            }
            if self.at_list_end() || !self.list_item(&mut list)? {
                return Ok(list);
            }
        }
    }

    /// A list that is not empty.
    pub(in crate::syntax) fn compound_list(&mut self) -> Result<List, ParseError> {
        let list = self.list()?;
        if list.items.is_empty() { Err(self.unexpected()) } else { Ok(list) }
    }

    /// An and-or list and its separator; whether another may follow.
    pub(in crate::syntax) fn list_item(&mut self, list: &mut List) -> Result<bool, ParseError> {
        let and_or = Arc::new(self.and_or()?);
        let (background, more) = match self.next_byte() {
            b';' if !self.at_list_end() => {
                self.input.pos += 1;
                (false, true)
            }
            b'&' => {
                self.input.pos += 1;
                (true, true)
            }
            b'\n' => (false, true),
            _ => (false, false),
        };
        list.items.push(ListItem { and_or, background });
        Ok(more)
    }

    fn and_or(&mut self) -> Result<AndOr, ParseError> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let op = if self.take_operator(b"&&") {
                AndOrOp::And
            } else if self.take_operator(b"||") {
                AndOrOp::Or
            } else {
                return Ok(AndOr { first, rest });
            };
            self.newlines()?;
            rest.push((op, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, ParseError> {
        self.command_start()?;
        let mark = self.input.mark();
        let (timed, negated, prefixed) = self.pipeline_prefix()?;
        let mut commands = Vec::new();
        let mut pipe_stderr = Vec::new();
        if !prefixed || !matches!(self.next_byte(), b'\n' | b';' | 0) {
            commands.reserve_exact(1);
            commands.push(self.command()?);
            while let Some(stderr) = self.take_pipe() {
                pipe_stderr.push(stderr);
                self.newlines()?;
                self.command_start()?;
                commands.push(self.command()?);
            }
        }
        let span = self.input.span(mark);
        Ok(Pipeline { timed, negated, commands, pipe_stderr, span })
    }

    /// `time`, `time -p` and `!` in any order; whether there were any.
    fn pipeline_prefix(&mut self) -> Result<(Option<Timed>, bool, bool), ParseError> {
        let mut timed = None;
        let mut negated = false;
        let mut prefixed = false;
        loop {
            match self.peek_keyword() {
                Some((Keyword::Bang, end)) => {
                    negated = !negated;
                    self.input.pos = end;
                }
                Some((Keyword::Time, end)) => {
                    self.input.pos = end;
                    timed = timed.or(Some(Timed::Bash));
                    if self.take_plain_word(b"-p") {
                        timed = Some(Timed::Posix);
                    }
                    self.take_plain_word(b"--");
                }
                _ => return Ok((timed, negated, prefixed)),
            }
            prefixed = true;
            self.command_start()?;
        }
    }

    /// Takes the unquoted word `text` if it stands here.
    fn take_plain_word(&mut self, text: &[u8]) -> bool {
        self.skip_blanks();
        let start = self.input.pos;
        match self.plain_word_end() {
            Some(end) if self.input.slice(start, end) == text => {
                self.input.pos = end;
                true
            }
            _ => false,
        }
    }

    /// Takes `|` or `|&`; whether it was the second.
    fn take_pipe(&mut self) -> Option<bool> {
        self.skip_blanks();
        if self.input.peek() != b'|' || self.at_operator(b"||") {
            return None;
        }
        if self.take_operator(b"|&") {
            return Some(true);
        }
        self.input.pos += 1;
        Some(false)
    }

    /// One command of a pipeline.
    pub(in crate::syntax) fn command(&mut self) -> Result<Command, ParseError> {
        let mark = self.input.mark();
        if self.input.peek() == b'(' {
            return self.compound(None, mark);
        }
        match self.peek_keyword() {
            None => self.simple(mark),
            Some((Keyword::Function, end)) => {
                self.input.pos = end;
                self.function_keyword(mark)
            }
            Some((Keyword::Coproc, end)) => {
                self.input.pos = end;
                self.coproc(mark)
            }
            // After `|`, `time` is an ordinary word.
            Some((Keyword::Time, _)) => self.simple(mark),
            Some((keyword, end)) if keyword.begins_compound() => {
                self.input.pos = end;
                self.compound(Some(keyword), mark)
            }
            Some(_) => Err(self.unexpected()),
        }
    }
}
