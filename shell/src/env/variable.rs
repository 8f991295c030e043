//! A variable: its value and its attributes.
//!
//! Not here: where it is visible (`scope`), what assigning to it does (`assign`).

use std::borrow::Cow;
use std::ops::{BitOr, BitOrAssign};
use std::sync::Arc;

use super::array::{Assoc, Indexed};
use crate::arith::Key;

/// What a variable holds. Arrays are shared until written, so that a subshell copies no elements.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// `x=value`
    Scalar(Vec<u8>),
    /// `declare -a`
    Indexed(Arc<Indexed>),
    /// `declare -A`
    Assoc(Arc<Assoc>),
}

impl Default for Value {
    fn default() -> Value {
        Value::Scalar(Vec::new())
    }
}

/// The attributes of `declare`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Attrs(u16);

impl Attrs {
    /// None of them.
    pub(crate) const NONE: Attrs = Attrs(0);
    /// `-r`
    pub(crate) const READONLY: Attrs = Attrs(1);
    /// `-x`
    pub(crate) const EXPORT: Attrs = Attrs(1 << 1);
    /// `-i`
    pub(crate) const INTEGER: Attrs = Attrs(1 << 2);
    /// `-l`
    pub(crate) const LOWER: Attrs = Attrs(1 << 3);
    /// `-u`
    pub(crate) const UPPER: Attrs = Attrs(1 << 4);
    /// `-c`: the first character upper, the others lower.
    pub(crate) const CAPITAL: Attrs = Attrs(1 << 5);
    /// `-n`
    pub(crate) const NAMEREF: Attrs = Attrs(1 << 6);
    /// `-t`
    pub(crate) const TRACE: Attrs = Attrs(1 << 7);
    /// Declared, without a value yet: counts as unset.
    pub(crate) const INVISIBLE: Attrs = Attrs(1 << 8);
    /// Computed when read (`RANDOM`, `LINENO`): see `special`.
    pub(crate) const DYNAMIC: Attrs = Attrs(1 << 9);
    /// Assignments are silently ignored (`BASH_ARGC`, `FUNCNAME`, `GROUPS`).
    pub(crate) const NO_ASSIGN: Attrs = Attrs(1 << 10);
    /// Came with a simple command's own assignments.
    pub(crate) const TEMPORARY: Attrs = Attrs(1 << 11);

    pub(crate) const fn contains(self, other: Attrs) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn intersects(self, other: Attrs) -> bool {
        self.0 & other.0 != 0
    }

    #[must_use]
    pub(crate) const fn with(self, other: Attrs) -> Attrs {
        Attrs(self.0 | other.0)
    }

    #[must_use]
    pub(crate) const fn without(self, other: Attrs) -> Attrs {
        Attrs(self.0 & !other.0)
    }
}

impl BitOr for Attrs {
    type Output = Attrs;

    fn bitor(self, other: Attrs) -> Attrs {
        self.with(other)
    }
}

impl BitOrAssign for Attrs {
    fn bitor_assign(&mut self, other: Attrs) {
        *self = self.with(other);
    }
}

/// A variable of some scope.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Variable {
    pub(crate) value: Value,
    pub(crate) attrs: Attrs,
}

impl Variable {
    /// A scalar with a value.
    pub(crate) fn scalar(value: impl Into<Vec<u8>>, attrs: Attrs) -> Variable {
        Variable { value: Value::Scalar(value.into()), attrs }
    }

    /// Declared only.
    pub(crate) fn unset(attrs: Attrs) -> Variable {
        Variable { value: Value::default(), attrs: attrs.with(Attrs::INVISIBLE) }
    }

    pub(crate) fn has(&self, attrs: Attrs) -> bool {
        self.attrs.contains(attrs)
    }

    /// A scalar whose value is made when it is asked for: `RANDOM`, `LINENO`, ….
    pub(crate) fn is_computed(&self) -> bool {
        self.has(Attrs::DYNAMIC) && !self.is_array()
    }

    /// Whether it has a value (an array: whether one was ever assigned, even an empty one).
    pub(crate) fn is_set(&self) -> bool {
        !self.has(Attrs::INVISIBLE)
    }

    pub(crate) fn is_array(&self) -> bool {
        !matches!(self.value, Value::Scalar(_))
    }

    pub(crate) fn is_indexed(&self) -> bool {
        matches!(self.value, Value::Indexed(_))
    }

    pub(crate) fn is_assoc(&self) -> bool {
        matches!(self.value, Value::Assoc(_))
    }

    /// `$name`: the value, or element 0 of an array.
    pub(crate) fn as_scalar(&self) -> Option<&[u8]> {
        match &self.value {
            _ if !self.is_set() => None,
            Value::Scalar(value) => Some(value),
            Value::Indexed(array) => array.get(0),
            Value::Assoc(array) => array.get(b"0"),
        }
    }

    /// The element of an evaluated key.
    pub(super) fn element(&self, key: &Key) -> Option<&[u8]> {
        match (&self.value, key) {
            _ if !self.is_set() => None,
            (Value::Scalar(value), Key::Index(0 | -1)) => Some(value),
            (Value::Scalar(_), _) => None,
            (Value::Indexed(array), Key::Index(index)) => array.get(array.index(*index)?),
            (Value::Indexed(_), Key::Name(_)) => None,
            (Value::Assoc(array), Key::Name(key)) => array.get(key),
            (Value::Assoc(array), Key::Index(index)) => array.get(index.to_string().as_bytes()),
        }
    }

    /// Every element in order; a scalar is an array of one.
    pub(crate) fn values(&self) -> Vec<&[u8]> {
        match &self.value {
            _ if !self.is_set() => Vec::new(),
            Value::Scalar(value) => vec![value],
            Value::Indexed(array) => array.values().collect(),
            Value::Assoc(array) => array.values().collect(),
        }
    }

    /// Every key in order; a scalar has the key 0.
    pub(crate) fn keys(&self) -> Vec<Cow<'_, [u8]>> {
        match &self.value {
            _ if !self.is_set() => Vec::new(),
            Value::Scalar(_) => vec![Cow::Borrowed(b"0")],
            Value::Indexed(array) => {
                array.iter().map(|(index, _)| Cow::Owned(index.to_string().into_bytes())).collect()
            }
            Value::Assoc(array) => array.iter().map(|(key, _)| Cow::Borrowed(key)).collect(),
        }
    }

    /// The letters after `declare -`, in bash's order; empty when there is none.
    pub(crate) fn flags(&self) -> String {
        let array = match self.value {
            Value::Scalar(_) => "",
            Value::Indexed(_) => "a",
            Value::Assoc(_) => "A",
        };
        let letters = [
            (Attrs::INTEGER, 'i'),
            (Attrs::NAMEREF, 'n'),
            (Attrs::READONLY, 'r'),
            (Attrs::TRACE, 't'),
            (Attrs::EXPORT, 'x'),
            (Attrs::CAPITAL, 'c'),
            (Attrs::LOWER, 'l'),
            (Attrs::UPPER, 'u'),
        ];
        let set = letters.into_iter().filter(|(attr, _)| self.has(*attr)).map(|(_, c)| c);
        array.chars().chain(set).collect()
    }
}
