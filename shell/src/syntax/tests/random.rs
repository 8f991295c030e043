//! Random texts: no panic, no hang; what parses prints back to the same tree.

use super::dump;
use crate::syntax::{parse, print};
use crate::testing::{Random, script};

#[track_caller]
fn roundtrip(text: &[u8]) {
    let Ok(tree) = parse(text) else { return };
    let printed = print(&tree);
    let again = parse(&printed).unwrap_or_else(|e| {
        panic!(
            "{}\n{}\nfrom: {:?}",
            e,
            String::from_utf8_lossy(&printed),
            String::from_utf8_lossy(text)
        )
    });
    assert_eq!(dump(&tree), dump(&again), "from: {:?}", String::from_utf8_lossy(text));
}

#[test]
fn generated_scripts_parse_and_print_back() {
    for seed in 0..2_000 {
        let text = script(seed);
        if let Err(error) = parse(text.as_bytes()) {
            panic!("seed {seed}\n{}", error.render(text.as_bytes(), "generated"));
        }
        roundtrip(text.as_bytes());
    }
}

const SNIPPETS: [&str; 44] = [
    "'",
    "\"",
    "\\",
    "\n",
    "$",
    "`",
    "$(",
    ")",
    "((",
    "))",
    "${",
    "}",
    "{ ",
    "; }",
    "<<E\n",
    "\nE\n",
    "<<-'E' ",
    "<(",
    ">&",
    "|&",
    "&&",
    ";;",
    ";&",
    "if ",
    "then ",
    "fi",
    "case x in ",
    "esac",
    "[[ ",
    " ]]",
    " =~ ",
    "a=(",
    "a[",
    "]=",
    "#",
    "\\\n",
    "$'",
    "for ((",
    "function f",
    "() ",
    "coproc ",
    "time ",
    "! ",
    "\0\u{e9}",
];

#[test]
fn mutated_scripts_do_no_harm() {
    let mut random = Random::new(7);
    for seed in 0..4_000 {
        let mut text = script(seed).into_bytes();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len() + 1);
            match random.below(3) {
                0 => {
                    let snippet = random.pick(&SNIPPETS);
                    text.splice(at..at, snippet.bytes());
                }
                1 => {
                    let end = text.len().min(at + random.below(5));
                    text.drain(at..end);
                }
                _ => text.insert(at, random.number().to_le_bytes()[0]),
            }
        }
        roundtrip(&text);
    }
}

#[test]
fn heaps_of_snippets_do_no_harm() {
    let mut random = Random::new(11);
    for _ in 0..4_000 {
        let text: String = (0..random.below(16)).map(|_| random.pick(&SNIPPETS)).collect();
        roundtrip(text.as_bytes());
    }
}

#[test]
fn a_pipeline_of_nothing_keeps_its_separator() {
    for text in ["(!;)", "{ time; }", "! ;", "( ! ; ) & !", "if !; then time; fi", "x=$(!;)"] {
        roundtrip(text.as_bytes());
    }
}
