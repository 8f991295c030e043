//! The table itself.

use std::collections::BTreeSet;

use agentos_syscalls::{coverage_markdown, tables};

#[test]
fn preview1_is_whole() {
    let names: BTreeSet<_> =
        tables().filter(|r| r.module == "wasi_snapshot_preview1").map(|r| r.name).collect();
    assert_eq!(names.len(), 46);
}

#[test]
fn each_import_is_told_by_name_and_type() {
    let mut seen = BTreeSet::new();
    for row in tables() {
        assert!(seen.insert((row.module, row.name, row.params.len())), "{} twice", row.name);
    }
}

#[test]
fn the_coverage_page_names_each_function() {
    let page = coverage_markdown(|_| String::new());
    for row in tables() {
        assert!(page.contains(row.name), "{}", row.name);
    }
}
