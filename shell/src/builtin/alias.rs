//! `alias` and `unalias`

use std::sync::Arc;

use super::lossy;
use crate::env::footprint;
use crate::exec::Outcome;
use crate::expand::quote;
use crate::shell::Shell;

pub(super) fn alias(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "p") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let names = args.get(options.used..).unwrap_or_default();
    let all = Arc::clone(&shell.env.aliases);
    if names.is_empty() || options.has(b'p') {
        for (name, value) in all.iter() {
            show(shell, name, value);
        }
    }
    let mut status = 0;
    for arg in names {
        match arg.iter().position(|byte| *byte == b'=').filter(|at| *at > 0) {
            Some(at) => {
                let (name, value) = (&arg[..at], &arg[at + 1..]);
                if name.iter().any(|byte| b" \t\n\"'\\$`/|&;()<>=".contains(byte)) {
                    shell.complain(format!("`{}': invalid alias name", lossy(name)));
                    status = 1;
                    continue;
                }
                shell.env.note_growth(name.len() + value.len() + footprint::VARIABLE);
                Arc::make_mut(&mut shell.env.aliases).insert(name.into(), value.to_vec());
            }
            None => match all.get(arg.as_slice()) {
                Some(value) => show(shell, arg, value),
                None => {
                    shell.complain(format!("{}: not found", lossy(arg)));
                    status = 1;
                }
            },
        }
    }
    Ok(status)
}

fn show(shell: &mut Shell, name: &[u8], value: &[u8]) {
    let dashes: &[u8] = if name.starts_with(b"-") { b"-- " } else { b"" };
    let text = [b"alias ", dashes, name, b"=", &quote::single(value), b"\n"].concat();
    shell.print(text);
}

pub(super) fn unalias(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "a") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    if options.has(b'a') {
        shell.env.aliases = Arc::default();
        return Ok(0);
    }
    let names = args.get(options.used..).unwrap_or_default();
    if names.is_empty() {
        return Ok(shell.usage());
    }
    let mut status = 0;
    for name in names {
        if Arc::make_mut(&mut shell.env.aliases).remove(name.as_slice()).is_none() {
            shell.complain(format!("{}: not found", lossy(name)));
            status = 1;
        }
    }
    Ok(status)
}
