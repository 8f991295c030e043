//! `mkdir`, by uutils; `-m` is ours, as uutils sets modes on a Unix only.

use std::ffi::OsString;

use agentos_guest::{fail, fs, quote, strerror};

const NAME: &str = "mkdir";

fn main() {
    agentos_guest::main(&[(NAME, mkdir)]);
}

fn mkdir(args: std::vec::IntoIter<OsString>) -> i32 {
    let mut args: Vec<OsString> = args.collect();
    let Some(text) = take_mode(&mut args) else { return uu_mkdir::uumain(args.into_iter()) };
    // Whoever was there keeps what it has.
    let new = |word: &&OsString| fs::stat(word, true).is_err();
    let directories: Vec<OsString> = args.iter().skip(1).filter(new).cloned().collect();
    let Ok(mode) = uucore::mode::parse_chmod(0o777, &text, true, fs::umask()) else {
        fail(NAME, 1, &format!("invalid mode {}", quote(&OsString::from(text))));
    };
    let mut status = uu_mkdir::uumain(args.into_iter());
    for directory in directories {
        if fs::stat(&directory, true).is_ok_and(|stat| stat.kind() == fs::S_IFDIR)
            && let Err(error) = fs::chmod(&directory, mode)
        {
            let name = quote(&directory);
            eprintln!("{NAME}: cannot set permissions {name}: {}", strerror(&error));
            status = 1;
        }
    }
    status
}

/// Takes `-m MODE`, `-mMODE`, `--mode=MODE` out of a command line; the last one counts.
fn take_mode(args: &mut Vec<OsString>) -> Option<String> {
    let (mut mode, mut at) = (None, 1);
    while at < args.len() {
        let word = args[at].to_string_lossy().into_owned();
        if word == "--" {
            break;
        }
        if let Some(text) = word.strip_prefix("--mode=") {
            mode = Some(text.to_owned());
            args.remove(at);
            continue;
        }
        let short = word.strip_prefix('-').filter(|word| !word.starts_with('-'));
        let found = short.and_then(|short| short.split_once('m'));
        let before = match found {
            Some((before, _)) if before.chars().all(|letter| "pv".contains(letter)) => before,
            _ if word == "--mode" => "",
            _ => {
                at += 1;
                continue;
            }
        };
        let attached = found.map(|(_, text)| text).filter(|text| !text.is_empty());
        match attached {
            Some(text) => mode = Some(text.to_owned()),
            // Without its value uutils says what is missing.
            None if at + 1 >= args.len() => return mode,
            None => mode = Some(args.remove(at + 1).to_string_lossy().into_owned()),
        }
        if before.is_empty() {
            args.remove(at);
        } else {
            args[at] = OsString::from(format!("-{before}"));
            at += 1;
        }
    }
    mode
}
