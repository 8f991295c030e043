//! Messages: each expectation is what bash 5.2 says.

use expect_test::{Expect, expect};

use crate::syntax::parse;

#[track_caller]
fn check(script: &str, expected: Expect) {
    let error = parse(script.as_bytes()).expect_err("bash refuses it");
    expected.assert_eq(&format!("line {}: {error}", error.span.line));
}

#[test]
fn unexpected_tokens() {
    check("echo )", expect!["line 1: syntax error near unexpected token `)'"]);
    check("echo a (b)", expect!["line 1: syntax error near unexpected token `('"]);
    check("echo (foo)", expect!["line 1: syntax error near unexpected token `foo'"]);
    check("a\n\nb ;; c", expect!["line 3: syntax error near unexpected token `;;'"]);
    check("fi", expect!["line 1: syntax error near unexpected token `fi'"]);
    check("in", expect!["line 1: syntax error near unexpected token `in'"]);
    check("]]", expect!["line 1: syntax error near unexpected token `]]'"]);
    check("echo <", expect!["line 1: syntax error near unexpected token `newline'"]);
    check("( )", expect!["line 1: syntax error near unexpected token `)'"]);
    check("if ; then", expect!["line 1: syntax error near unexpected token `;'"]);
    check("for x in a; echo; done", expect!["line 1: syntax error near unexpected token `echo'"]);
    check("{ a; } >f }", expect!["line 1: syntax error near unexpected token `}'"]);
    check("a & ; b", expect!["line 1: syntax error near unexpected token `;'"]);
    check("! | a", expect!["line 1: syntax error near unexpected token `|'"]);
    check("f() echo", expect!["line 1: syntax error near unexpected token `echo'"]);
    check("a=(1 ; 2)", expect!["line 1: syntax error near unexpected token `;'"]);
    check("echo \"$(if a)\"", expect!["line 1: syntax error near unexpected token `)'"]);
}

#[test]
fn ends_too_early() {
    check("if true", expect!["line 2: syntax error: unexpected end of file"]);
    check("a &&\n", expect!["line 2: syntax error: unexpected end of file"]);
    check("a\n\"b", expect!["line 2: unexpected EOF while looking for matching `\"'"]);
    check("'b", expect!["line 1: unexpected EOF while looking for matching `''"]);
    check("echo `b", expect!["line 1: unexpected EOF while looking for matching ``'"]);
    check("echo ${b", expect!["line 1: unexpected EOF while looking for matching `}'"]);
    check("echo $(b", expect!["line 2: unexpected EOF while looking for matching `)'"]);
    check("a[ b", expect!["line 1: unexpected EOF while looking for matching `]'"]);
    check("[[ a == b", expect!["line 2: unexpected EOF while looking for `]]'"]);
}

#[test]
fn incomplete_is_its_own_kind() {
    for script in ["if a", "a |", "'", "\"$(", "{", "x=(", "[[ a == b", "f()", "case a in"] {
        assert!(parse(script.as_bytes()).is_err_and(|e| e.is_incomplete()), "{script}");
    }
    for script in ["fi", "a )", "a |;", "[[ a b ]]"] {
        assert!(parse(script.as_bytes()).is_err_and(|e| !e.is_incomplete()), "{script}");
    }
}

#[test]
fn conditional_expressions() {
    check("[[ a b ]]", expect!["line 1: conditional binary operator expected"]);
    check(
        "[[ a\n]]",
        expect!["line 1: unexpected token `newline', conditional binary operator expected"],
    );
    check("[[ -f ]]", expect!["line 1: unexpected argument `]]' to conditional unary operator"]);
    check("[[ a == ]]", expect!["line 1: unexpected argument `]]' to conditional binary operator"]);
    check("[[ ( a ]]", expect!["line 1: unexpected token `]]', expected `)'"]);
    check("[[ ) ]]", expect!["line 1: unexpected token `)' in conditional command"]);
    check("[[ a || && ]]", expect!["line 1: unexpected token `&&' in conditional command"]);
    check("[[ a == b c ]]", expect!["line 1: syntax error in conditional expression"]);
    check(
        "[[ x =~ a<b ]]",
        expect!["line 1: syntax error in conditional expression: unexpected token `<'"],
    );
}

#[test]
fn the_caret_stands_below_the_token() {
    let script = b"echo one\nif\ttrue; fi\n";
    let error = parse(script).expect_err("no then");
    expect![[r#"
        x.sh: line 2: syntax error near unexpected token `fi'
          |
        2 | if	true; fi
          |   	      ^^
    "#]]
    .assert_eq(&error.render(script, "x.sh"));
}

#[test]
fn a_hundred_thousand_levels_are_an_error() {
    let many = 100_000;
    for open in [
        "(",
        "((",
        "{ ",
        "$(",
        "\"$(",
        "`",
        "${x:-",
        "\"${x:-",
        "$((",
        "$[",
        "<(",
        "if ",
        "while ",
        "case a in a) ",
        "f() { ",
        "f() ( ",
        "coproc { ",
        "[[ ( ",
        "[[ ! ! ",
        "a[",
        "x=(",
        "x=([",
        "${a[",
        "for x in a; do ",
        "${x/",
        "${x:",
        "cat <<E\n$(",
        "for ((;;)) { ",
    ] {
        let argument = parse(format!("a {}", open.repeat(many)).as_bytes());
        let command = parse(open.repeat(many).as_bytes());
        let harmless = open == "`" || open.starts_with("cat");
        assert!(harmless || argument.is_err() || command.is_err(), "{open}");
    }
}

#[test]
fn long_is_not_deep() {
    let many = 20_000;
    for (head, item, tail) in [
        ("", "! ", "a"),
        ("[[ a", " || b && c", " ]]"),
        ("if a; then b; ", "elif c; then d; ", "fi"),
        ("a", " | a", ""),
        ("a", " && a", ""),
        ("[[ x == ", "@(", &format!("{} ]]", ")".repeat(many))),
    ] {
        let script = format!("{head}{}{tail}", item.repeat(many));
        let tree = parse(script.as_bytes()).unwrap_or_else(|e| panic!("{head}: {e}"));
        assert_eq!(tree.clone(), tree);
    }
}
