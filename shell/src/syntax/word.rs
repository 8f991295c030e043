//! Words: unquoted text, quotes, escapes. What follows a `$` is in `word/dollar` and below.

pub(super) mod ansi_c;
pub(super) mod arith;
mod braced;
mod command;
mod dollar;
mod scan;

use super::Grammar;
use super::ast::{Word, WordPart};
use super::class::{DOUBLE, EXTGLOB, META, QUOTE, class};
use super::error::{Incomplete, ParseError, ParseErrorKind};
use super::input::Mark;
use super::source::Span;

/// Which unquoted characters do not end a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WordRule {
    /// Metacharacters end it.
    Plain,
    /// `@(…)` and its kin belong to it.
    ExtGlob,
    /// The right side of `=~`: `(…)` and `|` belong to it.
    Regex,
}

/// What stands around a `$` or backquote.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Nothing.
    Unquoted,
    /// `"…"`
    Double,
    /// The word of `${…}` inside double quotes or a here-document.
    DoubleBrace,
    /// A here-document's body, or arithmetic.
    HereDoc,
}

/// Where quoted text ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DoubleEnd {
    /// At the `"`.
    Quote,
    /// At the `}`.
    Brace,
    /// At the end of the text.
    Text,
    /// At the `"` that closes one inside of braces that are quoted themselves.
    Inner,
}

/// Where unquoted text inside brackets ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Enclosure {
    /// At `}`.
    Brace,
    /// At `/` or `}`.
    Slash,
    /// At the `]` that matches.
    Bracket,
}

/// A word being built: adjacent literal text becomes one part.
#[derive(Default)]
pub(super) struct Parts {
    parts: Vec<WordPart>,
    literal: Vec<u8>,
}

impl Parts {
    pub(super) fn literal(&mut self, bytes: &[u8]) {
        self.literal.extend_from_slice(bytes);
    }

    pub(super) fn push(&mut self, part: WordPart) {
        self.flush();
        self.parts.push(part);
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(WordPart::Literal(self.literal.as_slice().into()));
            self.literal.clear();
        }
    }

    pub(super) fn finish(mut self) -> Vec<WordPart> {
        self.flush();
        self.parts
    }

    pub(super) fn word(self, span: Span) -> Word {
        Word { parts: self.finish(), span }
    }
}

impl Grammar<'_> {
    /// A word of a command; nothing if a metacharacter stands here.
    pub(super) fn word(&mut self) -> Result<Word, ParseError> {
        let rule = if self.options.extglob { WordRule::ExtGlob } else { WordRule::Plain };
        self.word_with(rule)
    }

    /// A word under another rule.
    pub(super) fn word_with(&mut self, rule: WordRule) -> Result<Word, ParseError> {
        let mark = self.input.mark();
        let start = self.input.pos;
        let stops = META | QUOTE | if rule == WordRule::Plain { 0 } else { EXTGLOB };
        self.skip_until(stops);
        let next = self.input.peek();
        if class(next) & META != 0 && !self.continues_word(next, rule) {
            let parts = match self.input.since(start) {
                [] => Vec::new(),
                text => vec![WordPart::Literal(text.into())],
            };
            return Ok(Word { parts, span: self.input.span(mark) });
        }
        let mut parts = Parts::default();
        parts.literal(self.input.since(start));
        self.word_parts(&mut parts, rule)?;
        Ok(parts.word(self.input.span(mark)))
    }

    /// Whether the metacharacter `next` belongs to the word.
    fn continues_word(&self, next: u8, rule: WordRule) -> bool {
        match next {
            b'<' | b'>' => self.input.peek_at(1) == b'(',
            b'(' | b'|' => rule == WordRule::Regex,
            _ => false,
        }
    }

    #[inline]
    fn skip_until(&mut self, stops: u8) {
        while class(self.input.peek()) & stops == 0 {
            self.input.pos += 1;
        }
    }

    /// Takes `count` bytes as they are.
    pub(super) fn take_literal(&mut self, parts: &mut Parts, count: usize) {
        let start = self.input.pos;
        self.input.pos += count;
        parts.literal(self.input.since(start));
    }

    /// The parts of a word up to a metacharacter.
    pub(super) fn word_parts(
        &mut self,
        parts: &mut Parts,
        rule: WordRule,
    ) -> Result<(), ParseError> {
        let stops = META | QUOTE | if rule == WordRule::Plain { 0 } else { EXTGLOB };
        loop {
            let start = self.input.pos;
            self.skip_until(stops);
            parts.literal(self.input.since(start));
            let next = self.input.peek();
            if class(next) & EXTGLOB != 0 {
                self.take_literal(parts, 1);
                self.input.skip_continuations();
                if self.input.peek() == b'(' {
                    self.group(parts)?;
                }
            } else if class(next) & META == 0 {
                self.quoted(parts, Quoting::Unquoted)?;
            } else if !self.continues_word(next, rule) {
                return Ok(());
            } else {
                match next {
                    b'(' => self.group(parts)?,
                    b'|' => self.take_literal(parts, 1),
                    _ => self.process_substitution(parts)?,
                }
            }
        }
    }

    /// `( … )` inside a word: whatever it contains belongs to the word.
    pub(super) fn group(&mut self, parts: &mut Parts) -> Result<(), ParseError> {
        let mark = self.input.mark();
        let mut depth = 0_usize;
        loop {
            match self.input.peek() {
                0 => return Err(self.unclosed(mark, b')')),
                b'(' => depth += 1,
                b')' => depth -= 1,
                next if class(next) & QUOTE != 0 => {
                    self.quoted(parts, Quoting::Unquoted)?;
                    continue;
                }
                _ => {}
            }
            self.take_literal(parts, 1);
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// What a backslash, quote, `$` or backquote begins outside of double quotes.
    fn quoted(&mut self, parts: &mut Parts, quoting: Quoting) -> Result<(), ParseError> {
        match self.input.peek() {
            b'\\' => {
                self.escape(parts);
                Ok(())
            }
            b'\'' => {
                let part = self.single_quoted()?;
                parts.push(part);
                Ok(())
            }
            b'"' => {
                let inner = self.double_quoted()?;
                parts.push(WordPart::DoubleQuoted(inner));
                Ok(())
            }
            b'$' => self.dollar(parts, quoting),
            _ => self.backquote(parts, quoting),
        }
    }

    /// `\c`; a continuation vanishes, a backslash at the very end stands for itself.
    fn escape(&mut self, parts: &mut Parts) {
        let next = self.input.peek_at(1);
        if next == 0 || (next == b'\n' && self.input.is_added_newline(self.input.pos + 1)) {
            self.input.pos += 1;
            parts.push(WordPart::Escaped(b"\\".as_slice().into()));
        } else if next == b'\n' {
            self.input.pos += 2;
        } else {
            self.input.pos += 1;
            let start = self.input.pos;
            self.input.pos += self.character_length();
            parts.push(WordPart::Escaped(self.input.since(start).into()));
        }
    }

    /// How many bytes the character here has; 1 for a byte that is no UTF-8.
    fn character_length(&self) -> usize {
        let length = match self.input.peek() {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return 1,
        };
        let bytes = self.input.slice(self.input.pos, self.input.pos + length);
        if std::str::from_utf8(bytes).is_ok() { length } else { 1 }
    }

    /// `'…'`
    fn single_quoted(&mut self) -> Result<WordPart, ParseError> {
        let mark = self.input.mark();
        self.input.pos += 1;
        let start = self.input.pos;
        loop {
            match self.input.peek() {
                0 => return Err(self.unclosed(mark, b'\'')),
                b'\'' => break,
                _ => self.input.pos += 1,
            }
        }
        let part = WordPart::SingleQuoted(self.input.since(start).into());
        self.input.pos += 1;
        Ok(part)
    }

    /// `"…"`: its parts.
    pub(super) fn double_quoted(&mut self) -> Result<Vec<WordPart>, ParseError> {
        self.double_quoted_to(DoubleEnd::Quote)
    }

    fn double_quoted_to(&mut self, end: DoubleEnd) -> Result<Vec<WordPart>, ParseError> {
        let mark = self.input.mark();
        self.enter(mark)?;
        self.input.pos += 1;
        let mut parts = Parts::default();
        self.double_parts(&mut parts, end, mark)?;
        self.input.pos += 1;
        self.leave();
        Ok(parts.finish())
    }

    /// Text under the rules of double quotes up to its end, which is not taken.
    pub(super) fn double_parts(
        &mut self,
        parts: &mut Parts,
        end: DoubleEnd,
        open: Mark,
    ) -> Result<(), ParseError> {
        let quoting = match end {
            DoubleEnd::Quote | DoubleEnd::Inner => Quoting::Double,
            DoubleEnd::Brace => Quoting::DoubleBrace,
            DoubleEnd::Text => Quoting::HereDoc,
        };
        // In braces, a `}` between single quotes does not close; the quotes are text all the same.
        let mut quoted = None;
        let brace = end == DoubleEnd::Brace;
        loop {
            let start = self.input.pos;
            loop {
                let next = self.input.peek();
                if next == b'\'' && brace && !self.options.posix {
                    quoted = if quoted.is_none() { Some(self.input.mark()) } else { None };
                }
                if class(next) & DOUBLE != 0 || (next == b'}' && brace && quoted.is_none()) {
                    break;
                }
                self.input.pos += 1;
            }
            parts.literal(self.input.since(start));
            if quoted.is_some() && self.input.peek() == b'"' {
                // It neither closes nor opens anything, and vanishes.
                self.input.pos += 1;
                continue;
            }
            match (self.input.peek(), end) {
                (0, DoubleEnd::Brace) if let Some(open) = quoted => {
                    return Err(self.unclosed(open, b'\''));
                }
                (0, DoubleEnd::Text) | (b'"', DoubleEnd::Quote | DoubleEnd::Inner) | (b'}', _) => {
                    return Ok(());
                }
                (0, DoubleEnd::Quote | DoubleEnd::Inner) => return Err(self.unclosed(open, b'"')),
                (0, DoubleEnd::Brace) => return Err(self.unclosed(open, b'}')),
                (b'"', DoubleEnd::Text) => self.take_literal(parts, 1),
                (b'"', DoubleEnd::Brace) => {
                    let inner = self.double_quoted_to(DoubleEnd::Inner)?;
                    parts.push(WordPart::DoubleQuoted(inner));
                }
                (b'\\', _) => self.double_escape(parts, end),
                (b'$', _) => self.dollar(parts, quoting)?,
                _ => self.backquote(parts, quoting)?,
            }
        }
    }

    /// A backslash inside double quotes.
    pub(super) fn double_escape(&mut self, parts: &mut Parts, end: DoubleEnd) {
        let next = self.input.peek_at(1);
        let quotes = match next {
            b'\n' => {
                self.input.pos += 2;
                return;
            }
            b'$' | b'`' | b'\\' => true,
            b'"' => end != DoubleEnd::Text,
            b'}' if end == DoubleEnd::Brace => true,
            // Two pairs of quotes around it: for the backslash there are none.
            0 => false,
            _ => end == DoubleEnd::Inner,
        };
        if !quotes && end == DoubleEnd::Brace && next == b'\'' {
            // It is no quote that could protect a brace.
            self.take_literal(parts, 2);
        } else if quotes {
            self.input.pos += 2;
            parts.push(WordPart::Escaped([next].into()));
        } else {
            self.take_literal(parts, 1);
        }
    }

    /// Unquoted text inside brackets up to its end, which is not taken.
    pub(super) fn enclosed(
        &mut self,
        parts: &mut Parts,
        end: Enclosure,
        open: Mark,
    ) -> Result<(), ParseError> {
        let mut depth = 0_usize;
        loop {
            match (self.input.peek(), end) {
                (0, Enclosure::Bracket) => return Err(self.unclosed(open, b']')),
                (0, _) => return Err(self.unclosed(open, b'}')),
                (b'}', Enclosure::Brace | Enclosure::Slash) | (b'/', Enclosure::Slash) => {
                    return Ok(());
                }
                (b'[', Enclosure::Bracket) => {
                    depth += 1;
                    self.take_literal(parts, 1);
                }
                (b']', Enclosure::Bracket) if depth == 0 => return Ok(()),
                (b']', Enclosure::Bracket) => {
                    depth -= 1;
                    self.take_literal(parts, 1);
                }
                (next, _) if class(next) & QUOTE != 0 => self.quoted(parts, Quoting::Unquoted)?,
                (b'<' | b'>', Enclosure::Brace) if self.input.peek_at(1) == b'(' => {
                    self.process_substitution(parts)?;
                }
                _ => self.take_literal(parts, 1),
            }
        }
    }

    /// What stands between `[` (taken) and `]` (taken, too): a word that may contain blanks.
    pub(super) fn subscript(&mut self, open: Mark) -> Result<Word, ParseError> {
        let mark = self.input.mark();
        self.enter(mark)?;
        let mut parts = Parts::default();
        self.enclosed(&mut parts, Enclosure::Bracket, open)?;
        let word = parts.word(self.input.span(mark));
        self.input.pos += 1;
        self.leave();
        Ok(word)
    }

    /// The error that what `open` begins is never closed by `close`.
    pub(super) fn unclosed(&self, open: Mark, close: u8) -> ParseError {
        ParseError::new(ParseErrorKind::Incomplete(Incomplete::Closing(close)), open.point())
    }
}
