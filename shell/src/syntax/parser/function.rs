//! Function definitions and coprocesses.

use std::sync::Arc;

use crate::syntax::Grammar;
use crate::syntax::ast::{Command, CompoundCommand, Coproc, FunctionDef, Word, WordPart};
use crate::syntax::error::ParseError;
use crate::syntax::input::Mark;

/// A coprocess's name and body.
type Named = (Option<Box<[u8]>>, Command);

impl Grammar<'_> {
    /// `name ()`, from the parenthesis; the name began where `begin` bytes followed.
    pub(super) fn function_parentheses(
        &mut self,
        mark: Mark,
        word: &Word,
        begin: usize,
    ) -> Result<Command, ParseError> {
        let name: Box<[u8]> = match &*word.parts {
            [WordPart::Literal(text)] => text.clone(),
            _ => trim_end(self.input.since(self.input.position_of(begin))).into(),
        };
        self.input.pos += 1;
        self.expect_operator(b")")?;
        self.function(mark, name, false)
    }

    /// `function name [()]`, after the word `function`.
    pub(super) fn function_keyword(&mut self, mark: Mark) -> Result<Command, ParseError> {
        let name = self.required_raw_word()?;
        if self.next_byte() == b'(' {
            let before = self.input.pos;
            self.input.pos += 1;
            if self.next_byte() == b')' {
                self.input.pos += 1;
            } else {
                self.input.pos = before;
            }
        }
        self.function(mark, name, true)
    }

    fn function(
        &mut self,
        mark: Mark,
        name: Box<[u8]>,
        keyword: bool,
    ) -> Result<Command, ParseError> {
        self.newlines()?;
        let body = match self.optional_compound()? {
            Some(body) => body,
            None => return Err(self.unexpected()),
        };
        let span = self.input.span(mark);
        Ok(Command::Function(Arc::new(FunctionDef { name, keyword, body, span })))
    }

    /// A compound command, if one begins here.
    fn optional_compound(&mut self) -> Result<Option<CompoundCommand>, ParseError> {
        self.skip_blanks();
        let mark = self.input.mark();
        let keyword = if self.input.peek() == b'(' {
            None
        } else {
            match self.peek_keyword() {
                Some((keyword, end)) if keyword.begins_compound() => {
                    self.input.pos = end;
                    Some(keyword)
                }
                _ => return Ok(None),
            }
        };
        match self.compound(keyword, mark)? {
            Command::Compound(compound) => Ok(Some(compound)),
            _ => Ok(None),
        }
    }

    /// `coproc [NAME] command`, after the word `coproc`.
    pub(super) fn coproc(&mut self, mark: Mark) -> Result<Command, ParseError> {
        self.enter(mark)?;
        let (name, body) = self.coproc_body()?;
        self.leave();
        let span = self.input.span(mark);
        Ok(Command::Coproc(Coproc { name, body: Arc::new(body), span }))
    }

    fn coproc_body(&mut self) -> Result<Named, ParseError> {
        if let Some(compound) = self.optional_compound()? {
            return Ok((None, Command::Compound(compound)));
        }
        let before = self.input.remaining();
        let mark = self.input.mark();
        // A word before a compound command is the coprocess's name.
        if self.plain_word_end().is_some() && self.peek_keyword().is_none() {
            let name = self.required_raw_word()?;
            if let Some(compound) = self.optional_compound()? {
                return Ok((Some(name), Command::Compound(compound)));
            }
            self.input.pos = self.input.position_of(before);
        }
        Ok((None, self.simple(mark)?))
    }
}

fn trim_end(raw: &[u8]) -> &[u8] {
    let end = raw.iter().rposition(|b| !matches!(b, b' ' | b'\t')).map_or(0, |p| p + 1);
    &raw[..end]
}
