//! Arithmetic text: `$(( ))`, `$[ ]`, `(( ))`, `for (( ))`, `${x:offset:length}`.
//!
//! It is expanded like a double-quoted string and evaluated later; here only its end and the
//! parts in it are found.

use super::super::ast::{Word, WordPart};
use super::super::error::ParseError;
use super::super::input::Mark;
use super::{DoubleEnd, Parts, Quoting};
use crate::syntax::Grammar;

/// Where arithmetic text ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::syntax) enum ArithEnd {
    /// Where this many bytes follow.
    Remaining(usize),
    /// At a `;` outside parentheses, or where this many bytes follow.
    Semicolon(usize),
    /// At `}`, or a `:` that belongs to no `?`.
    Slice,
    /// At the end of the text.
    Text,
}

impl Grammar<'_> {
    /// `$(`: arithmetic if a second `(` follows and both are closed together, else a command.
    pub(super) fn dollar_parenthesis(
        &mut self,
        parts: &mut Parts,
        mark: Mark,
    ) -> Result<(), ParseError> {
        match self.arithmetic_end() {
            Some(end) => {
                self.input.pos += 2;
                let word = self.arithmetic(ArithEnd::Remaining(end), mark)?;
                self.input.pos += 2;
                parts.push(WordPart::Arith(word));
                Ok(())
            }
            None => self.command_substitution(parts, mark),
        }
    }

    /// Whether `((` stands here and is closed by `))`: how many bytes follow the expression.
    pub(in crate::syntax) fn arithmetic_end(&self) -> Option<usize> {
        let start = self.input.pos;
        if self.input.at(start + 1) != b'(' {
            return None;
        }
        let close = self.find_closing(start + 2, b')')?;
        if self.input.at(close + 1) != b')' {
            return None;
        }
        Some(self.input.remaining() - (close - start))
    }

    /// `$[ … ]`, from the bracket.
    pub(super) fn old_arithmetic(
        &mut self,
        parts: &mut Parts,
        mark: Mark,
    ) -> Result<(), ParseError> {
        let start = self.input.pos;
        let Some(close) = self.find_closing(start + 1, b']') else {
            return Err(self.unclosed(mark, b']'));
        };
        let end = self.input.remaining() - (close - start);
        self.input.pos += 1;
        let word = self.arithmetic(ArithEnd::Remaining(end), mark)?;
        self.input.pos += 1;
        parts.push(WordPart::Arith(word));
        Ok(())
    }

    /// Arithmetic text up to its end, which is not taken.
    pub(in crate::syntax) fn arithmetic(
        &mut self,
        end: ArithEnd,
        open: Mark,
    ) -> Result<Word, ParseError> {
        self.enter(open)?;
        let mark = self.input.mark();
        let mut parts = Parts::default();
        let mut parentheses = 0_usize;
        let mut questions = 0_usize;
        loop {
            if let ArithEnd::Remaining(count) | ArithEnd::Semicolon(count) = end
                && self.input.remaining() <= count
            {
                break;
            }
            match self.input.peek() {
                0 if end == ArithEnd::Text => break,
                0 => return Err(self.unclosed(open, b'}')),
                b'}' if end == ArithEnd::Slice => break,
                b':' if end == ArithEnd::Slice && parentheses == 0 && questions == 0 => break,
                b';' if matches!(end, ArithEnd::Semicolon(_)) && parentheses == 0 => break,
                b'"' => {
                    let inner = self.double_quoted()?;
                    parts.push(WordPart::DoubleQuoted(inner));
                    continue;
                }
                b'\\' => {
                    self.double_escape(&mut parts, DoubleEnd::Quote);
                    continue;
                }
                b'$' => {
                    self.dollar(&mut parts, Quoting::HereDoc)?;
                    continue;
                }
                b'`' => {
                    self.backquote(&mut parts, Quoting::HereDoc)?;
                    continue;
                }
                b'[' => {
                    let end = match end {
                        ArithEnd::Remaining(count) | ArithEnd::Semicolon(count) => count,
                        ArithEnd::Slice | ArithEnd::Text => 0,
                    };
                    if let Some(subscript) = self.arithmetic_subscript(end)? {
                        parts.push(WordPart::Subscript(subscript));
                        continue;
                    }
                }
                b'(' => parentheses += 1,
                b')' => parentheses = parentheses.saturating_sub(1),
                b'?' => questions += 1,
                b':' => questions = questions.saturating_sub(1),
                _ => {}
            }
            self.take_literal(&mut parts, 1);
        }
        self.leave();
        Ok(parts.word(self.input.span(mark)))
    }

    /// `[…]` whose text is not as plain as it looks: the word between the brackets.
    fn arithmetic_subscript(&mut self, remaining: usize) -> Result<Option<Word>, ParseError> {
        let mark = self.input.mark();
        let Some(close) = self.find_closing(self.input.pos + 1, b']') else { return Ok(None) };
        let text = self.input.slice(self.input.pos + 1, close);
        let left = self.input.remaining() - (close - self.input.pos);
        if left <= remaining || !text.iter().any(|byte| b"$`'\"\\".contains(byte)) {
            return Ok(None);
        }
        self.input.pos += 1;
        self.subscript(mark).map(Some)
    }
}
