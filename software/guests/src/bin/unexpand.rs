//! `unexpand`, by uutils.

fn main() {
    agentos_guest::main(&[("unexpand", uu_unexpand::uumain)]);
}
