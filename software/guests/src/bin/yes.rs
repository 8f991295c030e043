//! `yes`, by uutils.

fn main() {
    agentos_guest::main(&[("yes", uu_yes::uumain)]);
}
