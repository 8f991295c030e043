//! `command`, `builtin`, `enable`

use super::{Argument, lossy};
use crate::builtin;
use crate::env::SetOption;
use crate::exec::Outcome;
use crate::exec::external::DEFAULT_PATH;
use crate::shell::Shell;
use crate::sys::Deep;
use crate::unwind::Unwind;

pub(super) fn command<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let options = match shell.options(args, "pvV") {
            Ok(options) => options,
            Err(status) => return Ok(status),
        };
        let words = args.get(options.used..).unwrap_or_default();
        let Some(name) = words.first() else { return Ok(0) };
        let path = options.has(b'p').then_some(DEFAULT_PATH);
        if options.has(b'v') || options.has(b'V') {
            let verbose = options.has(b'V');
            let mut status = 1;
            for name in words {
                if super::type_::describe(shell, name, verbose, path) {
                    status = 0;
                } else if verbose {
                    shell.complain(format!("{}: not found", lossy(name)));
                }
            }
            return Ok(status);
        }
        let found = builtin::find(name).filter(|_| !shell.disabled.contains(name));
        if let Some(builtin) = found {
            return run_ordinary(shell, builtin, words).await;
        }
        let mut words = words.to_vec();
        if let Some(path) = path
            && !name.contains(&b'/')
            && let Ok(found) = shell.search_path(name, Some(path))
            && let Some(first) = words.first_mut()
        {
            *first = found;
        }
        let outer = shell.builtin.take();
        let result = shell.run_external(words, false).await;
        shell.builtin = outer;
        result.map(|()| shell.env.status)
    })
}

/// Runs a builtin as an ordinary one: its errors do not end the shell.
async fn run_ordinary(
    shell: &mut Shell,
    builtin: &'static super::Builtin,
    words: &[Vec<u8>],
) -> Outcome<u8> {
    let args = super::declare::arguments(words);
    let posix = shell.env.is(SetOption::Posix);
    shell.env.options.set(SetOption::Posix, false);
    let result = Deep::new(shell.run_builtin(builtin, args, &mut Vec::new())).await;
    if posix {
        shell.env.options.set(SetOption::Posix, true);
    }
    match result {
        Ok(()) => Ok(shell.env.status),
        Err(Unwind::Error(status)) if posix => Ok(status),
        Err(unwind) => Err(unwind),
    }
}

pub(super) fn builtin<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let words = match args.first() {
            Some(first) if first == b"--" => args.get(1..).unwrap_or_default(),
            _ => args,
        };
        let Some(name) = words.first() else { return Ok(0) };
        match builtin::find(name) {
            Some(builtin) => {
                let args: Vec<Argument> = super::declare::arguments(words);
                Deep::new(shell.run_builtin(builtin, args, &mut Vec::new())).await?;
                Ok(shell.env.status)
            }
            None => {
                shell.complain(format!("{}: not a shell builtin", lossy(name)));
                Ok(1)
            }
        }
    })
}

pub(super) fn enable(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "adnpsf:") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let names = args.get(options.used..).unwrap_or_default();
    if options.has(b'f') || options.has(b'd') {
        shell.complain("dynamic loading not available");
        return Ok(1);
    }
    let off = options.has(b'n');
    if names.is_empty() {
        for row in builtin::TABLE {
            let disabled = shell.disabled.contains(row.name.as_bytes());
            if options.has(b's') && !row.special || !options.has(b'a') && disabled != off {
                continue;
            }
            let prefix = if disabled { "enable -n " } else { "enable " };
            shell.print(format!("{prefix}{}\n", row.name));
        }
        return Ok(0);
    }
    let mut status = 0;
    for name in names {
        if builtin::find(name).is_none() {
            shell.complain(format!("{}: not a shell builtin", lossy(name)));
            status = 1;
        } else if off {
            shell.disabled.insert(name.clone());
        } else {
            shell.disabled.remove(name);
        }
    }
    Ok(status)
}
