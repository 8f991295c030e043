use super::*;

#[test]
fn a_file_says_what_lives_in_it() {
    assert_eq!(
        complaints_about("vfs/src/path.rs", "use std;\n", None),
        ["vfs/src/path.rs: begin with `//!` and say what lives here"]
    );
    assert!(complaints_about("vfs/src/path.rs", "//! Paths.\n", None).is_empty());
    assert!(complaints_about("vfs/src/path/tests.rs", "use super::*;\n", None).is_empty());
}

#[test]
fn a_large_file_keeps_to_what_it_was_granted() {
    let text = format!("//! Large.\n{}", "\n".repeat(600));
    assert_eq!(complaints_about("a/src/b.rs", &text, None).len(), 1);
    assert_eq!(complaints_about("a/src/b.rs", &text, Some(600)).len(), 1);
    assert!(complaints_about("a/src/b.rs", &text, Some(601)).is_empty());
}

#[test]
fn a_word_that_leaves_work_undone_is_shown_with_its_line() {
    let text = format!("//! Doc.\nfn f() {{ {}!() }}\n", "todo");
    assert_eq!(complaints_about("a/src/b.rs", &text, None).len(), 1);
    assert!(complaints_about("a/src/b.rs", &text, None)[0].starts_with("a/src/b.rs:2: "));
}

#[test]
fn the_list_is_numbers_and_paths() {
    let list = parse_list("# comment\n612 a/src/b.rs\n");
    assert_eq!(list.get("a/src/b.rs"), Some(&612));
    assert_eq!(list.len(), 1);
}
