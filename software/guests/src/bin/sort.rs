//! `sort`, by uutils.

fn main() {
    agentos_guest::main(&[("sort", uu_sort::uumain)]);
}
