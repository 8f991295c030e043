//! `rmdir`, by uutils.

fn main() {
    agentos_guest::main(&[("rmdir", uu_rmdir::uumain)]);
}
