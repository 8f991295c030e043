//! Redirections.

use crate::syntax::Grammar;
use crate::syntax::ast::{HereDoc, Redirect, RedirectFd, RedirectKind};
use crate::syntax::class::{is_name_byte, is_name_start};
use crate::syntax::error::ParseError;
use crate::syntax::heredoc::unquote_delimiter;
use crate::syntax::input::Mark;

/// The operators, longest first.
const OPERATORS: [&[u8]; 12] =
    [b"<<<", b"<<-", b"&>>", b"<<", b">>", b"<&", b">&", b"<>", b">|", b"&>", b"<", b">"];

impl Grammar<'_> {
    /// All redirections that stand here.
    pub(super) fn redirects(&mut self) -> Result<Vec<Redirect>, ParseError> {
        let mut redirects = Vec::new();
        loop {
            self.skip_blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => return Ok(redirects),
            }
        }
    }

    /// A redirection, if one stands here.
    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>, ParseError> {
        let first = self.input.peek();
        if !matches!(first, b'<' | b'>' | b'&' | b'{' | b'0'..=b'9') {
            return Ok(None);
        }
        let before = self.input.pos;
        let mark = self.input.mark();
        let fd = self.redirect_fd();
        let ampersand = self.input.peek() == b'&';
        // As a word sees it, or neither would take it.
        let substitution = fd.is_none()
            && matches!(self.input.peek(), b'<' | b'>')
            && self.input.peek_at(1) == b'(';
        let operator = if substitution || (ampersand && fd.is_some()) {
            None
        } else {
            OPERATORS.into_iter().find(|operator| self.take_operator(operator))
        };
        let Some(operator) = operator else {
            self.input.pos = before;
            return Ok(None);
        };
        let kind = self.redirect_target(operator, mark)?;
        Ok(Some(Redirect { fd, kind, span: self.input.span(mark) }))
    }

    /// `2` or `{name}` directly before `<` or `>`.
    fn redirect_fd(&mut self) -> Option<RedirectFd> {
        let start = self.input.pos;
        let mut end = start;
        let fd = match self.input.peek() {
            b'0'..=b'9' => {
                while self.input.at(end).is_ascii_digit() {
                    end += 1;
                }
                let digits = std::str::from_utf8(self.input.slice(start, end)).ok()?;
                let number = digits.parse::<i32>().ok()?;
                RedirectFd::Number(number.unsigned_abs())
            }
            b'{' if is_name_start(self.input.peek_at(1)) => {
                end += 1;
                while is_name_byte(self.input.at(end)) {
                    end += 1;
                }
                if self.input.at(end) == b'[' {
                    end = self.find_closing(end + 1, b']')? + 1;
                }
                if self.input.at(end) != b'}' {
                    return None;
                }
                end += 1;
                RedirectFd::Variable(self.input.slice(start + 1, end - 1).into())
            }
            _ => return None,
        };
        if !matches!(self.input.at(end), b'<' | b'>') {
            return None;
        }
        self.input.pos = end;
        Some(fd)
    }

    /// What follows the operator.
    fn redirect_target(&mut self, operator: &[u8], mark: Mark) -> Result<RedirectKind, ParseError> {
        self.skip_blanks();
        let remaining = self.input.remaining();
        let word = self.required_word()?;
        Ok(match operator {
            b"<" => RedirectKind::Read(word),
            b">" => RedirectKind::Write(word),
            b">|" => RedirectKind::Clobber(word),
            b">>" => RedirectKind::Append(word),
            b"<>" => RedirectKind::ReadWrite(word),
            b"<&" => RedirectKind::DupInput(word),
            b">&" => RedirectKind::DupOutput(word),
            b"&>" => RedirectKind::WriteBoth(word),
            b"&>>" => RedirectKind::AppendBoth(word),
            b"<<<" => RedirectKind::HereString(word),
            _ => {
                let raw = self.input.since(self.input.position_of(remaining));
                let (delimiter, quoted) = unquote_delimiter(raw);
                let strip_tabs = operator == b"<<-";
                let body = self.expect_here_doc(delimiter.clone(), quoted, strip_tabs, mark.line());
                RedirectKind::HereDoc(HereDoc { delimiter, quoted, strip_tabs, body })
            }
        })
    }
}
