//! `dd`, by uutils.

fn main() {
    agentos_guest::main(&[("dd", uu_dd::uumain)]);
}
