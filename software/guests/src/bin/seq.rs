//! `seq`, by uutils.

fn main() {
    agentos_guest::main(&[("seq", uu_seq::uumain)]);
}
