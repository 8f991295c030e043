//! `tail`, by uutils.

fn main() {
    agentos_guest::main(&[("tail", uu_tail::uumain)]);
}
