//! `tee`, by uutils.

fn main() {
    agentos_guest::main(&[("tee", uu_tee::uumain)]);
}
