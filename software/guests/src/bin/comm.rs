//! `comm`, by uutils.

fn main() {
    agentos_guest::main(&[("comm", uu_comm::uumain)]);
}
