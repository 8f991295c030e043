//! `printf`, by uutils.

fn main() {
    agentos_guest::main(&[("printf", uu_printf::uumain)]);
}
