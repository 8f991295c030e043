//! `tsort`, by uutils.

fn main() {
    agentos_guest::main(&[("tsort", uu_tsort::uumain)]);
}
