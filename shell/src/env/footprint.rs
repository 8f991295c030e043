//! How much memory an environment takes: by a sum that is made anew when enough was added.

use super::Env;
use super::variable::{Value, Variable};

/// What a shell process costs beside its environment.
const SHELL: usize = 24 << 10;
/// What a variable costs beside its text: its name, its place in the table.
pub(crate) const VARIABLE: usize = 192;
/// What an element of an array costs beside its text.
pub(super) const ELEMENT: usize = 112;
/// What a byte of a function's text costs once it is parsed.
pub(crate) const PARSED: usize = 16;

/// What is known of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Footprint {
    /// Bytes of the arguments of the functions that called the running one.
    pub(crate) outer_arguments: u64,
    /// Bytes that the kernel keeps of the process: arguments and environment.
    pub(crate) argv_env: u64,
    /// The last sum.
    sum: u64,
    /// What was added since.
    grown: u64,
}

impl Env {
    /// Notes that so many bytes were added.
    pub(crate) fn note_growth(&mut self, bytes: usize) {
        self.footprint.grown = self.footprint.grown.saturating_add((bytes + ELEMENT) as u64);
    }

    /// Notes the value that a variable has got.
    pub(super) fn note_value(&mut self, name: &[u8]) {
        let bytes = self.variables.get(name).map_or(0, |variable| match &variable.value {
            Value::Scalar(value) => value.len(),
            // Elements are noted one by one.
            Value::Indexed(_) | Value::Assoc(_) => 0,
        });
        self.note_growth(bytes);
    }

    /// Whether so much was added since the sum was made that it is to be made anew.
    pub(crate) fn has_grown(&self) -> bool {
        const OFTEN_ENOUGH: u64 = 64 << 10;
        self.footprint.grown > OFTEN_ENOUGH.max(self.footprint.sum / 16)
    }

    /// The sum: variables of all scopes, arguments, functions, aliases, completions.
    pub(crate) fn measure(&mut self) -> u64 {
        let variables: usize = self.variables.all().map(|(name, v)| name.len() + size(v)).sum();
        let function = |f: &super::Function| {
            let span = f.definition.span;
            span.end.saturating_sub(span.start) as usize * PARSED + VARIABLE
        };
        let functions: usize = self.functions.values().map(function).sum();
        let hashed: usize =
            self.hash.iter().map(|(name, (path, _))| name.len() + path.len() + VARIABLE).sum();
        let aliases: usize =
            self.aliases.iter().map(|(name, text)| name.len() + text.len() + VARIABLE).sum();
        let completions: usize =
            self.completions.iter().map(|(name, spec)| name.len() + spec.footprint()).sum();
        let texts =
            of_texts(&self.positional) + of_texts(&self.dir_stack) + completions + hashed + SHELL;
        self.footprint.grown = 0;
        let sum = (variables + functions + aliases + texts) as u64;
        self.footprint.sum = sum + self.footprint.outer_arguments + self.footprint.argv_env;
        self.footprint.sum
    }
}

/// A value without the room that it was made with, if that is much.
pub(super) fn trimmed(mut value: Vec<u8>) -> Vec<u8> {
    if value.capacity() - value.len() > 1024 {
        value.shrink_to_fit();
    }
    value
}

/// Adds to a value. Room ahead makes a loop of these fast; too much would not be counted.
pub(super) fn append(value: &mut Vec<u8>, more: &[u8]) {
    if value.capacity() - value.len() < more.len() {
        value.reserve_exact(more.len().max(value.len() / 16));
    }
    value.extend_from_slice(more);
}

/// What some strings take.
pub(crate) fn of_texts(texts: &[Vec<u8>]) -> usize {
    texts.iter().map(|text| text.len() + ELEMENT).sum()
}

fn size(variable: &Variable) -> usize {
    VARIABLE
        + match &variable.value {
            Value::Scalar(value) => value.len(),
            Value::Indexed(array) => array.values().map(|value| value.len() + ELEMENT).sum(),
            Value::Assoc(array) => {
                array.iter().map(|(key, value)| key.len() + value.len() + 2 * ELEMENT).sum()
            }
        }
}
