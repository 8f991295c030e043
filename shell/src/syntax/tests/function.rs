//! `declare -f`: the `.out` files are what bash 5.2 prints after reading the `.sh` files.

use std::collections::BTreeMap;

use crate::syntax::ast::Command;
use crate::syntax::{parse, print_function};

/// Prints the functions that `script` defines, in the order of their names.
fn declare_f(script: &str) -> String {
    let tree = parse(script.as_bytes()).unwrap();
    let mut functions = BTreeMap::new();
    for item in &tree.items {
        if let Some(Command::Function(function)) = item.and_or.first.commands.first() {
            functions.insert(function.name.clone(), print_function(function));
        }
    }
    functions.values().map(|text| format!("{}\n", String::from_utf8_lossy(text))).collect()
}

#[test]
fn layout_is_that_of_bash() {
    let printed = declare_f(include_str!("functions/layout.sh"));
    similar(&printed, include_str!("functions/layout.out"));
}

#[test]
fn here_documents_stand_where_bash_puts_them() {
    let printed = declare_f(include_str!("functions/here_documents.sh"));
    similar(&printed, include_str!("functions/here_documents.out"));
}

#[track_caller]
fn similar(printed: &str, expected: &str) {
    for (number, (ours, theirs)) in printed.lines().zip(expected.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {}", number + 1);
    }
    assert_eq!(printed, expected);
}
