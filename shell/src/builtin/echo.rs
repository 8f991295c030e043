//! `echo`

use crate::env::{SetOption, Shopt};
use crate::exec::Outcome;
use crate::shell::Shell;

pub(super) fn echo(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let mut escapes = shell.env.shopt(Shopt::XpgEcho);
    let mut newline = true;
    let mut args = args;
    let options = !(escapes && shell.env.is(SetOption::Posix));
    while let Some(first) = args.first().filter(|_| options) {
        let is_option = first.len() > 1
            && first.starts_with(b"-")
            && first.iter().skip(1).all(|byte| matches!(byte, b'n' | b'e' | b'E'));
        if !is_option {
            break;
        }
        for letter in first.iter().skip(1) {
            match letter {
                b'n' => newline = false,
                b'e' => escapes = true,
                _ => escapes = false,
            }
        }
        args = args.get(1..).unwrap_or_default();
    }
    for (position, arg) in args.iter().enumerate() {
        if position > 0 {
            shell.out.push(b' ');
        }
        if escapes {
            let stopped =
                super::printf::unescape(arg, super::printf::Escapes::Echo, &mut shell.out);
            if stopped {
                return Ok(0);
            }
        } else {
            shell.out.extend_from_slice(arg);
        }
    }
    if newline {
        shell.out.push(b'\n');
    }
    Ok(0)
}
