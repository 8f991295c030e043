//! Scopes and attributes: what bash does was asked of bash when each test was written.

use std::sync::Arc;

use super::*;

fn env() -> Env {
    Env::new(Arc::new(Nowhere), &[b"HOME=/root".to_vec()])
}

fn set(env: &mut Env, name: &str, value: &str) {
    env.assign(name.as_bytes(), value.into(), Mode::Set).unwrap();
}

fn get(env: &Env, name: &str) -> Option<String> {
    env.get(name.as_bytes()).map(|value| String::from_utf8_lossy(&value).into_owned())
}

#[test]
fn a_local_hides_the_global_until_the_function_returns() {
    let mut env = env();
    set(&mut env, "x", "global");
    env.push_function();
    env.declare_local(b"x").unwrap();
    assert_eq!(get(&env, "x"), None);
    set(&mut env, "x", "local");
    env.pop_scope();
    assert_eq!(get(&env, "x").unwrap(), "global");
}

#[test]
fn unset_of_an_own_local_keeps_it_local() {
    let mut env = env();
    set(&mut env, "x", "0");
    env.push_function();
    env.declare_local(b"x").unwrap();
    env.unset(b"x").unwrap();
    set(&mut env, "x", "7");
    env.pop_scope();
    assert_eq!(get(&env, "x").unwrap(), "0");
}

#[test]
fn unset_of_a_callers_local_reveals_the_one_below() {
    let mut env = env();
    set(&mut env, "x", "0");
    env.push_function();
    env.declare_local(b"x").unwrap();
    set(&mut env, "x", "5");
    env.push_function();
    env.unset(b"x").unwrap();
    assert_eq!(get(&env, "x").unwrap(), "0");
    set(&mut env, "x", "9");
    env.pop_scope();
    env.pop_scope();
    assert_eq!(get(&env, "x").unwrap(), "9");
}

#[test]
fn a_local_takes_over_the_temporary_value() {
    let mut env = env();
    env.push_function();
    env.assign_temporary(b"x", b"1".to_vec(), Mode::Set).unwrap();
    env.declare_local(b"x").unwrap();
    assert_eq!(get(&env, "x").unwrap(), "1");
    env.pop_scope();
    assert_eq!(get(&env, "x"), None);
}

#[test]
fn random_is_the_sequence_of_bash() {
    let mut env = env();
    set(&mut env, "RANDOM", "42");
    let numbers: Vec<_> = (0..3).map(|_| get(&env, "RANDOM").unwrap()).collect();
    assert_eq!(numbers, ["17772", "26794", "1435"]);
}

#[test]
fn unset_takes_the_magic_away() {
    let mut env = env();
    env.unset(b"RANDOM").unwrap();
    assert_eq!(get(&env, "RANDOM"), None);
    set(&mut env, "RANDOM", "5");
    assert_eq!(get(&env, "RANDOM").unwrap(), "5");
}

#[test]
fn namerefs_lead_to_variables_and_elements() {
    let mut env = env();
    let reference = |value: &str| Variable::scalar(value, Attrs::NAMEREF);
    env.assign_indexed(b"a", Indexed::from_values([b"1".to_vec(), b"2".to_vec()])).unwrap();
    env.variables.insert_at(0, b"n", reference("a"));
    env.variables.insert_at(0, b"m", reference("a[1]"));
    assert_eq!((get(&env, "n").unwrap(), get(&env, "m").unwrap()), ("1".into(), "2".into()));
    set(&mut env, "m", "7");
    set(&mut env, "n", "x");
    let values: Vec<Vec<u8>> =
        env.variable(b"a").unwrap().values().into_iter().map(<[u8]>::to_vec).collect();
    assert_eq!(values, [b"x".to_vec(), b"7".to_vec()]);
    env.variables.insert_at(0, b"p", reference("q"));
    env.variables.insert_at(0, b"q", reference("p"));
    assert_eq!(get(&env, "p"), None);
}

#[test]
fn attributes_convert_what_is_assigned() {
    let mut env = env();
    env.change_attrs(0, b"i", Attrs::INTEGER, Attrs::NONE);
    set(&mut env, "i", "2*3");
    env.assign(b"i", b"4".to_vec(), Mode::Append).unwrap();
    assert_eq!(get(&env, "i").unwrap(), "10");
    env.change_attrs(0, b"u", Attrs::UPPER, Attrs::NONE);
    set(&mut env, "u", "abc\u{e9}");
    assert_eq!(get(&env, "u").unwrap(), "ABC\u{c9}");
}

#[test]
fn readonly_is_an_error() {
    let mut env = env();
    set(&mut env, "r", "1");
    env.change_attrs(0, b"r", Attrs::READONLY, Attrs::NONE);
    let error = env.assign(b"r", b"2".to_vec(), Mode::Set).unwrap_err();
    assert_eq!(error.message(), b"r: readonly variable");
    assert_eq!(env.unset(b"r").unwrap_err().message(), b"r: cannot unset: readonly variable");
    env.push_function();
    assert!(env.declare_local(b"r").is_err());
}

#[test]
fn elements_go_where_subscripts_say() {
    let mut env = env();
    set(&mut env, "s", "abc");
    env.assign_element(b"s", b"1+2", b"q".to_vec(), Mode::Set).unwrap();
    env.assign_element(b"s", b"-1", b"r".to_vec(), Mode::Append).unwrap();
    assert_eq!(env.element(b"s", &Key::Index(0)).unwrap(), &b"abc"[..]);
    assert_eq!(env.element(b"s", &Key::Index(3)).unwrap(), &b"qr"[..]);
    let error = env.assign_element(b"s", b"-9", Vec::new(), Mode::Set).unwrap_err();
    assert_eq!(error.message(), b"s[-9]: bad array subscript");
}

#[test]
fn exported_variables_are_the_environment() {
    let mut env = env();
    env.push_temporary();
    env.assign_temporary(b"x", b"1".to_vec(), Mode::Set).unwrap();
    assert_eq!(*env.environ(), [b"HOME=/root".to_vec(), b"x=1".to_vec()]);
    env.pop_scope();
    assert_eq!(*env.environ(), [b"HOME=/root".to_vec()]);
}

#[test]
fn local_dash_restores_options() {
    let mut env = env();
    env.push_function();
    env.save_options();
    env.options.set(SetOption::Errexit, true);
    env.pop_scope();
    assert!(!env.is(SetOption::Errexit));
}
