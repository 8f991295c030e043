//! Nesting a hundred thousand deep: an answer or an error, never the end of the host's stack.

use agentos_shell::syntax::{parse, print};
use agentos_shell::testing::{self, Job};

const DEPTH: usize = 100_000;

/// Texts of scripts that nest, each from what opens, what is inside, and what closes.
const NESTS: [(&str, &str, &str); 22] = [
    ("(", "echo", ")"),
    ("{ ", "echo;", " }"),
    ("if ", "true;", " then :; fi;"),
    ("while ", "false;", " do :; done;"),
    ("case x in x) ", "echo", ";; esac;"),
    ("! ", "true", ""),
    ("f() { ", "echo;", " };"),
    ("$(", "echo", ")"),
    ("echo \"$(", "echo", ")\""),
    ("`", "echo", "`"),
    ("<(", "echo", ")"),
    ("${a:-", "b", "}"),
    ("\"${a:-", "b", "}\""),
    ("echo $((", "1", "))"),
    ("echo $((1+(", "1", ")))"),
    ("((", "1", "))"),
    ("[[ ", "a", " ]]"),
    ("[[ ( ", "a", " ) ]]"),
    ("[[ ! ", "a", " ]]"),
    ("a=(", "b", ")"),
    ("echo {a,", "b", "}"),
    ("[[ a == @(", "a", ") ]]"),
];

fn nested(open: &str, inner: &str, close: &str) -> String {
    [&open.repeat(DEPTH), inner, &close.repeat(DEPTH)].concat()
}

#[test]
fn deep_scripts_parse_and_print_or_are_refused() {
    for (open, inner, close) in NESTS {
        for text in [nested(open, inner, close), open.repeat(DEPTH)] {
            if let Ok(tree) = parse(text.as_bytes()) {
                let printed = print(&tree);
                assert!(parse(&printed).is_ok(), "{open}{inner}{close}");
            }
        }
    }
}

#[test]
fn deep_scripts_run_or_are_refused() {
    for (open, inner, close) in NESTS {
        let script = nested(open, inner, close);
        let job = Job { arg0: "bash", script: script.as_bytes(), fuel: Some(2_000_000) };
        let _ = testing::run(job);
    }
}

#[test]
fn long_chains_are_no_deep_trees() {
    for link in ["a && ", "a || ", "a | ", "a; ", "a & ", "a\n", "x ", "! a\n", "$x", "''", "{,}"] {
        let text = format!("{}a", link.repeat(DEPTH));
        let tree = parse(text.as_bytes()).expect("a chain");
        assert!(parse(&print(&tree)).is_ok(), "{link}");
    }
}

#[test]
fn deep_arithmetic_has_a_value_or_an_error() {
    for (open, inner, close) in
        [("(", "1", ")"), ("-", "1", ""), ("1?", "1", ":0"), ("a[", "0", "]"), ("1**", "1", "")]
    {
        let _ = testing::evaluate(nested(open, inner, close).as_bytes());
        let _ = testing::evaluate(open.repeat(DEPTH).as_bytes());
    }
    assert_eq!(testing::evaluate(format!("{}1", "1+".repeat(DEPTH)).as_bytes()), Ok(100_001));
}

#[test]
fn recursion_of_functions_ends() {
    for script in
        ["f() { f; }; f", "f() { eval f; }; f", "f() { echo $(f); }; f", "f() { (f); }; f"]
    {
        let job = Job { arg0: "bash", script: script.as_bytes(), fuel: Some(20_000_000) };
        let _ = testing::run(job);
    }
}
