//! The transformations of `${x@letter}` that need no shell.

use std::sync::atomic::{AtomicBool, Ordering};

use super::param::Held;
use super::quote;
use crate::env::{Attrs, Env, Variable};
use crate::pattern::{lower, map_case, upper};
use crate::syntax::ast::{Param, Subscript};

/// `Q E U u L`, and `K` and `k` of a scalar.
pub(super) fn value(letter: u8, value: &[u8]) -> Vec<u8> {
    match letter {
        b'Q' | b'K' | b'k' => quote::reusable(value),
        b'E' => crate::syntax::decode_ansi_c(value),
        b'U' => map_case(value, upper),
        b'L' => map_case(value, lower),
        b'u' => {
            let first = AtomicBool::new(true);
            map_case(value, |c| if first.swap(false, Ordering::Relaxed) { upper(c) } else { c })
        }
        _ => value.to_vec(),
    }
}

/// `([0]="a" [1]="b")`, as `declare -p` prints arrays.
pub(crate) fn array_literal(variable: &Variable) -> Vec<u8> {
    let mut text = b"(".to_vec();
    let assoc = variable.is_assoc();
    for (index, (key, value)) in variable.keys().into_iter().zip(variable.values()).enumerate() {
        if index > 0 && !assoc {
            text.push(b' ');
        }
        text.push(b'[');
        if assoc {
            text.extend(quote::key(&key));
        } else {
            text.extend_from_slice(&key);
        }
        text.extend_from_slice(b"]=");
        text.extend(quote::double(value));
        if assoc {
            text.push(b' ');
        }
    }
    text.push(b')');
    text
}

/// `@A`: an assignment or declaration that makes the variable again.
pub(super) fn assignment(env: &Env, param: &Param, name: Option<&[u8]>, held: Held) -> Held {
    let Some(name) = name else {
        return match held {
            Held::Many(values, _) => {
                let quoted: Vec<Vec<u8>> = values.iter().map(|v| quote::single(v)).collect();
                Held::One([b"set -- ", quoted.join(&b' ').as_slice()].concat())
            }
            held => held,
        };
    };
    let Some(variable) = env.variable(name) else { return Held::Unset };
    let whole = matches!(param, Param::Element(_, Subscript::At | Subscript::Star));
    let flags = variable.flags();
    let declare = if flags.is_empty() { String::new() } else { format!("declare -{flags} ") };
    let head = [declare.as_bytes(), name].concat();
    if whole && variable.is_array() && !variable.is_set() {
        return Held::One(head);
    }
    if whole && variable.is_array() {
        return Held::One([&head, &b"="[..], &array_literal(&variable)].concat());
    }
    match held {
        Held::One(value) => Held::One([&head, &b"="[..], &quote::reusable(&value)].concat()),
        Held::Many(values, _) => {
            let value = values.first().map(|value| quote::reusable(value)).unwrap_or_default();
            Held::One([&head, &b"="[..], &value].concat())
        }
        Held::Unset if flags.is_empty() || variable.has(Attrs::NONE) && variable.is_set() => {
            Held::Unset
        }
        Held::Unset => Held::One(head),
    }
}

fn keys_of(env: &Env, name: &[u8]) -> Vec<Vec<u8>> {
    let variable = env.variable(name);
    variable.iter().flat_map(|variable| variable.keys()).map(|key| key.into_owned()).collect()
}

/// `@K` of an array: keys and quoted values in one text.
pub(super) fn quoted_pairs(env: &Env, name: &[u8], values: &[Vec<u8>]) -> Vec<u8> {
    let assoc = env.variable(name).is_some_and(|variable| variable.is_assoc());
    let keys = keys_of(env, name);
    let mut text = Vec::new();
    for (key, value) in keys.iter().zip(values) {
        if assoc {
            text.extend(quote::key(key));
        } else {
            text.extend_from_slice(key);
        }
        text.push(b' ');
        text.extend(quote::double(value));
        text.push(b' ');
    }
    if !assoc {
        text.pop();
    }
    text
}

/// `@k` of an array: keys and values, each a word.
pub(super) fn pairs(env: &Env, name: &[u8], values: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let keys = keys_of(env, name);
    keys.into_iter().zip(values).flat_map(|(key, value)| [key, value]).collect()
}
