//! `csplit`, by uutils.

fn main() {
    agentos_guest::main(&[("csplit", uu_csplit::uumain)]);
}
