//! `expand`, by uutils.

fn main() {
    agentos_guest::main(&[("expand", uu_expand::uumain)]);
}
