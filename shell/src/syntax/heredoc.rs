//! Here-documents: what is pending, where a body ends, and putting it into the tree.
//!
//! The operator is parsed long before its body, which begins after the next newline. Until
//! then the tree holds a number; `place` puts the bodies where the numbers stand.

use super::ast::Word;
use super::error::ParseError;
use super::input::Input;
use super::source::Span;
use super::word::{DoubleEnd, Parts};
use super::{Grammar, Warning};
use crate::syntax::ast::{Invalid, WordPart};

/// A here-document whose operator has been read and whose body has not.
pub(super) struct Pending {
    index: usize,
    delimiter: Box<[u8]>,
    quoted: bool,
    strip_tabs: bool,
    line: u32,
}

/// The here-documents of the complete command being read.
#[derive(Default)]
pub(super) struct HereDocs {
    pending: Vec<Pending>,
    bodies: Vec<Word>,
}

impl HereDocs {
    pub(super) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Leaves none pending while a command substitution is read.
    pub(super) fn set_aside(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.pending)
    }

    /// Takes the outer ones back; what the substitution did not read follows them.
    pub(super) fn bring_back(&mut self, mut outer: Vec<Pending>) {
        outer.append(&mut self.pending);
        self.pending = outer;
    }

    /// The bodies read so far, by the number that the tree holds.
    pub(super) fn take_bodies(&mut self) -> Vec<Word> {
        std::mem::take(&mut self.bodies)
    }
}

impl Grammar<'_> {
    /// Notes a here-document; the word stands in the tree until its body is read.
    pub(super) fn expect_here_doc(
        &mut self,
        delimiter: Box<[u8]>,
        quoted: bool,
        strip_tabs: bool,
        line: u32,
    ) -> Word {
        let index = self.here_docs.bodies.len();
        self.here_docs.bodies.push(Word::default());
        self.here_docs.pending.push(Pending { index, delimiter, quoted, strip_tabs, line });
        let start = u32::try_from(index).unwrap_or(u32::MAX);
        Word { parts: Vec::new(), span: Span { start, end: start, line } }
    }

    /// Reads the bodies of all pending here-documents, which begin here.
    pub(super) fn read_here_docs(&mut self) -> Result<(), ParseError> {
        for pending in std::mem::take(&mut self.here_docs.pending) {
            let mark = self.input.mark();
            let text = self.here_doc_text(&pending);
            let span = self.input.span(mark);
            let parts = if text.is_empty() {
                Vec::new()
            } else if pending.quoted {
                vec![WordPart::Literal(text.into())]
            } else {
                self.here_doc_parts(text, span)?
            };
            self.here_docs.bodies[pending.index] = Word { parts, span };
        }
        Ok(())
    }

    /// The parts of a body. What cannot be parsed is an error only when it is expanded.
    fn here_doc_parts(&mut self, text: Vec<u8>, span: Span) -> Result<Vec<WordPart>, ParseError> {
        if !text.iter().any(|b| matches!(b, b'$' | b'`' | b'\\')) {
            return Ok(vec![WordPart::Literal(text.into())]);
        }
        let input = Input::piece(text.clone(), span.line, span.start);
        match self.nested(input, Self::text_parts) {
            Ok(parts) => Ok(parts),
            Err(error) if error.is_too_deep() => Err(error),
            Err(error) => {
                Ok(vec![WordPart::Invalid(Box::new(Invalid { text: text.into(), error }))])
            }
        }
    }

    /// The whole input as a here-document's body.
    pub(super) fn text_parts(&mut self) -> Result<Vec<WordPart>, ParseError> {
        let mark = self.input.mark();
        let mut parts = Parts::default();
        loop {
            self.double_parts(&mut parts, DoubleEnd::Text, mark)?;
            if self.input.is_at_end() {
                return Ok(parts.finish());
            }
            self.take_literal(&mut parts, 1);
        }
    }

    /// The lines up to the delimiter, tabs and continuations removed where they are to be.
    fn here_doc_text(&mut self, pending: &Pending) -> Vec<u8> {
        let mut text = Vec::new();
        loop {
            if self.input.is_at_end() {
                self.warnings.push(Warning {
                    line: self.input.mark().line(),
                    from: pending.line,
                    delimiter: pending.delimiter.clone(),
                });
                if text.last().is_some_and(|&b| b != b'\n') {
                    text.push(b'\n');
                }
                return text;
            }
            let begin = text.len();
            // As bash: a delimiter that begins with tabs is found before they are removed.
            if pending.strip_tabs && !self.at_delimiter(&pending.delimiter) {
                while self.input.peek() == b'\t' {
                    self.input.pos += 1;
                }
            }
            let before = self.input.pos;
            self.here_doc_line(&mut text, pending.quoted);
            let line = text[begin..].strip_suffix(b"\n").unwrap_or(&text[begin..]);
            if *line == *pending.delimiter {
                text.truncate(begin);
                return text;
            }
            // Bash takes `EOF)` for the end inside `$( )`.
            let inline = self.substitutions > 0
                && line.strip_prefix(&*pending.delimiter).is_some_and(|rest| rest.contains(&b')'));
            if inline {
                text.truncate(begin);
                self.input.pos = before + pending.delimiter.len();
                return text;
            }
        }
    }

    /// Whether this line is the delimiter alone.
    fn at_delimiter(&self, delimiter: &[u8]) -> bool {
        let end = self.input.pos + delimiter.len();
        let bytes = delimiter.iter().zip(self.input.pos..);
        matches!(self.input.at(end), b'\n' | 0)
            && bytes.into_iter().all(|(byte, at)| self.input.at(at) == *byte)
    }

    /// Takes one line with its newline; in an unquoted body continuations join lines.
    fn here_doc_line(&mut self, text: &mut Vec<u8>, quoted: bool) {
        loop {
            let start = self.input.pos;
            while !matches!(self.input.peek(), b'\n' | 0) {
                self.input.pos += 1;
            }
            let line = self.input.since(start);
            let backslashes = line.iter().rev().take_while(|&&b| b == b'\\').count();
            let joined = !quoted && backslashes % 2 == 1 && self.input.peek() == b'\n';
            text.extend_from_slice(&line[..line.len() - usize::from(joined)]);
            if self.input.peek() == b'\n' {
                self.input.pos += 1;
                if !joined {
                    text.push(b'\n');
                }
            }
            if !joined {
                return;
            }
        }
    }
}

/// A here-document's delimiter without its quotes, and whether it had any.
pub(super) fn unquote_delimiter(raw: &[u8]) -> (Box<[u8]>, bool) {
    let mut delimiter = Vec::with_capacity(raw.len());
    let mut quote = None;
    let mut quoted = false;
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (quote, byte) {
            (None, b'$') if matches!(rest.first(), Some(b'\'' | b'"')) => {}
            (None, b'\'' | b'"') => {
                quoted = true;
                quote = Some(byte);
            }
            (Some(open), byte) if open == byte => quote = None,
            (None, b'\\') => {
                quoted = true;
                delimiter.extend(rest.first().filter(|&&b| b != b'\n'));
                rest = rest.get(1..).unwrap_or_default();
            }
            (Some(b'"'), b'\\') if matches!(rest.first(), Some(b'$' | b'`' | b'"' | b'\\')) => {
                delimiter.extend(rest.first());
                rest = &rest[1..];
            }
            (_, byte) => delimiter.push(byte),
        }
    }
    (delimiter.into(), quoted)
}
