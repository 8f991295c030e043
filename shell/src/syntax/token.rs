//! Operators and reserved words.

use super::Grammar;
use super::ast::CaseEnd;
use super::class::{BLANK, META, class};
use super::error::ParseError;

/// The reserved words, and `in` which is one inside `for`, `select` and `case`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keyword {
    If,
    Then,
    Elif,
    Else,
    Fi,
    Case,
    Esac,
    For,
    Select,
    While,
    Until,
    Do,
    Done,
    In,
    Function,
    Time,
    Coproc,
    OpenBrace,
    CloseBrace,
    Bang,
    OpenCond,
    CloseCond,
}

impl Keyword {
    fn from_bytes(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"if" => Self::If,
            b"then" => Self::Then,
            b"elif" => Self::Elif,
            b"else" => Self::Else,
            b"fi" => Self::Fi,
            b"case" => Self::Case,
            b"esac" => Self::Esac,
            b"for" => Self::For,
            b"select" => Self::Select,
            b"while" => Self::While,
            b"until" => Self::Until,
            b"do" => Self::Do,
            b"done" => Self::Done,
            b"in" => Self::In,
            b"function" => Self::Function,
            b"time" => Self::Time,
            b"coproc" => Self::Coproc,
            b"{" => Self::OpenBrace,
            b"}" => Self::CloseBrace,
            b"!" => Self::Bang,
            b"[[" => Self::OpenCond,
            b"]]" => Self::CloseCond,
            _ => return None,
        })
    }

    /// Whether a compound command begins with it.
    pub(super) fn begins_compound(self) -> bool {
        matches!(
            self,
            Self::If
                | Self::Case
                | Self::For
                | Self::Select
                | Self::While
                | Self::Until
                | Self::OpenBrace
                | Self::OpenCond
        )
    }

    /// Whether it ends a list inside a compound command.
    fn is_closer(self) -> bool {
        matches!(
            self,
            Self::Then
                | Self::Elif
                | Self::Else
                | Self::Fi
                | Self::Esac
                | Self::Do
                | Self::Done
                | Self::In
                | Self::CloseBrace
                | Self::CloseCond
        )
    }
}

/// Whether `word` is a reserved word of bash.
pub fn is_reserved(word: &[u8]) -> bool {
    Keyword::from_bytes(word).is_some()
}

/// The longest reserved word.
const LONGEST: usize = 8;

impl Grammar<'_> {
    /// Passes blanks, continuations and a comment, up to the next token.
    #[inline]
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.input.peek() {
                b' ' | b'\t' => self.input.pos += 1,
                b'\\' => {
                    let before = self.input.pos;
                    self.input.skip_continuations();
                    if self.input.pos == before {
                        return;
                    }
                }
                b'#' if self.options.comments => {
                    while !matches!(self.input.peek(), b'\n' | 0) {
                        self.input.pos += 1;
                    }
                    return;
                }
                _ => return,
            }
        }
    }

    /// Passes newlines and blanks; here-documents begin after the first newline.
    pub(super) fn newlines(&mut self) -> Result<(), ParseError> {
        loop {
            self.skip_blanks();
            if self.input.peek() != b'\n' {
                return Ok(());
            }
            self.newline()?;
        }
    }

    /// Passes one newline and the here-documents that begin after it.
    pub(super) fn newline(&mut self) -> Result<(), ParseError> {
        self.input.pos += 1;
        if self.here_docs.is_pending() { self.read_here_docs() } else { Ok(()) }
    }

    /// The next byte, past blanks.
    pub(super) fn next_byte(&mut self) -> u8 {
        self.skip_blanks();
        self.input.peek()
    }

    /// Takes the operator `text` if it stands here; continuations may stand inside it.
    pub(super) fn take_operator(&mut self, text: &[u8]) -> bool {
        let before = self.input.pos;
        for &byte in text {
            self.input.skip_continuations();
            if self.input.peek() != byte {
                self.input.pos = before;
                return false;
            }
            self.input.pos += 1;
        }
        true
    }

    /// Whether the operator `text` stands here.
    pub(super) fn at_operator(&mut self, text: &[u8]) -> bool {
        let before = self.input.pos;
        let found = self.take_operator(text);
        self.input.pos = before;
        found
    }

    /// The reserved word that stands here, and the position after it.
    pub(super) fn peek_keyword(&self) -> Option<(Keyword, usize)> {
        let first = self.input.peek();
        if !matches!(first, b'a'..=b'z' | b'{' | b'}' | b'!' | b'[' | b']' | b'\\') {
            return None;
        }
        let mut word = [0; LONGEST];
        let mut length = 0;
        let mut pos = self.input.pos;
        loop {
            let byte = self.input.at(pos);
            if byte == b'\\' && self.input.at(pos + 1) == b'\n' {
                pos += 2;
                continue;
            }
            if class(byte) & META != 0 {
                break;
            }
            *word.get_mut(length)? = byte;
            length += 1;
            pos += 1;
        }
        Keyword::from_bytes(&word[..length]).map(|keyword| (keyword, pos))
    }

    /// Takes `keyword` if it stands here.
    pub(super) fn take_keyword(&mut self, keyword: Keyword) -> bool {
        self.skip_blanks();
        match self.peek_keyword() {
            Some((found, end)) if found == keyword => {
                self.input.pos = end;
                true
            }
            _ => false,
        }
    }

    /// Takes `keyword`, or says what stands there instead.
    pub(super) fn expect_keyword(&mut self, keyword: Keyword) -> Result<(), ParseError> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Takes the operator, or says what stands there instead.
    pub(super) fn expect_operator(&mut self, text: &[u8]) -> Result<(), ParseError> {
        self.skip_blanks();
        if self.take_operator(text) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Whether a list ends here: the end of the text, `)`, `;;` and its kin, a closing word.
    pub(super) fn at_list_end(&mut self) -> bool {
        match self.input.peek() {
            0 | b')' => true,
            b';' => self.at_operator(b";;") || self.at_operator(b";&"),
            _ => self.peek_keyword().is_some_and(|(keyword, _)| keyword.is_closer()),
        }
    }

    /// Takes `;;`, `;&` or `;;&`.
    pub(super) fn take_case_end(&mut self) -> Option<CaseEnd> {
        self.skip_blanks();
        if self.take_operator(b";;&") {
            Some(CaseEnd::Continue)
        } else if self.take_operator(b";;") {
            Some(CaseEnd::Break)
        } else if self.take_operator(b";&") {
            Some(CaseEnd::FallThrough)
        } else {
            None
        }
    }

    /// The end of the unquoted text that begins here, if only that is the whole word.
    pub(super) fn plain_word_end(&self) -> Option<usize> {
        let mut pos = self.input.pos;
        loop {
            let classes = class(self.input.at(pos));
            if classes & META != 0 {
                return (pos > self.input.pos).then_some(pos);
            }
            if classes & super::class::QUOTE != 0 {
                return None;
            }
            pos += 1;
        }
    }

    /// Whether a blank or newline stands here.
    pub(super) fn at_blank(&self) -> bool {
        class(self.input.peek()) & BLANK != 0 || self.input.peek() == b'\n'
    }
}

/// The operators of more than one byte, longest first.
const OPERATORS: [&[u8]; 16] = [
    b"<<<", b"<<-", b";;&", b"&>>", b"&&", b"||", b";;", b";&", b"|&", b"<<", b">>", b"<&", b">&",
    b"<>", b">|", b"&>",
];

impl Grammar<'_> {
    /// The operator that stands here, as bash names it.
    pub(super) fn operator_text(&mut self) -> Box<[u8]> {
        for operator in OPERATORS {
            if self.at_operator(operator) {
                return operator.into();
            }
        }
        [self.input.peek()].into()
    }
}
