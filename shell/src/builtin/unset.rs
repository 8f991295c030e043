//! `unset`

use std::borrow::Cow;
use std::sync::Arc;

use super::lossy;
use crate::env::{Shopt, is_name, split_subscript};
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::syntax::ast::Subscript;
use crate::syntax::parse_reference;
use crate::sys::Deep;

pub(super) fn unset<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(unset_all(shell, args))
}

async fn unset_all(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "fvn") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let (functions, variables) = (options.has(b'f'), options.has(b'v'));
    if functions && variables {
        shell.complain("cannot simultaneously unset a function and a variable");
        return Ok(1);
    }
    let mut status = 0;
    for name in args.get(options.used..).unwrap_or_default() {
        let ok = if functions {
            unset_function(shell, name)
        } else {
            let name = expand_subscript(shell, name).await?;
            unset_variable(shell, &name, options.has(b'n'), variables)
        };
        if !ok {
            status = 1;
        }
    }
    Ok(status)
}

/// What was quoted in a subscript is expanded now.
async fn expand_subscript<'a>(shell: &mut Shell, name: &'a [u8]) -> Outcome<Cow<'a, [u8]>> {
    if !name.iter().any(|byte| matches!(byte, b'$' | b'`'))
        || shell.env.shopt(Shopt::AssocExpandOnce)
    {
        return Ok(Cow::Borrowed(name));
    }
    let Some((base, Some(Subscript::Index(word)))) = parse_reference(name) else {
        return Ok(Cow::Borrowed(name));
    };
    let subscript = shell.expand_word(&word).await?;
    Ok(Cow::Owned([&base, &b"["[..], &subscript, b"]"].concat()))
}

fn unset_function(shell: &mut Shell, name: &[u8]) -> bool {
    if shell.env.function(name).is_some_and(|function| function.readonly) {
        shell.complain(format!("{}: cannot unset: readonly function", lossy(name)));
        return false;
    }
    Arc::make_mut(&mut shell.env.functions).remove(name);
    true
}

fn unset_variable(shell: &mut Shell, name: &[u8], reference: bool, only: bool) -> bool {
    let subscripted = split_subscript(name).filter(|(base, _)| is_name(base));
    let result = match subscripted {
        Some((base, subscript)) => shell.env.unset_element(base, subscript),
        None if !is_name(name) => {
            // A function may have any name.
            if !only && shell.env.function(name).is_some() {
                return unset_function(shell, name);
            }
            shell.complain(format!("`{}': not a valid identifier", lossy(name)));
            return false;
        }
        None if reference => shell.env.unset_direct(name),
        None if !only && !shell.env.is_set(name) && shell.env.variable(name).is_none() => {
            return unset_function(shell, name);
        }
        None => shell.env.unset(name),
    };
    match result {
        Ok(()) => true,
        Err(error) => {
            shell.complain(error.message());
            false
        }
    }
}
