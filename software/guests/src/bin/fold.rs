//! `fold`, by uutils.

fn main() {
    agentos_guest::main(&[("fold", uu_fold::uumain)]);
}
