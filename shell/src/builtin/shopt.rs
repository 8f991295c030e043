//! `shopt`

use super::lossy;
use crate::env::{SET_OPTIONS, SHOPTS, SetOption, Shopt};
use crate::exec::Outcome;
use crate::shell::Shell;

/// An option of either kind.
#[derive(Clone, Copy)]
enum Which {
    Set(SetOption),
    Shopt(Shopt),
}

impl Which {
    fn is_on(self, shell: &Shell) -> bool {
        match self {
            Which::Set(option) => shell.env.is(option),
            Which::Shopt(option) => shell.env.shopt(option),
        }
    }

    fn set(self, shell: &mut Shell, on: bool) {
        match self {
            Which::Set(option) => shell.set_option(option, on),
            Which::Shopt(option) => shell.env.shopts.set(option, on),
        }
    }
}

pub(super) fn shopt(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "pqsuo") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let (set, unset, quiet) = (options.has(b's'), options.has(b'u'), options.has(b'q'));
    let (of_set, reusable) = (options.has(b'o'), options.has(b'p'));
    if set && unset {
        shell.complain("cannot set and unset shell options simultaneously");
        return Ok(1);
    }
    let names = args.get(options.used..).unwrap_or_default();
    if names.is_empty() {
        let all: Vec<(&str, Which)> = if of_set {
            SET_OPTIONS.iter().map(|row| (row.1, Which::Set(row.0))).collect()
        } else {
            SHOPTS.iter().map(|row| (row.1, Which::Shopt(row.0))).collect()
        };
        for (name, which) in all {
            let on = which.is_on(shell);
            if (!set && !unset || set == on) && !quiet {
                show(shell, name, which, reusable);
            }
        }
        return Ok(0);
    }
    let mut status = 0;
    for name in names {
        let which = if of_set {
            SetOption::from_name(name).map(Which::Set)
        } else {
            Shopt::from_name(name).map(Which::Shopt)
        };
        let Some(which) = which else {
            let kind = if of_set { "invalid option name" } else { "invalid shell option name" };
            shell.complain(format!("{}: {kind}", lossy(name)));
            status = 1;
            continue;
        };
        if set || unset {
            which.set(shell, set);
            continue;
        }
        if !which.is_on(shell) {
            status = 1;
        }
        if !quiet {
            show(shell, &lossy(name), which, reusable);
        }
    }
    Ok(status)
}

fn show(shell: &mut Shell, name: &str, which: Which, reusable: bool) {
    let on = which.is_on(shell);
    let line = match (which, reusable) {
        (Which::Set(_), true) => format!("set {}o {name}\n", if on { '-' } else { '+' }),
        (Which::Shopt(_), true) => format!("shopt -{} {name}\n", if on { 's' } else { 'u' }),
        (_, false) => format!("{name:<15}\t{}\n", if on { "on" } else { "off" }),
    };
    shell.print(line);
}
