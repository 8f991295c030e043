//! `pwd`, by uutils.

fn main() {
    agentos_guest::main(&[("pwd", uu_pwd::uumain)]);
}
