//! `tr`, by uutils.

fn main() {
    agentos_guest::main(&[("tr", uu_tr::uumain)]);
}
