//! `wc`, by uutils.

fn main() {
    agentos_guest::main(&[("wc", uu_wc::uumain)]);
}
