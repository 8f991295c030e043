//! `tty`, by uutils.

fn main() {
    agentos_guest::main(&[("tty", uu_tty::uumain)]);
}
