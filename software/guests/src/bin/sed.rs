//! `sed`, by uutils.

fn main() {
    agentos_guest::main(&[("sed", sed::sed::uumain)]);
}
