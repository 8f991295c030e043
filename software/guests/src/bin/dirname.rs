//! `dirname`, by uutils.

fn main() {
    agentos_guest::main(&[("dirname", uu_dirname::uumain)]);
}
