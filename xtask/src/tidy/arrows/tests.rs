use super::*;
use serde_json::json;

#[track_caller]
fn check(package: &str, on: &str, kind: Value, expected: &[&str]) {
    let metadata = json!({ "packages": [
        { "name": package, "dependencies": [{ "name": on, "kind": kind }] },
    ]});
    assert_eq!(complaints(&metadata).unwrap(), expected);
}

#[test]
fn an_arrow_down_is_right() {
    check("agentos-kernel", "agentos-vfs", Value::Null, &[]);
    check("agentos-runtime", "wasmi", Value::Null, &[]);
}

#[test]
fn an_arrow_up_or_across_is_wrong() {
    check("agentos-vfs", "agentos-kernel", Value::Null, &["vfs: must not depend on kernel"]);
    check(
        "agentos-shell",
        "agentos-syscalls",
        Value::Null,
        &["shell: must not depend on syscalls"],
    );
}

#[test]
fn the_engine_is_the_runtimes() {
    let wrong = ["syscalls: must not depend on wasmi, only runtime may"];
    check("agentos-syscalls", "wasmi", Value::Null, &wrong);
}

#[test]
fn tests_may_use_what_they_like() {
    check("agentos-vfs", "agentos-kernel", json!("dev"), &[]);
}

#[test]
fn a_crate_that_is_not_in_the_table_is_named() {
    let wrong = ["extra: not in the table of xtask/src/tidy/arrows.rs"];
    check("agentos-extra", "libc", Value::Null, &wrong);
}
