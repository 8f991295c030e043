//! `mkfifo`: makes named pipes. Our own, as uutils' needs a Unix; modes are parsed by uutils.

use std::ffi::OsString;

use agentos_guest::fs;
use agentos_guest::{fail, print, quote, strerror, usage};
use lexopt::Arg;

const NAME: &str = "mkfifo";
const HELP: &str = "Usage: mkfifo [OPTION]... NAME...
Create named pipes (FIFOs) with the given NAMEs.

  -m, --mode=MODE    set file permission bits to MODE, not a=rw - umask
";

fn main() {
    agentos_guest::enter_directory(NAME);
    let mut mode = None;
    let mut names: Vec<OsString> = Vec::new();
    let mut parser = lexopt::Parser::from_env();
    loop {
        match parser.next() {
            Ok(None) => break,
            Ok(Some(Arg::Value(name))) => names.push(name),
            Ok(Some(Arg::Short('m') | Arg::Long("mode"))) => match parser.value() {
                Ok(word) => mode = Some(permissions(&word.to_string_lossy())),
                Err(error) => usage(NAME, 1, &error.to_string()),
            },
            Ok(Some(Arg::Long("help"))) => {
                print(NAME, HELP.as_bytes());
                std::process::exit(0)
            }
            Ok(Some(Arg::Short(letter))) => {
                usage(NAME, 1, &format!("invalid option -- '{letter}'"))
            }
            Ok(Some(Arg::Long(word))) => usage(NAME, 1, &format!("unrecognized option '--{word}'")),
            Err(error) => usage(NAME, 1, &error.to_string()),
        }
    }
    if names.is_empty() {
        usage(NAME, 1, "missing operand");
    }
    let mut status = 0;
    for name in &names {
        let made = fs::mkfifo(name, mode.unwrap_or(0o666));
        let made = made.and_then(|()| mode.map_or(Ok(()), |mode| fs::chmod(name, mode)));
        if let Err(error) = made {
            eprintln!("{NAME}: cannot create fifo {}: {}", quote(name), strerror(&error));
            status = 1;
        }
    }
    std::process::exit(status)
}

fn permissions(text: &str) -> u32 {
    match uucore::mode::parse_chmod(0o666, text, false, fs::umask()) {
        Ok(mode) if mode <= 0o777 => mode,
        Ok(_) => fail(NAME, 1, "mode must specify only file permission bits"),
        Err(_) => fail(NAME, 1, "invalid mode"),
    }
}
