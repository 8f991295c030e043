//! Command and process substitution.

use std::sync::Arc;

use super::super::ast::{CommandSub, Invalid, List, WordPart};
use super::super::error::{Incomplete, ParseError, ParseErrorKind};
use super::super::input::{Input, Mark};
use super::{Parts, Quoting};
use crate::syntax::Grammar;

impl Grammar<'_> {
    /// `$( list )`, from the parenthesis.
    pub(super) fn command_substitution(
        &mut self,
        parts: &mut Parts,
        mark: Mark,
    ) -> Result<(), ParseError> {
        let body = self.parenthesized(mark)?;
        let span = self.input.span(mark);
        parts.push(WordPart::Command(CommandSub { body, backquoted: false, raw: None, span }));
        Ok(())
    }

    /// `<( list )` or `>( list )`
    pub(super) fn process_substitution(&mut self, parts: &mut Parts) -> Result<(), ParseError> {
        let mark = self.input.mark();
        let output = self.input.peek() == b'>';
        self.input.pos += 1;
        let body = self.parenthesized(mark)?;
        parts.push(WordPart::Process { output, body });
        Ok(())
    }

    /// `( list )` inside a word; the list may be empty.
    fn parenthesized(&mut self, open: Mark) -> Result<Arc<List>, ParseError> {
        self.enter(open)?;
        self.input.pos += 1;
        self.substitutions += 1;
        // What the outer line waits for begins after the outer line's end.
        let outer = self.here_docs.set_aside();
        let list = self.list();
        let closed = list.and_then(|list| self.expect_operator(b")").map(|()| list));
        self.substitutions -= 1;
        self.here_docs.bring_back(outer);
        self.leave();
        closed.map(Arc::new).map_err(|mut error| {
            if error.kind == ParseErrorKind::Incomplete(Incomplete::Command) {
                error.kind = ParseErrorKind::Incomplete(Incomplete::Closing(b')'));
            }
            error
        })
    }

    /// `` `list` ``: the text is unescaped once and then parsed on its own.
    pub(in crate::syntax) fn backquote(
        &mut self,
        parts: &mut Parts,
        quoting: Quoting,
    ) -> Result<(), ParseError> {
        let mark = self.input.mark();
        self.enter(mark)?;
        let start = self.input.pos + 1;
        let Some(end) = self.find_backquote(start) else {
            return Err(self.unclosed(mark, b'`'));
        };
        let raw: Box<[u8]> = self.input.slice(start, end).into();
        self.input.pos = end + 1;
        let span = self.input.span(mark);
        let in_double = matches!(quoting, Quoting::Double | Quoting::DoubleBrace);
        let text = unescape(&raw, in_double);
        let input = Input::new(&text, mark.line(), mark.offset() + 1);
        let part = match self.nested(input, Self::whole) {
            Ok(body) => WordPart::Command(CommandSub {
                body: Arc::new(body),
                backquoted: true,
                raw: Some(raw),
                span,
            }),
            Err(error) if error.kind == ParseErrorKind::TooDeep => return Err(error),
            Err(error) => {
                let text = [b"`", &*raw, b"`"].concat().into();
                WordPart::Invalid(Box::new(Invalid { text, error }))
            }
        };
        parts.push(part);
        self.leave();
        Ok(())
    }
}

/// Removes the backslashes that quote inside backquotes (POSIX XCU 2.6.3), and the lines that they
/// continue, also those between quotes.
fn unescape(raw: &[u8], in_double: bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let quoted = bytes.next_if(|next| {
            let special = matches!(next, b'\\' | b'`' | b'$') || (in_double && *next == b'"');
            byte == b'\\' && special
        });
        if quoted.is_none() && byte == b'\\' && bytes.next_if_eq(&b'\n').is_some() {
            continue;
        }
        text.push(quoted.unwrap_or(byte));
    }
    text
}
