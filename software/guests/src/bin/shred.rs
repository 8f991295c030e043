//! `shred`, by uutils.

fn main() {
    agentos_guest::main(&[("shred", uu_shred::uumain)]);
}
