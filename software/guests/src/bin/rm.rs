//! `rm`, by uutils.

fn main() {
    agentos_guest::main(&[("rm", uu_rm::uumain)]);
}
