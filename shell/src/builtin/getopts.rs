//! `getopts`

use super::{lossy, number};
use crate::env::{Getopts, Mode};
use crate::exec::Outcome;
use crate::shell::Shell;

pub(super) fn getopts(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let args = args.get(options.used..).unwrap_or_default();
    let [optstring, name, rest @ ..] = args else { return Ok(shell.usage()) };
    let words: Vec<Vec<u8>> =
        if rest.is_empty() { shell.env.positional.to_vec() } else { rest.to_vec() };
    let optind = shell.env.get(b"OPTIND").and_then(|text| number(&text)).unwrap_or(1).max(1);
    let mut index = usize::try_from(optind - 1).unwrap_or(0);
    let mut position = shell.env.getopts.position;
    if shell.env.getopts.index != index {
        position = 0;
    }
    if position >= words.get(index).map_or(0, Vec::len) {
        position = 0;
    }
    if position == 0 {
        let word = words.get(index).map(Vec::as_slice);
        let ends = match word {
            None | Some(b"-") => true,
            Some(b"--") => {
                index += 1;
                true
            }
            Some(word) => !word.starts_with(b"-"),
        };
        if ends {
            let index = index.min(words.len());
            set(shell, b"OPTIND", (index + 1).to_string().as_bytes())?;
            shell.env.getopts = Getopts { position: 0, index };
            let _ = shell.env.unset(b"OPTARG");
            return finish(shell, name, b"?", 1);
        }
        position = 1;
    }
    let word = words.get(index).cloned().unwrap_or_default();
    let letter = word.get(position).copied().unwrap_or(b'?');
    position += 1;
    let silent = optstring.first() == Some(&b':');
    let known = optstring.iter().position(|other| *other == letter).filter(|_| letter != b':');
    let takes = known.is_some_and(|at| optstring.get(at + 1) == Some(&b':'));
    let at_end = position >= word.len();
    let quiet = silent || shell.env.get(b"OPTERR").is_some_and(|value| &*value == b"0");
    let result: (&[u8], Option<Vec<u8>>);
    let shown = [letter];
    if known.is_none() {
        if !quiet {
            say(shell, "illegal option", letter);
        }
        result = (b"?", silent.then(|| shown.to_vec()));
        if at_end {
            (index, position) = (index + 1, 0);
        }
    } else if takes {
        let value = if at_end {
            index += 1;
            words.get(index).cloned()
        } else {
            word.get(position..).map(<[u8]>::to_vec)
        };
        index += 1;
        position = 0;
        match value {
            Some(value) => result = (&shown, Some(value)),
            None => {
                index = words.len();
                if !quiet {
                    say(shell, "option requires an argument", letter);
                }
                let answer: &[u8] = if silent { b":" } else { b"?" };
                result = (answer, silent.then(|| shown.to_vec()));
            }
        }
    } else {
        result = (&shown, None);
        if at_end {
            (index, position) = (index + 1, 0);
        }
    }
    match result.1 {
        Some(value) => set(shell, b"OPTARG", &value)?,
        None => {
            let _ = shell.env.unset(b"OPTARG");
        }
    }
    let answer = result.0.to_vec();
    set(shell, b"OPTIND", (index + 1).to_string().as_bytes())?;
    shell.env.getopts = Getopts { position, index };
    finish(shell, name, &answer, 0)
}

fn say(shell: &mut Shell, what: &str, letter: u8) {
    let arg0 = lossy(&shell.env.arg0);
    let text = format!("{arg0}: {what} -- {}\n", lossy(&[letter]));
    shell.print_error(text.as_bytes());
}

fn set(shell: &mut Shell, name: &[u8], value: &[u8]) -> Outcome {
    if let Err(error) = shell.env.assign(name, value.to_vec(), Mode::Set) {
        let outer = shell.builtin.take();
        shell.complain(error.message());
        shell.builtin = outer;
    }
    Ok(())
}

fn finish(shell: &mut Shell, name: &[u8], value: &[u8], status: u8) -> Outcome<u8> {
    if !crate::syntax::is_name(name) {
        shell.complain(format!("`{}': not a valid identifier", lossy(name)));
        return Ok(1);
    }
    match shell.env.assign(name, value.to_vec(), Mode::Set) {
        Ok(()) => Ok(status),
        Err(error) => {
            shell.complain(error.message());
            Ok(1)
        }
    }
}
