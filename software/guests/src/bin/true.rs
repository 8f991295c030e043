//! `true`, by uutils.

fn main() {
    agentos_guest::main(&[("true", uu_true::uumain)]);
}
