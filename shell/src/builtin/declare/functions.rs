//! What `declare`, `export` and `readonly` do with functions.

use std::sync::Arc;

use super::Request;
use crate::builtin::{Argument, lossy};
use crate::env::Attrs;
use crate::shell::Shell;

pub(super) fn function_attribute(
    shell: &mut Shell,
    args: &[Argument],
    attr: Attrs,
    off: bool,
) -> u8 {
    let mut status = 0;
    if args.is_empty() {
        let functions = Arc::clone(&shell.env.functions);
        for function in functions.values() {
            if (attr == Attrs::EXPORT && function.exported)
                || (attr == Attrs::READONLY && function.readonly)
            {
                print_function(shell, function);
            }
        }
        return 0;
    }
    for arg in args {
        let name = arg.text();
        match Arc::make_mut(&mut shell.env.functions).get_mut(name.as_slice()) {
            Some(function) if attr == Attrs::EXPORT => function.exported = !off,
            Some(function) => function.readonly = true,
            None => {
                shell.complain(format!("{}: not a function", lossy(&name)));
                status = 1;
            }
        }
    }
    status
}

pub(in crate::builtin) fn print_function(shell: &mut Shell, function: &crate::env::Function) {
    let text = crate::syntax::print_function(&function.definition);
    shell.print(text);
    if shell.out.last() != Some(&b'\n') {
        shell.print(b"\n");
    }
}

/// `declare -f`, `declare -F`
pub(super) fn functions(shell: &mut Shell, request: &Request, args: &[Argument]) -> u8 {
    let functions = Arc::clone(&shell.env.functions);
    if args.is_empty() {
        for (name, function) in functions.iter() {
            let wanted = (!request.set.contains(Attrs::EXPORT) || function.exported)
                && (!request.set.contains(Attrs::READONLY) || function.readonly);
            if !wanted {
                continue;
            }
            if request.function_names {
                let flags = function_flags(function);
                shell.print([flags.as_bytes(), name, b"\n"].concat());
            } else {
                print_function(shell, function);
            }
        }
        return 0;
    }
    let mut status = 0;
    for arg in args {
        let name = arg.text();
        if name.contains(&b'=') {
            shell.complain("cannot use `-f' to make functions");
            return 1;
        }
        let changes = request.set != Attrs::NONE || request.clear != Attrs::NONE;
        match Arc::make_mut(&mut shell.env.functions).get_mut(name.as_slice()) {
            Some(function) if changes => {
                function.readonly |= request.set.contains(Attrs::READONLY);
                function.exported |= request.set.contains(Attrs::EXPORT);
                function.exported &= !request.clear.contains(Attrs::EXPORT);
                function.traced |= request.set.contains(Attrs::TRACE);
                function.traced &= !request.clear.contains(Attrs::TRACE);
            }
            Some(function) => {
                let function = function.clone();
                if request.function_names {
                    let extended = shell.env.shopt(crate::env::Shopt::Extdebug);
                    let line = function.definition.span.line.to_string();
                    let text = if extended {
                        [&name[..], b" ", line.as_bytes(), b" ", &function.source, b"\n"].concat()
                    } else {
                        [&name[..], b"\n"].concat()
                    };
                    shell.print(text);
                } else {
                    print_function(shell, &function);
                }
            }
            None => status = 1,
        }
    }
    status
}

fn function_flags(function: &crate::env::Function) -> String {
    let mut flags = String::from("declare -f");
    for (on, letter) in [(function.readonly, 'r'), (function.traced, 't'), (function.exported, 'x')]
    {
        if on {
            flags.push(letter);
        }
    }
    flags.push(' ');
    flags
}
