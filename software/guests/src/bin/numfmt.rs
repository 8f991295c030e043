//! `numfmt`, by uutils.

fn main() {
    agentos_guest::main(&[("numfmt", uu_numfmt::uumain)]);
}
