//! Assigning to variables: namerefs, attributes, elements. Not here: why it can fail (`error`).

use std::borrow::Cow;
use std::sync::Arc;

use super::Env;
use super::array::{Assoc, Indexed};
use super::error::VarError;
use super::footprint;
use super::scope::Depth;
use super::variable::{Attrs, Value, Variable};
use crate::arith::{self, Key};

/// Whether a value replaces the old one or is added to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// `=`
    Set,
    /// `+=`
    Append,
}

/// A name and perhaps a subscript: where namerefs lead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) name: Cow<'a, [u8]>,
    /// The text between the brackets.
    pub(crate) subscript: Option<Vec<u8>>,
}

/// So many namerefs are followed (bash's `NAMEREF_MAX`).
const MAX_REFERENCES: u32 = 8;

impl Env {
    /// Where the namerefs that start at `name` lead; to nothing when they run in a circle.
    pub(crate) fn resolve<'a>(&self, name: &'a [u8]) -> Option<Target<'a>> {
        let mut target = Target { name: Cow::Borrowed(name), subscript: None };
        // The first element on the way; where its array leads is followed only to find circles.
        let mut element = None;
        for _ in 0..=MAX_REFERENCES {
            let Some(variable) = self.variables.get(&target.name) else {
                return element.or(Some(target));
            };
            let value = match &variable.value {
                Value::Scalar(value)
                    if variable.has(Attrs::NAMEREF)
                        && !variable.has(Attrs::INVISIBLE)
                        && !value.is_empty() =>
                {
                    value
                }
                _ => return element.or(Some(target)),
            };
            let next = match split_subscript(value) {
                Some((base, subscript)) => {
                    let name = Cow::Owned(base.to_vec());
                    element.get_or_insert(Target { name, subscript: Some(subscript.to_vec()) });
                    base.to_vec()
                }
                None => value.clone(),
            };
            target.name = Cow::Owned(next);
        }
        None
    }

    /// Whether a function's nameref refers to its own name: as in bash, that is the global
    /// variable then.
    pub(crate) fn is_own_reference(&self, name: &[u8]) -> bool {
        self.variables.get(name).is_some_and(|variable| {
            variable.has(Attrs::NAMEREF) && variable.as_scalar() == Some(name)
        }) && self.variables.depth_of(name).is_some_and(|depth| depth > 0)
    }

    /// `name=value` or `name+=value`.
    ///
    /// # Errors
    /// Readonly, an arithmetic error of an integer variable, a bad nameref.
    pub(crate) fn assign(
        &mut self,
        name: &[u8],
        value: Vec<u8>,
        mode: Mode,
    ) -> Result<(), VarError> {
        // The common case first: a scalar without attributes that matter.
        let plain = Attrs::EXPORT | Attrs::TRACE | Attrs::TEMPORARY;
        if let Some(variable) = self.variables.get(name)
            && variable.attrs.without(plain) == Attrs::NONE
            && !variable.is_array()
            && (mode == Mode::Set || variable.is_set())
            && !self.options.is(super::option::SetOption::Allexport)
        {
            match self.variables.get_mut(name).map(|variable| &mut variable.value) {
                Some(Value::Scalar(old)) if mode == Mode::Append => footprint::append(old, &value),
                Some(old) => *old = Value::Scalar(footprint::trimmed(value)),
                None => {}
            }
            self.after_change(name);
            return Ok(());
        }
        let Some(target) = self.resolve(name) else {
            return Err(VarError::Circular(name.to_vec()));
        };
        if let Some(variable) = self.variables.get(&target.name)
            && variable.has(Attrs::NAMEREF)
            && target.subscript.is_none()
        {
            return self.point(&target.name, value);
        }
        match &target.subscript {
            Some(subscript) => self.assign_element(&target.name, subscript, value, mode),
            None => self.assign_direct(&target.name, value, mode),
        }
    }

    /// Gives a nameref that refers to nothing yet its name.
    fn point(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), VarError> {
        if !is_reference(&value) {
            return Err(VarError::InvalidName(value));
        }
        if let Some(variable) = self.variables.get_mut(name) {
            variable.value = Value::Scalar(value);
            variable.attrs = variable.attrs.without(Attrs::INVISIBLE);
        }
        Ok(())
    }

    fn assign_direct(&mut self, name: &[u8], value: Vec<u8>, mode: Mode) -> Result<(), VarError> {
        match self.variables.get(name) {
            Some(variable) if variable.is_assoc() => {
                return self.assign_key(name, &Key::Name(b"0".to_vec()), value, mode);
            }
            Some(variable) if variable.is_indexed() => {
                return self.assign_key(name, &Key::Index(0), value, mode);
            }
            _ => {}
        }
        let attrs = self.writable(name)?;
        if attrs.contains(Attrs::NO_ASSIGN) {
            return Ok(());
        }
        let old = match mode {
            Mode::Append => self.get(name).map(Cow::into_owned),
            Mode::Set => None,
        };
        let value = self.converted(attrs, old, value)?;
        if attrs.contains(Attrs::DYNAMIC) {
            self.assign_dynamic(name, &value);
            return Ok(());
        }
        self.store(name, |variable| variable.value = Value::Scalar(value));
        self.after_change(name);
        Ok(())
    }

    /// The attributes of the visible variable, unless it must not be changed.
    pub(crate) fn writable(&self, name: &[u8]) -> Result<Attrs, VarError> {
        let attrs = self.variables.get(name).map_or(Attrs::NONE, |variable| variable.attrs);
        if attrs.contains(Attrs::READONLY) {
            return Err(VarError::Readonly(name.to_vec()));
        }
        Ok(attrs)
    }

    /// Changes the visible variable; a new one is global.
    fn store(&mut self, name: &[u8], change: impl FnOnce(&mut Variable)) {
        let allexport = self.options.is(super::option::SetOption::Allexport);
        let export = if allexport { Attrs::EXPORT } else { Attrs::NONE };
        if let Some(variable) = self.variables.get_mut(name) {
            change(variable);
            variable.attrs = variable.attrs.without(Attrs::INVISIBLE) | export;
            return;
        }
        let mut variable = Variable::unset(export);
        change(&mut variable);
        variable.attrs = variable.attrs.without(Attrs::INVISIBLE);
        self.variables.insert_at(0, name, variable);
    }

    /// `name[subscript]=value`
    ///
    /// # Errors
    /// Readonly, a bad subscript, arithmetic errors.
    pub(crate) fn assign_element(
        &mut self,
        name: &[u8],
        subscript: &[u8],
        value: Vec<u8>,
        mode: Mode,
    ) -> Result<(), VarError> {
        let Some(target) = self.resolve(name) else { return Ok(()) };
        if target.subscript.is_some() {
            let subscript = target.subscript.unwrap_or_default();
            let full = [&*target.name, b"[", &subscript, b"]"].concat();
            return Err(VarError::InvalidName(full));
        }
        let name = target.name;
        let key = self.evaluate_key(&name, subscript)?;
        self.assign_key(&name, &key, value, mode)
    }

    /// What a subscript of this variable means.
    ///
    /// # Errors
    /// Empty, `@` or `*` for an indexed array, arithmetic errors.
    pub(crate) fn evaluate_key(&mut self, name: &[u8], subscript: &[u8]) -> Result<Key, VarError> {
        let bad = || VarError::BadSubscript([name, b"[", subscript, b"]"].concat());
        if self.variables.get(name).is_some_and(Variable::is_assoc) {
            if subscript.is_empty() {
                return Err(bad());
            }
            return Ok(Key::Name(subscript.to_vec()));
        }
        if subscript.trim_ascii().is_empty() || matches!(subscript, b"@" | b"*") {
            return Err(bad());
        }
        Ok(Key::Index(arith::eval(subscript, self)?))
    }

    /// Assigns the element of an evaluated key; a scalar becomes an indexed array.
    ///
    /// # Errors
    /// Readonly, an index before the start, arithmetic errors of an integer array.
    pub(crate) fn assign_key(
        &mut self,
        name: &[u8],
        key: &Key,
        value: Vec<u8>,
        mode: Mode,
    ) -> Result<(), VarError> {
        let attrs = self.writable(name)?;
        if let (Attrs::DYNAMIC, Key::Name(key)) = (attrs, key) {
            self.assign_dynamic_key(name, key, value);
            return Ok(());
        }
        if attrs.intersects(Attrs::NO_ASSIGN | Attrs::DYNAMIC) {
            return Ok(());
        }
        let old = match mode {
            Mode::Append => self.element(name, key).map(Cow::into_owned),
            Mode::Set => None,
        };
        let value = self.converted(attrs, old, value)?;
        if self.is_before_start(name, key) {
            return Err(VarError::BadSubscript(element_name(name, key)));
        }
        let mut bad = false;
        self.note_growth(value.len());
        self.store(name, |variable| match (&mut variable.value, key) {
            (Value::Assoc(array), Key::Name(key)) => Arc::make_mut(array).set(key, value),
            (Value::Assoc(array), Key::Index(index)) => {
                Arc::make_mut(array).set(index.to_string().as_bytes(), value);
            }
            (_, Key::Index(index)) => variable.change_indexed(|array| match array.index(*index) {
                Some(index) => array.set(index, value),
                None => bad = true,
            }),
            (_, Key::Name(_)) => bad = true,
        });
        if bad {
            return Err(VarError::BadSubscript(element_name(name, key)));
        }
        self.after_change(name);
        Ok(())
    }

    /// Replaces a whole indexed array; the elements are converted as attributes ask.
    ///
    /// # Errors
    /// Readonly, arithmetic errors of an integer array.
    pub(crate) fn assign_indexed(&mut self, name: &[u8], array: Indexed) -> Result<(), VarError> {
        let attrs = self.writable(name)?;
        if attrs.contains(Attrs::NO_ASSIGN) {
            return Ok(());
        }
        if self.variables.get(name).is_some_and(Variable::is_assoc) {
            return Err(VarError::AssocToIndexed(name.to_vec()));
        }
        let converting = Attrs::INTEGER | Attrs::LOWER | Attrs::UPPER | Attrs::CAPITAL;
        let mut array = array;
        if attrs.intersects(converting) {
            for (index, value) in array.clone().iter() {
                array.set(index, self.converted(attrs, None, value.to_vec())?);
            }
        }
        self.note_growth(array.values().map(|value| value.len() + footprint::ELEMENT).sum());
        self.store(name, |variable| variable.value = Value::Indexed(Arc::new(array)));
        self.after_change(name);
        Ok(())
    }

    /// Replaces a whole associative array.
    ///
    /// # Errors
    /// Readonly.
    pub(crate) fn assign_assoc(&mut self, name: &[u8], array: Assoc) -> Result<(), VarError> {
        self.writable(name)?;
        self.note_growth(array.values().map(|value| value.len() + footprint::ELEMENT).sum());
        self.store(name, |variable| variable.value = Value::Assoc(Arc::new(array)));
        Ok(())
    }

    /// The value that is stored when `value` is assigned: after the old one for `+=`, evaluated
    /// for `-i`, in the case of `-u -l -c`.
    pub(crate) fn converted(
        &mut self,
        attrs: Attrs,
        old: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Vec<u8>, VarError> {
        let value = if attrs.contains(Attrs::INTEGER) {
            let added = arith::eval(&value, self)?;
            let base = match old {
                Some(old) => arith::eval(&old, self)?,
                None => 0,
            };
            return Ok(base.wrapping_add(added).to_string().into_bytes());
        } else {
            match old {
                Some(mut old) => {
                    old.reserve_exact(value.len());
                    old.extend_from_slice(&value);
                    old
                }
                None => value,
            }
        };
        let value = footprint::trimmed(value);
        Ok(if attrs.contains(Attrs::UPPER) {
            crate::pattern::map_case(&value, crate::pattern::upper)
        } else if attrs.contains(Attrs::LOWER) {
            crate::pattern::map_case(&value, crate::pattern::lower)
        } else if attrs.contains(Attrs::CAPITAL) {
            crate::pattern::capitalize(&value)
        } else {
            value
        })
    }

    /// Makes a variable in the scope of the running function (in the global one outside of
    /// functions); one that is there already stays. The value of a temporary assignment to the
    /// name is taken over, and the export attribute of the variable that is shadowed.
    ///
    /// # Errors
    /// The shadowed one is readonly.
    pub(crate) fn declare_local(&mut self, name: &[u8]) -> Result<Depth, VarError> {
        let depth = self.variables.function_depth();
        // Under the assignments before `eval`, those are what `local` finds.
        if let Some(visible) = self.variables.depth_of(name)
            && visible > depth
            && self.variables.get(name).is_some_and(|variable| variable.has(Attrs::TEMPORARY))
        {
            return Ok(visible);
        }
        if self.variables.get_at(depth, name).is_some() {
            return Ok(depth);
        }
        let mut variable = Variable::unset(Attrs::NONE);
        if let Some(outer) = self.variables.get(name) {
            // What a caller has made readonly for itself does not bind those it calls.
            if outer.has(Attrs::READONLY) && self.variables.depth_of(name) == Some(0) {
                return Err(VarError::Readonly(name.to_vec()));
            }
            if outer.has(Attrs::TEMPORARY) || self.shopts.is(super::option::Shopt::LocalvarInherit)
            {
                variable = outer.clone();
                variable.attrs = variable.attrs.without(Attrs::TEMPORARY | Attrs::NAMEREF);
            } else if outer.has(Attrs::EXPORT) {
                variable.attrs |= Attrs::EXPORT;
            }
        }
        if name == b"OPTIND" {
            self.saved_getopts.push((depth, self.getopts));
        }
        self.variables.insert_at(depth, name, variable);
        self.after_change(name);
        Ok(depth)
    }

    /// Sets and clears attributes of the variable that a scope has; makes it when there is none.
    pub(crate) fn change_attrs(&mut self, depth: Depth, name: &[u8], set: Attrs, clear: Attrs) {
        let mut variable = self
            .variables
            .get_at(depth, name)
            .cloned()
            .unwrap_or_else(|| Variable::unset(Attrs::NONE));
        let cases = Attrs::UPPER | Attrs::LOWER | Attrs::CAPITAL;
        let mut set = set;
        if set.intersects(cases) {
            variable.attrs = variable.attrs.without(cases);
        }
        if set.contains(Attrs::UPPER | Attrs::LOWER) {
            // Both at once are neither.
            set = set.without(cases);
        }
        variable.attrs = variable.attrs.without(clear).with(set);
        self.variables.insert_at(depth, name, variable);
    }

    /// Removes a variable: in the function that made it local it stays local without a value.
    ///
    /// # Errors
    /// Readonly.
    pub(crate) fn unset(&mut self, name: &[u8]) -> Result<(), VarError> {
        let Some(target) = self.resolve(name) else { return Ok(()) };
        match &target.subscript {
            Some(subscript) => self.unset_element(&target.name, subscript),
            None => self.unset_direct(&target.name),
        }
    }

    /// Like `unset`, of a nameref itself (`unset -n`).
    ///
    /// # Errors
    /// Readonly.
    pub(crate) fn unset_direct(&mut self, name: &[u8]) -> Result<(), VarError> {
        let Some(variable) = self.variables.get(name) else { return Ok(()) };
        if variable.has(Attrs::READONLY) {
            return Err(VarError::UnsetReadonly(name.to_vec()));
        }
        if name == b"_" {
            // It comes back with the next command.
            self.last_argument.clear();
            return Ok(());
        }
        if variable.has(Attrs::NO_ASSIGN) && name != b"FUNCNAME" && name != b"DIRSTACK" {
            return Err(VarError::CannotUnset(name.to_vec()));
        }
        let depth = self.variables.depth_of(name).unwrap_or(0);
        let own = depth > 0 && depth == self.variables.function_depth();
        let localvar_unset = self.shopts.is(super::option::Shopt::LocalvarUnset);
        let local = self.variables.is_function(depth) && !variable.has(Attrs::TEMPORARY);
        if local && (own || localvar_unset) {
            self.variables.insert_at(depth, name, Variable::unset(Attrs::NONE));
        } else {
            self.variables.remove(name);
        }
        self.after_change(name);
        Ok(())
    }

    /// `unset name[subscript]`; `@` and `*` remove all elements.
    ///
    /// # Errors
    /// Readonly, not an array, a bad subscript.
    pub(crate) fn unset_element(&mut self, name: &[u8], subscript: &[u8]) -> Result<(), VarError> {
        let Some(target) = self.resolve(name) else { return Ok(()) };
        let name = &*target.name;
        let Some(variable) = self.variables.get(name) else { return Ok(()) };
        if variable.has(Attrs::READONLY) {
            return Err(VarError::UnsetReadonly(name.to_vec()));
        }
        if variable.has(Attrs::DYNAMIC) {
            return Ok(());
        }
        let whole = matches!(subscript, b"@" | b"*");
        if !variable.is_array() {
            return match whole || matches!(self.evaluate_key(name, subscript)?, Key::Index(0)) {
                true => self.unset_direct(name),
                false => Err(VarError::NotArray(name.to_vec())),
            };
        }
        if whole && !variable.is_assoc() {
            self.store(name, |variable| variable.value = Value::Indexed(Arc::default()));
            return Ok(());
        }
        let key = self.evaluate_key(name, subscript)?;
        self.unset_key(name, &key)
    }

    /// Removes the element of an evaluated key.
    ///
    /// # Errors
    /// Readonly, an index before the start.
    pub(crate) fn unset_key(&mut self, name: &[u8], key: &Key) -> Result<(), VarError> {
        let Some(target) = self.resolve(name) else { return Ok(()) };
        let Some(variable) = self.variables.get_mut(&target.name) else { return Ok(()) };
        if variable.has(Attrs::READONLY) {
            return Err(VarError::UnsetReadonly(name.to_vec()));
        }
        match (&mut variable.value, key) {
            (Value::Indexed(array), Key::Index(index)) => match array.index(*index) {
                Some(index) => Arc::make_mut(array).remove(index),
                None => return Err(VarError::BadSubscript(format!("[{index}]").into_bytes())),
            },
            (Value::Assoc(array), Key::Name(key)) => Arc::make_mut(array).remove(key),
            _ => {}
        }
        Ok(())
    }
}

impl Variable {
    /// Makes an indexed array of a scalar: `declare -a`.
    pub(crate) fn make_indexed(&mut self) {
        self.change_indexed(|_| ());
    }

    /// Changes the elements; a scalar is made into an array first, its value element 0.
    pub(crate) fn change_indexed(&mut self, change: impl FnOnce(&mut Indexed)) {
        if let Value::Indexed(array) = &mut self.value {
            return change(Arc::make_mut(array));
        }
        let mut array = Indexed::default();
        if let Value::Scalar(value) = &mut self.value
            && !self.attrs.contains(Attrs::INVISIBLE)
        {
            array.set(0, std::mem::take(value));
        }
        change(&mut array);
        self.value = Value::Indexed(Arc::new(array));
    }
}

fn element_name(name: &[u8], key: &Key) -> Vec<u8> {
    match key {
        Key::Index(index) => [name, b"[", index.to_string().as_bytes(), b"]"].concat(),
        Key::Name(key) => [name, b"[", key, b"]"].concat(),
    }
}

/// `name[subscript]` in its two parts.
pub(crate) fn split_subscript(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let open = text.iter().position(|byte| *byte == b'[')?;
    let (name, rest) = text.split_at(open);
    if !crate::env::is_name(name) || arith::closing_bracket(rest)? + 1 != rest.len() {
        return None;
    }
    Some((name, &rest[1..rest.len() - 1]))
}

/// Whether a nameref may refer to this.
pub(crate) fn is_reference(text: &[u8]) -> bool {
    crate::env::is_name(text) || split_subscript(text).is_some()
}
