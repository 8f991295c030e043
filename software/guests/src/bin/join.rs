//! `join`, by uutils.

fn main() {
    agentos_guest::main(&[("join", uu_join::uumain)]);
}
