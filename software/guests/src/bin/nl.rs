//! `nl`, by uutils.

fn main() {
    agentos_guest::main(&[("nl", uu_nl::uumain)]);
}
