//! `pr`, by uutils.

fn main() {
    agentos_guest::main(&[("pr", uu_pr::uumain)]);
}
