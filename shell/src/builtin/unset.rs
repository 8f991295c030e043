//! `unset`

use std::sync::Arc;

use super::lossy;
use crate::env::{Shopt, VarError, is_name, split_subscript};
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::syntax::ast::Subscript;
use crate::sys::Deep;

pub(super) fn unset<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
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
            let element = if functions {
                None
            } else if shell.env.shopt(Shopt::AssocExpandOnce) {
                split_raw(name)
            } else {
                split_subscript(name)
            };
            let ok = match element {
                Some((base, subscript)) => unset_element(shell, name, base, subscript).await?,
                None if functions => unset_function(shell, name),
                None => unset_variable(shell, name, options.has(b'n'), variables),
            };
            if !ok {
                status = 1;
            }
        }
        Ok(status)
    })
}

/// `name[key]` where the key is what stands there, whatever it looks like.
fn split_raw(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = text.split_at(text.iter().position(|byte| *byte == b'[')?);
    let key = rest.strip_prefix(b"[")?.strip_suffix(b"]")?;
    is_name(name).then_some((name, key))
}

/// An element: its subscript is a word, which is expanded.
async fn unset_element(
    shell: &mut Shell,
    name: &[u8],
    base: &[u8],
    subscript: &[u8],
) -> Outcome<bool> {
    let word = match crate::syntax::parse_reference(name) {
        Some((_, Some(Subscript::Index(word)))) => Some(word),
        _ => None,
    };
    let word = word.filter(|_| !shell.env.shopt(Shopt::AssocExpandOnce));
    let is_array = shell.env.variable(base).is_some_and(|variable| variable.is_array());
    let result = match word {
        Some(word) if is_array => match shell.subscript_key(base, &word).await? {
            Some(key) => shell.env.unset_key(base, &key),
            None => return Ok(false),
        },
        _ => shell.env.unset_element(base, subscript),
    };
    Ok(said(shell, result))
}

fn said(shell: &mut Shell, result: Result<(), VarError>) -> bool {
    match result {
        Ok(()) => true,
        Err(error) => {
            shell.complain(error.message());
            false
        }
    }
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
    let result = match name {
        name if !is_name(name) => {
            // A function may have any name.
            if !only && shell.env.function(name).is_some() {
                return unset_function(shell, name);
            }
            if only {
                shell.complain(format!("`{}': not a valid identifier", lossy(name)));
            }
            return !only;
        }
        name if reference => shell.env.unset_direct(name),
        name if !only && !shell.env.is_set(name) && shell.env.variable(name).is_none() => {
            return unset_function(shell, name);
        }
        name => shell.env.unset(name),
    };
    said(shell, result)
}
