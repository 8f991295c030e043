//! `link`, by uutils.

fn main() {
    agentos_guest::main(&[("link", uu_link::uumain)]);
}
