//! The steps that need no running shell, judged against bash where it can be asked.

use super::field::{Fields, Splitting};
use super::{brace, quote};
use crate::env::{Env, Mode, Nowhere};
use crate::syntax::Span;
use crate::syntax::ast::{Word, WordPart};

#[expect(clippy::disallowed_methods, reason = "bash is the oracle")]
fn bash(script: &str) -> Vec<String> {
    let output = std::process::Command::new("bash").arg("-c").arg(script).output().unwrap();
    String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned).collect()
}

fn braces(text: &str) -> Vec<String> {
    let part = WordPart::Literal(text.as_bytes().into());
    let word = Word { parts: vec![part], span: Span::default() };
    let words = brace::expand(&word, 1 << 30).unwrap_or_else(|| vec![word.clone()]);
    let text = |word: &Word| {
        let literals = word.parts.iter().map(|part| match part {
            WordPart::Literal(text) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        });
        literals.collect::<String>()
    };
    words.iter().map(text).filter(|text| !text.is_empty()).collect()
}

#[test]
fn braces_expand_as_in_bash() {
    let words = [
        "{a,b}",
        "x{a,b}y",
        "{a,b}{1,2}",
        "{a,{b,c}}",
        "{a,b{1..3}}",
        "{1..5}",
        "{5..1}",
        "{1..10..3}",
        "{10..1..3}",
        "{01..3}",
        "{-2..2}",
        "{a..e}",
        "{e..a..2}",
        "{a..5}",
        "{}",
        "{a}",
        "{a,}",
        "{,a}x",
        "a{b",
        "a}b",
        "{a,b",
        "a,b}",
        "{{a,b}",
        "{a,b}}",
        "{{a,b}}",
        "{1..}",
        "{..2}",
        "{1..2..}",
        "{1...3}",
        "x{1..2}{a}",
        "{a,b}{",
        "{{1..2},3}",
        "{1.2}",
        "{001..-1}",
        "{-01..2}",
        "{+1..3}",
        "{A..C}",
        "{1..3..0}",
        "{3..1..-1}",
        "{1..3..-2}",
        "{a,b,c}{d}{e,f}",
        "{,}x{,}",
        "{a,b}c{d,e}f",
        "{x,{y,{z,w}}}",
        "{1..2}..{3..4}",
    ];
    for word in words {
        assert_eq!(braces(word), bash(&format!("printf '%s\\0' {word}")), "{word}");
    }
}

#[test]
fn too_many_words_stay_one() {
    assert_eq!(braces("{1..1000000000}"), ["{1..1000000000}"]);
    assert_eq!(braces("{0..9}{0..9}{0..9}{0..9}{0..9}{0..9}{0..9}").len(), 1);
    let deep = "{a,".repeat(5000) + &"}".repeat(5000);
    assert!(!braces(&deep).is_empty());
}

fn split(ifs: &str, value: &str) -> Vec<String> {
    let mut env = Env::new(std::sync::Arc::new(Nowhere), &[]);
    env.assign(b"IFS", ifs.into(), Mode::Set).unwrap();
    let mut fields = Fields::new(Splitting::Fields, env.ifs(), 1000);
    fields.split(value.as_bytes());
    let text = |field: super::Field| String::from_utf8_lossy(&field.text).into_owned();
    fields.finish().into_iter().map(text).collect()
}

#[test]
fn fields_split_as_in_bash() {
    let values = [
        "", " ", "a", " a ", "a b", "a  b", ":", "::", ":a", "a:", "a::b", "a : b", " : ",
        "a :: b", ":a:b:", "a:b c", " a:b ", "a\tb\nc", "x y:z", "  :a  ", "a: :b", "é:ü",
    ];
    for ifs in [" ", ":", " :", ": ", "", "\t ", "x"] {
        for value in values {
            let script = format!(
                "set -f; IFS='{ifs}'; v='{value}'; set -- $v; [ $# = 0 ] || printf '%s\\0' \"$@\""
            );
            assert_eq!(split(ifs, value), bash(&script), "IFS={ifs:?} {value:?}");
        }
    }
}

#[test]
fn quoting_is_as_in_bash() {
    for value in
        ["a", "a b", "it's", "", "a\nb", "\u{1b}[0m", "é", "$x`y`\\", "\"q\"", "~a", "#b", "\u{7f}"]
    {
        let quoted = value.replace('\'', r"'\''");
        let script = format!("v='{quoted}'; printf '%s\\0' \"${{v@Q}}\"; printf '%q\\0' \"$v\"");
        let ours = [quote::reusable(value.as_bytes()), quote::backslash(value.as_bytes())];
        let ours = ours.map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(bash(&script), ours, "{value:?}");
    }
}
