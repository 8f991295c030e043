//! `readlink`, by uutils.

fn main() {
    agentos_guest::main(&[("readlink", uu_readlink::uumain)]);
}
