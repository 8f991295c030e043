//! `realpath`, by uutils.

fn main() {
    agentos_guest::main(&[("realpath", uu_realpath::uumain)]);
}
