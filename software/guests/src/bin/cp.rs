//! `cp`, by uutils.

fn main() {
    agentos_guest::main(&[("cp", uu_cp::uumain)]);
}
