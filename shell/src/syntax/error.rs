//! Syntax errors in bash's words, and how they are shown.
//!
//! Not here: the prefix (`bash: line 3: `), which belongs to whoever runs the script.

use std::fmt;

use super::source::Span;

/// Why a text is not a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Where: the token that is wrong, or the opening of what is never closed.
    pub span: Span,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The text ends too early: more of it may make it right.
    Incomplete(Incomplete),
    /// A token the grammar does not have here, as written (`newline` for the end of a line).
    UnexpectedToken(Box<[u8]>),
    /// The same between the parentheses of an array: bash drops the line, and reads on.
    UnexpectedInArray(Box<[u8]>),
    /// An error inside `[[ ]]`, with the rest of the message.
    Conditional(Box<[u8]>),
    /// `${…}` that is no parameter expansion, as written.
    BadSubstitution(Box<[u8]>),
    /// A construct that is known but not supported, and what to write instead.
    Unsupported(&'static str),
    /// Constructs are nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    TooDeep,
    /// Aliases expand to more text than [`MAX_ALIAS_BYTES`](super::MAX_ALIAS_BYTES).
    AliasTooLong,
    /// The text is longer than 2 GiB.
    TooLong,
}

/// What the end of the text cut off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Incomplete {
    /// A quote or bracket; its closing character.
    Closing(u8),
    /// A command: `if` without `fi`, nothing after `&&`, ….
    Command,
    /// `[[` without `]]`.
    Cond,
}

impl ParseError {
    pub(super) fn is_too_deep(&self) -> bool {
        matches!(self.kind, ParseErrorKind::TooDeep)
    }

    pub(super) fn new(kind: ParseErrorKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// The same error, inside of an array.
    pub(super) fn in_array(self) -> Self {
        match self.kind {
            ParseErrorKind::UnexpectedToken(token) => {
                Self { kind: ParseErrorKind::UnexpectedInArray(token), ..self }
            }
            _ => self,
        }
    }

    /// Whether only the line is dropped: the parser can go on with the next one.
    pub fn drops_line(&self) -> bool {
        matches!(self.kind, ParseErrorKind::UnexpectedInArray(_))
    }

    /// Whether more text may make it right, as a prompt asks.
    pub fn is_incomplete(&self) -> bool {
        matches!(self.kind, ParseErrorKind::Incomplete(_))
    }

    /// Whether bash repeats the line after the message (``line 1: `echo )'``).
    pub fn repeats_line(&self) -> bool {
        matches!(
            self.kind,
            ParseErrorKind::UnexpectedToken(_) | ParseErrorKind::UnexpectedInArray(_)
        )
    }

    /// The message in bash's words, without a prefix.
    pub fn message(&self) -> Vec<u8> {
        let mut text = Vec::new();
        match &self.kind {
            ParseErrorKind::Incomplete(Incomplete::Closing(close)) => {
                text.extend_from_slice(b"unexpected EOF while looking for matching `");
                text.push(*close);
                text.push(b'\'');
            }
            ParseErrorKind::Incomplete(Incomplete::Command) => {
                text.extend_from_slice(b"syntax error: unexpected end of file");
            }
            ParseErrorKind::Incomplete(Incomplete::Cond) => {
                text.extend_from_slice(b"unexpected EOF while looking for `]]'");
            }
            ParseErrorKind::UnexpectedToken(token) | ParseErrorKind::UnexpectedInArray(token) => {
                text.extend_from_slice(b"syntax error near unexpected token `");
                text.extend_from_slice(token);
                text.push(b'\'');
            }
            ParseErrorKind::Conditional(message) => text.extend_from_slice(message),
            ParseErrorKind::BadSubstitution(source) => {
                text.extend_from_slice(source);
                text.extend_from_slice(b": bad substitution");
            }
            ParseErrorKind::Unsupported(what) => text.extend_from_slice(what.as_bytes()),
            ParseErrorKind::TooDeep => {
                text.extend_from_slice(b"syntax error: constructs are nested too deeply");
            }
            ParseErrorKind::AliasTooLong => {
                text.extend_from_slice(b"syntax error: aliases expand to too much text");
            }
            ParseErrorKind::TooLong => text.extend_from_slice(b"syntax error: script too long"),
        }
        text
    }

    /// The line of `source` that the error is on, without its newline.
    pub fn line_text<'s>(&self, source: &'s [u8]) -> &'s [u8] {
        let at = (self.span.start as usize).min(source.len());
        let start = source[..at].iter().rposition(|&b| b == b'\n').map_or(0, |p| p + 1);
        let end = source[at..].iter().position(|&b| b == b'\n').map_or(source.len(), |p| at + p);
        &source[start..end]
    }

    /// The message with the file's name, the line's number and text, and a caret below it.
    pub fn render(&self, source: &[u8], name: &str) -> String {
        let line = self.line_text(source);
        let at = (self.span.start as usize).min(source.len());
        let column = at - source[..at].iter().rposition(|&b| b == b'\n').map_or(0, |p| p + 1);
        let before = String::from_utf8_lossy(&line[..column.min(line.len())]);
        let width = (self.span.end as usize)
            .saturating_sub(at)
            .clamp(1, line.len().saturating_sub(column).max(1));
        let pad: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let number = self.span.line.to_string();
        let gutter = " ".repeat(number.len());
        format!(
            "{name}: line {number}: {message}\n{gutter} |\n{number} | {text}\n{gutter} | {pad}{carets}\n",
            message = String::from_utf8_lossy(&self.message()),
            text = String::from_utf8_lossy(line),
            carets = "^".repeat(width),
        )
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message()))
    }
}

impl std::error::Error for ParseError {}
