//! Words and their parts.

use super::{Layout, Printer};
use crate::syntax::ast::{
    Command, CompoundKind, List, Param, ParamExpansion, ParamOp, ReplaceMode, Subscript, Word,
    WordPart,
};

impl Printer {
    pub(super) fn word(&mut self, word: &Word) {
        self.parts(&word.parts);
    }

    pub(super) fn parts(&mut self, parts: &[WordPart]) {
        for part in parts {
            self.part(part);
        }
    }

    fn part(&mut self, part: &WordPart) {
        match part {
            WordPart::Literal(text) => self.text(text),
            WordPart::Escaped(text) => {
                self.out.push(b'\\');
                self.text(text);
            }
            WordPart::SingleQuoted(text) => {
                self.out.push(b'\'');
                self.text(text);
                self.out.push(b'\'');
            }
            WordPart::AnsiC { value, raw } => {
                if self.is_bash() {
                    self.single_quoted(value);
                } else {
                    self.enclosed(b"$'", raw, b"'");
                }
            }
            WordPart::DoubleQuoted(inner) => self.double_quoted(inner),
            WordPart::Localized(inner) => {
                if !self.is_bash() {
                    self.out.push(b'$');
                }
                self.double_quoted(inner);
            }
            WordPart::Param(expansion) => self.parameter(expansion),
            WordPart::Command(substitution) => match &substitution.raw {
                Some(raw) => self.enclosed(b"`", raw, b"`"),
                None => self.substitution(b"$(", &substitution.body),
            },
            WordPart::Arith(word) => {
                self.text(b"$((");
                self.word(word);
                self.text(b"))");
            }
            WordPart::Subscript(word) => {
                self.text(b"[");
                self.word(word);
                self.text(b"]");
            }
            WordPart::Process { output, body } => {
                self.substitution(if *output { b">(" } else { b"<(" }, body);
            }
            WordPart::Invalid(invalid) => self.text(&invalid.text),
        }
    }

    fn enclosed(&mut self, open: &[u8], text: &[u8], close: &[u8]) {
        self.text(open);
        self.text(text);
        self.text(close);
    }

    fn double_quoted(&mut self, parts: &[WordPart]) {
        self.out.push(b'"');
        self.parts(parts);
        self.out.push(b'"');
    }

    /// Text in single quotes; a single quote inside leaves them for a moment.
    pub(super) fn single_quoted(&mut self, text: &[u8]) {
        self.out.push(b'\'');
        for &byte in text {
            if byte == b'\'' {
                self.text(b"'\\''");
            } else {
                self.out.push(byte);
            }
        }
        self.out.push(b'\'');
    }

    fn substitution(&mut self, open: &[u8], body: &List) {
        let mut inner = Printer::new(self.style, Layout::Inline);
        if begins_with_parenthesis(body) {
            inner.out.push(b' ');
        }
        inner.list(body);
        inner.closed_list_end(body);
        inner.print_deferred(b"");
        self.enclosed(open, &inner.out, b")");
    }

    fn parameter(&mut self, expansion: &ParamExpansion) {
        self.out.push(b'$');
        if expansion.bare {
            self.param(&expansion.param);
            return;
        }
        self.out.push(b'{');
        if expansion.indirect {
            self.out.push(b'!');
        }
        if expansion.op == ParamOp::Length {
            self.out.push(b'#');
        }
        self.param(&expansion.param);
        self.operator(&expansion.op);
        self.out.push(b'}');
    }

    fn param(&mut self, param: &Param) {
        match param {
            Param::Variable(name) => self.text(name),
            Param::Element(name, subscript) => {
                self.text(name);
                self.out.push(b'[');
                match subscript {
                    Subscript::At => self.out.push(b'@'),
                    Subscript::Star => self.out.push(b'*'),
                    Subscript::Index(word) => self.word(word),
                }
                self.out.push(b']');
            }
            Param::Positional(number) => self.text(number.to_string().as_bytes()),
            Param::Special(byte) => self.out.push(*byte),
        }
    }

    fn operator(&mut self, op: &ParamOp) {
        match op {
            ParamOp::None | ParamOp::Length | ParamOp::Keys => {}
            ParamOp::Default { colon, word } => self.value_operator(*colon, b'-', Some(word)),
            ParamOp::Assign { colon, word } => self.value_operator(*colon, b'=', Some(word)),
            ParamOp::Error { colon, word } => self.value_operator(*colon, b'?', word.as_ref()),
            ParamOp::Alternative { colon, word } => self.value_operator(*colon, b'+', Some(word)),
            ParamOp::RemovePrefix { longest, pattern } => {
                self.text(if *longest { b"##" } else { b"#" });
                self.word(pattern);
            }
            ParamOp::RemoveSuffix { longest, pattern } => {
                self.text(if *longest { b"%%" } else { b"%" });
                self.word(pattern);
            }
            ParamOp::Replace { mode, pattern, replacement } => {
                self.text(match mode {
                    ReplaceMode::First => b"/",
                    ReplaceMode::All => b"//",
                    ReplaceMode::Prefix => b"/#",
                    ReplaceMode::Suffix => b"/%",
                });
                self.word(pattern);
                if let Some(replacement) = replacement {
                    self.out.push(b'/');
                    self.word(replacement);
                }
            }
            ParamOp::Slice { offset, length } => {
                self.out.push(b':');
                self.word(offset);
                if let Some(length) = length {
                    self.out.push(b':');
                    self.word(length);
                }
            }
            ParamOp::Case { op, all, pattern } => {
                self.text(&[*op, *op][..1 + usize::from(*all)]);
                if let Some(pattern) = pattern {
                    self.word(pattern);
                }
            }
            ParamOp::Transform(letter) => self.text(&[b'@', *letter]),
            ParamOp::Names(at) => self.out.push(if *at { b'@' } else { b'*' }),
        }
    }

    fn value_operator(&mut self, colon: bool, letter: u8, word: Option<&Word>) {
        if colon {
            self.out.push(b':');
        }
        self.out.push(letter);
        if let Some(word) = word {
            self.word(word);
        }
    }
}

/// Whether the text of `body` begins with `(`, which must not meet the `(` before it.
fn begins_with_parenthesis(body: &List) -> bool {
    let Some(item) = body.items.first() else { return false };
    let first = &item.and_or.first;
    if first.negated || first.timed.is_some() {
        return false;
    }
    matches!(
        first.commands.first(),
        Some(Command::Compound(compound))
            if matches!(compound.kind, CompoundKind::Subshell(_) | CompoundKind::Arith(_))
    )
}
