//! `sort`, by uutils.
//!
//! Its `-c` and `-m` read ahead in a thread, which this target has not. Sorting sorted files anew gives
//! what merging them gives, so `-m` is left out; `-c` is refused with a message.

use std::ffi::OsString;
use std::vec::IntoIter;

fn main() {
    agentos_guest::main(&[("sort", sort)]);
}

fn sort(args: IntoIter<OsString>) -> i32 {
    let mut kept = Vec::new();
    let mut args = args.enumerate();
    while let Some((index, arg)) = args.next() {
        let text = arg.to_string_lossy().into_owned();
        if index > 0 && text == "--" {
            kept.push(arg);
            kept.extend(args.map(|(_, arg)| arg));
            break;
        }
        match text.as_str() {
            "--merge" if index > 0 => {}
            _ if index > 0 && text.starts_with("--check") => refuse(&text),
            _ if index > 0 && is_letters(&text) => {
                let takes_next = letters(&text, &mut kept);
                if takes_next && let Some((_, value)) = args.next() {
                    kept.push(value);
                }
            }
            _ => kept.push(arg),
        }
    }
    uu_sort::uumain(kept.into_iter())
}

fn is_letters(text: &str) -> bool {
    text.starts_with('-') && !text.starts_with("--") && text.len() > 1
}

/// Takes `m` out of a word of letters; whether the last letter's value is the next word.
fn letters(text: &str, kept: &mut Vec<OsString>) -> bool {
    let mut word = String::from("-");
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            'c' | 'C' => refuse(text),
            'm' => {}
            'k' | 'o' | 'S' | 't' | 'T' => {
                word.push_str(&text[at..]);
                kept.push(word.into());
                return at + letter.len_utf8() == text.len();
            }
            _ => word.push(letter),
        }
    }
    if word.len() > 1 {
        kept.push(word.into());
    }
    false
}

fn refuse(option: &str) -> ! {
    agentos_guest::fail(
        "sort",
        2,
        &format!(
            "{option}: checking needs threads, which this system has not; compare with `sort FILE | cmp - FILE`"
        ),
    )
}
