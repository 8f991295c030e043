//! `touch`, by uutils.

fn main() {
    agentos_guest::main(&[("touch", uu_touch::uumain)]);
}
