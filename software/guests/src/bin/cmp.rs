//! `cmp`, by uutils.

use std::process::ExitCode;

fn main() -> ExitCode {
    agentos_guest::enter_directory("cmp");
    diffutilslib::cmp::main(std::env::args_os().peekable())
}
