//! `complete` and `compopt`: what is to be completed how. `compgen` has the candidates.
//!
//! The specifications are kept for those who ask, `complete -p` and scripts that change them.

use std::sync::Arc;

use super::compgen::is_action;
use super::{Options, lossy};
use crate::exec::Outcome;
use crate::expand::quote;
use crate::shell::Shell;

/// How the arguments of a command are completed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spec {
    /// Names of `-o`.
    options: Vec<&'static str>,
    /// Names of `-A`, in the order of `ACTIONS`.
    pub(super) actions: Vec<String>,
    pub(super) glob: Option<Vec<u8>>,
    pub(super) words: Option<Vec<u8>>,
    pub(super) prefix: Option<Vec<u8>>,
    pub(super) suffix: Option<Vec<u8>>,
    pub(super) filter: Option<Vec<u8>>,
    pub(super) command: Option<Vec<u8>>,
    pub(super) function: Option<Vec<u8>>,
}

/// The names of `-o`, in the order in which they are shown.
const OPTIONS: [&str; 8] =
    ["bashdefault", "default", "dirnames", "filenames", "noquote", "nosort", "nospace", "plusdirs"];

/// The actions that have a letter, in the order in which they are shown.
const LETTERS: [(u8, &str); 12] = [
    (b'a', "alias"),
    (b'b', "builtin"),
    (b'c', "command"),
    (b'd', "directory"),
    (b'e', "export"),
    (b'f', "file"),
    (b'g', "group"),
    (b'j', "job"),
    (b'k', "keyword"),
    (b's', "service"),
    (b'u', "user"),
    (b'v', "variable"),
];

impl Spec {
    /// From the options of `complete` or `compgen`.
    ///
    /// # Errors
    /// The status, after a message.
    pub(super) fn from_options(shell: &mut Shell, options: &Options) -> Result<Spec, u8> {
        let mut spec = Spec::default();
        for (letter, value) in &options.letters {
            let value = value.clone();
            match letter {
                b'o' => {
                    let name = option(shell, &value.unwrap_or_default()).ok_or(2)?;
                    spec.set(name, true);
                }
                b'A' => {
                    let name = lossy(&value.unwrap_or_default());
                    if !is_action(shell, &name) {
                        shell.complain(format!("{name}: invalid action name"));
                        return Err(2);
                    }
                    spec.actions.push(name);
                }
                b'G' => spec.glob = value,
                b'W' => spec.words = value,
                b'P' => spec.prefix = value,
                b'S' => spec.suffix = value,
                b'X' => spec.filter = value,
                b'C' => spec.command = value,
                b'F' => spec.function = value,
                letter => {
                    let action = LETTERS.iter().find(|(known, _)| known == letter);
                    spec.actions.extend(action.map(|(_, name)| (*name).to_owned()));
                }
            }
        }
        let place = |name: &String| LETTERS.iter().position(|(_, known)| known == name);
        spec.actions.sort_by_key(|name| (place(name).unwrap_or(LETTERS.len()), name.clone()));
        spec.actions.dedup();
        Ok(spec)
    }

    /// About how much memory it takes.
    pub(crate) fn footprint(&self) -> usize {
        let texts = [
            &self.glob,
            &self.words,
            &self.prefix,
            &self.suffix,
            &self.filter,
            &self.command,
            &self.function,
        ];
        let texts: usize = texts.into_iter().flatten().map(Vec::len).sum();
        texts + size_of::<Spec>() + 32 * self.actions.len()
    }

    fn set(&mut self, option: &'static str, on: bool) {
        self.options.retain(|known| *known != option);
        if on {
            self.options.push(option);
        }
    }

    /// The command that makes it.
    fn show(&self, name: &[u8]) -> Vec<u8> {
        let mut text = b"complete".to_vec();
        let mut add = |parts: &[&[u8]]| parts.iter().for_each(|part| text.extend_from_slice(part));
        for option in OPTIONS.iter().filter(|option| self.options.contains(option)) {
            add(&[b" -o ", option.as_bytes()]);
        }
        for action in &self.actions {
            match LETTERS.iter().find(|(_, name)| name == action) {
                Some((letter, _)) => add(&[b" -", &[*letter]]),
                None => add(&[b" -A ", action.as_bytes()]),
            }
        }
        let quoted: [(&[u8], &Option<Vec<u8>>); 6] = [
            (b" -G ", &self.glob),
            (b" -W ", &self.words),
            (b" -P ", &self.prefix),
            (b" -S ", &self.suffix),
            (b" -X ", &self.filter),
            (b" -C ", &self.command),
        ];
        for (letter, value) in quoted {
            if let Some(value) = value {
                add(&[letter, &quote::single(value)]);
            }
        }
        if let Some(function) = &self.function {
            add(&[b" -F ", function]);
        }
        add(&[b" ", &quote::word(name), b"\n"]);
        text
    }
}

/// A name of `-o`; one that is none is said.
fn option(shell: &mut Shell, name: &[u8]) -> Option<&'static str> {
    let found = OPTIONS.into_iter().find(|known| known.as_bytes() == name);
    if found.is_none() {
        shell.complain(format!("{}: invalid option name", lossy(name)));
    }
    found
}

/// The names that options stand for: of the empty line, of the first word, of all others.
fn places(letters: impl Iterator<Item = u8>) -> Vec<Vec<u8>> {
    letters.filter(|letter| b"DEI".contains(letter)).map(|letter| vec![b'-', letter]).collect()
}

pub(super) fn complete(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "abcdefgjksuvprDEIo:A:G:W:F:C:X:P:S:") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let spec = match Spec::from_options(shell, &options) {
        Ok(spec) => spec,
        Err(status) => return Ok(status),
    };
    let mut names = places(options.letters.iter().map(|(letter, _)| *letter));
    if names.is_empty() {
        names.extend_from_slice(args.get(options.used..).unwrap_or_default());
    }
    if options.has(b'p') || (args.is_empty() && names.is_empty()) {
        return Ok(print(shell, &names));
    }
    if options.has(b'r') {
        return Ok(remove(shell, &names));
    }
    if names.is_empty() {
        return Ok(shell.usage());
    }
    for name in names {
        shell.env.note_growth(name.len() + spec.footprint());
        Arc::make_mut(&mut shell.env.completions).insert(name.into(), spec.clone());
    }
    Ok(0)
}

fn none(shell: &mut Shell, name: &[u8]) -> u8 {
    shell.complain(format!("{}: no completion specification", lossy(name)));
    1
}

fn print(shell: &mut Shell, names: &[Vec<u8>]) -> u8 {
    let all = Arc::clone(&shell.env.completions);
    if names.is_empty() {
        all.iter().for_each(|(name, spec)| shell.print(spec.show(name)));
    }
    let mut status = 0;
    for name in names {
        match all.get(name.as_slice()) {
            Some(spec) => shell.print(spec.show(name)),
            None => status = none(shell, name),
        }
    }
    status
}

fn remove(shell: &mut Shell, names: &[Vec<u8>]) -> u8 {
    if names.is_empty() {
        shell.env.completions = Arc::default();
    }
    let mut status = 0;
    for name in names {
        if Arc::make_mut(&mut shell.env.completions).remove(name.as_slice()).is_none() {
            status = none(shell, name);
        }
    }
    status
}

pub(super) fn compopt(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let mut changes = Vec::new();
    let mut letters = Vec::new();
    let mut rest = args.iter();
    let mut names = Vec::new();
    while let Some(arg) = rest.next() {
        match arg.as_slice() {
            b"-o" | b"+o" => {
                let Some(name) = rest.next() else { return Ok(shell.usage()) };
                let Some(name) = option(shell, name) else { return Ok(2) };
                changes.push((name, arg.starts_with(b"-")));
            }
            b"-D" | b"-E" | b"-I" => letters.extend(arg.get(1)),
            b"--" => names.extend(rest.by_ref().cloned()),
            [b'-', letter, ..] => {
                shell.complain(format!("-{}: invalid option", lossy(&[*letter])));
                return Ok(shell.usage());
            }
            _ => names.push(arg.clone()),
        }
    }
    names.splice(0..0, places(letters.into_iter()));
    if names.is_empty() {
        shell.complain("not currently executing completion function");
        return Ok(1);
    }
    let mut status = 0;
    for name in names {
        match Arc::make_mut(&mut shell.env.completions).get_mut(name.as_slice()) {
            Some(spec) => changes.iter().for_each(|(option, on)| spec.set(option, *on)),
            None => status = none(shell, &name),
        }
    }
    Ok(status)
}
