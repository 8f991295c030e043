//! `sleep`, by uutils.

fn main() {
    agentos_guest::main(&[("sleep", uu_sleep::uumain)]);
}
