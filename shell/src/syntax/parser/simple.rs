//! Simple commands and assignments.

use crate::syntax::Grammar;
use crate::syntax::ast::{
    Arg, ArrayElement, AssignValue, Assignment, Command, SimpleCommand, Word, WordPart,
};
use crate::syntax::class::{is_name_byte, is_name_start};
use crate::syntax::error::ParseError;
use crate::syntax::input::Mark;
use crate::syntax::word::{Parts, WordRule};

/// What the command name says about `name=value` arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arguments {
    /// No name yet: assignments come before it.
    NoName,
    /// Words.
    Words,
    /// `command`: the next word may be the name.
    Prefix,
    /// Assignments, but no arrays.
    Scalars,
    /// Assignments.
    Assignments,
    /// Words in which `name=(…)` belongs to the word.
    Text,
}

/// Whether blanks may stand in `name[…]=value`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subscripts {
    /// Before the command's name.
    Blanks,
    /// In its arguments they separate words.
    Plain,
}

impl Grammar<'_> {
    /// Assignments, words and redirections; `name ()` turns into a function.
    pub(super) fn simple(&mut self, mark: Mark) -> Result<Command, ParseError> {
        let mut command = SimpleCommand::default();
        let mut arguments = Arguments::NoName;
        let begin = self.input.remaining();
        loop {
            let begun = !command.assignments.is_empty() || !command.redirects.is_empty();
            if arguments == Arguments::NoName && begun {
                self.command_start()?;
            } else {
                self.argument_start()?;
            }
            if let Some(redirect) = self.redirect()? {
                command.redirects.push(redirect);
                continue;
            }
            match self.input.peek() {
                b'(' => {
                    let lone = command.words.len() == 1
                        && command.assignments.is_empty()
                        && command.redirects.is_empty();
                    if lone && let Arg::Word(word) = &command.words[0] {
                        return self.function_parentheses(mark, word, begin);
                    }
                    return Err(self.unexpected());
                }
                b'\n' | b';' | b'&' | b'|' | b')' | 0 => break,
                _ => {}
            }
            self.simple_word(&mut command, &mut arguments)?;
        }
        if command.words.is_empty()
            && command.assignments.is_empty()
            && command.redirects.is_empty()
        {
            return Err(self.unexpected());
        }
        command.span = self.input.span(mark);
        Ok(Command::Simple(command))
    }

    /// An assignment or a word of a simple command.
    fn simple_word(
        &mut self,
        command: &mut SimpleCommand,
        arguments: &mut Arguments,
    ) -> Result<(), ParseError> {
        match *arguments {
            Arguments::NoName => match self.assignment_or_word(Subscripts::Blanks, true)? {
                Arg::Assignment(assignment) => {
                    command.assignments.push(assignment);
                    return Ok(());
                }
                word => {
                    *arguments = self.arguments_of(&word, Arguments::NoName);
                    command.words.push(word);
                }
            },
            Arguments::Assignments => {
                command.words.push(self.assignment_or_word(Subscripts::Plain, true)?);
            }
            Arguments::Scalars => {
                command.words.push(self.assignment_or_word(Subscripts::Plain, false)?);
            }
            Arguments::Text => {
                let word = self.word_with_arrays()?;
                command.words.push(Arg::Word(word));
            }
            Arguments::Words => command.words.push(Arg::Word(self.word()?)),
            Arguments::Prefix => {
                let word = Arg::Word(self.word()?);
                *arguments = self.arguments_of(&word, Arguments::Prefix);
                command.words.push(word);
            }
        }
        Ok(())
    }

    /// `name=value` and its kin, or else a word.
    fn assignment_or_word(
        &mut self,
        subscripts: Subscripts,
        arrays: bool,
    ) -> Result<Arg, ParseError> {
        if !is_name_start(self.input.peek()) {
            return self.word().map(Arg::Word);
        }
        let mark = self.input.mark();
        let end = self.name_end();
        match self.input.at(end) {
            b'=' => {}
            b'+' if self.input.at(end + 1) == b'=' => {}
            b'[' if subscripts == Subscripts::Plain && self.has_blank_subscript(end) => {
                return self.word().map(Arg::Word);
            }
            b'[' => return self.element_or_word(mark, end),
            _ => return self.word().map(Arg::Word),
        }
        let name = self.input.slice(self.input.pos, end).into();
        self.input.pos = end;
        self.assignment_value(mark, name, None, arrays).map(Arg::Assignment)
    }

    /// Whether an unquoted blank stands between the bracket and the one that closes it.
    fn has_blank_subscript(&self, bracket: usize) -> bool {
        let Some(close) = self.find_closing(bracket + 1, b']') else { return true };
        let text = self.input.slice(bracket + 1, close);
        let plain = !text.iter().any(|byte| b"'\"\\$`".contains(byte));
        plain && text.iter().any(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
    }

    /// The end of the name that begins here; continuations in it and in `+=` are taken away.
    fn name_end(&mut self) -> usize {
        let mut end = self.input.pos;
        let mut plus = 0;
        loop {
            if is_name_byte(self.input.at(end)) && plus == 0 {
                end += 1;
            } else if self.input.is_continuation(end + plus) {
                self.input.join_line(end + plus);
                end += 2;
            } else if self.input.at(end) == b'+' && plus == 0 {
                plus = 1;
            } else {
                return end;
            }
        }
    }

    /// `name[…]`: an assignment if `=` or `+=` follows, else a word that may contain blanks.
    fn element_or_word(&mut self, mark: Mark, bracket: usize) -> Result<Arg, ParseError> {
        let name: Box<[u8]> = self.input.slice(self.input.pos, bracket).into();
        self.input.pos = bracket + 1;
        let subscript = self.subscript(mark)?;
        self.input.skip_continuations();
        if self.input.peek() == b'+' && self.input.is_continuation(self.input.pos + 1) {
            self.input.join_line(self.input.pos + 1);
        }
        let next = self.input.peek();
        if next == b'=' || (next == b'+' && self.input.peek_at(1) == b'=') {
            let assignment = self.assignment_value(mark, name, Some(subscript), true)?;
            return Ok(Arg::Assignment(assignment));
        }
        let mut parts = Parts::default();
        parts.literal(&name);
        parts.literal(b"[");
        for part in subscript.parts {
            match part {
                WordPart::Literal(text) => parts.literal(&text),
                part => parts.push(part),
            }
        }
        parts.literal(b"]");
        self.word_parts(&mut parts, self.word_rule())?;
        Ok(Arg::Word(parts.word(self.input.span(mark))))
    }

    fn word_rule(&self) -> WordRule {
        if self.options.extglob { WordRule::ExtGlob } else { WordRule::Plain }
    }

    /// From the `=` or `+=`.
    fn assignment_value(
        &mut self,
        mark: Mark,
        name: Box<[u8]>,
        subscript: Option<Word>,
        arrays: bool,
    ) -> Result<Assignment, ParseError> {
        let append = self.input.peek() == b'+';
        self.input.pos += 1 + usize::from(append);
        self.input.skip_continuations();
        let value = if arrays && self.input.peek() == b'(' {
            AssignValue::Array(self.array()?)
        } else {
            AssignValue::Scalar(self.word()?)
        };
        Ok(Assignment { name, subscript, append, value, span: self.input.span(mark) })
    }

    /// `( … )` of an array, from the parenthesis.
    pub(in crate::syntax) fn array(&mut self) -> Result<Vec<ArrayElement>, ParseError> {
        let open = self.input.mark();
        self.enter(open)?;
        self.input.pos += 1;
        let mut elements = Vec::new();
        loop {
            self.newlines()?;
            match self.input.peek() {
                0 => return Err(self.unclosed(open, b')')),
                b')' => break,
                b'[' => elements.push(self.keyed_element()?),
                _ => {
                    let word = self.required_word().map_err(ParseError::in_array)?;
                    elements.push(ArrayElement::Word(word));
                }
            }
        }
        self.input.pos += 1;
        self.leave();
        Ok(elements)
    }

    /// `[subscript]=value`, or a word that begins with a bracket.
    fn keyed_element(&mut self) -> Result<ArrayElement, ParseError> {
        let mark = self.input.mark();
        let keyed = self.find_closing(self.input.pos + 1, b']').is_some_and(|close| {
            let mut at = close + 1;
            while (self.input.at(at), self.input.at(at + 1)) == (b'\\', b'\n') {
                at += 2;
            }
            let next = self.input.at(at);
            next == b'=' || (next == b'+' && self.input.at(at + 1) == b'=')
        });
        if !keyed {
            return self.required_word().map(ArrayElement::Word);
        }
        self.input.pos += 1;
        let subscript = self.subscript(mark)?;
        self.input.skip_continuations();
        let append = self.input.peek() == b'+';
        self.input.pos += 1 + usize::from(append);
        Ok(ArrayElement::Keyed { subscript, append, value: self.word()? })
    }

    /// A word in which `name=(…)` is text (`eval a=(1 2)`).
    fn word_with_arrays(&mut self) -> Result<Word, ParseError> {
        let mark = self.input.mark();
        let mut end = self.input.pos;
        if is_name_start(self.input.peek()) {
            while is_name_byte(self.input.at(end)) {
                end += 1;
            }
        }
        let mut parts = Parts::default();
        let equals = end + usize::from(self.input.at(end) == b'+');
        if end > self.input.pos && self.input.slice(equals, equals + 2) == b"=(" {
            let count = equals + 1 - self.input.pos;
            self.take_literal(&mut parts, count);
            self.group(&mut parts)?;
        }
        self.word_parts(&mut parts, self.word_rule())?;
        Ok(parts.word(self.input.span(mark)))
    }

    /// What the arguments of the command named by `word` are. Only in POSIX mode does `command`
    /// before a declaration leave it one.
    fn arguments_of(&self, word: &Arg, before: Arguments) -> Arguments {
        let Arg::Word(Word { parts, .. }) = word else { return Arguments::Words };
        let [WordPart::Literal(name)] = &**parts else { return Arguments::Words };
        match (&**name, before) {
            (b"declare" | b"typeset" | b"local" | b"export" | b"readonly", Arguments::Prefix) => {
                Arguments::Scalars
            }
            (b"declare" | b"typeset" | b"local" | b"export" | b"readonly", _) => {
                Arguments::Assignments
            }
            (b"command", _) if self.options.posix => Arguments::Prefix,
            (b"alias", Arguments::NoName) => Arguments::Scalars,
            (b"eval" | b"let", Arguments::NoName) => Arguments::Text,
            (option, Arguments::Prefix) if option.starts_with(b"-") => Arguments::Prefix,
            _ => Arguments::Words,
        }
    }
}
