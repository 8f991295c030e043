//! `unlink`, by uutils.

fn main() {
    agentos_guest::main(&[("unlink", uu_unlink::uumain)]);
}
