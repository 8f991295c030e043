//! `arch`, by uutils.

fn main() {
    agentos_guest::main(&[("arch", uu_arch::uumain)]);
}
