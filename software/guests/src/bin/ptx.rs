//! `ptx`, by uutils.

fn main() {
    agentos_guest::main(&[("ptx", uu_ptx::uumain)]);
}
