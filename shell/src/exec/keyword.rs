//! `set -k`: assignments anywhere among the words of a command.

use crate::syntax::ast::{Arg, AssignValue, Assignment, SimpleCommand, Word, WordPart};

/// Every word that looks like an assignment is one, wherever it stands.
pub(super) fn with_keywords(command: &SimpleCommand) -> SimpleCommand {
    let mut command = command.clone();
    let mut words = Vec::with_capacity(command.words.len());
    for arg in command.words {
        match arg {
            Arg::Word(word) => match as_assignment(&word) {
                Some(assignment) => command.assignments.push(assignment),
                None => words.push(Arg::Word(word)),
            },
            Arg::Assignment(assignment) => words.push(Arg::Assignment(assignment)),
        }
    }
    command.words = words;
    command
}

/// `name=value` or `name+=value`, which was parsed as a word.
fn as_assignment(word: &Word) -> Option<Assignment> {
    let (first, rest) = word.parts.split_first()?;
    let WordPart::Literal(text) = first else { return None };
    let (name, value) = text.split_at(text.iter().position(|byte| *byte == b'=')?);
    let plain = name.strip_suffix(b"+");
    let name = plain.unwrap_or(name);
    let begins = value.get(1..).filter(|text| !text.is_empty());
    let parts = begins.map(|text| WordPart::Literal(text.into())).into_iter();
    let value = Word { parts: parts.chain(rest.iter().cloned()).collect(), span: word.span };
    crate::env::is_name(name).then(|| Assignment {
        name: name.into(),
        subscript: None,
        append: plain.is_some(),
        value: AssignValue::Scalar(value),
        span: word.span,
    })
}
