//! Expectations are bash's: its `declare -f`, its messages, what it accepts.

mod alias;
mod error;
mod function;
mod random;
mod word;

use expect_test::Expect;

use super::ast::List;
use super::{parse, print};

/// The tree without its spans.
pub(super) fn dump(list: &List) -> String {
    let text = format!("{list:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(", span: Span {") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        rest = &rest[rest.find('}').map_or(rest.len(), |end| end + 1)..];
    }
    out + rest
}

/// Parses `script`, prints it, and makes sure that the print parses to the same tree.
#[track_caller]
fn check(script: &str, expected: Expect) {
    let tree = parse(script.as_bytes())
        .unwrap_or_else(|e| panic!("{}", e.render(script.as_bytes(), "script")));
    let text = print(&tree);
    let again = parse(&text).unwrap_or_else(|e| panic!("{}", e.render(&text, "printed")));
    assert_eq!(dump(&tree), dump(&again), "printing changed the tree");
    expected.assert_eq(&String::from_utf8_lossy(&text));
}
