//! `cat`, by uutils.

fn main() {
    agentos_guest::main(&[("cat", uu_cat::uumain)]);
}
