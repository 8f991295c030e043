//! `od`, by uutils.

fn main() {
    agentos_guest::main(&[("od", uu_od::uumain)]);
}
