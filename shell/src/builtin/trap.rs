//! `trap`

use kernel::Signal;

use super::lossy;
use crate::env::TrapEvent;
use crate::exec::Outcome;
use crate::expand::quote;
use crate::shell::Shell;

/// The event that a word names: a number, a signal with or without `SIG`, a pseudo-signal.
fn event(word: &[u8]) -> Option<TrapEvent> {
    let text = std::str::from_utf8(word).ok()?;
    match text.to_ascii_uppercase().as_str() {
        "EXIT" | "0" => return Some(TrapEvent::Exit),
        "ERR" => return Some(TrapEvent::Err),
        "DEBUG" => return Some(TrapEvent::Debug),
        "RETURN" => return Some(TrapEvent::Return),
        _ => {}
    }
    let signal = match text.parse::<u32>() {
        Ok(number) => Signal::from_number(number),
        Err(_) => Signal::from_name(text),
    };
    signal.map(TrapEvent::signal)
}

fn name(event: TrapEvent) -> String {
    match event {
        TrapEvent::Exit => "EXIT".to_owned(),
        TrapEvent::Err => "ERR".to_owned(),
        TrapEvent::Debug => "DEBUG".to_owned(),
        TrapEvent::Return => "RETURN".to_owned(),
        TrapEvent::Signal(number) => Signal::from_number(number.into())
            .map_or_else(|| number.to_string(), |signal| format!("SIG{}", signal.name())),
    }
}

pub(super) fn trap(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "lp") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    if options.has(b'l') {
        super::kill::list_all(shell);
        return Ok(0);
    }
    let operands = args.get(options.used..).unwrap_or_default();
    if operands.is_empty() || options.has(b'p') {
        return Ok(show(shell, operands));
    }
    let (action, events) = match operands {
        // A number first: all of them are reset.
        [first, ..] if first.iter().all(u8::is_ascii_digit) && !first.is_empty() => {
            (None, operands)
        }
        [only] if event(only).is_none() => return Ok(shell.usage()),
        [only] => (None, std::slice::from_ref(only)),
        [first, rest @ ..] if first == b"-" => (None, rest),
        [first, rest @ ..] => (Some(first), rest),
        [] => (None, operands),
    };
    let mut status = 0;
    for word in events {
        let Some(event) = event(word) else {
            shell.complain(format!("{}: invalid signal specification", lossy(word)));
            status = 1;
            continue;
        };
        if shell.env.traps.is_fixed(event) && !shell.interactive {
            continue;
        }
        match action {
            Some(action) => shell.env.traps.set(event, action),
            None => shell.env.traps.reset(event),
        }
        shell.arm(event);
    }
    Ok(status)
}

fn show(shell: &mut Shell, words: &[Vec<u8>]) -> u8 {
    let mut status = 0;
    let mut wanted = Vec::new();
    for word in words {
        match event(word) {
            Some(event) => wanted.push(event),
            None => {
                shell.complain(format!("{}: invalid signal specification", lossy(word)));
                status = 1;
            }
        }
    }
    let mut text = Vec::new();
    for (event, action) in shell.env.traps.shown() {
        if words.is_empty() || wanted.contains(&event) {
            let quoted = quote::single(action);
            text.extend_from_slice(
                &[b"trap -- ", &quoted[..], b" ", name(event).as_bytes(), b"\n"].concat(),
            );
        }
    }
    shell.print(text);
    status
}
