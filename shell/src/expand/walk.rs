//! The walk over the parts of a word, from left to right: what each becomes.

use super::field::{Fields, Splitting};
use super::{Outcome, subscript, tilde};
use crate::env::{SetOption, is_name};
use crate::shell::Shell;
use crate::syntax::ParseErrorKind;
use crate::syntax::ast::{CommandSub, Invalid, Word, WordPart};
use crate::sys::Deep;

/// What surrounds the parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Quoting {
    /// Nothing: literals are not split.
    Bare(Tildes),
    /// An unquoted `${x-word}`: literals are split too.
    Operand,
    /// Double quotes, or a context that acts like them.
    Double,
}

/// Where tildes are expanded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tildes {
    /// At the start.
    Start,
    /// At the start, and in `name=~` as after `:` in a value.
    Argument,
    /// At the start and after each `:`.
    Assignment,
}

impl Shell {
    /// Appends what the parts become.
    pub(super) async fn walk(
        &mut self,
        parts: &[WordPart],
        quoting: Quoting,
        out: &mut Fields,
    ) -> Outcome<()> {
        for (index, part) in parts.iter().enumerate() {
            match part {
                WordPart::Literal(text) => match quoting {
                    Quoting::Double => out.push(text, true),
                    _ => self.literal(text, quoting, index == 0, index + 1 == parts.len(), out),
                },
                WordPart::DoubleQuoted(inner) | WordPart::Localized(inner) => {
                    let (mark, vanished) = (out.mark(), out.vanished);
                    self.walk_quoted(inner, out).await?;
                    if out.mark() != mark || out.vanished == vanished {
                        out.begin();
                    }
                }
                part => self.other(part, quoting, out).await?,
            }
        }
        Ok(())
    }

    /// As `walk`, inside of double quotes.
    async fn walk_quoted(&mut self, parts: &[WordPart], out: &mut Fields) -> Outcome<()> {
        for part in parts {
            match part {
                WordPart::Literal(text) => out.push(text, true),
                WordPart::DoubleQuoted(inner) | WordPart::Localized(inner) => {
                    self.walk_deep(inner, Quoting::Double, out).await?;
                }
                part => self.other(part, Quoting::Double, out).await?,
            }
        }
        Ok(())
    }

    /// As `walk`, from inside of it.
    pub(super) fn walk_deep<'a>(
        &'a mut self,
        parts: &'a [WordPart],
        quoting: Quoting,
        out: &'a mut Fields,
    ) -> Deep<'a, Outcome<()>> {
        Deep::new(self.walk(parts, quoting, out))
    }

    /// The word of an operator as one string.
    pub(super) async fn operand_text(&mut self, word: &Word, quoting: Quoting) -> Outcome<Vec<u8>> {
        Ok(self.operand(word, quoting).await?.text)
    }

    /// The word of an operator as one field.
    pub(super) async fn operand(&mut self, word: &Word, quoting: Quoting) -> Outcome<super::Field> {
        let mut fields = Fields::new(Splitting::One, self.env.ifs(), self.sys.room());
        self.walk_deep(&word.parts, quoting, &mut fields).await?;
        self.check_room(&fields)?;
        Ok(fields.into_one())
    }

    async fn other(&mut self, part: &WordPart, quoting: Quoting, out: &mut Fields) -> Outcome<()> {
        let double = quoting == Quoting::Double;
        match part {
            WordPart::Escaped(text) => out.push(text, true),
            WordPart::SingleQuoted(text) | WordPart::AnsiC { value: text, .. } => {
                if !double {
                    out.begin();
                }
                out.push(text, true);
            }
            WordPart::Param(param) => self.parameter(param, quoting, out).await?,
            WordPart::Command(command) => {
                let output = self.substitute(command).await?;
                if double { out.push(&output, true) } else { out.split(&output) }
            }
            WordPart::Arith(word) => {
                let value = self.arith_deep(word, b"").await?.to_string();
                if double { out.push(value.as_bytes(), true) } else { out.split(value.as_bytes()) }
            }
            WordPart::Subscript(word) => {
                let key = self.operand_deep(word).await?;
                out.push(&subscript::escaped(&key), true);
            }
            WordPart::Process { output, body } => {
                let path = self.process_substitution(body, *output)?;
                out.push(&path, true);
            }
            WordPart::Invalid(invalid) => self.invalid(invalid)?,
            WordPart::Literal(_) | WordPart::DoubleQuoted(_) | WordPart::Localized(_) => {}
        }
        Ok(())
    }

    /// As `operand_text` of a word that stands alone, from inside of a walk.
    fn operand_deep<'a>(&'a mut self, word: &'a Word) -> Deep<'a, Outcome<Vec<u8>>> {
        Deep::new(self.operand_text(word, Quoting::Bare(Tildes::Start)))
    }

    /// As `expand_arith_for`, from inside of a walk.
    pub(super) fn arith_deep<'a>(
        &'a mut self,
        word: &'a Word,
        owner: &'a [u8],
    ) -> Deep<'a, Outcome<i64>> {
        Deep::new(self.expand_arith_for(word, owner))
    }

    fn substitute<'a>(&'a mut self, command: &'a CommandSub) -> Deep<'a, Outcome<Vec<u8>>> {
        Deep::new(self.run_command_substitution(&command.body))
    }

    fn invalid(&mut self, invalid: &Invalid) -> Outcome<()> {
        match &invalid.error.kind {
            ParseErrorKind::BadSubstitution(text) => {
                let message = [text, &b": bad substitution"[..]].concat();
                Err(self.failure(&message))
            }
            _ => {
                let message = invalid.error.message();
                self.complain(&message);
                self.env.status = 2;
                self.substitution_status = Some(2);
                Ok(())
            }
        }
    }

    /// An unquoted literal, with its tildes.
    fn literal(
        &mut self,
        text: &[u8],
        quoting: Quoting,
        first: bool,
        last: bool,
        out: &mut Fields,
    ) {
        let (at_start, at_colons) = match quoting {
            Quoting::Bare(Tildes::Argument) => (first, false),
            Quoting::Bare(Tildes::Start) | Quoting::Operand => (first, false),
            Quoting::Bare(Tildes::Assignment) => (first, true),
            Quoting::Double => (false, false),
        };
        if !text.contains(&b'~') {
            return plain(text, quoting, out);
        }
        let mut rest = text;
        let mut may_start = at_start;
        let mut colons = at_colons;
        if quoting == Quoting::Bare(Tildes::Argument)
            && first
            && !self.env.is(SetOption::Posix)
            && let Some(equals) = text.iter().position(|byte| *byte == b'=')
            && is_name(text.get(..equals).unwrap_or_default())
        {
            let (before, after) = text.split_at(equals + 1);
            plain(before, quoting, out);
            (rest, colons) = (after, true);
        }
        loop {
            if may_start && let Some((value, length)) = tilde::prefix(&self.env, rest, last) {
                out.begin();
                out.push(&value, true);
                rest = rest.get(length..).unwrap_or_default();
            }
            let colon = rest.iter().position(|byte| *byte == b':').filter(|_| colons);
            let Some(colon) = colon else { return plain(rest, quoting, out) };
            let (before, after) = rest.split_at(colon + 1);
            plain(before, quoting, out);
            (rest, may_start) = (after, true);
        }
    }
}

fn plain(text: &[u8], quoting: Quoting, out: &mut Fields) {
    if quoting == Quoting::Operand { out.split(text) } else { out.push(text, false) }
}
