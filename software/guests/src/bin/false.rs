//! `false`, by uutils.

fn main() {
    agentos_guest::main(&[("false", uu_false::uumain)]);
}
