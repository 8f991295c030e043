//! `truncate`, by uutils.

fn main() {
    agentos_guest::main(&[("truncate", uu_truncate::uumain)]);
}
