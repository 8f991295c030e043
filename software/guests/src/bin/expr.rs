//! `expr`, by uutils.

fn main() {
    agentos_guest::main(&[("expr", uu_expr::uumain)]);
}
