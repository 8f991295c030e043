//! `fmt`, by uutils.

fn main() {
    agentos_guest::main(&[("fmt", uu_fmt::uumain)]);
}
