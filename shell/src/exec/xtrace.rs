//! `set -x`: showing commands before they run.

use super::assign::{Assigned, AssignedValue, Element};
use super::cond::Sense;
use crate::builtin::Argument;
use crate::env::{Mode, SetOption};
use crate::expand::quote;
use crate::shell::Shell;
use crate::syntax::ast::{AssignValue, Assignment, Word};

impl Shell {
    fn traces(&self) -> bool {
        self.env.is(SetOption::Xtrace)
    }

    /// Writes a line to descriptor 2, or to that of `BASH_XTRACEFD`.
    async fn trace(&mut self, text: &[u8]) {
        let status = self.env.status;
        self.env.options.set(SetOption::Xtrace, false);
        let prompt = self.env.get(b"PS4").map(|value| value.into_owned()).unwrap_or_default();
        let mut line = self.expand_prompt(&prompt).await.unwrap_or(prompt);
        self.env.options.set(SetOption::Xtrace, true);
        self.env.status = status;
        // The first character shows how deep the subshell is.
        if let Some(first) = line.first().copied() {
            for _ in 0..self.trace_level {
                line.insert(0, first);
            }
        }
        line.extend_from_slice(text);
        line.push(b'\n');
        let fd = self.env.get(b"BASH_XTRACEFD");
        let fd = fd.and_then(|text| String::from_utf8_lossy(&text).parse::<u32>().ok());
        match fd {
            Some(fd) => {
                let _ = self.sys.write_some(crate::sys::Fd(fd), &line);
            }
            None => self.print_error(&line),
        }
    }

    pub(super) async fn trace_words(&mut self, words: &[Vec<u8>]) {
        if self.traces() {
            let quoted: Vec<Vec<u8>> = words.iter().map(|word| quote::traced(word)).collect();
            self.trace(&quoted.join(&b' ')).await;
        }
    }

    pub(super) async fn trace_arguments(&mut self, args: &[Argument]) {
        if !self.traces() {
            return;
        }
        let mut quoted = Vec::with_capacity(args.len());
        for arg in args {
            quoted.push(match arg {
                Argument::Word(word) => quote::traced(word),
                Argument::Assignment(assigned) => match &assigned.value {
                    // A list is assigned, and shown, before the declaration.
                    AssignedValue::List(elements) => {
                        self.trace(&list_shown(assigned, elements)).await;
                        quote::traced(&assigned.name)
                    }
                    AssignedValue::Text(_) => quote::traced(&assigned.word()),
                },
            });
        }
        self.trace(&quoted.join(&b' ')).await;
        // These two show what they assign, too.
        let Some(Argument::Word(command)) = args.first() else { return };
        if !matches!(command.as_slice(), b"export" | b"readonly") {
            return;
        }
        for arg in args {
            if let Argument::Assignment(assigned) = arg
                && matches!(assigned.value, AssignedValue::Text(_))
            {
                self.trace(&shown(assigned)).await;
            }
        }
    }

    /// Values are shown, lists as they were written.
    pub(super) async fn trace_assignment(&mut self, assigned: &Assigned, written: &Assignment) {
        let text = match &written.value {
            AssignValue::Scalar(_) => shown(assigned),
            AssignValue::Array(_) => crate::syntax::print_assignment(written),
        };
        self.trace(&text).await;
    }

    pub(super) async fn trace_for(&mut self, name: &[u8], words: Option<&[Word]>) {
        let mut text = [b"for ", name, b" in"].concat();
        match words {
            Some(words) => {
                for word in words {
                    text.push(b' ');
                    text.extend(crate::syntax::print_word(word));
                }
            }
            None => text.extend_from_slice(b" \"$@\""),
        }
        self.trace(&text).await;
    }

    pub(super) async fn trace_case(&mut self, word: &Word) {
        let text = [b"case ", &crate::syntax::print_word(word)[..], b" in"].concat();
        self.trace(&text).await;
    }

    pub(super) async fn trace_arith(&mut self, expression: &Word) {
        let text = [b"(( ", &crate::syntax::print_word(expression)[..], b" ))"].concat();
        self.trace(&text).await;
    }

    /// One test of `[[ ]]`.
    pub(super) async fn trace_test(&mut self, sense: Sense, words: &[Vec<u8>]) {
        if self.traces() {
            let open: &[u8] = if sense == Sense::Negated { b"[[ ! " } else { b"[[ " };
            let text = [open, &words.join(&b' ')[..], b" ]]"].concat();
            self.trace(&text).await;
        }
    }
}

/// `name=('value' ['key']='value')`
fn list_shown(assigned: &Assigned, elements: &[Element]) -> Vec<u8> {
    let show = |element: &Element| match element {
        Element::Plain(value) => quote::single(value),
        Element::Keyed(key, value, mode) => {
            let equals: &[u8] = if *mode == Mode::Append { b"]+=" } else { b"]=" };
            [b"[", &quote::single(key)[..], equals, &quote::single(value)].concat()
        }
    };
    let elements: Vec<Vec<u8>> = elements.iter().map(show).collect();
    let equals: &[u8] = if assigned.mode == Mode::Append { b"+=(" } else { b"=(" };
    [&assigned.name[..], equals, &elements.join(&b' '), b")"].concat()
}

fn shown(assigned: &Assigned) -> Vec<u8> {
    match &assigned.value {
        AssignedValue::List(_) => assigned.word(),
        AssignedValue::Text(text) => {
            let mut bare = assigned.clone();
            bare.value = AssignedValue::Text(Vec::new());
            let value = if text.is_empty() { Vec::new() } else { quote::traced(text) };
            [bare.word(), value].concat()
        }
    }
}
