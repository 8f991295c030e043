//! `test` and `[`, by uutils.

fn main() {
    agentos_guest::main(&[("test", uu_test::uumain), ("[", uu_test::uumain)]);
}
