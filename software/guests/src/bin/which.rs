//! `which`: where in `PATH` a command is.

use std::ffi::{OsStr, OsString};
use std::os::wasi::ffi::{OsStrExt, OsStringExt};

use agentos_guest::{fs, print, usage};
use lexopt::Arg;

const NAME: &str = "which";

fn main() {
    agentos_guest::enter_directory(NAME);
    let (mut all, mut silent, mut names) = (false, false, Vec::new());
    let mut parser = lexopt::Parser::from_env();
    loop {
        match parser.next() {
            Ok(None) => break,
            Ok(Some(Arg::Short('a'))) => all = true,
            Ok(Some(Arg::Short('s'))) => silent = true,
            Ok(Some(Arg::Value(name))) => names.push(name),
            Ok(Some(Arg::Short(letter))) => {
                usage(NAME, 2, &format!("invalid option -- '{letter}'"))
            }
            Ok(Some(Arg::Long(word))) => usage(NAME, 2, &format!("unrecognized option '--{word}'")),
            Err(error) => usage(NAME, 2, &error.to_string()),
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut status = i32::from(names.is_empty());
    for name in &names {
        let found = find(name, &path, all);
        if found.is_empty() {
            status = 1;
        }
        for place in found.iter().filter(|_| !silent) {
            print(NAME, &[place.as_bytes(), b"\n"].concat());
        }
    }
    std::process::exit(status)
}

fn find(name: &OsStr, path: &OsStr, all: bool) -> Vec<OsString> {
    let is_program = |place: &OsStr| {
        fs::stat(place, true).is_ok_and(|stat| stat.kind() == 0o100_000)
            && fs::access(place, fs::X_OK).is_ok()
    };
    if name.as_bytes().contains(&b'/') {
        return if is_program(name) { vec![name.to_owned()] } else { Vec::new() };
    }
    let directories = path.as_bytes().split(|byte| *byte == b':');
    let mut places = directories
        .map(|directory| {
            let directory: &[u8] = if directory.is_empty() { b"." } else { directory };
            OsString::from_vec([directory, b"/", name.as_bytes()].concat())
        })
        .filter(|place| is_program(place));
    if all { places.collect() } else { places.next().into_iter().collect() }
}
