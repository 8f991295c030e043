//! `nproc`, by uutils.

fn main() {
    agentos_guest::main(&[("nproc", uu_nproc::uumain)]);
}
