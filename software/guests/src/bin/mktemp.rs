//! `mktemp`, by uutils.

fn main() {
    agentos_guest::main(&[("mktemp", uu_mktemp::uumain)]);
}
