//! `cut`, by uutils.

fn main() {
    agentos_guest::main(&[("cut", uu_cut::uumain)]);
}
