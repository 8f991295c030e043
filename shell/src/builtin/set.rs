//! `set`

use super::lossy;
use crate::env::{SET_OPTIONS, SetOption};
use crate::exec::Outcome;
use crate::shell::Shell;

pub(super) fn set(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    if args.is_empty() {
        list_variables(shell);
        return Ok(0);
    }
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let on = match arg.first() {
            Some(b'-') => true,
            Some(b'+') => false,
            _ => break,
        };
        at += 1;
        match arg.as_slice() {
            b"--" => {
                shell.env.set_positional(args.get(at..).unwrap_or_default().to_vec());
                return Ok(0);
            }
            b"-" => {
                shell.env.options.set(SetOption::Xtrace, false);
                shell.env.options.set(SetOption::Verbose, false);
                if at < args.len() {
                    shell.env.set_positional(args.get(at..).unwrap_or_default().to_vec());
                }
                return Ok(0);
            }
            _ => {}
        }
        for letter in arg.iter().skip(1) {
            if *letter == b'o' {
                let Some(name) = args.get(at) else {
                    list_options(shell, on);
                    continue;
                };
                at += 1;
                let Some(option) = SetOption::from_name(name) else {
                    shell.complain(format!("{}: invalid option name", lossy(name)));
                    return Ok(2);
                };
                shell.set_option(option, on);
                continue;
            }
            let Some(option) = SetOption::from_letter(*letter) else {
                let sign = if on { '-' } else { '+' };
                shell.complain(format!("{sign}{}: invalid option", char::from(*letter)));
                return Ok(shell.usage());
            };
            shell.set_option(option, on);
        }
    }
    if at < args.len() {
        shell.env.set_positional(args.get(at..).unwrap_or_default().to_vec());
    }
    Ok(0)
}

fn list_options(shell: &mut Shell, readable: bool) {
    for (option, name, ..) in SET_OPTIONS {
        let on = shell.env.is(option);
        let line = if readable {
            format!("{name:<15}\t{}\n", if on { "on" } else { "off" })
        } else {
            format!("set {}o {name}\n", if on { '-' } else { '+' })
        };
        shell.print(line);
    }
}

fn list_variables(shell: &mut Shell) {
    let mut text = Vec::new();
    for (name, variable) in shell.env.variables.sorted() {
        let current = match name {
            b"SHELLOPTS" | b"BASHOPTS" => shell.env.variable(name),
            _ if variable.is_computed() => continue,
            _ => None,
        };
        let variable = current.as_deref().unwrap_or(variable);
        if !variable.is_set() {
            continue;
        }
        text.extend_from_slice(&super::declare::assignment_text(name, variable));
        text.push(b'\n');
    }
    if !shell.env.is(SetOption::Posix) {
        for function in shell.env.functions.values() {
            text.extend_from_slice(&crate::syntax::print_function(&function.definition));
            text.push(b'\n');
        }
    }
    shell.print(text);
}
