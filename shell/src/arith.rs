//! Arithmetic: what stands between `$((` and `))`, and in subscripts, offsets and `let`.
//!
//! 64-bit integers that wrap. Values of variables are expressions themselves. The text is
//! evaluated while it is parsed, as bash does it: an error in the part that was not reached
//! comes after the effects of the part before it. Not here: expansion of the text (`expand`).

mod error;
mod number;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use self::error::{ArithError, ArithErrorKind, Subscript};
pub(crate) use self::token::closing_bracket;

use std::borrow::Cow;

use self::number::parse_number;
use self::token::{Lexer, Token};

/// The variables that an expression reads and writes.
pub(crate) trait Variables {
    /// Whether subscripts of this name are keys instead of expressions.
    fn is_assoc(&self, name: &[u8]) -> bool;

    /// The value; `None` when unset.
    ///
    /// # Errors
    /// Unset under `set -u`, a bad subscript.
    fn get(&self, name: &[u8], key: Option<&Key>) -> Result<Option<Cow<'_, [u8]>>, ArithError>;

    /// Assigns.
    ///
    /// # Errors
    /// Readonly, a bad subscript.
    fn set(&mut self, name: &[u8], key: Option<&Key>, value: i64) -> Result<(), ArithError>;

    /// Takes note of an error that does not end the evaluation.
    fn warn(&mut self, _error: ArithError) {}

    /// The text between the brackets after this name, with its expansions done and its quotes
    /// removed.
    ///
    /// # Errors
    /// The expansions have to be done before.
    fn subscript(&mut self, name: &[u8], text: &[u8]) -> Result<Vec<u8>, ArithError> {
        let _ = name;
        Ok(text.to_vec())
    }
}

/// A subscript that was evaluated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Key {
    /// Of an indexed array.
    Index(i64),
    /// Of an associative one.
    Name(Vec<u8>),
}

/// The value of an expression; 0 for an empty one.
///
/// # Errors
/// Syntax errors, division by 0, negative exponents, recursion that is too deep, and what
/// `variables` answers.
pub(crate) fn eval(text: &[u8], variables: &mut dyn Variables) -> Result<i64, ArithError> {
    eval_at(text, variables, 0)
}

/// So deep may parentheses, right-associative operators and variables' values nest together.
/// Bash allows 1024 for values, and crashes at some depth of the others.
const MAX_DEPTH: u32 = 1024;

fn eval_at(text: &[u8], variables: &mut dyn Variables, depth: u32) -> Result<i64, ArithError> {
    let trimmed = text.trim_ascii_start();
    // By far the most frequent: a number.
    if let Some(value) = plain_decimal(trimmed) {
        return Ok(value);
    }
    if trimmed.is_empty() {
        return Ok(0);
    }
    let mut evaluator =
        Evaluator { lexer: Lexer::new(trimmed), token: Token::End, variables, skip: 0, depth };
    evaluator.advance()?;
    let value = evaluator.comma()?.value;
    match evaluator.token {
        Token::End => Ok(value),
        _ => Err(evaluator.error("syntax error in expression")),
    }
}

fn plain_decimal(text: &[u8]) -> Option<i64> {
    let (first, rest) = text.split_first()?;
    if !first.is_ascii_digit() || text.len() > 18 || (*first == b'0' && !rest.is_empty()) {
        return None;
    }
    text.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

struct Evaluator<'a, 'v> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    variables: &'v mut dyn Variables,
    /// How many enclosing operands are parsed without being evaluated.
    skip: u32,
    depth: u32,
}

/// The value of a part, and where to assign if it was a variable alone.
struct Operand<'a> {
    value: i64,
    place: Option<Place<'a>>,
}

struct Place<'a> {
    name: &'a [u8],
    key: Option<Key>,
}

impl From<i64> for Operand<'_> {
    fn from(value: i64) -> Self {
        Operand { value, place: None }
    }
}

/// A binary operator; the discriminants do not matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Binary {
    Or,
    And,
    BitOr,
    BitXor,
    BitAnd,
    Eq,
    Ne,
    Le,
    Ge,
    Lt,
    Gt,
    Shl,
    Shr,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

impl Binary {
    fn precedence(self) -> u8 {
        match self {
            Binary::Or => 1,
            Binary::And => 2,
            Binary::BitOr => 3,
            Binary::BitXor => 4,
            Binary::BitAnd => 5,
            Binary::Eq | Binary::Ne => 6,
            Binary::Le | Binary::Ge | Binary::Lt | Binary::Gt => 7,
            Binary::Shl | Binary::Shr => 8,
            Binary::Add | Binary::Sub => 9,
            Binary::Mul | Binary::Div | Binary::Rem => 10,
        }
    }

    /// The result; a zero divisor must have been refused.
    fn apply(self, a: i64, b: i64) -> i64 {
        match self {
            Binary::Or => i64::from(a != 0 || b != 0),
            Binary::And => i64::from(a != 0 && b != 0),
            Binary::BitOr => a | b,
            Binary::BitXor => a ^ b,
            Binary::BitAnd => a & b,
            Binary::Eq => i64::from(a == b),
            Binary::Ne => i64::from(a != b),
            Binary::Le => i64::from(a <= b),
            Binary::Ge => i64::from(a >= b),
            Binary::Lt => i64::from(a < b),
            Binary::Gt => i64::from(a > b),
            // The processors that bash runs on take the count modulo 64.
            Binary::Shl => a.wrapping_shl(b as u32),
            Binary::Shr => a.wrapping_shr(b as u32),
            Binary::Add => a.wrapping_add(b),
            Binary::Sub => a.wrapping_sub(b),
            Binary::Mul => a.wrapping_mul(b),
            Binary::Div if b == 0 => 0,
            Binary::Div => a.wrapping_div(b),
            Binary::Rem if b == 0 => 0,
            Binary::Rem => a.wrapping_rem(b),
        }
    }
}

impl<'a> Evaluator<'a, '_> {
    fn advance(&mut self) -> Result<(), ArithError> {
        let after_name = matches!(self.token, Token::Name(..));
        let after_operand = after_name || matches!(self.token, Token::Number(_) | Token::Close);
        match self.lexer.next(after_name, after_operand) {
            Ok(token) => {
                self.token = token;
                Ok(())
            }
            Err(message) => Err(self.error(message)),
        }
    }

    fn error(&self, message: &str) -> ArithError {
        self.error_at(message, self.lexer.last)
    }

    /// An error of a number: the text up to it is shown.
    fn number_error(&self, message: &str) -> ArithError {
        let text = self.lexer.text.get(..self.lexer.position).unwrap_or_default();
        Self::error_in(text, message, self.lexer.last)
    }

    fn error_at(&self, message: &str, token: usize) -> ArithError {
        Self::error_in(self.lexer.text, message, token)
    }

    fn error_in(text: &[u8], message: &str, token: usize) -> ArithError {
        let token = text.get(token..).unwrap_or_default();
        let parts: [&[u8]; 6] =
            [text, b": ", message.as_bytes(), b" (error token is \"", token, b"\")"];
        ArithError::new(parts.concat())
    }

    /// Runs a step one level deeper, on a stack that has room for it.
    fn deeper<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, ArithError>,
    ) -> Result<T, ArithError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error("expression recursion level exceeded"));
        }
        self.depth += 1;
        let result = stacker::maybe_grow(64 * 1024, 1024 * 1024, || step(self));
        self.depth -= 1;
        result
    }

    /// Runs a step that must have no effects if `skip`.
    fn skipping<T>(
        &mut self,
        skip: Skip,
        step: impl FnOnce(&mut Self) -> Result<T, ArithError>,
    ) -> Result<T, ArithError> {
        let skipped = u32::from(skip == Skip::Effects);
        self.skip += skipped;
        let result = step(self);
        self.skip -= skipped;
        result
    }

    /// `expr , expr`
    fn comma(&mut self) -> Result<Operand<'a>, ArithError> {
        let mut operand = self.assignment()?;
        while self.token == Token::Comma {
            self.advance()?;
            operand = Operand::from(self.assignment()?.value);
        }
        Ok(operand)
    }

    /// `name = expr`, `name op= expr`
    fn assignment(&mut self) -> Result<Operand<'a>, ArithError> {
        let operand = self.conditional()?;
        let Token::Assign(operator) = self.token else { return Ok(operand) };
        let Some(place) = operand.place else {
            return Err(self.error("attempted assignment to non-variable"));
        };
        self.advance()?;
        let right = self.deeper(Self::assignment)?.value;
        let value = match operator {
            None => right,
            Some(Binary::Div | Binary::Rem) if right == 0 && self.skip == 0 => {
                return Err(self.error("division by 0"));
            }
            Some(operator) => operator.apply(operand.value, right),
        };
        self.store(&place, value)?;
        Ok(Operand::from(value))
    }

    /// `a ? b : c`
    fn conditional(&mut self) -> Result<Operand<'a>, ArithError> {
        let condition = self.binary(1)?;
        if self.token != Token::Question {
            return Ok(condition);
        }
        self.advance()?;
        if matches!(self.token, Token::End | Token::Colon) {
            return Err(self.error("expression expected"));
        }
        let yes = condition.value != 0;
        let first = self.skipping(Skip::unless(yes), |this| this.deeper(Self::comma))?.value;
        if self.token != Token::Colon {
            return Err(self.error("`:' expected for conditional expression"));
        }
        self.advance_past_colon(yes)?;
        let second =
            self.skipping(Skip::unless(!yes), |this| this.deeper(Self::conditional))?.value;
        Ok(Operand::from(if yes { first } else { second }))
    }

    fn advance_past_colon(&mut self, skip: bool) -> Result<(), ArithError> {
        self.skipping(Skip::unless(!skip), Self::advance)?;
        match self.token {
            Token::End => Err(self.error("expression expected")),
            _ => Ok(()),
        }
    }

    /// The left-associative operators of at least this precedence.
    fn binary(&mut self, least: u8) -> Result<Operand<'a>, ArithError> {
        let mut left = self.power()?;
        while let Token::Binary(operator) = self.token {
            let precedence = operator.precedence();
            if precedence < least {
                break;
            }
            let operand_at = self.lexer.position;
            self.advance()?;
            let skip = match operator {
                Binary::Or => Skip::unless(left.value == 0),
                Binary::And => Skip::unless(left.value != 0),
                _ => Skip::Nothing,
            };
            let right = self.skipping(skip, |this| this.binary(precedence + 1))?.value;
            if matches!(operator, Binary::Div | Binary::Rem) && right == 0 && self.skip == 0 {
                return Err(self.error_at("division by 0", self.lexer.after_blanks(operand_at)));
            }
            left = Operand::from(operator.apply(left.value, right));
        }
        Ok(left)
    }

    /// `a ** b`, right-associative.
    fn power(&mut self) -> Result<Operand<'a>, ArithError> {
        let base = self.unary()?;
        if self.token != Token::Power {
            return Ok(base);
        }
        self.advance()?;
        let exponent = self.deeper(Self::power)?.value;
        match u64::try_from(exponent) {
            Ok(exponent) => Ok(Operand::from(power(base.value, exponent))),
            Err(_) if self.skip > 0 => Ok(Operand::from(0)),
            Err(_) => Err(self.error("exponent less than 0")),
        }
    }

    fn unary(&mut self) -> Result<Operand<'a>, ArithError> {
        let apply: fn(i64) -> i64 = match self.token {
            Token::Not => |value| i64::from(value == 0),
            Token::BitNot => |value: i64| !value,
            Token::Binary(Binary::Sub) => i64::wrapping_neg,
            Token::Binary(Binary::Add) => |value| value,
            _ => return self.primary(),
        };
        self.advance()?;
        let operand = self.deeper(Self::unary)?;
        Ok(Operand::from(apply(operand.value)))
    }

    fn primary(&mut self) -> Result<Operand<'a>, ArithError> {
        match self.token {
            Token::Number(digits) => {
                let value = parse_number(digits).map_err(|message| self.number_error(message))?;
                self.advance()?;
                Ok(Operand::from(value))
            }
            Token::Name(name, subscript) => self.variable(name, subscript),
            Token::Increment(step) => {
                self.advance()?;
                let Token::Name(name, subscript) = self.token else {
                    return Err(
                        self.error("identifier expected after pre-increment or pre-decrement")
                    );
                };
                let place = self.place(name, subscript)?;
                let value = self.load(&place)?.wrapping_add(step);
                self.store(&place, value)?;
                self.token = Token::Number(b"0");
                self.advance()?;
                Ok(Operand::from(value))
            }
            Token::Open => {
                self.advance()?;
                let value = self.deeper(Self::comma)?.value;
                if self.token != Token::Close {
                    return Err(self.error("missing `)'"));
                }
                self.advance()?;
                Ok(Operand::from(value))
            }
            _ => Err(self.error("syntax error: operand expected")),
        }
    }

    fn variable(
        &mut self,
        name: &'a [u8],
        subscript: Option<&'a [u8]>,
    ) -> Result<Operand<'a>, ArithError> {
        let place = self.place(name, subscript)?;
        // What is only assigned to is not read: it may hold anything.
        let value = if self.lexer.at_plain_assignment() { 0 } else { self.load(&place)? };
        self.advance()?;
        let Token::PostIncrement(step) = self.token else {
            return Ok(Operand { value, place: Some(place) });
        };
        self.store(&place, value.wrapping_add(step))?;
        self.token = Token::Number(b"0");
        self.advance()?;
        Ok(Operand::from(value))
    }

    fn place(
        &mut self,
        name: &'a [u8],
        subscript: Option<&'a [u8]>,
    ) -> Result<Place<'a>, ArithError> {
        let Some(text) = subscript.filter(|_| self.skip == 0) else {
            return Ok(Place { name, key: None });
        };
        let text = self.variables.subscript(name, text)?;
        let key = if self.variables.is_assoc(name) {
            Key::Name(text)
        } else if text.is_empty() {
            return Err(ArithError::new([name, b"[]: bad array subscript"].concat()));
        } else {
            Key::Index(self.nested(&text).map_err(ArithError::in_subscript)?)
        };
        Ok(Place { name, key: Some(key) })
    }

    fn load(&mut self, place: &Place<'_>) -> Result<i64, ArithError> {
        if self.skip > 0 {
            return Ok(0);
        }
        let value = match self.variables.get(place.name, place.key.as_ref()) {
            Err(error) if error.kind == ArithErrorKind::BeforeStart => {
                self.variables.warn(error);
                return Ok(0);
            }
            value => value?,
        };
        let Some(value) = value else { return Ok(0) };
        if let Some(value) = plain_decimal(&value) {
            return Ok(value);
        }
        let text = value.into_owned();
        self.nested(&text)
    }

    fn nested(&mut self, text: &[u8]) -> Result<i64, ArithError> {
        self.deeper(|this| eval_at(text, this.variables, this.depth))
    }

    fn store(&mut self, place: &Place<'_>, value: i64) -> Result<(), ArithError> {
        match self.skip {
            0 => self.variables.set(place.name, place.key.as_ref(), value),
            _ => Ok(()),
        }
    }
}

/// Whether a part's effects are left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Skip {
    Effects,
    Nothing,
}

impl Skip {
    fn unless(wanted: bool) -> Skip {
        if wanted { Skip::Nothing } else { Skip::Effects }
    }
}

fn power(mut base: i64, mut exponent: u64) -> i64 {
    let mut result = 1_i64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}
