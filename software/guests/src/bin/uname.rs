//! `uname`, by uutils.

fn main() {
    agentos_guest::main(&[("uname", uu_uname::uumain)]);
}
