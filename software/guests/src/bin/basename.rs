//! `basename`, by uutils.

fn main() {
    agentos_guest::main(&[("basename", uu_basename::uumain)]);
}
