//! `tac`, by uutils, which keeps standard input in a temporary file: std has no folder for those on
//! WASI, so it is done here.

use std::ffi::OsString;
use std::io;

use agentos_guest::{fail, strerror};

const NAME: &str = "tac";

fn main() {
    agentos_guest::main(&[(NAME, tac)]);
}

fn tac(args: std::vec::IntoIter<OsString>) -> i32 {
    let mut args: Vec<OsString> = args.collect();
    let places = standard_input(&args);
    if places.is_empty() {
        return uu_tac::uumain(args.into_iter());
    }
    let folder = std::env::var("TMPDIR").ok().filter(|folder| !folder.is_empty());
    let folder = folder.unwrap_or_else(|| "/tmp".to_owned());
    let mut file = format!("{folder}/tac-{:p}", &raw const args);
    while std::fs::exists(&file).unwrap_or(false) {
        file.push('_');
    }
    let kept = std::fs::File::create_new(&file)
        .and_then(|mut kept| io::copy(&mut io::stdin().lock(), &mut kept));
    if let Err(error) = kept {
        fail(NAME, 1, &format!("{file}: {}", strerror(&error)));
    }
    for place in places {
        match args.get_mut(place) {
            Some(word) => *word = OsString::from(&file),
            None => args.push(OsString::from(&file)),
        }
    }
    let status = uu_tac::uumain(args.into_iter());
    // It is in the sandbox's own folder for such files: nobody misses it, nobody needs it.
    let _ = std::fs::remove_file(&file);
    status
}

/// Where standard input is named: each `-`, or behind the last word where no file is named.
fn standard_input(args: &[OsString]) -> Vec<usize> {
    let (mut places, mut operands, mut only_operands) = (Vec::new(), 0, false);
    let mut words = args.iter().enumerate().skip(1);
    while let Some((at, word)) = words.next() {
        let text = word.to_string_lossy();
        if text == "-" {
            places.push(at);
            operands += 1;
        } else if only_operands || !text.starts_with('-') {
            operands += 1;
        } else if text == "--" {
            only_operands = true;
        } else if text == "--separator" || (text.ends_with('s') && !text.starts_with("--")) {
            words.next();
        } else if text == "--help" || text == "--version" {
            return Vec::new();
        }
    }
    if operands == 0 {
        places.push(args.len());
    }
    places
}
