//! `split`, by uutils.

fn main() {
    agentos_guest::main(&[("split", uu_split::uumain)]);
}
