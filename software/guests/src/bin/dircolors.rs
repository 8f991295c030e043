//! `dircolors`, by uutils.

fn main() {
    agentos_guest::main(&[("dircolors", uu_dircolors::uumain)]);
}
