//! What arithmetic sees of the environment.

use std::borrow::Cow;

use super::{Env, Mode, SetOption, Value, VarError};
use crate::arith::{self, ArithError, ArithErrorKind, Key, Subscript};
use crate::expand::Quotes;

impl arith::Variables for Env {
    fn is_assoc(&self, name: &[u8]) -> bool {
        self.variable(name).is_some_and(|variable| variable.is_assoc())
    }

    fn get(&self, name: &[u8], key: Option<&Key>) -> Result<Option<Cow<'_, [u8]>>, ArithError> {
        let value = match key {
            None => Env::get(self, name),
            Some(Key::Index(index)) if *index < 0 => {
                let value = self.element(name, &Key::Index(*index));
                if value.is_none() && self.is_before_start(name, &Key::Index(*index)) {
                    let message = [name, b": bad array subscript"].concat();
                    let kind = match self.is(SetOption::Errexit) {
                        true => ArithErrorKind::Fatal,
                        false => ArithErrorKind::BeforeStart,
                    };
                    return Err(ArithError { message, kind });
                }
                value
            }
            Some(key) => self.element(name, key),
        };
        // An element that a variable with a value does not have is 0.
        let has_value = || self.variable(name).is_some_and(|variable| variable.is_set());
        if value.is_none() && self.is(SetOption::Nounset) && !has_value() {
            let message = [name, b": unbound variable"].concat();
            return Err(ArithError { message, kind: ArithErrorKind::Fatal });
        }
        Ok(value)
    }

    fn set(&mut self, name: &[u8], key: Option<&Key>, value: i64) -> Result<(), ArithError> {
        let text = value.to_string().into_bytes();
        let result = match key {
            None => self.assign(name, text, Mode::Set),
            Some(key) => match self.resolve(name) {
                Some(target) => self.assign_key(&target.name, key, text, Mode::Set),
                None => Ok(()),
            },
        };
        result.map_err(|error| match error {
            VarError::Arith(error) => error,
            error => ArithError::new(error.message()),
        })
    }

    fn warn(&mut self, error: ArithError) {
        self.warnings.push(error.message);
    }

    fn subscript(&mut self, name: &[u8], text: &[u8]) -> Result<Vec<u8>, ArithError> {
        if !text.iter().any(|byte| matches!(byte, b'$' | b'`' | b'"' | b'\'' | b'\\')) {
            return Ok(text.to_vec());
        }
        let subscript = Subscript { text: text.to_vec(), is_key: self.is_assoc(name) };
        if !has_expansions(text) {
            let quotes = if subscript.is_key { Quotes::All } else { Quotes::Double };
            return Ok(crate::expand::unquote(text, quotes));
        }
        if let Some((_, expanded)) = self.expansions.iter().find(|(known, _)| *known == subscript) {
            return Ok(expanded.clone());
        }
        let mut error = ArithError::new([text, b": syntax error: operand expected"].concat());
        error.kind = ArithErrorKind::Unexpanded(subscript);
        Err(error)
    }
}

/// Whether the text has a `$` or a backquote that no backslash protects.
fn has_expansions(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'$' | b'`' => return true,
            _ => {}
        }
    }
    false
}

impl Env {
    /// Whether a negative index counts back beyond the start of an array.
    pub(crate) fn is_before_start(&self, name: &[u8], key: &Key) -> bool {
        let Key::Index(index @ ..0) = key else { return false };
        let end = self.variable(name).map_or(0, |variable| match &variable.value {
            Value::Indexed(array) => array.end(),
            Value::Scalar(_) => u64::from(variable.is_set()),
            Value::Assoc(_) => u64::MAX,
        });
        index.unsigned_abs() > end
    }
}
