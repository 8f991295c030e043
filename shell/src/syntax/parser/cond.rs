//! `[[ expression ]]`.

use crate::syntax::Grammar;
use crate::syntax::ast::{CompoundKind, CondExpr, Word, WordPart};
use crate::syntax::error::{Incomplete, ParseError, ParseErrorKind};
use crate::syntax::token::Keyword;
use crate::syntax::word::WordRule;

/// Joins two expressions.
type Join = fn(Box<CondExpr>, Box<CondExpr>) -> CondExpr;

impl Grammar<'_> {
    /// After `[[`.
    pub(super) fn conditional(&mut self) -> Result<CompoundKind, ParseError> {
        let expression = self.cond_or()?;
        self.newlines()?;
        if !self.take_keyword(Keyword::CloseCond) {
            return Err(self.cond_end_expected());
        }
        Ok(CompoundKind::Cond(expression))
    }

    fn cond_or(&mut self) -> Result<CondExpr, ParseError> {
        let mut terms = vec![self.cond_and()?];
        loop {
            self.newlines()?;
            if !self.take_operator(b"||") {
                return Ok(balance(terms, CondExpr::Or));
            }
            terms.push(self.cond_and()?);
        }
    }

    fn cond_and(&mut self) -> Result<CondExpr, ParseError> {
        let mut terms = vec![self.cond_term()?];
        loop {
            self.newlines()?;
            if !self.take_operator(b"&&") {
                return Ok(balance(terms, CondExpr::And));
            }
            terms.push(self.cond_term()?);
        }
    }

    fn cond_term(&mut self) -> Result<CondExpr, ParseError> {
        self.newlines()?;
        let mark = self.input.mark();
        if self.input.peek() == b'(' {
            self.enter(mark)?;
            self.input.pos += 1;
            let inner = self.cond_or()?;
            self.newlines()?;
            if self.input.peek() != b')' {
                return Err(self.cond_expected_parenthesis());
            }
            self.input.pos += 1;
            self.leave();
            return Ok(CondExpr::Group(Box::new(inner)));
        }
        if self.take_keyword(Keyword::Bang) {
            self.enter(mark)?;
            let inner = self.cond_term()?;
            self.leave();
            return Ok(CondExpr::Not(Box::new(inner)));
        }
        if matches!(self.peek_keyword(), Some((Keyword::CloseCond, _))) {
            return Err(self.cond_term_expected());
        }
        let left = self.word()?;
        if left.parts.is_empty() {
            return Err(self.cond_term_expected());
        }
        if let Some(operator) = unary_operator(&left) {
            let operand = self.cond_operand(WordRule::Plain, b"unary")?;
            return Ok(CondExpr::Unary(operator, operand));
        }
        self.cond_binary(left)
    }

    /// What follows a word: a binary operator and its right side, or the end of the term.
    fn cond_binary(&mut self, left: Word) -> Result<CondExpr, ParseError> {
        let next = self.next_byte();
        if next == b')'
            || self.at_operator(b"&&")
            || self.at_operator(b"||")
            || matches!(self.peek_keyword(), Some((Keyword::CloseCond, _)))
        {
            return Ok(CondExpr::Word(left));
        }
        let operator: Box<[u8]> = if matches!(next, b'<' | b'>') && self.input.peek_at(1) != b'(' {
            self.input.pos += 1;
            [next].into()
        } else {
            let end = self.plain_word_end();
            let word = end.map(|end| self.input.slice(self.input.pos, end));
            match (word.filter(|word| is_binary(word)).map(Into::into), end) {
                (Some(operator), Some(end)) => {
                    self.input.pos = end;
                    operator
                }
                _ => return Err(self.cond_operator_expected()),
            }
        };
        let rule = match &*operator {
            b"=~" => WordRule::Regex,
            b"=" | b"==" | b"!=" => WordRule::ExtGlob,
            _ => WordRule::Plain,
        };
        let right = self.cond_operand(rule, b"binary")?;
        Ok(CondExpr::Binary(left, operator, right))
    }

    /// The word after an operator.
    fn cond_operand(&mut self, rule: WordRule, arity: &[u8]) -> Result<Word, ParseError> {
        self.skip_blanks();
        let closes = matches!(self.peek_keyword(), Some((Keyword::CloseCond, _)));
        if !closes {
            let word = self.word_with(rule)?;
            if !word.parts.is_empty() {
                return Ok(word);
            }
        }
        let error = self.unexpected();
        let ParseErrorKind::UnexpectedToken(token) = &error.kind else { return Err(error) };
        let arity = String::from_utf8_lossy(arity).into_owned();
        let message = [
            b"unexpected argument `",
            &**token,
            b"' to conditional ",
            arity.as_bytes(),
            b" operator",
        ];
        let kind = ParseErrorKind::Conditional(message.concat().into());
        Err(ParseError::new(kind, error.span))
    }

    fn cond_term_expected(&mut self) -> ParseError {
        self.cond_token_error(|token| {
            [b"unexpected token `", token, b"' in conditional command"].concat()
        })
    }

    /// Bash names an operator, but not a word.
    fn cond_end_expected(&mut self) -> ParseError {
        self.cond_token_error(|token| {
            let message: &[u8] = b"syntax error in conditional expression";
            if is_operator(token) {
                [message, b": unexpected token `", token, b"'"].concat()
            } else {
                message.to_vec()
            }
        })
    }

    fn cond_expected_parenthesis(&mut self) -> ParseError {
        self.cond_token_error(|token| [b"unexpected token `", token, b"', expected `)'"].concat())
    }

    fn cond_operator_expected(&mut self) -> ParseError {
        self.cond_token_error(|token| {
            let expected: &[u8] = b"conditional binary operator expected";
            if is_operator(token) {
                [b"unexpected token `", token, b"', ", expected].concat()
            } else {
                expected.to_vec()
            }
        })
    }

    /// An error about the token that stands here.
    fn cond_token_error(&mut self, message: impl Fn(&[u8]) -> Vec<u8>) -> ParseError {
        let error = self.unexpected();
        match &error.kind {
            ParseErrorKind::Incomplete(Incomplete::Command) => {
                let kind = ParseErrorKind::Incomplete(Incomplete::Cond);
                ParseError::new(kind, error.span)
            }
            ParseErrorKind::UnexpectedToken(token) => {
                let kind = ParseErrorKind::Conditional(message(token).into());
                ParseError::new(kind, error.span)
            }
            _ => error,
        }
    }
}

/// The operator if `word` is one that takes one operand.
fn unary_operator(word: &Word) -> Option<Box<[u8]>> {
    match &*word.parts {
        [WordPart::Literal(text)] => match **text {
            [b'-', letter] if b"abcdefghknoprstuvwxzGLNORS".contains(&letter) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the text of a token is that of an operator, or the end of the line.
fn is_operator(token: &[u8]) -> bool {
    token == b"newline"
        || matches!(token.first(), Some(b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'))
}

fn is_binary(word: &[u8]) -> bool {
    matches!(
        word,
        b"=" | b"=="
            | b"!="
            | b"=~"
            | b"-nt"
            | b"-ot"
            | b"-ef"
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
    )
}

/// Joins a chain into a tree of logarithmic depth: the operators are associative.
fn balance(mut terms: Vec<CondExpr>, join: Join) -> CondExpr {
    while terms.len() > 1 {
        let mut pairs = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => join(Box::new(left), Box::new(right)),
                None => left,
            });
        }
        terms = pairs;
    }
    terms.pop().unwrap_or(CondExpr::Word(Word::default()))
}
