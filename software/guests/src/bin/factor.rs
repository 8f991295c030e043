//! `factor`, by uutils.

fn main() {
    agentos_guest::main(&[("factor", uu_factor::uumain)]);
}
