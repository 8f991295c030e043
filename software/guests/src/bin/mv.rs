//! `mv`, by uutils.

fn main() {
    agentos_guest::main(&[("mv", uu_mv::uumain)]);
}
