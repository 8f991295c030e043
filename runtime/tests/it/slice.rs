//! One command line through every layer.

use crate::{has_commands, run};

#[track_caller]
fn check(script: &str, stdout: &str, exit_code: i32) {
    let output = run(script);
    assert_eq!(output.stdout_text(), stdout, "{script}: {}", output.stderr_text());
    assert_eq!(output.exit_code, exit_code, "{script}: {}", output.stderr_text());
}

#[test]
fn builtins_and_substitutions() {
    check(
        "x=$(printf 'a\\nb\\n'); echo \"$x\" | while read l; do echo \"<$l>\"; done",
        "<a>\n<b>\n",
        0,
    );
    check("false || echo no", "no\n", 0);
    check("f() { return 7; }; f; echo $?; (exit 3); echo $?", "7\n3\n", 0);
    check("echo hi > /tmp/f; read x < /tmp/f; echo $x", "hi\n", 0);
    check("for i in {1..3}; do echo $((i * i)); done", "1\n4\n9\n", 0);
    check("cat() { echo no; }; echo ${x:-default}; exit 42", "default\n", 42);
    check("set -o pipefail; false | true; echo $?", "1\n", 0);
    check("{ sleep() { :; }; sleep 1 & wait $!; echo $?; }", "0\n", 0);
}

#[test]
fn a_missing_command_is_named() {
    let output = run("nosuch; echo $?");
    assert_eq!(output.stdout_text(), "127\n");
    assert_eq!(output.stderr_text(), "bash: line 1: nosuch: command not found\n");
}

#[test]
fn a_syntax_error_has_a_line_and_a_caret() {
    let output = run("echo ok\nif then fi\n");
    assert_eq!(output.exit_code, 2);
    assert_eq!(output.stdout_text(), "ok\n");
    assert!(
        output.stderr_text().contains("bash: line 2: syntax error near unexpected token `then'")
    );
    assert!(output.stderr_text().contains('^'), "{}", output.stderr_text());
}

#[test]
fn webassembly_commands() {
    if !has_commands() {
        return;
    }
    check(r#"echo -e "banana\napple\ncherry" | sort"#, "apple\nbanana\ncherry\n", 0);
    check("seq 1 2000 | sort -rn | head -1", "2000\n", 0);
    check("yes | head -3", "y\ny\ny\n", 0);
    check("cat", "", 0);
    check("cd /tmp && echo hi > f && cat f && ls", "hi\nf\n", 0);
    check("x=$(seq 3 | tail -1); echo $x", "3\n", 0);
    check("printf 'a b\\nc d\\n' | cut -d' ' -f2 | tr a-z A-Z", "B\nD\n", 0);
    check("mkdir -p /tmp/a/b && touch /tmp/a/b/c && find /tmp/a -type f", "/tmp/a/b/c\n", 0);
    check("echo abc | sed s/b/x/ | grep -c x", "1\n", 0);
}
