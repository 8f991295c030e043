//! Expansion of words, in the order of POSIX XCU 2.6.
//!
//! 1. brace expansion (`brace`; bash's, before all others)
//! 2. tildes, parameters, commands, arithmetic, from left to right in one walk (`walk`, `tilde`,
//!    `param`), splitting into fields what unquoted expansions bring (`field`)
//! 3. pathname expansion (`glob`)
//! 4. quote removal: quotes never enter a field; what they protected is noted beside its text
//!
//! Not here: who asks for which context (`exec`), running substitutions (`exec::subshell`).

mod brace;
mod field;
mod glob;
mod param;
mod prompt;
pub(crate) mod quote;
mod regex;
mod slice;
mod subscript;
#[cfg(test)]
mod tests;
mod tilde;
mod transform;
mod unquote;
mod walk;

use std::borrow::Cow;

use self::field::{Field, Fields, Splitting};
pub(crate) use self::subscript::marked as marked_subscripts;
pub(crate) use self::transform::array_literal;
pub(crate) use self::unquote::{Quotes, unquote};
use self::walk::{Quoting, Tildes};
use crate::arith::{self, ArithError, ArithErrorKind};
use crate::env::{SetOption, Shopt, VarError, footprint};
use crate::exec::assign::Assigned;
use crate::pattern::{Pattern, PatternOptions, Piece};
use crate::shell::{Shell, Source};
use crate::syntax::ast::{ArrayElement, Word, WordPart};
use crate::sys::Deep;
use crate::unwind::Unwind;

type Outcome<T> = Result<T, Unwind>;

/// For arguments of so many bytes there is always memory.
const LITTLE: usize = 64 << 10;

impl Shell {
    /// The fields that words become: arguments, the words of `for`, elements of arrays.
    pub(crate) async fn expand_args(&mut self, words: &[Word]) -> Outcome<Vec<Vec<u8>>> {
        let mut fields = Vec::with_capacity(words.len());
        let mut patterns = Vec::new();
        let (mut counted, mut bytes) = (0, 0);
        for word in words {
            self.expand_into(word, &mut fields, &mut patterns).await?;
            bytes += footprint::of_texts(fields.get(counted..).unwrap_or_default());
            counted = fields.len();
            if bytes > LITTLE && bytes > self.sys.room() {
                return Err(self.exhausted());
            }
        }
        if !patterns.is_empty() {
            // Last of all: what the words ran may have made or removed files.
            fields = self.expand_pathnames(fields, patterns)?;
            if footprint::of_texts(&fields) > LITTLE.max(self.sys.room()) {
                return Err(self.exhausted());
            }
        }
        self.sys.charge_bytes(fields.iter().map(Vec::len).sum());
        Ok(fields)
    }

    /// Ends a shell that has not the memory for what a word becomes.
    fn check_room(&mut self, fields: &Fields) -> Outcome<()> {
        if fields.full { Err(self.exhausted()) } else { Ok(()) }
    }

    /// All steps but pathname expansion, for one word. Patterns are to be inserted where they say.
    async fn expand_into(
        &mut self,
        word: &Word,
        fields: &mut Vec<Vec<u8>>,
        patterns: &mut Vec<(usize, Field)>,
    ) -> Outcome<()> {
        if let Some(text) = plain(word) {
            fields.push(text.to_vec());
            return Ok(());
        }
        match self.expand_braces(word) {
            None => self.expand_unbraced(word, fields, patterns).await,
            Some(words) => {
                for word in &words {
                    self.expand_unbraced(word, fields, patterns).await?;
                }
                Ok(())
            }
        }
    }

    /// The words that braces make of one; `None` where there are none to expand.
    pub(crate) fn expand_braces(&self, word: &Word) -> Option<Vec<Word>> {
        if !self.env.is(SetOption::Braceexpand) {
            return None;
        }
        brace::expand(word, self.sys.room())
    }

    async fn expand_unbraced(
        &mut self,
        word: &Word,
        fields: &mut Vec<Vec<u8>>,
        patterns: &mut Vec<(usize, Field)>,
    ) -> Outcome<()> {
        let mut walked = Fields::new(Splitting::Fields, self.env.ifs(), self.sys.room());
        self.walk(&word.parts, Quoting::Bare(Tildes::Argument), &mut walked).await?;
        self.check_room(&walked)?;
        for field in walked.finish() {
            if self.is_pattern(&field) {
                patterns.push((fields.len(), field));
            } else {
                fields.push(field.text);
            }
        }
        Ok(())
    }

    async fn expand_one(&mut self, word: &Word, quoting: Quoting) -> Outcome<Field> {
        let mut walked = Fields::new(Splitting::One, self.env.ifs(), self.sys.room());
        self.walk(&word.parts, quoting, &mut walked).await?;
        self.check_room(&walked)?;
        Ok(walked.into_one())
    }

    /// One string without splitting, with a tilde at its start only: the words of `case` and `[[`.
    pub(crate) async fn expand_subject(&mut self, word: &Word) -> Outcome<Vec<u8>> {
        if let Some(text) = plain(word) {
            return Ok(text.to_vec());
        }
        Ok(self.expand_one(word, Quoting::Bare(Tildes::Start)).await?.text)
    }

    /// As `expand_subject`, where the text is going to be read as a reference or an expression:
    /// subscripts in it are expanded to keys.
    pub(crate) async fn expand_reference(&mut self, word: &Word) -> Outcome<Vec<u8>> {
        match subscript::marked(word) {
            Some(marked) => self.expand_subject(&marked).await,
            None => self.expand_subject(word).await,
        }
    }

    /// One string without splitting, with a tilde after each unquoted `:` too: values,
    /// here-strings.
    pub(crate) async fn expand_word(&mut self, word: &Word) -> Outcome<Vec<u8>> {
        if let Some(text) = plain(word) {
            return Ok(text.to_vec());
        }
        Ok(self.expand_one(word, Quoting::Bare(Tildes::Assignment)).await?.text)
    }

    /// The pattern of a `case` item: what quotes protect matches itself.
    pub(crate) async fn expand_pattern(&mut self, word: &Word) -> Outcome<Pattern> {
        let options = self.pattern_options();
        if let [WordPart::Literal(text)] = word.parts.as_slice()
            && text.first() != Some(&b'~')
        {
            return Ok(Pattern::unquoted(text, options));
        }
        let field = self.expand_one(word, Quoting::Bare(Tildes::Start)).await?;
        let pieces: Vec<Piece<'_>> = field.pieces().collect();
        Ok(Pattern::compile(&pieces, options))
    }

    /// The right side of `==` in `[[ ]]`, where extended patterns are always on; and as `set -x`
    /// shows it.
    pub(crate) async fn expand_cond_pattern(&mut self, word: &Word) -> Outcome<(Pattern, Vec<u8>)> {
        let options = PatternOptions { extglob: true, ..self.pattern_options() };
        let field = self.expand_one(word, Quoting::Bare(Tildes::Start)).await?;
        let pieces: Vec<Piece<'_>> = field.pieces().collect();
        let mut shown = Vec::with_capacity(field.text.len());
        for piece in &pieces {
            for byte in piece.text {
                if piece.quoted {
                    shown.push(b'\\');
                }
                shown.push(*byte);
            }
        }
        Ok((Pattern::compile(&pieces, options), shown))
    }

    fn pattern_options(&self) -> PatternOptions {
        PatternOptions {
            extglob: self.env.shopt(Shopt::Extglob),
            nocase: self.env.shopt(Shopt::Nocasematch),
            period: false,
        }
    }

    /// The right side of `=~`: what quotes protect is escaped.
    pub(crate) async fn expand_regex(&mut self, word: &Word) -> Outcome<Vec<u8>> {
        let field = self.expand_one(word, Quoting::Bare(Tildes::Start)).await?;
        Ok(regex::protected(field.pieces()))
    }

    /// A here-document's body, or other text in which quotes are ordinary.
    pub(crate) async fn expand_heredoc(&mut self, word: &Word) -> Outcome<Vec<u8>> {
        Ok(self.expand_one(word, Quoting::Double).await?.text)
    }

    /// The value of arithmetic.
    pub(crate) async fn expand_arith(&mut self, word: &Word) -> Outcome<i64> {
        self.expand_arith_for(word, b"").await
    }

    /// The value of arithmetic that belongs to something: errors begin with its name.
    async fn expand_arith_for(&mut self, word: &Word, owner: &[u8]) -> Outcome<i64> {
        let text = match word.parts.as_slice() {
            [] => return Ok(0),
            [WordPart::Literal(text)] => Cow::Borrowed(&**text),
            _ => Cow::Owned(self.expand_one(word, Quoting::Double).await?.text),
        };
        self.evaluate(&text).await?.map_err(|error| self.arith_error(error, owner))
    }

    /// The value of a text that is expanded already. Subscripts in the values of variables may
    /// have expansions that are to be done: `x='a[$i]'; $((x))`.
    pub(crate) async fn evaluate(&mut self, text: &[u8]) -> Outcome<Result<i64, ArithError>> {
        self.settled(|shell| arith::eval(text, &mut shell.env), |error| Some(error)).await
    }

    /// Tries until all subscripts that are met are expanded.
    async fn settled<T, E>(
        &mut self,
        mut attempt: impl FnMut(&mut Shell) -> Result<T, E>,
        arith: impl Fn(&E) -> Option<&ArithError>,
    ) -> Outcome<Result<T, E>> {
        loop {
            let result = attempt(self);
            let error = result.as_ref().err().and_then(&arith);
            let Some(ArithErrorKind::Unexpanded(subscript)) = error.map(|error| &error.kind) else {
                self.env.expansions.clear();
                return Ok(result);
            };
            let subscript = subscript.clone();
            let Some(word) = subscript::parsed(&subscript) else { return Ok(result) };
            let expanded = if subscript.is_key {
                Deep::new(self.expand_word(&word)).await?
            } else {
                Deep::new(self.expand_heredoc(&word)).await?
            };
            self.env.expansions.push((subscript, expanded));
        }
    }

    /// As `try_assign`, where subscripts may have expansions that are to be done.
    pub(crate) async fn assign_settled(&mut self, assigned: Assigned) -> Outcome<()> {
        let result = self
            .settled(
                |shell| shell.try_assign(assigned.clone()),
                |error| match error {
                    VarError::Arith(error) => Some(error),
                    _ => None,
                },
            )
            .await?;
        result.map_err(|error| self.assignment_failed(&error))
    }

    /// Reports an error of arithmetic.
    pub(crate) fn arith_error(&mut self, error: ArithError, owner: &[u8]) -> Unwind {
        if error.kind == ArithErrorKind::Subscript {
            let outer = self.builtin.take();
            self.complain(&error.message);
            self.builtin = outer;
            self.env.status = 1;
            return Unwind::Abandon(1);
        }
        let unbound = error.is_fatal();
        if error.message.ends_with(b": unbound variable") {
            // It is the shell that says this.
            self.builtin = None;
        }
        let separator: &[u8] = if owner.is_empty() || unbound { b"" } else { b": " };
        let owner = if unbound { b"" } else { owner };
        let message = [owner, separator, &error.message].concat();
        if unbound { self.fatal(&message) } else { self.failure(&message) }
    }

    /// Reports an error that ends the current command.
    fn failure(&mut self, message: &[u8]) -> Unwind {
        self.complain(message);
        self.env.status = 1;
        Unwind::Error(1)
    }

    /// Says an error that counts as nothing, but ends a shell with errexit: also where failing is
    /// tested, and without the ERR trap.
    fn report(&mut self, message: Vec<u8>) -> Outcome<()> {
        self.complain(message);
        if !self.ends_at_errors() {
            return Ok(());
        }
        self.env.status = self.env.status.max(1);
        self.failed = true;
        Err(Unwind::Exit(self.env.status))
    }

    /// Whether errors that are said end this shell.
    fn ends_at_errors(&self) -> bool {
        self.env.is(SetOption::Errexit) && !self.errexit_off
    }

    /// What a shell that ends with an error of an expansion leaves.
    pub(crate) fn fatal_status(&self) -> u8 {
        // Bash's `-c` takes it for the end of the file, also in a simple command's own process.
        let end_of_text = self.source == Source::Text && self.env.subshell_level == 0;
        if end_of_text && !self.ends_at_errors() { 127 } else { 1 }
    }

    /// Reports an error that ends a shell that is not interactive.
    fn fatal(&mut self, message: &[u8]) -> Unwind {
        self.complain(message);
        let status = self.fatal_status();
        self.env.status = status;
        self.failed = true;
        if self.interactive { Unwind::Error(1) } else { Unwind::Exit(status) }
    }
}

/// The subscript of an indexed array: single quotes are characters of the expression, as in `$(( ))`.
pub(crate) fn arithmetic_subscript(word: &Word) -> Cow<'_, Word> {
    if !word.parts.iter().any(|part| matches!(part, WordPart::SingleQuoted(_))) {
        return Cow::Borrowed(word);
    }
    let part = |part: &WordPart| match part {
        WordPart::SingleQuoted(text) => WordPart::Literal([b"'", &text[..], b"'"].concat().into()),
        part => part.clone(),
    };
    Cow::Owned(Word { parts: word.parts.iter().map(part).collect(), span: word.span })
}

/// The words that an element of a list becomes by brace expansion, if there is any.
pub(crate) fn braced_element(element: &ArrayElement, room: usize) -> Option<Vec<Word>> {
    let ArrayElement::Keyed { subscript, append, value } = element else { return None };
    let literal = |text: &[u8]| WordPart::Literal(text.into());
    let mut parts = vec![literal(b"[")];
    parts.extend(subscript.parts.iter().cloned());
    parts.push(literal(if *append { b"]+=" } else { b"]=" }));
    parts.extend(value.parts.iter().cloned());
    brace::expand(&Word { parts, span: value.span }, room)
}

/// The text of a word on which no step has anything to do.
fn plain(word: &Word) -> Option<&[u8]> {
    match word.parts.as_slice() {
        [WordPart::Literal(text)] if !text.iter().any(|byte| b"~{*?[:=(\\".contains(byte)) => {
            Some(text)
        }
        [WordPart::SingleQuoted(text)] => Some(text),
        _ => None,
    }
}

/// A word as it was written, nearly: for messages.
fn source_text(word: &Word) -> Vec<u8> {
    crate::syntax::print_word(word)
}
