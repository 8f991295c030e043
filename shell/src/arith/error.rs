//! Errors of arithmetic.

/// Why an expression has no value, in bash's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ArithError {
    /// `1 +: syntax error: operand expected (error token is "+")`
    pub(crate) message: Vec<u8>,
    pub(crate) kind: ArithErrorKind,
}

/// What an error asks of those who see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ArithErrorKind {
    /// The expression has no value.
    Invalid,
    /// An unset variable under `set -u`, or any error that ends a shell with errexit.
    Fatal,
    /// An index before the start of an array: said, and its value is 0.
    BeforeStart,
    /// A subscript has no value.
    Subscript,
    /// This subscript has expansions, which are not done yet.
    Unexpanded(Subscript),
}

/// A subscript as it stands in an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Subscript {
    /// The text between the brackets.
    pub(crate) text: Vec<u8>,
    /// Whether it is a key, of an associative array, instead of an expression.
    pub(crate) is_key: bool,
}

impl ArithError {
    /// An error of a variable.
    pub(crate) fn new(message: impl Into<Vec<u8>>) -> ArithError {
        ArithError { message: message.into(), kind: ArithErrorKind::Invalid }
    }

    /// What an error is when it is a subscript that has it.
    pub(super) fn in_subscript(self) -> ArithError {
        match self.kind {
            ArithErrorKind::Invalid => ArithError { kind: ArithErrorKind::Subscript, ..self },
            _ => self,
        }
    }

    pub(crate) fn is_fatal(&self) -> bool {
        self.kind == ArithErrorKind::Fatal
    }
}
