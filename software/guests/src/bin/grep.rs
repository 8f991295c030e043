//! `grep`, `egrep` and `fgrep`, by uutils.

use std::ffi::OsString;
use std::vec::IntoIter;

fn main() {
    agentos_guest::main(&[("grep", grep), ("egrep", egrep), ("fgrep", fgrep)]);
}

fn grep(args: IntoIter<OsString>) -> i32 {
    // uu_grep is built on an older uucore, with a catalogue of messages of its own.
    if let Err(error) = uucore_of_grep::locale::setup_localization("grep") {
        agentos_guest::fail("grep", 2, &format!("messages: {error}"));
    }
    uu_grep::uumain(args)
}

fn egrep(args: IntoIter<OsString>) -> i32 {
    grep(with_option(args, "-E"))
}

fn fgrep(args: IntoIter<OsString>) -> i32 {
    grep(with_option(args, "-F"))
}

fn with_option(args: IntoIter<OsString>, option: &str) -> IntoIter<OsString> {
    let mut args: Vec<OsString> = args.collect();
    args.insert(args.len().min(1), option.into());
    args.into_iter()
}
