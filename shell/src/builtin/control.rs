//! `: true false break continue return exit logout caller`

use super::{lossy, number};
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::unwind::Unwind;

pub(super) fn colon(_: &mut Shell, _: &[Vec<u8>]) -> Outcome<u8> {
    Ok(0)
}

pub(super) fn true_(_: &mut Shell, _: &[Vec<u8>]) -> Outcome<u8> {
    Ok(0)
}

pub(super) fn false_(_: &mut Shell, _: &[Vec<u8>]) -> Outcome<u8> {
    Ok(1)
}

/// How many loops `break` and `continue` mean; `None` outside of loops.
fn loops(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<Option<u32>> {
    if shell.loops == 0 {
        if !shell.env.is(crate::env::SetOption::Posix) {
            shell.complain("only meaningful in a `for', `while', or `until' loop");
        }
        return Ok(None);
    }
    let args = if args.first().is_some_and(|arg| arg == b"--") { &args[1..] } else { args };
    if args.len() > 1 {
        shell.complain("too many arguments");
        // Bash leaves all that runs then: a script goes on with its next command, `-c` ends.
        shell.env.status = 1;
        return Err(Unwind::Abandon(1));
    }
    let Some(text) = args.first() else { return Ok(Some(1)) };
    let Some(count) = number(text) else {
        shell.complain(format!("{}: numeric argument required", lossy(text)));
        return Err(Unwind::Exit(128));
    };
    if count <= 0 {
        shell.complain(format!("{}: loop count out of range", lossy(text)));
        shell.env.status = 1;
        return Err(Unwind::Break(shell.loops));
    }
    Ok(Some(u32::try_from(count).unwrap_or(u32::MAX).min(shell.loops)))
}

pub(super) fn break_(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    match loops(shell, args)? {
        Some(count) => {
            shell.env.status = 0;
            Err(Unwind::Break(count))
        }
        None => Ok(0),
    }
}

pub(super) fn continue_(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    match loops(shell, args)? {
        Some(count) => {
            shell.env.status = 0;
            Err(Unwind::Continue(count))
        }
        None => Ok(0),
    }
}

/// The status that `exit` and `return` name; without an argument the last command's.
fn status(shell: &mut Shell, args: &[Vec<u8>]) -> Result<u8, u8> {
    let args = if args.first().is_some_and(|arg| arg == b"--") { &args[1..] } else { args };
    let Some(text) = args.first() else {
        // The DEBUG trap alone may decide with what it ran last.
        let before = shell.trap_status.filter(|_| !shell.in_trap.debug);
        return Ok(before.unwrap_or(shell.env.status));
    };
    let Some(value) = number(text) else {
        shell.complain(format!("{}: numeric argument required", lossy(text)));
        return Err(2);
    };
    if args.len() > 1 {
        shell.complain("too many arguments");
        return Err(1);
    }
    Ok((value & 0xff) as u8)
}

pub(super) fn exit(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    if shell.interactive && !shell.in_subshell {
        shell.print_error(b"exit\n");
    }
    match status(shell, args) {
        Ok(status) => Err(Unwind::Exit(status)),
        Err(2) => Err(Unwind::Exit(2)),
        // Too many arguments: the shell does not exit.
        Err(status) => {
            shell.env.status = status;
            Err(Unwind::Error(status))
        }
    }
}

pub(super) fn logout(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    if !shell.env.shopt(crate::env::Shopt::LoginShell) {
        shell.complain("not login shell: use `exit'");
        return Ok(1);
    }
    exit(shell, args)
}

pub(super) fn return_(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    if shell.env.frames.is_empty() {
        let _ = status(shell, args);
        shell.complain("can only `return' from a function or sourced script");
        return Ok(2);
    }
    let (status, unwind) = match status(shell, args) {
        Ok(status) => (status, Unwind::Return),
        Err(2) => (2, Unwind::Return),
        // Too many arguments: nothing returns, the command line ends.
        Err(status) => (status, Unwind::Error(status)),
    };
    shell.status_before_return = shell.env.status;
    shell.env.status = status;
    Err(unwind)
}

pub(super) fn caller(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let frames = &shell.env.frames;
    let level = match args.first() {
        None => None,
        Some(text) => match number(text).and_then(|n| usize::try_from(n).ok()) {
            Some(level) => Some(level),
            None => {
                shell.complain(format!("{}: invalid number", lossy(text)));
                return Ok(shell.usage());
            }
        },
    };
    let at = level.unwrap_or(0);
    let Some(index) = frames.len().checked_sub(at + 1) else { return Ok(1) };
    let Some(frame) = frames.get(index) else { return Ok(1) };
    let outer = index.checked_sub(1).and_then(|outer| frames.get(outer));
    let script = shell.env.script.as_deref();
    let (function, source) = match outer {
        Some(outer) => (&*outer.function, &*outer.source),
        None => (&b"main"[..], script.unwrap_or(b"NULL")),
    };
    if outer.is_none() && script.is_none() && level.is_some() {
        return Ok(1);
    }
    let line = frame.call_line.to_string();
    let text = match level {
        None => [line.as_bytes(), b" ", source, b"\n"].concat(),
        Some(_) => [line.as_bytes(), b" ", function, b" ", source, b"\n"].concat(),
    };
    shell.print(text);
    Ok(0)
}
