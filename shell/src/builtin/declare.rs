//! `declare`, `typeset`, `local`, `export`, `readonly`: attributes, and showing them.

mod functions;

use std::sync::Arc;

pub(super) use self::functions::print_function;
use self::functions::{function_attribute, functions};
use super::{Argument, lossy};
use crate::env::{Attrs, Mode, SetOption, Value, VarError, Variable};
use crate::exec::Outcome;
use crate::exec::assign::{Assigned, AssignedValue};
use crate::expand::{array_literal, quote};
use crate::shell::Shell;
use crate::unwind::Unwind;

/// What the options ask for.
#[derive(Default)]
struct Request {
    set: Attrs,
    clear: Attrs,
    indexed: bool,
    assoc: bool,
    global: bool,
    inherit: bool,
    functions: bool,
    function_names: bool,
    print: bool,
    local: bool,
    array_off: bool,
}

/// Words as arguments; those that are assignments as such.
pub(super) fn arguments(words: &[Vec<u8>]) -> Vec<Argument> {
    words.iter().cloned().map(Argument::Word).collect()
}

pub(super) fn declare(shell: &mut Shell, args: &[Argument]) -> Outcome<u8> {
    let (request, used) = match parse(shell, args, "aAfFgiIlnrtuxpc") {
        Ok(parsed) => parsed,
        Err(status) => return Ok(status),
    };
    run(shell, request, args.get(used..).unwrap_or_default())
}

pub(super) fn local(shell: &mut Shell, args: &[Argument]) -> Outcome<u8> {
    if shell.function_depth == 0 {
        shell.complain("can only be used in a function");
        return Ok(1);
    }
    if let [Argument::Word(dash)] = args
        && dash == b"-"
    {
        shell.env.save_options();
        return Ok(0);
    }
    let (mut request, used) = match parse(shell, args, "aAfFgiIlnrtuxpc") {
        Ok(parsed) => parsed,
        Err(status) => return Ok(status),
    };
    request.local = true;
    run(shell, request, args.get(used..).unwrap_or_default())
}

pub(super) fn export(shell: &mut Shell, args: &[Argument]) -> Outcome<u8> {
    attribute(shell, args, Attrs::EXPORT)
}

pub(super) fn readonly(shell: &mut Shell, args: &[Argument]) -> Outcome<u8> {
    attribute(shell, args, Attrs::READONLY)
}

/// Reads `-aA` and `+i`.
fn parse(shell: &mut Shell, args: &[Argument], known: &str) -> Result<(Request, usize), u8> {
    let mut request = Request::default();
    let mut used = 0;
    while let Some(Argument::Word(arg)) = args.get(used) {
        if arg == b"--" {
            used += 1;
            break;
        }
        let on = match arg.first() {
            Some(b'-') if arg.len() > 1 => true,
            Some(b'+') if arg.len() > 1 => false,
            _ => break,
        };
        for letter in arg.iter().skip(1) {
            if !known.as_bytes().contains(letter) {
                let sign = if on { '-' } else { '+' };
                shell.complain(format!("{sign}{}: invalid option", lossy(&[*letter])));
                return Err(shell.usage());
            }
            option(&mut request, *letter, on);
        }
        used += 1;
    }
    Ok((request, used))
}

fn option(request: &mut Request, letter: u8, on: bool) {
    let attrs = match letter {
        b'i' => Attrs::INTEGER,
        b'l' => Attrs::LOWER,
        b'u' => Attrs::UPPER,
        b'c' => Attrs::CAPITAL,
        b'n' => Attrs::NAMEREF,
        b'r' => Attrs::READONLY,
        b't' => Attrs::TRACE,
        b'x' => Attrs::EXPORT,
        b'a' if on => return request.indexed = true,
        b'A' if on => return request.assoc = true,
        b'a' | b'A' => return request.array_off = true,
        b'g' => return request.global = true,
        b'I' => return request.inherit = true,
        b'f' => return request.functions = true,
        b'F' => {
            request.functions = true;
            return request.function_names = true;
        }
        _ => return request.print = true,
    };
    if on {
        request.set |= attrs;
    } else {
        request.clear |= attrs;
    }
}

fn run(shell: &mut Shell, request: Request, args: &[Argument]) -> Outcome<u8> {
    if request.functions {
        return Ok(functions(shell, &request, args));
    }
    if request.print && !args.is_empty() {
        return Ok(print_named(shell, args));
    }
    if args.is_empty() {
        list(shell, &request);
        return Ok(0);
    }
    let mut status = 0;
    for arg in args {
        match declare_one(shell, &request, arg) {
            Ok(()) => {}
            // What is wrong with a list ends more than the builtin.
            Err(error @ (VarError::IndexedToAssoc(_) | VarError::AssocToIndexed(_)))
                if shell.function_depth == 0 && is_list(arg) =>
            {
                shell.builtin = None;
                return Err(shell.assignment_failed(&error));
            }
            Err(error @ VarError::Element(_)) => {
                shell.builtin = None;
                return Err(shell.assignment_failed(&error));
            }
            Err(error) => {
                shell.complain(error.message());
                if matches!(error, VarError::Arith(_)) {
                    return Err(Unwind::Abandon(1));
                }
                status = 1;
            }
        }
    }
    Ok(status)
}

fn is_list(arg: &Argument) -> bool {
    matches!(arg, Argument::Assignment(Assigned { value: AssignedValue::List(_), .. }))
}

/// An argument as an assignment or a name.
pub(crate) fn split(arg: &Argument) -> (Vec<u8>, Option<Vec<u8>>, Mode, Option<AssignedValue>) {
    match arg {
        Argument::Assignment(Assigned { name, subscript, mode, value }) => {
            (name.clone(), subscript.clone(), *mode, Some(value.clone()))
        }
        Argument::Word(word) => {
            let (target, mode, value) = split_word(word);
            let (name, subscript) = match crate::env::split_subscript(&target) {
                Some((name, subscript)) => (name.to_vec(), Some(subscript.to_vec())),
                None => (target, None),
            };
            (name, subscript, mode, value.map(AssignedValue::Text))
        }
    }
}

/// `target=value`, `target+=value`, `target`
fn split_word(word: &[u8]) -> (Vec<u8>, Mode, Option<Vec<u8>>) {
    // A `=` inside of brackets belongs to the subscript.
    let start = match word.iter().position(|byte| matches!(byte, b'[' | b'=')) {
        Some(at) if word.get(at) == Some(&b'[') => {
            word.iter().rposition(|byte| *byte == b']').unwrap_or(at)
        }
        _ => 0,
    };
    let equals = word.iter().skip(start).position(|byte| *byte == b'=').map(|at| at + start);
    match equals {
        None => (word.to_vec(), Mode::Set, None),
        Some(at) => {
            let (target, value) = (&word[..at], &word[at + 1..]);
            match target.strip_suffix(b"+") {
                Some(target) => (target.to_vec(), Mode::Append, Some(value.to_vec())),
                None => (target.to_vec(), Mode::Set, Some(value.to_vec())),
            }
        }
    }
}

fn declare_one(shell: &mut Shell, request: &Request, arg: &Argument) -> Result<(), VarError> {
    let (name, subscript, mode, value) = split(arg);
    if !crate::syntax::is_name(&name) {
        return Err(VarError::InvalidName(arg.text()));
    }
    if request.set.contains(Attrs::NAMEREF) {
        return declare_reference(shell, request, name, subscript, value);
    }
    let local = shell.function_depth > 0 && !request.global;
    let mut name = name;
    // What is declared through a reference is the variable it names.
    if !request.clear.contains(Attrs::NAMEREF)
        && (!local
            || shell.env.variables.get_at(shell.env.variables.function_depth(), &name).is_some())
        && shell.env.variables.get(&name).is_some_and(|v| v.has(Attrs::NAMEREF))
        && let Some(target) = shell.env.resolve(&name)
    {
        name = target.name.clone().into_owned();
    }
    let depth = if local {
        let existed =
            shell.env.variables.get_at(shell.env.variables.function_depth(), &name).is_some();
        let inherited = (request.inherit && !existed)
            .then(|| shell.env.variables.get(&name).cloned())
            .flatten();
        let depth = shell.env.declare_local(&name)?;
        if let Some(variable) = inherited {
            shell.env.variables.insert_at(depth, &name, variable);
        }
        depth
    } else if request.global {
        0
    } else {
        shell.env.variables.depth_of(&name).unwrap_or(0)
    };
    make_array(shell, request, depth, &name, subscript.as_deref(), value.as_ref())?;
    let readonly = shell.env.variables.get_at(depth, &name).is_some_and(|v| v.has(Attrs::READONLY));
    if readonly && (value.is_some() || request.clear.contains(Attrs::READONLY)) {
        return Err(VarError::Readonly(name));
    }
    let early = request.set.without(Attrs::READONLY | Attrs::NAMEREF);
    shell.env.change_attrs(depth, &name, early, request.clear);
    if let Some(value) = value {
        if early.contains(Attrs::INTEGER)
            && shell.env.variables.get_at(depth, &name).is_none_or(|v| !v.is_set())
            && subscript.is_none()
            && matches!(value, AssignedValue::Text(_))
        {
            // The value may refer to what is declared: it is nothing yet.
            let nothing = AssignedValue::Text(Vec::new());
            assign_at(shell, depth, &name, None, Mode::Set, nothing)?;
        }
        assign_at(shell, depth, &name, subscript, mode, value)?;
    }
    if request.set.contains(Attrs::READONLY) {
        shell.env.change_attrs(depth, &name, Attrs::READONLY, Attrs::NONE);
    }
    Ok(())
}

/// Gives the variable the kind that `-a` or `-A` ask for.
fn make_array(
    shell: &mut Shell,
    request: &Request,
    depth: u32,
    name: &[u8],
    subscript: Option<&[u8]>,
    value: Option<&AssignedValue>,
) -> Result<(), VarError> {
    let variable = shell.env.variables.get_at(depth, name).cloned();
    let mut variable = variable.unwrap_or_else(|| Variable::unset(Attrs::NONE));
    let list = matches!(value, Some(AssignedValue::List(_)));
    if request.array_off && variable.is_array() {
        return Err(VarError::CannotDestroy(name.to_vec()));
    }
    if request.assoc {
        match &variable.value {
            Value::Assoc(_) => {}
            Value::Indexed(_) => return Err(VarError::IndexedToAssoc(name.to_vec())),
            Value::Scalar(old) => {
                let mut array = crate::env::Assoc::default();
                if variable.is_set() {
                    array.set(b"0", old.clone());
                }
                variable.value = Value::Assoc(Arc::new(array));
                shell.env.variables.insert_at(depth, name, variable);
            }
        }
    } else if request.indexed || subscript.is_some() || list {
        match &variable.value {
            Value::Assoc(_) if request.indexed => {
                return Err(VarError::AssocToIndexed(name.to_vec()));
            }
            Value::Scalar(_) => {
                let set = variable.is_set();
                variable.make_indexed();
                if !set {
                    variable.attrs |= Attrs::INVISIBLE;
                }
                shell.env.variables.insert_at(depth, name, variable);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Assigns to the variable of exactly this scope.
fn assign_at(
    shell: &mut Shell,
    depth: u32,
    name: &[u8],
    subscript: Option<Vec<u8>>,
    mode: Mode,
    value: AssignedValue,
) -> Result<(), VarError> {
    let assigned = Assigned { name: name.to_vec(), subscript, mode, value };
    let top = shell.env.variables.depth_of(name);
    if top == Some(depth) {
        return shell.try_assign(assigned);
    }
    // `declare -g` below a local of the name: the local steps aside for a moment.
    let mut aside = Vec::new();
    while let Some(at) = shell.env.variables.depth_of(name).filter(|at| *at > depth) {
        match shell.env.variables.remove_at(at, name) {
            Some(variable) => aside.push((at, variable)),
            None => break,
        }
    }
    let result = shell.try_assign(assigned);
    for (at, variable) in aside.into_iter().rev() {
        shell.env.variables.insert_at(at, name, variable);
    }
    result
}

/// `declare -n name=target`
fn declare_reference(
    shell: &mut Shell,
    request: &Request,
    name: Vec<u8>,
    subscript: Option<Vec<u8>>,
    value: Option<AssignedValue>,
) -> Result<(), VarError> {
    if subscript.is_some() {
        return Err(VarError::InvalidReference(name));
    }
    let target = match value {
        None => None,
        Some(AssignedValue::Text(text)) => Some(text),
        Some(list) => Some(
            Assigned { name: name.clone(), subscript: None, mode: Mode::Set, value: list }
                .into_text(),
        ),
    };
    let local = shell.function_depth > 0 && !request.global;
    if let Some(target) = &target {
        if !crate::env::is_reference(target) && !target.is_empty() {
            return Err(VarError::InvalidReference(target.clone()));
        }
        if *target == name && !local {
            return Err(VarError::SelfReference(name));
        }
        if *target == name {
            shell.complain([&b"warning: "[..], &name, b": circular name reference"].concat());
        }
    }
    let depth = if local { shell.env.declare_local(&name)? } else { 0 };
    let old = shell.env.variables.get_at(depth, &name).cloned();
    if old.as_ref().is_some_and(|variable| variable.has(Attrs::READONLY)) {
        return Err(VarError::Readonly(name));
    }
    let mut variable = old.unwrap_or_else(|| Variable::unset(Attrs::NONE));
    if variable.is_array() {
        let mut message = name;
        message.extend_from_slice(b": reference variable cannot be an array");
        return Err(VarError::Arith(crate::arith::ArithError::new(message)));
    }
    if let Some(target) = target {
        variable.value = Value::Scalar(target);
        variable.attrs = variable.attrs.without(Attrs::INVISIBLE);
    } else if variable.is_set()
        && let Some(text) = variable.as_scalar()
        && !crate::env::is_reference(text)
    {
        return Err(VarError::InvalidReference(text.to_vec()));
    }
    variable.attrs |= request.set;
    shell.env.variables.insert_at(depth, &name, variable);
    Ok(())
}

// --- export and readonly

fn attribute(shell: &mut Shell, args: &[Argument], attr: Attrs) -> Outcome<u8> {
    let known = if attr == Attrs::EXPORT { "fnp" } else { "aAfnp" };
    let words: Vec<Vec<u8>> = args
        .iter()
        .map_while(|arg| match arg {
            Argument::Word(word) => Some(word.clone()),
            Argument::Assignment(_) => None,
        })
        .collect();
    let options = match shell.options(&words, known) {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let rest = args.get(options.used..).unwrap_or_default();
    if options.has(b'f') {
        return Ok(function_attribute(shell, rest, attr, options.has(b'n')));
    }
    if rest.is_empty() {
        list_attribute(shell, attr, options.has(b'a'), options.has(b'A'));
        return Ok(0);
    }
    // What is readonly stays it, whatever is asked for.
    let off = options.has(b'n') && attr == Attrs::EXPORT;
    let mut status = 0;
    let mut fatal = false;
    for arg in rest {
        if let Err(error) = attribute_one(shell, arg, attr, off, &options) {
            // The builtin is not named where it is the assignment that fails.
            let outer = shell.builtin.take_if(|_| matches!(error, VarError::Readonly(_)));
            shell.complain(error.message());
            shell.builtin = shell.builtin.or(outer);
            fatal |= !matches!(error, VarError::InvalidName(_));
            if matches!(error, VarError::Arith(_)) {
                return Err(Unwind::Abandon(1));
            }
            status = 1;
        }
    }
    if fatal && shell.env.is(SetOption::Posix) {
        shell.env.status = status;
        return Err(Unwind::Exit(status));
    }
    Ok(status)
}

fn attribute_one(
    shell: &mut Shell,
    arg: &Argument,
    attr: Attrs,
    off: bool,
    options: &super::Options,
) -> Result<(), VarError> {
    let (name, subscript, mode, value) = split(arg);
    if let Some(subscript) = subscript {
        return Err(VarError::InvalidName([&name[..], b"[", &subscript, b"]"].concat()));
    }
    if !crate::syntax::is_name(&name) {
        return Err(VarError::InvalidName(arg.text()));
    }
    let target = shell.env.resolve(&name).map(|target| target.name.into_owned());
    let name = target.unwrap_or(name);
    let depth = shell.env.variables.depth_of(&name).unwrap_or(0);
    let temporary =
        shell.env.variables.get(&name).is_some_and(|variable| variable.has(Attrs::TEMPORARY));
    if (options.has(b'a') || options.has(b'A')) && attr == Attrs::READONLY {
        let request =
            Request { indexed: options.has(b'a'), assoc: options.has(b'A'), ..Request::default() };
        make_array(shell, &request, depth, &name, None, value.as_ref())?;
    }
    if let Some(value) = value {
        shell.try_assign(Assigned { name: name.clone(), subscript: None, mode, value })?;
    }
    let (set, clear) = if off { (Attrs::NONE, attr) } else { (attr, Attrs::NONE) };
    // The value of `x=1 export x` outlives the command.
    if temporary && !off {
        let below = shell.env.variables.function_depth_below(depth);
        if let Some(mut variable) = shell.env.variables.get(&name).cloned() {
            variable.attrs = variable.attrs.without(Attrs::TEMPORARY) | attr;
            shell.env.variables.insert_at(below, &name, variable);
        }
    }
    shell.env.change_attrs(depth, &name, set, clear);
    Ok(())
}

// --- showing

/// `declare -p name`'s line.
pub(crate) fn declaration(name: &[u8], variable: &Variable) -> Vec<u8> {
    let flags = variable.flags();
    let flags = if flags.is_empty() { "-".to_owned() } else { flags };
    let mut text = format!("declare -{flags} ").into_bytes();
    text.extend_from_slice(name);
    if !variable.is_set() {
        return text;
    }
    text.push(b'=');
    text.extend(value_text(variable));
    text
}

fn value_text(variable: &Variable) -> Vec<u8> {
    match &variable.value {
        Value::Scalar(value) => quote::double(value),
        _ => array_literal(variable),
    }
}

fn print_named(shell: &mut Shell, args: &[Argument]) -> u8 {
    let mut status = 0;
    for arg in args {
        let name = arg.text();
        let found = match shell.env.variables.get(&name) {
            Some(variable) if variable.has(Attrs::NAMEREF) => Some(variable.clone()),
            Some(_) => shell.env.variable(&name).map(std::borrow::Cow::into_owned),
            None => None,
        };
        match found {
            Some(variable) => {
                let text = declaration(&name, &variable);
                shell.print([&text[..], b"\n"].concat());
            }
            None => {
                shell.complain(format!("{}: not found", lossy(&name)));
                status = 1;
            }
        }
    }
    status
}

/// `declare`, `declare -x`, `declare -p`: all that have the attributes.
fn list(shell: &mut Shell, request: &Request) {
    let plain = request.set == Attrs::NONE && !request.indexed && !request.assoc && !request.print;
    let names: Vec<Vec<u8>> = if request.local {
        shell.env.variables.local_names().into_iter().map(<[u8]>::to_vec).collect()
    } else {
        shell.env.variables.sorted().into_iter().map(|(name, _)| name.to_vec()).collect()
    };
    for name in names {
        let Some(raw) = shell.env.variables.get(&name) else { continue };
        if !raw.attrs.contains(request.set) {
            continue;
        }
        let shown = if raw.has(Attrs::NAMEREF) {
            Some(raw.clone())
        } else {
            shell.env.variable(&name).map(std::borrow::Cow::into_owned)
        };
        let Some(variable) = shown else { continue };
        if (request.indexed && !variable.is_indexed()) || (request.assoc && !variable.is_assoc()) {
            continue;
        }
        let text = if plain && !request.local {
            if !variable.is_set() {
                continue;
            }
            assignment_text(&name, &variable)
        } else if plain {
            assignment_text(&name, &variable)
        } else {
            declaration(&name, &variable)
        };
        shell.print([&text[..], b"\n"].concat());
    }
    if plain && !request.local {
        let functions = Arc::clone(&shell.env.functions);
        for function in functions.values() {
            print_function(shell, function);
        }
    }
}

/// `name=value` as `set` shows it.
pub(super) fn assignment_text(name: &[u8], variable: &Variable) -> Vec<u8> {
    let value = match &variable.value {
        _ if !variable.is_set() => return name.to_vec(),
        Value::Scalar(value) if value.is_empty() => Vec::new(),
        Value::Scalar(value) => quote::word(value),
        _ => value_text(variable),
    };
    [name, b"=", &value].concat()
}

fn list_attribute(shell: &mut Shell, attr: Attrs, indexed: bool, assoc: bool) {
    let posix = shell.env.is(SetOption::Posix);
    let names: Vec<Vec<u8>> =
        shell.env.variables.sorted().into_iter().map(|(name, _)| name.to_vec()).collect();
    for name in names {
        let Some(variable) = shell.env.variables.get(&name).filter(|v| v.has(attr)) else {
            continue;
        };
        let shown = if variable.has(Attrs::NAMEREF) {
            variable.clone()
        } else {
            match shell.env.variable(&name) {
                Some(variable) => variable.into_owned(),
                None => continue,
            }
        };
        if (indexed && !shown.is_indexed()) || (assoc && !shown.is_assoc()) {
            continue;
        }
        let text = if posix {
            let word: &[u8] = match &shown.value {
                _ if attr == Attrs::EXPORT => b"export ",
                Value::Indexed(_) => b"readonly -a ",
                Value::Assoc(_) => b"readonly -A ",
                Value::Scalar(_) => b"readonly ",
            };
            let mut text = [word, &name].concat();
            if shown.is_set() {
                text.push(b'=');
                text.extend(value_text(&shown));
            }
            text
        } else {
            declaration(&name, &shown)
        };
        shell.print([&text[..], b"\n"].concat());
    }
}
