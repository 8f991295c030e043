//! What a `$` begins.

use super::super::ast::{Param, ParamExpansion, ParamOp, WordPart};
use super::super::class::{is_name_byte, is_name_start};
use super::super::error::ParseError;
use super::{Parts, Quoting, ansi_c};
use crate::syntax::Grammar;

impl Grammar<'_> {
    /// The part that the `$` here begins; alone it stands for itself.
    pub(in crate::syntax) fn dollar(
        &mut self,
        parts: &mut Parts,
        quoting: Quoting,
    ) -> Result<(), ParseError> {
        let mark = self.input.mark();
        let start = self.input.pos;
        self.input.pos += 1;
        self.input.skip_continuations();
        let next = self.input.peek();
        let param = match next {
            b'(' => return self.dollar_parenthesis(parts, mark),
            b'{' => return self.braced(parts, quoting, mark, start),
            b'[' => return self.old_arithmetic(parts, mark),
            b'\'' if matches!(quoting, Quoting::Unquoted | Quoting::DoubleBrace) => {
                return self.ansi_c(parts);
            }
            b'"' if quoting == Quoting::Unquoted => {
                let inner = self.double_quoted()?;
                parts.push(WordPart::Localized(inner));
                return Ok(());
            }
            b'1'..=b'9' => {
                self.input.pos += 1;
                Param::Positional(u32::from(next - b'0'))
            }
            b'0' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => {
                self.input.pos += 1;
                Param::Special(next)
            }
            _ if is_name_start(next) => Param::Variable(self.name()),
            _ => {
                parts.literal(b"$");
                return Ok(());
            }
        };
        parts.push(WordPart::Param(Box::new(ParamExpansion {
            indirect: false,
            param,
            op: ParamOp::None,
            bare: true,
            span: self.input.span(mark),
        })));
        Ok(())
    }

    /// The name that begins here; continuations may stand inside it.
    pub(in crate::syntax) fn name(&mut self) -> Box<[u8]> {
        let start = self.input.pos;
        while is_name_byte(self.input.peek()) {
            self.input.pos += 1;
        }
        if self.input.peek() != b'\\' {
            return self.input.since(start).into();
        }
        let mut name = self.input.since(start).to_vec();
        loop {
            self.input.skip_continuations();
            let next = self.input.peek();
            if !is_name_byte(next) {
                return name.into();
            }
            name.push(next);
            self.input.pos += 1;
        }
    }

    /// `$'…'`, from the quote.
    fn ansi_c(&mut self, parts: &mut Parts) -> Result<(), ParseError> {
        let mark = self.input.mark();
        self.input.pos += 1;
        let start = self.input.pos;
        loop {
            match self.input.peek() {
                0 => return Err(self.unclosed(mark, b'\'')),
                b'\'' => break,
                b'\\' if self.input.peek_at(1) != 0 => self.input.pos += 2,
                _ => self.input.pos += 1,
            }
        }
        let raw: Box<[u8]> = self.input.since(start).into();
        self.input.pos += 1;
        parts.push(WordPart::AnsiC { value: ansi_c::decode(&raw).into(), raw });
        Ok(())
    }
}
