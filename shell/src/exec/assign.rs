//! Assignments: from the tree to values, from values to variables.

use std::sync::Arc;

use std::borrow::Cow;

use super::Outcome;
use crate::arith::Key;
use crate::builtin::Argument;
use crate::env::{Assoc, Indexed, Mode, SetOption, Value, VarError, Variable};
use crate::expand::{self, quote};
use crate::shell::Shell;
use crate::syntax::ast::{ArrayElement, AssignValue, Assignment, WordPart};
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

impl Element {
    fn into_value(self) -> Vec<u8> {
        match self {
            Element::Plain(value) | Element::Keyed(_, value, _) => value,
        }
    }
}

/// What a list is going to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ListKind {
    Indexed,
    Assoc,
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
                        Element::Plain(value) => text.extend(quote::word(value)),
                        Element::Keyed(key, value, mode) => {
                            text.push(b'[');
                            text.extend_from_slice(key);
                            text.extend_from_slice(match mode {
                                Mode::Append => b"]+=",
                                Mode::Set => b"]=",
                            });
                            text.extend(quote::word(value));
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
        self.expand_declared(assignment, ListKind::Indexed).await
    }

    /// What is to be given a list is an array before the list is expanded, as bash has it.
    pub(super) fn become_array(&mut self, assignment: &Assignment) {
        if !matches!(assignment.value, AssignValue::Array(_))
            || assignment.subscript.is_some()
            || self.env.is_own_reference(&assignment.name)
        {
            return;
        }
        let name = &assignment.name;
        let Some(target) = self.env.resolve(name).filter(|target| target.subscript.is_none())
        else {
            return;
        };
        let array = match self.env.variables.get(&target.name).map(|variable| &variable.value) {
            Some(Value::Indexed(_) | Value::Assoc(_)) => return,
            Some(Value::Scalar(value))
                if self.env.variables.get(&target.name).is_some_and(Variable::is_set) =>
            {
                Indexed::from_values([value.clone()])
            }
            _ => Indexed::default(),
        };
        let name = target.name.into_owned();
        // Why it cannot be is said when the list is assigned.
        let _ = self.env.assign_indexed(&name, array);
    }

    /// As `expand_assignment`, where the variable is about to be declared as of a kind.
    pub(crate) async fn expand_declared(
        &mut self,
        assignment: &Assignment,
        kind: ListKind,
    ) -> Outcome<Assigned> {
        let subscript = match &assignment.subscript {
            Some(word) => {
                let is_assoc = self.env.variable(&assignment.name).is_some_and(|v| v.is_assoc());
                let text = match is_assoc {
                    true => self.expand_word(word).await?,
                    false => self.expand_word(&expand::arithmetic_subscript(word)).await?,
                };
                // What expands to nothing is 0; only nothing at all is an error.
                let zero = text.trim_ascii().is_empty() && !word.parts.is_empty() && !is_assoc;
                // Only as they are written, these two mean all elements; else they are arithmetic.
                let all = matches!(text.as_slice(), b"@" | b"*");
                let written = matches!(word.parts.as_slice(), [WordPart::Literal(_)]);
                Some(match text {
                    _ if zero => b"0".to_vec(),
                    text if all && !written && !is_assoc => [b" ", &text[..]].concat(),
                    text => text,
                })
            }
            None => None,
        };
        let value = match &assignment.value {
            AssignValue::Scalar(word) => AssignedValue::Text(self.expand_word(word).await?),
            AssignValue::Array(elements) => {
                let kind = match self.env.variable(&assignment.name) {
                    Some(variable) if variable.is_assoc() => ListKind::Assoc,
                    _ => kind,
                };
                AssignedValue::List(self.expand_elements(elements, kind).await?)
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

    /// `declare -a "a=($list)"`: where an array is declared, a value in parentheses is a list that
    /// is expanded now.
    pub(super) async fn expand_lists_in_text(&mut self, args: &mut [Argument]) -> Outcome<()> {
        let Some((Argument::Word(command), rest)) = args.split_first_mut() else { return Ok(()) };
        let local = match command.as_slice() {
            b"declare" | b"typeset" | b"local" => self.function_depth > 0,
            _ => false,
        };
        let has = |arg: &Argument, letter: u8| {
            matches!(arg, Argument::Word(word)
                if word.starts_with(b"-") && word.contains(&letter))
        };
        let assoc = rest.iter().any(|arg| has(arg, b'A'));
        let declared = assoc || rest.iter().any(|arg| has(arg, b'a'));
        for arg in rest {
            let (name, subscript, mode, value) = crate::builtin::split_declaration(arg);
            let Some(AssignedValue::Text(text)) = value.filter(|_| subscript.is_none() || declared)
            else {
                continue;
            };
            let depth = if local { self.env.variables.function_depth() } else { 0 };
            let is_array = match self.env.resolve(&name) {
                Some(target) if local => {
                    self.env.variables.get_at(depth, &target.name).map(Variable::is_array)
                }
                Some(target) => self.env.variables.get(&target.name).map(Variable::is_array),
                None => None,
            };
            if !declared && is_array != Some(true) {
                continue;
            }
            let Some(elements) = crate::syntax::parse_array(&text) else { continue };
            let is_assoc = self.env.variable(&name).is_some_and(|variable| variable.is_assoc());
            let kind = if assoc || is_assoc { ListKind::Assoc } else { ListKind::Indexed };
            let value = AssignedValue::List(self.expand_elements(&elements, kind).await?);
            *arg = Argument::Assignment(Assigned { name, subscript: None, mode, value });
        }
        Ok(())
    }

    async fn expand_elements(
        &mut self,
        elements: &[ArrayElement],
        kind: ListKind,
    ) -> Outcome<Vec<Element>> {
        let mut expanded = Vec::with_capacity(elements.len());
        let mut words = Vec::new();
        for (position, element) in elements.iter().enumerate() {
            match element {
                ArrayElement::Word(word) => {
                    words.push(word.clone());
                    if !matches!(elements.get(position + 1), Some(ArrayElement::Word(_))) {
                        let fields = self.expand_args(&std::mem::take(&mut words)).await?;
                        expanded.extend(fields.into_iter().map(Element::Plain));
                    }
                }
                ArrayElement::Keyed { subscript, append, value } => {
                    let braced = self.env.is(SetOption::Braceexpand) && kind == ListKind::Indexed;
                    if braced && let Some(words) = expand::braced_element(element, self.sys.room())
                    {
                        // Braces make words of it, no matter how it looks.
                        let fields = self.expand_args(&words).await?;
                        expanded.extend(fields.into_iter().map(Element::Plain));
                        continue;
                    }
                    let key = self.expand_word(subscript).await?;
                    let value = self.expand_word(value).await?;
                    let mode = if *append { Mode::Append } else { Mode::Set };
                    expanded.push(Element::Keyed(key, value, mode));
                }
            }
        }
        Ok(expanded)
    }

    /// Says why an assignment failed; what that ends.
    pub(crate) fn assignment_failed(&mut self, error: &VarError) -> Unwind {
        self.complain(error.message());
        self.env.status = 1;
        let errexit = self.env.is(SetOption::Errexit);
        match error {
            VarError::Arith(error) if error.is_fatal() => Unwind::Exit(self.fatal_status()),
            _ if self.env.is(SetOption::Posix) => Unwind::Exit(1),
            VarError::Arith(_) => Unwind::Abandon(1),
            _ if errexit => Unwind::Exit(1),
            _ => Unwind::Error(1),
        }
    }

    /// Assigns to the visible variable.
    ///
    /// # Errors
    /// Those of variables.
    pub(crate) fn try_assign(&mut self, assigned: Assigned) -> Result<(), VarError> {
        if self.env.is_own_reference(&assigned.name) {
            return self.assign_below(assigned);
        }
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

    /// Assigns to the variable that a nameref to its own name hides.
    fn assign_below(&mut self, assigned: Assigned) -> Result<(), VarError> {
        let name = assigned.name.clone();
        self.complain([&b"warning: "[..], &name, b": circular name reference"].concat());
        let mut aside = Vec::new();
        while let Some(depth) = self.env.variables.depth_of(&name).filter(|depth| *depth > 0) {
            aside.extend(self.env.variables.remove(&name).map(|variable| (depth, variable)));
        }
        let result = self.try_assign(assigned);
        for (depth, variable) in aside.into_iter().rev() {
            self.env.variables.insert_at(depth, &name, variable);
        }
        result
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
        let mut next = array.end();
        if !elements.iter().any(|element| matches!(element, Element::Keyed(..))) {
            for element in elements {
                array.set(next, element.into_value());
                next = next.saturating_add(1);
            }
            return self.env.assign_indexed(name, array);
        }
        // Subscripts may refer to what the array is becoming: one element after the other.
        if mode == Mode::Set {
            self.env.assign_indexed(name, Indexed::default())?;
        }
        for element in elements {
            let (index, value, mode) = match element {
                Element::Plain(value) => (next, value, Mode::Set),
                Element::Keyed(subscript, value, mode) => {
                    match self.list_index(name, &subscript)? {
                        Ok(index) => (index, value, mode),
                        Err(why) => {
                            let message = [b"[", &subscript[..], b"]=", &value, why].concat();
                            self.element_refused(message)?;
                            continue;
                        }
                    }
                }
            };
            self.env.assign_key(name, &Key::Index(index as i64), value, mode)?;
            next = index.saturating_add(1);
        }
        Ok(())
    }

    /// The index that a subscript in a list means; or why it means none.
    fn list_index(
        &mut self,
        name: &[u8],
        subscript: &[u8],
    ) -> Result<Result<u64, &'static [u8]>, VarError> {
        const BAD: &[u8] = b": bad array subscript";
        if matches!(subscript, b"@" | b"*") {
            return Ok(Err(b": cannot assign to non-numeric index"));
        }
        if subscript.trim_ascii().is_empty() {
            return Ok(Err(BAD));
        }
        let Key::Index(index) = self.env.evaluate_key(name, subscript)? else {
            return Ok(Err(BAD));
        };
        let found = match self.env.variables.get(name).map(|variable| &variable.value) {
            Some(Value::Indexed(array)) => array.index(index),
            _ => u64::try_from(index).ok(),
        };
        Ok(found.ok_or(BAD))
    }

    /// An element that cannot be is left out with a message; with errexit that ends the shell.
    fn element_refused(&mut self, message: Vec<u8>) -> Result<(), VarError> {
        if self.env.is(SetOption::Errexit) {
            return Err(VarError::Element(message));
        }
        let builtin = self.builtin.take();
        self.complain(message);
        self.builtin = builtin;
        Ok(())
    }

    fn assign_keys(
        &mut self,
        name: &[u8],
        elements: Vec<Element>,
        mode: Mode,
    ) -> Result<(), VarError> {
        // In a new list, `[key]+=` adds to what the old one had.
        let mut old = None;
        if mode == Mode::Set {
            old = self.env.variables.get(name).and_then(|variable| match &variable.value {
                Value::Assoc(array) => Some(Arc::clone(array)),
                _ => None,
            });
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
                    let text: &[u8] = b": must use subscript when assigning associative array";
                    self.element_refused([name, b": ", &value, text].concat())?;
                }
                Element::Keyed(subscript, value, _) if subscript.is_empty() => {
                    let message = [b"[]=", &value[..], b": bad array subscript"].concat();
                    self.element_refused(message)?;
                }
                Element::Keyed(subscript, value, element_mode) => {
                    let key = Key::Name(subscript);
                    if let (Some(old), Mode::Append, Key::Name(text)) = (&old, element_mode, &key) {
                        let before = old.get(text).unwrap_or_default().to_vec();
                        self.env.assign_key(name, &key, before, Mode::Set)?;
                    }
                    self.env.assign_key(name, &key, value, element_mode)?;
                }
            }
        }
        if let Some(key) = key {
            self.env.assign_key(name, &Key::Name(key), Vec::new(), Mode::Set)?;
        }
        Ok(())
    }
}
