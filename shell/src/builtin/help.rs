//! `help`, and the part of `history` that makes sense without a line editor.

use super::{TABLE, lossy};
use crate::exec::Outcome;
use crate::shell::Shell;

pub(super) fn help(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "dms") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let patterns = args.get(options.used..).unwrap_or_default();
    if patterns.is_empty() {
        for row in TABLE {
            shell.print(format!(" {}\n", row.usage));
        }
        return Ok(0);
    }
    let mut status = 0;
    for pattern in patterns {
        let exact = TABLE.iter().any(|row| row.name.as_bytes() == pattern);
        let topic = |name: &[u8]| if exact { name == pattern } else { name.starts_with(pattern) };
        let rows: Vec<_> = TABLE.iter().filter(|row| topic(row.name.as_bytes())).collect();
        if rows.is_empty() {
            let name = lossy(pattern);
            shell.complain(format!("no help topics match `{name}'.  Try `help help' or `man -k {name}' or `info {name}'."));
            status = 1;
        }
        for row in rows {
            shell.print(format!("{}: {}\n", row.name, row.usage));
        }
    }
    Ok(status)
}

pub(super) fn history(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    match shell.options(args, "cd:anrwps") {
        // A shell that runs scripts keeps no history: there is nothing to list or clear.
        Ok(options) if options.letters.is_empty() => match args.get(options.used) {
            Some(count) if super::number(count).is_none() => {
                shell.complain(format!("{}: numeric argument required", lossy(count)));
                Ok(1)
            }
            Some(_) if args.len() > options.used + 1 => {
                shell.complain("too many arguments");
                Ok(1)
            }
            _ => Ok(0),
        },
        Ok(_) => Ok(0),
        Err(status) => Ok(status),
    }
}
