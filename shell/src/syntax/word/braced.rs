//! `${…}`: which parameter, which operator, which words.

use super::super::ast::{Invalid, Param, ParamExpansion, ParamOp, ReplaceMode, Subscript};
use super::super::ast::{Word, WordPart};
use super::super::class::{is_name_byte, is_name_start};
use super::super::error::{ParseError, ParseErrorKind};
use super::super::input::Mark;
use super::arith::ArithEnd;
use super::{DoubleEnd, Enclosure, Parts, Quoting};
use crate::syntax::Grammar;

impl Grammar<'_> {
    /// `${…}`, from the brace. What is no expansion becomes an [`Invalid`] part.
    pub(super) fn braced(
        &mut self,
        parts: &mut Parts,
        quoting: Quoting,
        mark: Mark,
        start: usize,
    ) -> Result<(), ParseError> {
        self.enter(mark)?;
        let whole = self.input.remaining() + (self.input.pos - start);
        self.input.pos += 1;
        self.input.skip_continuations();
        let body = self.input.remaining();
        let found = self.parameter_expansion(quoting, mark)?;
        self.input.skip_continuations();
        match found {
            Some(mut expansion) if self.input.peek() == b'}' => {
                self.input.pos += 1;
                expansion.span = self.input.span(mark);
                parts.push(WordPart::Param(Box::new(expansion)));
            }
            _ => {
                let invalid = self.bad_substitution(mark, whole, body)?;
                parts.push(WordPart::Invalid(Box::new(invalid)));
            }
        }
        self.leave();
        Ok(())
    }

    /// Passes text that is no expansion, up to the brace that closes it.
    fn bad_substitution(
        &mut self,
        mark: Mark,
        whole: usize,
        body: usize,
    ) -> Result<Invalid, ParseError> {
        let inner = self.input.position_of(body);
        let Some(close) = self.find_closing(inner, b'}') else {
            return Err(self.unclosed(mark, b'}'));
        };
        self.input.pos = close + 1;
        let text: Box<[u8]> = self.input.since(self.input.position_of(whole)).into();
        let kind = if matches!(self.input.at(inner), b' ' | b'\t' | b'\n' | b'|') {
            ParseErrorKind::Unsupported("${ command; } is not supported: write $(command)")
        } else {
            ParseErrorKind::BadSubstitution(text.clone())
        };
        Ok(Invalid { text, error: ParseError::new(kind, self.input.span(mark)) })
    }

    /// What stands between the braces; `None` if it is no expansion.
    fn parameter_expansion(
        &mut self,
        quoting: Quoting,
        mark: Mark,
    ) -> Result<Option<ParamExpansion>, ParseError> {
        let length = self.takes_length();
        let indirect = !length && self.takes_indirection();
        let Some(mut param) = self.parameter() else { return Ok(None) };
        if let Param::Variable(name) = &param
            && self.input.peek() == b'['
        {
            let name = name.clone();
            self.input.pos += 1;
            param = Param::Element(name, self.element_subscript(mark)?);
        }
        let op = if length {
            ParamOp::Length
        } else if let Some(op) = self.names_or_keys(indirect, &param) {
            op
        } else if self.input.peek() == b'}' {
            ParamOp::None
        } else {
            match self.operator(quoting, mark)? {
                Some(op) => op,
                None => return Ok(None),
            }
        };
        let span = self.input.span(mark);
        Ok(Some(ParamExpansion { indirect, param, op, bare: false, span }))
    }

    /// Takes the `#` of `${#x}`, but not of `${#}`, `${#-x}` and the like.
    fn takes_length(&mut self) -> bool {
        if self.input.peek() != b'#' {
            return false;
        }
        let before = self.input.pos;
        self.input.pos += 1;
        self.input.skip_continuations();
        let next = self.input.peek();
        let length = is_name_byte(next)
            || (is_special(next) && matches!(self.input.peek_at(1), b'}' | b'['));
        if !length {
            self.input.pos = before;
        }
        length
    }

    /// Takes the `!` of `${!x}`, but not of `${!}`, `${!-x}` and the like.
    fn takes_indirection(&mut self) -> bool {
        let next = self.input.peek_at(1);
        let indirect = self.input.peek() == b'!'
            && (is_name_byte(next)
                || matches!(next, b'@' | b'*')
                || (matches!(next, b'#' | b'?') && !self.options.posix));
        if indirect {
            self.input.pos += 1;
        }
        indirect
    }

    /// The parameter's name, number or character.
    fn parameter(&mut self) -> Option<Param> {
        let next = self.input.peek();
        if is_name_start(next) {
            return Some(Param::Variable(self.name()));
        }
        if next.is_ascii_digit() {
            let mut number = 0_u32;
            while self.input.peek().is_ascii_digit() {
                let digit = u32::from(self.input.peek() - b'0');
                number = number.saturating_mul(10).saturating_add(digit);
                self.input.pos += 1;
                self.input.skip_continuations();
            }
            return Some(if number == 0 {
                Param::Special(b'0')
            } else {
                Param::Positional(number)
            });
        }
        is_special(next).then(|| {
            self.input.pos += 1;
            self.input.skip_continuations();
            Param::Special(next)
        })
    }

    /// What stands in `[…]`, from after the opening to after the closing bracket.
    fn element_subscript(&mut self, open: Mark) -> Result<Subscript, ParseError> {
        self.input.skip_continuations();
        let all = match self.input.peek() {
            b'@' => Subscript::At,
            b'*' => Subscript::Star,
            _ => return self.subscript(open).map(Subscript::Index),
        };
        let before = self.input.pos;
        self.input.pos += 1;
        self.input.skip_continuations();
        if self.input.peek() == b']' {
            self.input.pos += 1;
            return Ok(all);
        }
        self.input.pos = before;
        self.subscript(open).map(Subscript::Index)
    }

    /// `${!prefix*}`, `${!prefix@}`, `${!name[@]}`, `${!name[*]}`
    fn names_or_keys(&mut self, indirect: bool, param: &Param) -> Option<ParamOp> {
        if !indirect {
            return None;
        }
        let next = self.input.peek();
        match param {
            Param::Variable(_) if matches!(next, b'@' | b'*') && self.input.peek_at(1) == b'}' => {
                self.input.pos += 1;
                Some(ParamOp::Names(next == b'@'))
            }
            Param::Element(_, Subscript::At | Subscript::Star) if next == b'}' => {
                Some(ParamOp::Keys)
            }
            _ => None,
        }
    }

    /// The operator after the parameter, with its words; `None` if there is no such operator.
    fn operator(&mut self, quoting: Quoting, mark: Mark) -> Result<Option<ParamOp>, ParseError> {
        self.input.skip_continuations();
        let letter = self.input.peek();
        let next = self.input.peek_at(1);
        match letter {
            b':' if matches!(next, b'-' | b'=' | b'?' | b'+') => {
                self.input.pos += 2;
                self.value_operator(next, true, quoting, mark).map(Some)
            }
            b':' if next == b'}' => Ok(None),
            b':' => {
                self.input.pos += 1;
                self.slice(mark).map(Some)
            }
            b'-' | b'=' | b'?' | b'+' => {
                self.input.pos += 1;
                self.value_operator(letter, false, quoting, mark).map(Some)
            }
            b'#' | b'%' => {
                let longest = self.takes_doubled(letter);
                let pattern = self.enclosed_word(Enclosure::Brace, mark)?;
                Ok(Some(if letter == b'#' {
                    ParamOp::RemovePrefix { longest, pattern }
                } else {
                    ParamOp::RemoveSuffix { longest, pattern }
                }))
            }
            b'/' => {
                self.input.pos += 1;
                self.replace(mark).map(Some)
            }
            b'^' | b',' | b'~' => {
                let all = self.takes_doubled(letter);
                let pattern = match self.input.peek() {
                    b'}' => None,
                    _ => Some(self.enclosed_word(Enclosure::Brace, mark)?),
                };
                Ok(Some(ParamOp::Case { op: letter, all, pattern }))
            }
            b'@' if next.is_ascii_alphabetic() && self.input.peek_at(2) == b'}' => {
                self.input.pos += 2;
                Ok(Some(ParamOp::Transform(next)))
            }
            _ => Ok(None),
        }
    }

    /// Takes an operator of one letter; whether it is there twice.
    fn takes_doubled(&mut self, letter: u8) -> bool {
        self.input.pos += 1;
        self.input.skip_continuations();
        let doubled = self.input.peek() == letter;
        if doubled {
            self.input.pos += 1;
            self.input.skip_continuations();
        }
        doubled
    }

    /// `-word`, `=word`, `?word`, `+word`, after the operator.
    fn value_operator(
        &mut self,
        letter: u8,
        colon: bool,
        quoting: Quoting,
        mark: Mark,
    ) -> Result<ParamOp, ParseError> {
        let word = if quoting == Quoting::Unquoted {
            self.enclosed_word(Enclosure::Brace, mark)?
        } else {
            let begin = self.input.mark();
            let mut parts = Parts::default();
            self.double_parts(&mut parts, DoubleEnd::Brace, mark)?;
            parts.word(self.input.span(begin))
        };
        Ok(match letter {
            b'-' => ParamOp::Default { colon, word },
            b'=' => ParamOp::Assign { colon, word },
            b'+' => ParamOp::Alternative { colon, word },
            _ => ParamOp::Error { colon, word: Some(word).filter(|word| !word.parts.is_empty()) },
        })
    }

    /// `${x:offset:length}`, after the first colon.
    fn slice(&mut self, mark: Mark) -> Result<ParamOp, ParseError> {
        let offset = self.arithmetic(ArithEnd::Slice, mark)?;
        let length = if self.input.peek() == b':' {
            self.input.pos += 1;
            Some(self.arithmetic(ArithEnd::Slice, mark)?)
        } else {
            None
        };
        Ok(ParamOp::Slice { offset, length })
    }

    /// `${x/pattern/replacement}`, after the first slash.
    fn replace(&mut self, mark: Mark) -> Result<ParamOp, ParseError> {
        self.input.skip_continuations();
        let mode = match self.input.peek() {
            b'/' => ReplaceMode::All,
            b'#' => ReplaceMode::Prefix,
            b'%' => ReplaceMode::Suffix,
            _ => ReplaceMode::First,
        };
        if mode != ReplaceMode::First {
            self.input.pos += 1;
            self.input.skip_continuations();
        }
        let begin = self.input.mark();
        let mut parts = Parts::default();
        if mode == ReplaceMode::All && self.input.peek() == b'/' {
            // The third of three slashes is what is replaced.
            self.take_literal(&mut parts, 1);
        }
        self.enclosed(&mut parts, Enclosure::Slash, mark)?;
        let pattern = parts.word(self.input.span(begin));
        let replacement = if self.input.peek() == b'/' {
            self.input.pos += 1;
            Some(self.enclosed_word(Enclosure::Brace, mark)?)
        } else {
            None
        };
        Ok(ParamOp::Replace { mode, pattern, replacement })
    }

    fn enclosed_word(&mut self, end: Enclosure, open: Mark) -> Result<Word, ParseError> {
        let begin = self.input.mark();
        let mut parts = Parts::default();
        self.enclosed(&mut parts, end, open)?;
        Ok(parts.word(self.input.span(begin)))
    }
}

/// Whether `byte` names a special parameter.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')
}
