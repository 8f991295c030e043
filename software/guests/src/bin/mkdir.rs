//! `mkdir`, by uutils.

fn main() {
    agentos_guest::main(&[("mkdir", uu_mkdir::uumain)]);
}
