//! `head`, by uutils.

fn main() {
    agentos_guest::main(&[("head", uu_head::uumain)]);
}
