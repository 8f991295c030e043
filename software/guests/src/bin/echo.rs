//! `echo`, by uutils.

fn main() {
    agentos_guest::main(&[("echo", uu_echo::uumain)]);
}
