//! `hostid`, by uutils.

fn main() {
    agentos_guest::main(&[("hostid", uu_hostid::uumain)]);
}
