//! `split`, by uutils. Its `--filter`, which starts commands, it would take for nothing on this target.

use std::ffi::OsString;
use std::vec::IntoIter;

fn main() {
    agentos_guest::main(&[("split", split)]);
}

fn split(args: IntoIter<OsString>) -> i32 {
    let filter = args.as_slice().iter().any(|arg| arg.to_string_lossy().starts_with("--filter"));
    if filter {
        agentos_guest::fail(
            "split",
            1,
            "--filter is not supported: split to files, then run the command on each",
        );
    }
    uu_split::uumain(args)
}
