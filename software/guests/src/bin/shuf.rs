//! `shuf`, by uutils.

fn main() {
    agentos_guest::main(&[("shuf", uu_shuf::uumain)]);
}
