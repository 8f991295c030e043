//! Aliases.

use expect_test::{Expect, expect};

use crate::syntax::{ParseOptions, Parser, print};

/// Parses with aliases and prints each complete command.
#[track_caller]
fn check(aliases: &[(&str, &str)], script: &str, expected: Expect) {
    let lookup = |name: &[u8]| {
        let found = aliases.iter().find(|(alias, _)| alias.as_bytes() == name);
        found.map(|(_, text)| text.as_bytes().to_vec())
    };
    let mut parser = Parser::new(script.as_bytes(), ParseOptions::default());
    let mut out = String::new();
    loop {
        match parser.next_command(&lookup) {
            Ok(None) => break,
            Ok(Some(list)) => out.push_str(&String::from_utf8_lossy(&print(&list))),
            Err(error) => {
                out.push_str(&format!("line {}: {error}\n", error.span.line));
                break;
            }
        }
    }
    expected.assert_eq(&out);
}

#[test]
fn only_unquoted_command_names_are_replaced() {
    check(
        &[("e", "echo x")],
        "e e; \\e; 'e'; a=1 e; ! e | e && e",
        expect![[r#"
        echo x e;
        \e;
        'e';
        a=1 echo x;
        ! echo x | echo x && echo x
    "#]],
    );
}

#[test]
fn an_alias_is_not_replaced_inside_itself() {
    check(
        &[("ls", "ls -F"), ("a", "b"), ("b", "a")],
        "ls; ls\na",
        expect![[r#"
        ls -F;
        ls -F
        a
    "#]],
    );
}

#[test]
fn a_trailing_blank_looks_the_next_word_up() {
    check(
        &[("s", "sudo "), ("t", "time"), ("x", "y z")],
        "s x x; t x",
        expect![[r#"
        sudo y z x;
        time y z
    "#]],
    );
}

#[test]
fn alias_text_may_be_grammar() {
    check(
        &[("begin", "if"), ("end", "fi"), ("q", "echo \""), ("both", "a; b\nc &")],
        "begin true; then a; end\nq x\"\nboth d",
        expect![[r#"
            if true; then
                a;
            fi
            echo " x"
            a;
            b
            c &
            d
        "#]],
    );
}

#[test]
fn an_empty_alias_is_nothing() {
    check(
        &[("n", "")],
        "n\nn echo; n; a",
        expect![[r#"
        line 2: syntax error near unexpected token `;'
    "#]],
    );
}

#[test]
fn an_exploding_alias_is_an_error() {
    let names: Vec<String> = (0..40).map(|n| format!("a{n}")).collect();
    let texts: Vec<String> = (0..40).map(|n| format!("a{}; a{}", n + 1, n + 1)).collect();
    let aliases: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    check(
        &aliases,
        "a0",
        expect![[r#"
        line 1: syntax error: aliases expand to too much text
    "#]],
    );
}

#[test]
fn lines_count_on_after_aliases() {
    check(
        &[("e", "echo a very much longer text than the name")],
        "e\ne\ne )",
        expect![[r#"
        echo a very much longer text than the name
        echo a very much longer text than the name
        line 3: syntax error near unexpected token `)'
    "#]],
    );
}
