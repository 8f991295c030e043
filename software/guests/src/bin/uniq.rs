//! `uniq`, by uutils.

fn main() {
    agentos_guest::main(&[("uniq", uu_uniq::uumain)]);
}
