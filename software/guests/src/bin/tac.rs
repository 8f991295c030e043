//! `tac`, by uutils.

fn main() {
    agentos_guest::main(&[("tac", uu_tac::uumain)]);
}
