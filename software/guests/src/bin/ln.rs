//! `ln`, by uutils.

fn main() {
    agentos_guest::main(&[("ln", uu_ln::uumain)]);
}
