//! `for`, `select`, `while`, `until`.

use crate::syntax::Grammar;
use crate::syntax::ast::{CompoundKind, List, Word};
use crate::syntax::error::ParseError;
use crate::syntax::input::Mark;
use crate::syntax::token::Keyword;
use crate::syntax::word::arith::ArithEnd;

/// A loop's name, its words if it has `in`, and its body.
type Loop = (Box<[u8]>, Option<Vec<Word>>, List);

impl Grammar<'_> {
    pub(super) fn while_command(&mut self, until: bool) -> Result<CompoundKind, ParseError> {
        let condition = self.compound_list()?;
        self.expect_keyword(Keyword::Do)?;
        let body = self.compound_list()?;
        self.expect_keyword(Keyword::Done)?;
        Ok(CompoundKind::While { until, condition, body })
    }

    pub(super) fn for_command(&mut self, mark: Mark) -> Result<CompoundKind, ParseError> {
        if self.next_byte() == b'(' {
            return self.arithmetic_for(mark);
        }
        let (name, words, body) = self.loop_over_words()?;
        Ok(CompoundKind::For { name, words, body })
    }

    pub(super) fn select_command(&mut self) -> Result<CompoundKind, ParseError> {
        let (name, words, body) = self.loop_over_words()?;
        Ok(CompoundKind::Select { name, words, body })
    }

    fn loop_over_words(&mut self) -> Result<Loop, ParseError> {
        self.argument_start()?;
        let name = self.required_raw_word()?;
        self.argument_start()?;
        if self.next_byte() == b';' && !self.at_list_end() {
            self.input.pos += 1;
            self.newlines()?;
            return Ok((name, None, self.do_group()?));
        }
        self.newlines()?;
        if !self.take_keyword(Keyword::In) {
            return Ok((name, None, self.do_group()?));
        }
        let mut words = Vec::new();
        loop {
            self.argument_start()?;
            match self.input.peek() {
                b'\n' => break,
                b';' if !self.at_list_end() => {
                    self.input.pos += 1;
                    break;
                }
                _ => words.push(self.required_word()?),
            }
        }
        self.newlines()?;
        Ok((name, Some(words), self.do_group()?))
    }

    /// `do list done` or `{ list }`
    fn do_group(&mut self) -> Result<List, ParseError> {
        if self.take_keyword(Keyword::OpenBrace) {
            return self.braces();
        }
        self.expect_keyword(Keyword::Do)?;
        let body = self.compound_list()?;
        self.expect_keyword(Keyword::Done)?;
        Ok(body)
    }

    /// `for (( init; condition; update ))`, from the parentheses.
    fn arithmetic_for(&mut self, mark: Mark) -> Result<CompoundKind, ParseError> {
        let Some(end) = self.arithmetic_end() else {
            self.input.pos += 1;
            if self.input.peek() == b'(' && self.find_closing(self.input.pos + 1, b')').is_none() {
                return Err(self.unclosed(mark, b')'));
            }
            self.input.pos -= 1;
            return Err(self.unexpected());
        };
        self.input.pos += 2;
        let init = self.for_part(end, mark)?;
        self.expect_semicolon()?;
        let condition = self.for_part(end, mark)?;
        self.expect_semicolon()?;
        let update = self.for_part(end, mark)?;
        if self.input.remaining() > end {
            return Err(self.unexpected());
        }
        self.input.pos += 2;
        if self.next_byte() == b';' && !self.at_list_end() {
            self.input.pos += 1;
        }
        self.newlines()?;
        Ok(CompoundKind::ArithFor { init, condition, update, body: self.do_group()? })
    }

    fn for_part(&mut self, end: usize, mark: Mark) -> Result<Word, ParseError> {
        while self.at_blank() && self.input.remaining() > end {
            self.input.pos += 1;
        }
        self.arithmetic(ArithEnd::Semicolon(end), mark)
    }

    fn expect_semicolon(&mut self) -> Result<(), ParseError> {
        if self.input.peek() != b';' {
            return Err(self.unexpected());
        }
        self.input.pos += 1;
        Ok(())
    }
}
