//! `shift`

use std::sync::Arc;

use super::{lossy, number};
use crate::env::{SetOption, Shopt};
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::unwind::Unwind;

pub(super) fn shift(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let args = match args.first() {
        Some(first) if first == b"--" => args.get(1..).unwrap_or_default(),
        _ => args,
    };
    if args.len() > 1 {
        shell.complain("too many arguments");
        return Ok(1);
    }
    let count = match args.first() {
        None => 1,
        Some(text) => match number(text) {
            Some(count) => count,
            None => {
                shell.complain(format!("{}: numeric argument required", lossy(text)));
                return failed(shell);
            }
        },
    };
    let Ok(wanted) = usize::try_from(count) else {
        shell.complain(format!("{count}: shift count out of range"));
        return failed(shell);
    };
    let held = shell.env.positional.len();
    if wanted > held {
        if shell.env.shopt(Shopt::ShiftVerbose) {
            shell.complain(format!("{wanted}: shift count out of range"));
        }
        return Ok(1);
    }
    if wanted > 0 {
        Arc::make_mut(&mut shell.env.positional).drain(..wanted);
    }
    Ok(0)
}

fn failed(shell: &Shell) -> Outcome<u8> {
    if shell.env.is(SetOption::Posix) { Err(Unwind::Exit(1)) } else { Ok(1) }
}
