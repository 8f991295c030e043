//! Parameter expansion (POSIX XCU 2.6.2) with bash's operators, forms for arrays and indirection.

use std::borrow::Cow;

use super::Outcome;
use super::field::{Field, Fields};
use super::transform;
use super::walk::{Quoting, Tildes};
use crate::arith::Key;
use crate::env::{Attrs, Mode, SetOption, Shopt, VarError};
use crate::pattern::{Extent, Pattern, count_characters, lower, map_case, toggle, upper};
use crate::shell::Shell;
use crate::syntax::ast::{Param, ParamExpansion, ParamOp, ReplaceMode, Subscript, Word};
use crate::unwind::Unwind;

/// What a parameter holds.
pub(super) enum Held {
    Unset,
    One(Vec<u8>),
    /// All elements; `true` when named by `*`.
    Many(Vec<Vec<u8>>, bool),
}

impl Held {
    fn is_set(&self) -> bool {
        match self {
            Held::Unset => false,
            Held::One(_) => true,
            Held::Many(values, _) => !values.is_empty(),
        }
    }

    /// Set, and with a colon not empty either.
    fn counts(&self, colon: bool, joined: bool) -> bool {
        self.is_set()
            && !(colon
                && match self {
                    Held::Unset => true,
                    Held::One(value) => value.is_empty(),
                    // Joined without a separator, empty elements are nothing.
                    Held::Many(values, true) if joined => values.iter().all(Vec::is_empty),
                    Held::Many(values, _) => matches!(values.as_slice(), [only] if only.is_empty()),
                })
    }

    fn map(self, change: impl Fn(&[u8]) -> Vec<u8>) -> Held {
        match self {
            Held::Unset => Held::Unset,
            Held::One(value) => Held::One(change(&value)),
            Held::Many(values, star) => {
                Held::Many(values.iter().map(|value| change(value)).collect(), star)
            }
        }
    }
}

fn emit(held: &Held, double: bool, out: &mut Fields) {
    match held {
        Held::Unset => {}
        Held::One(value) if double => out.push(value, true),
        Held::One(value) => out.split(value),
        Held::Many(values, star) => out.elements(values, *star, double),
    }
}

impl Shell {
    /// Appends what `$name` or `${…}` becomes.
    pub(super) async fn parameter(
        &mut self,
        expansion: &ParamExpansion,
        quoting: Quoting,
        out: &mut Fields,
    ) -> Outcome<()> {
        let double = quoting == Quoting::Double;
        if let (Param::Variable(name), ParamOp::None, false) =
            (&expansion.param, &expansion.op, expansion.indirect)
            && let Some(value) = self.env.get(name)
        {
            if double {
                out.push(&value, true);
            } else {
                out.split(&value);
            }
            return Ok(());
        }
        match (&expansion.op, &expansion.param) {
            (ParamOp::Names(at), Param::Variable(prefix)) => {
                emit(&Held::Many(self.names(prefix), !at), double, out);
                return Ok(());
            }
            (ParamOp::Keys, Param::Element(name, subscript)) => {
                let variable = self.env.variable(name);
                let keys = variable
                    .map(|variable| variable.keys().into_iter().map(Cow::into_owned).collect());
                let keys: Vec<Vec<u8>> = keys.unwrap_or_default();
                let star = *subscript == Subscript::Star;
                let held = if star && !double && out.splits() && self.env.ifs().first.is_none() {
                    // As bash: with an empty `IFS` the keys are one word, with spaces.
                    Held::One(keys.join(&b' '))
                } else {
                    Held::Many(keys, star)
                };
                emit(&held, double, out);
                return Ok(());
            }
            _ => {}
        }
        let param = match expansion.indirect {
            true => match self.indirect(expansion).await? {
                Indirect::Param(param) => Cow::Owned(param),
                Indirect::Nothing => return self.check_set(&expansion.param, expansion),
                Indirect::Name(name) => {
                    emit(&Held::One(name), double, out);
                    return Ok(());
                }
            },
            false => Cow::Borrowed(&expansion.param),
        };
        let held = self.held(&param).await?;
        self.operate(&param, expansion, held, quoting, out).await
    }

    async fn operate(
        &mut self,
        param: &Param,
        expansion: &ParamExpansion,
        held: Held,
        quoting: Quoting,
        out: &mut Fields,
    ) -> Outcome<()> {
        let op = &expansion.op;
        let double = quoting == Quoting::Double;
        let joined = double && self.env.ifs().first.is_none();
        match op {
            ParamOp::Default { colon, word } => {
                if held.counts(*colon, joined) {
                    emit(&held, double, out);
                } else {
                    self.chosen(word, quoting, out).await?;
                }
                return Ok(());
            }
            ParamOp::Alternative { colon, word } => {
                if held.counts(*colon, joined) {
                    self.chosen(word, quoting, out).await?;
                } else if matches!(&held, Held::Many(values, _) if values.is_empty()) {
                    out.vanished += 1;
                }
                return Ok(());
            }
            ParamOp::Assign { colon, word } => {
                if held.counts(*colon, joined) {
                    emit(&held, double, out);
                } else {
                    let value = self.assign_default(param, word, double).await?;
                    emit(&Held::One(value), double, out);
                }
                return Ok(());
            }
            ParamOp::Error { colon, word } => {
                if !held.counts(*colon, joined) {
                    return Err(self.unset_error(param, *colon, word.as_ref()).await?);
                }
                emit(&held, double, out);
                return Ok(());
            }
            _ => {}
        }
        let missing = match (&held, op, param) {
            (Held::Unset, ..) => true,
            (Held::Many(..), ParamOp::Length, Param::Element(name, _)) => {
                self.env.variable(name).is_none_or(|variable| !variable.is_set())
            }
            _ => false,
        };
        if missing {
            let errexit = self.env.is(SetOption::Errexit);
            self.check_set(param, expansion).map_err(|unwind| match (&held, unwind) {
                (Held::Many(..), Unwind::Exit(_)) if !errexit => Unwind::Error(1),
                (_, unwind) => unwind,
            })?;
        }
        let result = self.changed(param, op, held).await?;
        emit(&result, double, out);
        Ok(())
    }

    /// The word of `-` or `+` takes the parameter's place. In quotes it is one field at least:
    /// `"${x-$@}"` does not vanish as `"$@"` does.
    async fn chosen(&mut self, word: &Word, quoting: Quoting, out: &mut Fields) -> Outcome<()> {
        if quoting != Quoting::Double {
            return self.walk_deep(&word.parts, Quoting::Operand, out).await;
        }
        let vanished = out.vanished;
        self.walk_deep(&word.parts, Quoting::Double, out).await?;
        if out.vanished != vanished {
            out.vanished = vanished;
            out.begin();
        }
        Ok(())
    }

    /// The operators that make a new value of the old one.
    async fn changed(&mut self, param: &Param, op: &ParamOp, held: Held) -> Outcome<Held> {
        Ok(match op {
            ParamOp::Length => {
                let length = match &held {
                    Held::Unset => 0,
                    Held::One(value) => count_characters(value),
                    Held::Many(values, _) => values.len(),
                };
                Held::One(length.to_string().into_bytes())
            }
            ParamOp::RemovePrefix { longest, pattern } => {
                let pattern = self.operand_pattern(pattern).await?;
                let extent = if *longest { Extent::Longest } else { Extent::Shortest };
                held.map(|value| {
                    let length = pattern.match_prefix(value, extent).unwrap_or(0);
                    value.get(length..).unwrap_or_default().to_vec()
                })
            }
            ParamOp::RemoveSuffix { longest, pattern } => {
                let pattern = self.operand_pattern(pattern).await?;
                let extent = if *longest { Extent::Longest } else { Extent::Shortest };
                held.map(|value| {
                    let length = pattern.match_suffix(value, extent).unwrap_or(0);
                    value.get(..value.len() - length).unwrap_or_default().to_vec()
                })
            }
            // Nothing is replaced in nothing; the words are not even expanded.
            ParamOp::Replace { .. } if matches!(&held, Held::Unset) => held,
            ParamOp::Replace { mode, pattern, replacement } => {
                let pattern = self.operand_pattern(pattern).await?;
                let quoting = Quoting::Bare(Tildes::Start);
                let replacement = match replacement {
                    Some(word) => self.operand(word, quoting).await?,
                    None => Field::default(),
                };
                let matches = self.env.shopt(Shopt::PatsubReplacement);
                let room = self.sys.room();
                held.map(|value| replaced(value, &pattern, *mode, &replacement, matches, room))
            }
            ParamOp::Case { op, all, pattern } => {
                let pattern = match pattern {
                    Some(word) => Some(self.operand_pattern(word).await?),
                    None => None,
                };
                held.map(|value| case_changed(value, *op, *all, pattern.as_ref()))
            }
            ParamOp::Slice { offset, length } => {
                self.sliced(param, held, offset, length.as_ref()).await?
            }
            ParamOp::Transform(letter) => self.transformed(param, *letter, held).await?,
            _ => held,
        })
    }

    async fn operand_pattern(&mut self, word: &Word) -> Outcome<Pattern> {
        let options = self.pattern_options();
        let field = self.operand(word, Quoting::Bare(Tildes::Start)).await?;
        let pieces: Vec<_> = field.pieces().collect();
        Ok(Pattern::compile(&pieces, options))
    }

    fn names(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let all = self.env.variables.sorted().into_iter();
        let set = all.filter(|(name, v)| name.starts_with(prefix) && v.is_set());
        set.map(|(name, _)| name.to_vec()).collect()
    }

    // --- values

    /// What a parameter holds now.
    pub(super) async fn held(&mut self, param: &Param) -> Outcome<Held> {
        Ok(match param {
            Param::Variable(name) => {
                if let Some(Subscript::At | Subscript::Star) = self.reference_to_all(name) {
                    let target = self.env.resolve(name).map(|target| target.name.into_owned());
                    return Ok(self.all_elements(&target.unwrap_or_default(), false));
                }
                if let Some((base, word)) = self.reference_to_expand(name) {
                    return self.element(&base, &word).await;
                }
                if self.env.resolve(name).is_none() {
                    let text: &[u8] = b": circular name reference";
                    self.complain([b"warning: ", &name[..], text].concat());
                }
                self.env.get(name).map_or(Held::Unset, |value| Held::One(value.into_owned()))
            }
            Param::Element(name, Subscript::At) => self.all_elements(name, false),
            Param::Element(name, Subscript::Star) => self.all_elements(name, true),
            Param::Element(name, Subscript::Index(word)) => self.element(name, word).await?,
            Param::Positional(0) => Held::One(self.env.arg0.to_vec()),
            Param::Positional(number) => {
                let index = (*number as usize).saturating_sub(1);
                self.env.positional.get(index).map_or(Held::Unset, |v| Held::One(v.clone()))
            }
            Param::Special(letter) => self.special(*letter),
        })
    }

    /// The element that a nameref ends in, if its subscript has expansions.
    fn reference_to_expand(&self, name: &[u8]) -> Option<(Vec<u8>, Word)> {
        if !self.env.variables.get(name)?.has(Attrs::NAMEREF) {
            return None;
        }
        let target = self.env.resolve(name)?;
        let subscript = target.subscript.filter(|t| t.iter().any(|b| matches!(b, b'$' | b'`')))?;
        let full = [&target.name, &b"["[..], &subscript, b"]"].concat();
        match crate::syntax::parse_reference(&full)? {
            (name, Some(Subscript::Index(word))) => Some((name.to_vec(), word)),
            _ => None,
        }
    }

    /// The subscript that a nameref ends in, if it means all elements.
    fn reference_to_all(&self, name: &[u8]) -> Option<Subscript> {
        if !self.env.variables.get(name)?.has(Attrs::NAMEREF) {
            return None;
        }
        match self.env.resolve(name)?.subscript?.as_slice() {
            b"@" => Some(Subscript::At),
            b"*" => Some(Subscript::Star),
            _ => None,
        }
    }

    fn all_elements(&self, name: &[u8], star: bool) -> Held {
        let variable = self.env.variable(name);
        let values = variable.map(|v| v.values().into_iter().map(<[u8]>::to_vec).collect());
        Held::Many(values.unwrap_or_default(), star)
    }

    async fn element(&mut self, name: &[u8], word: &Word) -> Outcome<Held> {
        let Some(key) = self.subscript_key(name, word).await? else { return Ok(Held::Unset) };
        if self.env.is_before_start(name, &key) {
            self.report([name, b": bad array subscript"].concat())?;
            return Ok(Held::Unset);
        }
        let value = self.env.element(name, &key);
        Ok(value.map_or(Held::Unset, |value| Held::One(value.into_owned())))
    }

    /// The key that a subscript means; `None` after a message when it is empty.
    pub(crate) async fn subscript_key(&mut self, name: &[u8], word: &Word) -> Outcome<Option<Key>> {
        let is_assoc = self.env.variable(name).is_some_and(|variable| variable.is_assoc());
        if is_assoc {
            let key = self.operand_text(word, Quoting::Bare(Tildes::Start)).await?;
            if key.is_empty() {
                self.report([name, b": bad array subscript"].concat())?;
                return Ok(None);
            }
            return Ok(Some(Key::Name(key)));
        }
        if word.parts.is_empty() {
            self.report([name, b": bad array subscript"].concat())?;
            return Ok(None);
        }
        match self.arith_deep(&super::arithmetic_subscript(word), b"").await {
            Ok(index) => Ok(Some(Key::Index(index))),
            Err(Unwind::Error(status)) => Err(Unwind::Abandon(status)),
            Err(unwind) => Err(unwind),
        }
    }

    fn special(&self, letter: u8) -> Held {
        let number = |number: usize| Held::One(number.to_string().into_bytes());
        match letter {
            b'@' => Held::Many(self.env.positional.to_vec(), false),
            b'*' => Held::Many(self.env.positional.to_vec(), true),
            b'#' => number(self.env.positional.len()),
            b'?' => number(self.env.status.into()),
            b'-' => Held::One(self.env.flags()),
            b'$' => number(self.env.shell_pid as usize),
            b'!' => match self.env.last_background {
                Some(pid) => number(pid as usize),
                None => Held::Unset,
            },
            b'0' => Held::One(self.env.arg0.to_vec()),
            b'_' => Held::One(self.env.last_argument.clone()),
            _ => Held::Unset,
        }
    }

    // --- indirection

    async fn indirect(&mut self, expansion: &ParamExpansion) -> Outcome<Indirect> {
        if let Param::Variable(name) = &expansion.param
            && let Some(variable) = self.env.variables.get(name)
            && variable.has(Attrs::NAMEREF)
        {
            let target = match self.env.resolve(name) {
                Some(target) if target.subscript.is_none() => target.name.into_owned(),
                _ => variable.as_scalar().unwrap_or_default().to_vec(),
            };
            return Ok(Indirect::Name(target));
        }
        let shown = parameter_text(&expansion.param);
        let target = match self.held(&expansion.param).await? {
            Held::One(target) => target,
            Held::Many(values, _) if !values.is_empty() => values.join(&b' '),
            // What is declared and has no value leads nowhere.
            _ if matches!(&expansion.param, Param::Variable(name)
                if self.env.variables.get(name).is_some())
                || matches!(&expansion.param, Param::Positional(_)) =>
            {
                self.check_set(&expansion.param, expansion)?;
                return Ok(Indirect::Nothing);
            }
            _ => {
                let message = [&shown, &b": invalid indirect expansion"[..]].concat();
                return Err(self.indirect_failure(&message));
            }
        };
        let digits = !target.is_empty() && target.iter().all(u8::is_ascii_digit);
        let param = match target.as_slice() {
            _ if digits => {
                let number = String::from_utf8_lossy(&target).parse().unwrap_or(u32::MAX);
                Some(Param::Positional(number))
            }
            [letter @ (b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')] => {
                Some(Param::Special(*letter))
            }
            target => {
                crate::syntax::parse_reference(target).map(|(name, subscript)| match subscript {
                    Some(subscript) => Param::Element(name, subscript),
                    None => Param::Variable(name),
                })
            }
        };
        match param {
            Some(param) => Ok(Indirect::Param(param)),
            None => {
                let message = [&target, &b": invalid variable name"[..]].concat();
                Err(self.indirect_failure(&message))
            }
        }
    }

    /// Other than most errors of expansions, this one counts for errexit.
    fn indirect_failure(&mut self, message: &[u8]) -> Unwind {
        let status = self.env.status.max(1);
        let unwind = self.failure(message);
        if !self.ends_at_errors() {
            return unwind;
        }
        self.failed = true;
        Unwind::Exit(status)
    }

    // --- unset parameters

    /// An error if unset parameters are one.
    fn check_set(&mut self, param: &Param, expansion: &ParamExpansion) -> Outcome<()> {
        if !self.env.is(SetOption::Nounset) {
            return Ok(());
        }
        let name = match param {
            Param::Element(name, Subscript::At | Subscript::Star) => name.to_vec(),
            param => parameter_text(param),
        };
        let (sign, name): (&[u8], _) = match param {
            _ if expansion.indirect => (b"!", parameter_text(&expansion.param)),
            Param::Positional(_) | Param::Special(_) if expansion.bare => (b"$", name),
            _ => (b"", name),
        };
        let message = [sign, &name, b": unbound variable"].concat();
        Err(self.fatal(&message))
    }

    async fn unset_error(
        &mut self,
        param: &Param,
        colon: bool,
        word: Option<&Word>,
    ) -> Outcome<Unwind> {
        let text = match word {
            Some(word) => self.operand_text(word, Quoting::Bare(Tildes::Start)).await?,
            None if colon => b"parameter null or not set".to_vec(),
            None => b"parameter not set".to_vec(),
        };
        let message = [&parameter_text(param), &b": "[..], &text].concat();
        Ok(self.fatal(&message))
    }

    async fn assign_default(
        &mut self,
        param: &Param,
        word: &Word,
        double: bool,
    ) -> Outcome<Vec<u8>> {
        let quoting = if double { Quoting::Double } else { Quoting::Bare(Tildes::Start) };
        let value = self.operand_text(word, quoting).await?;
        let result = match param {
            Param::Variable(name) => self
                .env
                .assign(name, value, Mode::Set)
                .map(|()| self.env.get(name).unwrap_or_default().into_owned()),
            Param::Element(name, Subscript::Index(subscript)) => {
                let Some(key) = self.subscript_key(name, subscript).await? else {
                    return Ok(Vec::new());
                };
                self.env
                    .assign_key(name, &key, value, Mode::Set)
                    .map(|()| self.env.element(name, &key).unwrap_or_default().into_owned())
            }
            param => {
                let name = parameter_text(param);
                let dollar: &[u8] = if matches!(param, Param::Element(..)) { b"" } else { b"$" };
                let message = [dollar, &name, b": cannot assign in this way"].concat();
                return Err(self.failure(&message));
            }
        };
        result.map_err(|error| self.variable_error(&error))
    }

    /// Reports that a variable cannot be assigned during an expansion.
    fn variable_error(&mut self, error: &VarError) -> Unwind {
        match error {
            VarError::Arith(error) => self.arith_error(error.clone(), b""),
            error => {
                let message = error.message();
                self.failure(&message)
            }
        }
    }

    // --- transformations

    async fn transformed(&mut self, param: &Param, letter: u8, held: Held) -> Outcome<Held> {
        let name = match param {
            Param::Variable(name) | Param::Element(name, _) => Some(name),
            _ => None,
        };
        if !b"QEPAKkaUuL".contains(&letter) {
            if !held.is_set() {
                return Ok(Held::One(Vec::new()));
            }
            let text = parameter_text(param);
            let message =
                [b"${", text.as_slice(), b"@", &[letter], b"}: bad substitution"].concat();
            return Err(self.fatal(&message));
        }
        Ok(match (letter, held) {
            (b'P', held) => self.prompted(held).await?,
            (b'a', held) => {
                let variable = name.and_then(|name| self.env.variables.get(name));
                let flags = variable.map(|variable| variable.flags().into_bytes());
                let flags = flags.unwrap_or_default();
                match held {
                    Held::Unset => Held::One(flags),
                    held => held.map(|_| flags.clone()),
                }
            }
            (b'A', held) => transform::assignment(&self.env, param, name.map(|n| &**n), held),
            (b'K', Held::Many(values, _)) if let Some(name) = name => {
                Held::One(transform::quoted_pairs(&self.env, name, &values))
            }
            (b'k', Held::Many(values, star)) if let Some(name) = name => {
                Held::Many(transform::pairs(&self.env, name, values), star)
            }
            (letter, held) => held.map(|value| transform::value(letter, value)),
        })
    }

    async fn prompted(&mut self, held: Held) -> Outcome<Held> {
        Ok(match held {
            Held::Unset => Held::Unset,
            Held::One(value) => Held::One(self.prompt_deep(&value).await?),
            Held::Many(values, star) => {
                let mut prompts = Vec::with_capacity(values.len());
                for value in &values {
                    prompts.push(self.prompt_deep(value).await?);
                }
                Held::Many(prompts, star)
            }
        })
    }
}

enum Indirect {
    /// `${!x}` of a variable without value.
    Nothing,
    Param(Param),
    /// `${!nameref}` is the name.
    Name(Vec<u8>),
}

/// A parameter as messages name it.
pub(super) fn parameter_text(param: &Param) -> Vec<u8> {
    match param {
        Param::Variable(name) => name.to_vec(),
        Param::Element(name, Subscript::At) => [name, &b"[@]"[..]].concat(),
        Param::Element(name, Subscript::Star) => [name, &b"[*]"[..]].concat(),
        Param::Element(name, Subscript::Index(word)) => {
            [name, &b"["[..], &super::source_text(word), b"]"].concat()
        }
        Param::Positional(number) => number.to_string().into_bytes(),
        Param::Special(letter) => vec![*letter],
    }
}

fn replaced(
    value: &[u8],
    pattern: &Pattern,
    mode: ReplaceMode,
    replacement: &Field,
    ampersand: bool,
    room: usize,
) -> Vec<u8> {
    let places = match mode {
        ReplaceMode::First | ReplaceMode::All if pattern.is_empty() => Vec::new(),
        ReplaceMode::First => pattern.find(value, 0).into_iter().collect(),
        ReplaceMode::All => pattern.find_all(value),
        ReplaceMode::Prefix => {
            let length = pattern.match_prefix(value, Extent::Longest);
            length.map(|length| (0, length)).into_iter().collect()
        }
        ReplaceMode::Suffix => {
            let length = pattern.match_suffix(value, Extent::Longest);
            length.map(|length| (value.len() - length, value.len())).into_iter().collect()
        }
    };
    let mut result = Vec::with_capacity(value.len());
    let mut done = 0;
    for (from, to) in places {
        result.extend_from_slice(value.get(done..from).unwrap_or_default());
        let matched = value.get(from..to).unwrap_or_default();
        append_replacement(&mut result, replacement, matched, ampersand);
        done = to;
        if result.len() > room {
            // More than a word can be: it is refused as a whole.
            return result;
        }
    }
    result.extend_from_slice(value.get(done..).unwrap_or_default());
    result
}

/// An unquoted `&` stands for what matched; a backslash before it takes that away.
fn append_replacement(result: &mut Vec<u8>, replacement: &Field, matched: &[u8], ampersand: bool) {
    for piece in replacement.pieces() {
        if piece.quoted || !ampersand {
            result.extend_from_slice(piece.text);
            continue;
        }
        let mut bytes = piece.text.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match (byte, bytes.peek()) {
                (b'\\', Some(next @ (b'&' | b'\\'))) => {
                    result.push(*next);
                    bytes.next();
                }
                (b'&', _) => result.extend_from_slice(matched),
                (byte, _) => result.push(byte),
            }
        }
    }
}

fn case_changed(value: &[u8], op: u8, all: bool, pattern: Option<&Pattern>) -> Vec<u8> {
    let change = match op {
        b'^' => upper,
        b',' => lower,
        _ => toggle,
    };
    let first = std::cell::Cell::new(true);
    map_case(value, |character| {
        let is_first = first.replace(false);
        let wanted = (all || is_first)
            && pattern.is_none_or(|pattern| {
                pattern.is_empty() || pattern.matches(character.encode_utf8(&mut [0; 4]).as_bytes())
            });
        if wanted { change(character) } else { character }
    })
}
