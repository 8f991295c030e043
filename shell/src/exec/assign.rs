//! Assignments: from the tree to values, from values to variables.

use std::borrow::Cow;

use super::Outcome;
use crate::arith::Key;
use crate::env::{Assoc, Indexed, Mode, SetOption, Value, VarError, Variable};
use crate::shell::Shell;
use crate::syntax::ast::{ArrayElement, AssignValue, Assignment};
use crate::unwind::Unwind;

/// An assignment whose words are expanded.
#[derive(Clone, Debug)]
pub(crate) struct Assigned {
    pub(crate) name: Vec<u8>,
    /// The text between the brackets, expanded, not evaluated.
    pub(crate) subscript: Option<Vec<u8>>,
    pub(crate) mode: Mode,
    pub(crate) value: AssignedValue,
}

/// The right-hand side.
#[derive(Clone, Debug)]
pub(crate) enum AssignedValue {
    /// `=text`
    Text(Vec<u8>),
    /// `=( … )`
    List(Vec<Element>),
}

/// An element of a list.
#[derive(Clone, Debug)]
pub(crate) enum Element {
    /// A field: at the next index, or a key and a value in turn.
    Plain(Vec<u8>),
    /// `[subscript]=value`
    Keyed(Vec<u8>, Vec<u8>, Mode),
}

impl Assigned {
    /// As one string: `name=value`, as a command sees it.
    pub(crate) fn word(&self) -> Vec<u8> {
        let mut text = self.name.clone();
        if let Some(subscript) = &self.subscript {
            text.push(b'[');
            text.extend_from_slice(subscript);
            text.push(b']');
        }
        text.extend_from_slice(if self.mode == Mode::Append { b"+=" } else { b"=" });
        text.extend_from_slice(&self.value.text());
        text
    }

    /// The value alone.
    pub(crate) fn into_text(self) -> Vec<u8> {
        match self.value {
            AssignedValue::Text(text) => text,
            list => list.text(),
        }
    }
}

impl AssignedValue {
    fn text(&self) -> Vec<u8> {
        match self {
            AssignedValue::Text(text) => text.clone(),
            AssignedValue::List(elements) => {
                let mut text = b"(".to_vec();
                for (position, element) in elements.iter().enumerate() {
                    if position > 0 {
                        text.push(b' ');
                    }
                    match element {
                        Element::Plain(value) => text.extend(super::quote::word(value)),
                        Element::Keyed(key, value, mode) => {
                            text.push(b'[');
                            text.extend_from_slice(key);
                            text.extend_from_slice(match mode {
                                Mode::Append => b"]+=",
                                Mode::Set => b"]=",
                            });
                            text.extend(super::quote::word(value));
                        }
                    }
                }
                text.push(b')');
                text
            }
        }
    }
}

impl Shell {
    /// Expands what an assignment consists of.
    pub(crate) async fn expand_assignment(&mut self, assignment: &Assignment) -> Outcome<Assigned> {
        let subscript = match &assignment.subscript {
            Some(word) => Some(self.expand_word(word).await?),
            None => None,
        };
        let value = match &assignment.value {
            AssignValue::Scalar(word) => AssignedValue::Text(self.expand_word(word).await?),
            AssignValue::Array(elements) => {
                AssignedValue::List(self.expand_elements(elements).await?)
            }
        };
        let mode = if assignment.append { Mode::Append } else { Mode::Set };
        Ok(Assigned { name: assignment.name.to_vec(), subscript, mode, value })
    }

    /// An argument of `declare` is a word, and braces make several of it.
    pub(super) fn expand_assignment_braces<'a>(
        &self,
        assignment: &'a Assignment,
    ) -> Vec<Cow<'a, Assignment>> {
        let values = match &assignment.value {
            AssignValue::Scalar(word) => self.expand_braces(word),
            AssignValue::Array(_) => None,
        };
        let with = |value| {
            let value = AssignValue::Scalar(value);
            Cow::Owned(Assignment { value, ..assignment.clone() })
        };
        match values {
            Some(values) => values.into_iter().map(with).collect(),
            None => vec![Cow::Borrowed(assignment)],
        }
    }

    async fn expand_elements(&mut self, elements: &[ArrayElement]) -> Outcome<Vec<Element>> {
        let mut expanded = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                ArrayElement::Word(word) => {
                    let fields = self.expand_args(std::slice::from_ref(word)).await?;
                    expanded.extend(fields.into_iter().map(Element::Plain));
                }
                ArrayElement::Keyed { subscript, append, value } => {
                    let key = self.expand_word(subscript).await?;
                    let value = self.expand_word(value).await?;
                    let mode = if *append { Mode::Append } else { Mode::Set };
                    expanded.push(Element::Keyed(key, value, mode));
                }
            }
        }
        Ok(expanded)
    }

    /// Assigns to a variable of this shell.
    pub(crate) fn assign(&mut self, assigned: Assigned) -> Outcome {
        match self.try_assign(assigned) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.assignment_failed(&error)),
        }
    }

    /// Says why an assignment failed; what that ends.
    pub(crate) fn assignment_failed(&mut self, error: &VarError) -> Unwind {
        self.complain(error.message());
        self.env.status = 1;
        let unbound = matches!(error, VarError::Arith(error) if error.unbound);
        if unbound || self.env.is(SetOption::Posix) { Unwind::Exit(1) } else { Unwind::Error(1) }
    }

    /// Assigns to the visible variable.
    ///
    /// # Errors
    /// Those of variables.
    pub(crate) fn try_assign(&mut self, assigned: Assigned) -> Result<(), VarError> {
        let Assigned { name, subscript, mode, value } = assigned;
        match (value, subscript) {
            (AssignedValue::Text(text), None) => self.env.assign(&name, text, mode),
            (AssignedValue::Text(text), Some(subscript)) => {
                self.env.assign_element(&name, &subscript, text, mode)
            }
            (AssignedValue::List(_), Some(subscript)) => {
                let full = [&name[..], b"[", &subscript, b"]"].concat();
                Err(VarError::ListToMember(full))
            }
            (AssignedValue::List(elements), None) => self.assign_list(&name, elements, mode),
        }
    }

    /// `name=( … )`
    pub(crate) fn assign_list(
        &mut self,
        name: &[u8],
        elements: Vec<Element>,
        mode: Mode,
    ) -> Result<(), VarError> {
        let Some(target) = self.env.resolve(name) else { return Ok(()) };
        if let Some(subscript) = &target.subscript {
            let full = [&target.name, &b"["[..], subscript, b"]"].concat();
            return Err(VarError::ListToMember(full));
        }
        let name = target.name.into_owned();
        self.env.writable(&name)?;
        if self.env.variables.get(&name).is_some_and(Variable::is_assoc) {
            return self.assign_keys(&name, elements, mode);
        }
        self.assign_indices(&name, elements, mode)
    }

    fn assign_indices(
        &mut self,
        name: &[u8],
        elements: Vec<Element>,
        mode: Mode,
    ) -> Result<(), VarError> {
        let mut array = match self.env.variables.get(name) {
            Some(variable) if mode == Mode::Append && variable.is_set() => match &variable.value {
                Value::Indexed(array) => (**array).clone(),
                Value::Scalar(value) => Indexed::from_values([value.clone()]),
                Value::Assoc(_) => Indexed::default(),
            },
            _ => Indexed::default(),
        };
        let keyed = elements.iter().any(|element| matches!(element, Element::Keyed(..)));
        let integer = self
            .env
            .variables
            .get(name)
            .is_some_and(|variable| variable.has(crate::env::Attrs::INTEGER));
        let mut next = array.end();
        if keyed && mode == Mode::Set {
            // Subscripts may refer to what the array is becoming.
            self.env.assign_indexed(name, Indexed::default())?;
        }
        for element in elements {
            match element {
                Element::Plain(value) => {
                    array.set(next, value);
                    next = next.saturating_add(1);
                }
                Element::Keyed(subscript, value, mode) => {
                    let index = match self.env.evaluate_key(name, &subscript)? {
                        Key::Index(index) => array.index(index),
                        Key::Name(_) => None,
                    };
                    let Some(index) = index else {
                        let full = [b"[", &subscript[..], b"]=", &value].concat();
                        return Err(VarError::BadSubscript(full));
                    };
                    let value = match (mode, array.get(index)) {
                        (Mode::Append, Some(old)) if integer => {
                            let sum = [old, b"+(", &value, b")"].concat();
                            crate::arith::eval(&sum, &mut self.env)?.to_string().into_bytes()
                        }
                        (Mode::Append, Some(old)) => [old, &value[..]].concat(),
                        _ => value,
                    };
                    array.set(index, value);
                    next = index.saturating_add(1);
                }
            }
        }
        self.env.assign_indexed(name, array)
    }

    fn assign_keys(
        &mut self,
        name: &[u8],
        elements: Vec<Element>,
        mode: Mode,
    ) -> Result<(), VarError> {
        if mode == Mode::Set {
            self.env.assign_assoc(name, Assoc::default())?;
        }
        let mut key: Option<Vec<u8>> = None;
        let in_pairs = !matches!(elements.first(), Some(Element::Keyed(..)));
        for element in elements {
            match element {
                Element::Plain(value) if in_pairs => match key.take() {
                    Some(key) => {
                        self.env.assign_key(name, &Key::Name(key), value, Mode::Set)?;
                    }
                    None => key = Some(value),
                },
                Element::Plain(value) => {
                    let text = [
                        name,
                        b": ",
                        &value,
                        b": must use subscript when assigning associative array",
                    ]
                    .concat();
                    self.complain(text);
                }
                Element::Keyed(subscript, value, mode) => {
                    let key = self.env.evaluate_key(name, &subscript)?;
                    self.env.assign_key(name, &key, value, mode)?;
                }
            }
        }
        if let Some(key) = key {
            self.env.assign_key(name, &Key::Name(key), Vec::new(), Mode::Set)?;
        }
        Ok(())
    }
}
