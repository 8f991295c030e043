//! `paste`, by uutils.

fn main() {
    agentos_guest::main(&[("paste", uu_paste::uumain)]);
}
