//! `date`, by uutils.

fn main() {
    agentos_guest::main(&[("date", uu_date::uumain)]);
}
