//! `printenv`, by uutils.

fn main() {
    agentos_guest::main(&[("printenv", uu_printenv::uumain)]);
}
