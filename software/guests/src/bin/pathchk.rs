//! `pathchk`, by uutils.

fn main() {
    agentos_guest::main(&[("pathchk", uu_pathchk::uumain)]);
}
