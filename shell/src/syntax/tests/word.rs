//! Words and here-documents.

use expect_test::{Expect, expect};

use super::check;
use crate::syntax::ast::{Arg, Command, WordPart};
use crate::syntax::{
    ParseErrorKind, ParseOptions, decode_ansi_c, parse, parse_reference, parse_with,
};

/// The parts of the first argument.
#[track_caller]
fn parts(word: &str) -> Vec<WordPart> {
    let tree = parse(format!("echo {word}").as_bytes()).unwrap();
    let Command::Simple(simple) = &tree.items[0].and_or.first.commands[0] else { panic!() };
    let Arg::Word(word) = &simple.words[1] else { panic!() };
    word.parts.clone()
}

fn literal(text: &str) -> WordPart {
    WordPart::Literal(text.as_bytes().into())
}

#[test]
fn continuations_vanish_everywhere() {
    check(
        "ec\\\nho $f\\\noo \"a\\\nb\" 'c\\\nd' ${x\\\n:-y} a &\\\n& b >\\\n> f; whi\\\nle a; do b; done; n\\\nn=1 c",
        expect![[r#"
            echo $foo "ab" 'c\
            d' ${x:-y} a && b >> f;
            while a; do
                b;
            done;
            nn=1 c
        "#]],
    );
}

#[test]
fn single_quotes_are_ordinary_inside_double_quoted_values() {
    let [WordPart::DoubleQuoted(inner)] = &*parts("\"${x:-'a'}\"") else { panic!() };
    let [WordPart::Param(param)] = &**inner else { panic!() };
    let crate::syntax::ast::ParamOp::Default { word, .. } = &param.op else { panic!() };
    assert_eq!(word.parts, [literal("'a'")]);
}

#[test]
fn single_quotes_quote_inside_double_quoted_patterns() {
    let [WordPart::DoubleQuoted(inner)] = &*parts("\"${x#'}'}\"") else { panic!() };
    let [WordPart::Param(param)] = &**inner else { panic!() };
    let crate::syntax::ast::ParamOp::RemovePrefix { pattern, .. } = &param.op else { panic!() };
    assert_eq!(pattern.parts, [WordPart::SingleQuoted(b"}".as_slice().into())]);
}

#[test]
fn all_operators_print_as_they_are_written() {
    let script = "echo ${x} ${#x} ${#} ${##} ${#-} ${#-a} ${!x} ${!x@} ${!x*} ${!x[@]} ${!} ${!-a} ${x[1]} \
        ${x[@]:1:2} ${x:-a} ${x=b} ${x?} ${x:+c} ${x#a} ${x##a} ${x%a} ${x%%a} ${x/a/b} ${x//a} ${x/#a/b} ${x/%a/} \
        ${x^} ${x^^[a]} ${x,,} ${x~} ${x@Q} ${10} ${@:1} ${x: -1} ${x:a?b:c:d} ${x[y z]} ${x/[/]}\n";
    check(
        script,
        expect![[r#"
        echo ${x} ${#x} ${#} ${##} ${#-} ${#-a} ${!x} ${!x@} ${!x*} ${!x[@]} ${!} ${!-a} ${x[1]} ${x[@]:1:2} ${x:-a} ${x=b} ${x?} ${x:+c} ${x#a} ${x##a} ${x%a} ${x%%a} ${x/a/b} ${x//a} ${x/#a/b} ${x/%a/} ${x^} ${x^^[a]} ${x,,} ${x~} ${x@Q} ${10} ${@:1} ${x: -1} ${x:a?b:c:d} ${x[y z]} ${x/[/]}
    "#]],
    );
}

#[test]
fn bad_substitution_is_an_error_of_expansion() {
    for word in ["${a b}", "${x@ZZ}", "${#x:-y}", "${}", "${x:}", "${-x}x${/}"] {
        let found = parts(word).into_iter().any(|part| {
            matches!(part, WordPart::Invalid(invalid)
                if matches!(invalid.error.kind, ParseErrorKind::BadSubstitution(_)))
        });
        assert!(found || word == "${-x}x${/}", "{word}");
    }
}

#[test]
fn command_in_braces_is_refused_by_name() {
    let [WordPart::Invalid(invalid)] = &*parts("${ echo; }") else { panic!() };
    assert_eq!(invalid.error.to_string(), "${ command; } is not supported: write $(command)");
}

#[test]
fn arithmetic_or_a_subshell_in_a_substitution() {
    check(
        "echo $((1 + (2))) $((a); (b)) $( (a) ) $[1+2]; ((a)); ((a) | (b)); ( (c) )",
        expect![[r#"
            echo $((1 + (2))) $( ( a ); ( b )) $( ( a )) $((1+2));
            ((a));
            ( ( a ) | ( b ) );
            ( ( c ) )
        "#]],
    );
}

#[test]
fn backquotes_unescape_once() {
    let [WordPart::Command(outer)] = &*parts("`echo \\`echo \\\\\\`a\\\\\\`\\``") else { panic!() };
    check(
        "x=`echo \\`a\\` \\$b`",
        expect![[r#"
        x=`echo \`a\` \$b`
    "#]],
    );
    assert!(super::dump(&outer.body).matches("backquoted: true").count() == 2);
}

#[test]
fn syntax_errors_in_backquotes_wait_for_expansion() {
    let [WordPart::Invalid(invalid)] = &*parts("`)`") else { panic!() };
    assert_eq!(invalid.error.to_string(), "syntax error near unexpected token `)'");
}

#[test]
fn here_documents_are_read_after_the_line() {
    check(
        "cat <<A <<-'B' | tr \"x\ny\" z; if cat <<C; then :; fi\na $x\nA\n\tb $x\n\tB\nc\\\nC\nC\necho",
        expect![[r#"
            cat <<A <<-'B' | tr "x
            y" z;
            a $x
            A
            b $x
            B
            if cat <<C; then
            cC
            C
                :;
            fi;
            echo
        "#]],
    );
}

#[test]
fn here_documents_stand_inside_substitutions() {
    check(
        "x=$(cat <<A\na ) b\nA\n); echo `cat <<B\nb\nB`; echo $(cat <<C)\nc\nC\necho",
        expect![[r#"
            x=$(cat <<A
            a ) b
            A
            );
            echo `cat <<B
            b
            B`;
            echo $(cat <<C
            c
            C
            );
            echo
        "#]],
    );
}

#[test]
fn extended_globs_belong_to_words_when_switched_on() {
    let on = ParseOptions { extglob: true, ..ParseOptions::default() };
    assert!(parse_with(b"echo @(a|b c)x !(*.o)", on).is_ok());
    assert!(parse(b"echo @(a|b)").is_err());
    check(
        "[[ a == @(a|b c) && b =~ ^(x|y z)+$|$ ]]",
        expect![[r#"
        [[ a == @(a|b c) && b =~ ^(x|y z)+$|$ ]]
    "#]],
    );
}

#[test]
fn case_patterns_inside_substitutions() {
    check(
        "echo $(case x in x) a;; (esac) ;; esac)",
        expect![[r#"
        echo $(case x in 
            (x)
                a
            ;;
            (esac)
    
            ;;
        esac)
    "#]],
    );
}

#[test]
fn arrays_and_declarations() {
    check(
        "a=(1 \"b c\" [3]=x [k y]+=z # c\n <(d)) b[1 + 1]=2 c+=3; declare -a d=(e f) g='h'; command export i=j; alias k=$l; eval m=( n )",
        expect![[r#"
            a=(1 "b c" [3]=x [k y]+=z <(d)) b[1 + 1]=2 c+=3;
            declare -a d=(e f) g='h';
            command export i=j;
            alias k=$l;
            eval m=( n )
        "#]],
    );
}

#[track_caller]
fn check_ansi_c(raw: &str, expected: Expect) {
    expected.assert_eq(&format!("{:?}", String::from_utf8_lossy(&decode_ansi_c(raw.as_bytes()))));
}

#[test]
fn ansi_c_escapes() {
    check_ansi_c(
        r#"\a\b\e\f\n\r\t\v\\\'\"\?"#,
        expect![[r#""\u{7}\u{8}\u{1b}\u{c}\n\r\t\u{b}\\'\"?""#]],
    );
    check_ansi_c(r"\101\x41\x{42}\u00e9\U1F600\cA\c?\q", expect![[r#""AABé😀\u{1}\u{7f}\\q""#]]);
    check_ansi_c(r"a\0b", expect![[r#""a""#]]);
    check_ansi_c(r"\xg\uz", expect![[r#""\\xg\\uz""#]]);
}

#[test]
fn references_are_names_with_subscripts() {
    assert!(parse_reference(b"a").is_some_and(|(name, index)| *name == *b"a" && index.is_none()));
    assert!(parse_reference(b"a[$x]").is_some_and(|(_, index)| index.is_some()));
    for text in ["", "1", "a[", "a]", "a[]", "a[1]b", "a[1][2]"] {
        assert!(parse_reference(text.as_bytes()).is_none(), "{text}");
    }
}

#[test]
fn a_continued_line_does_not_divide_a_process_substitution() {
    assert!(parse(b"<\\\n(").is_err());
    assert!(parse(b"cat <\\\n(echo)").is_err());
}
