//! `compgen` for the lists that scripts ask for; `complete` and `compopt` only remember nothing.

use super::lossy;
use crate::env::{SET_OPTIONS, SHOPTS};
use crate::exec::Outcome;
use crate::shell::Shell;

/// Bash's reserved words, in its order.
pub(super) const KEYWORDS: [&str; 22] = [
    "if", "then", "else", "elif", "fi", "case", "esac", "for", "select", "while", "until", "do",
    "done", "in", "function", "time", "{", "}", "!", "[[", "]]", "coproc",
];

pub(super) fn compgen(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "abcdefgjksuvo:A:G:W:F:C:X:P:S:") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let word = args.get(options.used).cloned().unwrap_or_default();
    let mut found: Vec<Vec<u8>> = Vec::new();
    for (letter, value) in &options.letters {
        let action = match letter {
            b'a' => "alias",
            b'b' => "builtin",
            b'c' => "command",
            b'd' => "directory",
            b'e' => "export",
            b'f' => "file",
            b'j' => "job",
            b'k' => "keyword",
            b'u' => "user",
            b'v' => "variable",
            b'A' => std::str::from_utf8(value.as_deref().unwrap_or_default()).unwrap_or(""),
            b'W' => {
                let list = value.clone().unwrap_or_default();
                found.extend(words(shell, &list));
                continue;
            }
            b'F' | b'C' | b'G' | b'X' => {
                shell.complain(format!("-{}: not supported here; use -W or -A", *letter as char));
                return Ok(1);
            }
            _ => continue,
        };
        match candidates(shell, action, &word) {
            Some(list) => found.extend(list),
            None => {
                shell.complain(format!("{action}: invalid action name"));
                return Ok(2);
            }
        }
    }
    found.retain(|candidate| candidate.starts_with(&word));
    let prefix = options.value(b'P').unwrap_or_default().to_vec();
    let suffix = options.value(b'S').unwrap_or_default().to_vec();
    for candidate in &found {
        shell.print([&prefix[..], candidate, &suffix, b"\n"].concat());
    }
    Ok(u8::from(found.is_empty()))
}

/// The words of `-W`, split as `IFS` says.
fn words(shell: &mut Shell, list: &[u8]) -> Vec<Vec<u8>> {
    let ifs = shell.env.ifs();
    let fields = list.split(|byte| ifs.contains(*byte));
    fields.filter(|field| !field.is_empty()).map(<[u8]>::to_vec).collect()
}

fn candidates(shell: &mut Shell, action: &str, word: &[u8]) -> Option<Vec<Vec<u8>>> {
    let bytes = |name: &str| name.as_bytes().to_vec();
    Some(match action {
        "alias" => shell.env.aliases.keys().map(|name| name.to_vec()).collect(),
        "builtin" | "enabled" => super::TABLE.iter().map(|row| bytes(row.name)).collect(),
        "command" => {
            let mut all = candidates(shell, "alias", word)?;
            for action in ["keyword", "function", "builtin"] {
                all.extend(candidates(shell, action, word)?);
            }
            all.extend(in_path(shell));
            all
        }
        "directory" | "file" => files(shell, word, action == "directory"),
        "export" | "variable" | "arrayvar" => {
            let wanted = |variable: &crate::env::Variable| match action {
                "export" => variable.has(crate::env::Attrs::EXPORT),
                "arrayvar" => variable.is_array(),
                _ => variable.is_set(),
            };
            let all = shell.env.variables.sorted();
            all.into_iter().filter(|(_, v)| wanted(v)).map(|(name, _)| name.to_vec()).collect()
        }
        "function" => shell.env.functions.keys().map(|name| name.to_vec()).collect(),
        "keyword" => KEYWORDS.iter().map(|name| bytes(name)).collect(),
        "job" => shell.jobs.list.iter().map(|job| job.command.clone()).collect(),
        "setopt" => SET_OPTIONS.iter().map(|row| bytes(row.1)).collect(),
        "shopt" => SHOPTS.iter().map(|row| bytes(row.1)).collect(),
        "signal" => {
            kernel::Signal::ALL.iter().map(|s| bytes(&format!("SIG{}", s.name()))).collect()
        }
        "helptopic" => super::TABLE.iter().map(|row| bytes(row.name)).collect(),
        "user" => vec![bytes("root")],
        "group" | "hostname" | "service" | "running" | "stopped" | "disabled" | "binding" => {
            Vec::new()
        }
        _ => return None,
    })
}

fn in_path(shell: &mut Shell) -> Vec<Vec<u8>> {
    let path = shell.env.get(b"PATH").map(|path| path.into_owned()).unwrap_or_default();
    let mut all = Vec::new();
    for directory in path.split(|byte| *byte == b':') {
        let listed = shell.sys.with(|kernel, pid| kernel.read_dir(pid, directory));
        for entry in listed.unwrap_or_default() {
            if shell.sys.is_executable(&[directory, b"/", &entry.name].concat()) {
                all.push(entry.name.to_vec());
            }
        }
    }
    all
}

fn files(shell: &mut Shell, word: &[u8], only_dirs: bool) -> Vec<Vec<u8>> {
    let (directory, last) = match word.iter().rposition(|byte| *byte == b'/') {
        Some(at) => word.split_at(at + 1),
        None => (&b""[..], word),
    };
    let place: &[u8] = if directory.is_empty() { b"." } else { directory };
    let listed = shell.sys.with(|kernel, pid| kernel.read_dir(pid, place)).unwrap_or_default();
    let mut all: Vec<Vec<u8>> = listed
        .into_iter()
        .filter(|entry| entry.name.starts_with(last))
        .filter(|entry| !entry.name.starts_with(b".") || last.starts_with(b"."))
        .map(|entry| [directory, &entry.name].concat())
        .filter(|path| !only_dirs || shell.sys.is_dir(path))
        .collect();
    all.sort();
    all
}

pub(super) fn complete(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    if args.is_empty() || args.first().is_some_and(|arg| arg == b"-p") {
        return Ok(0);
    }
    // Specifications matter to a line editor only; they are checked and dropped.
    match shell.options(args, "abcdefgjksuvprDEIo:A:G:W:F:C:X:P:S:") {
        Ok(_) => Ok(0),
        Err(status) => Ok(status),
    }
}

pub(super) fn compopt(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    match args.iter().find(|arg| !arg.starts_with(b"-") && !arg.starts_with(b"+")) {
        Some(name) => shell.complain(format!("{}: no completion specification", lossy(name))),
        None => shell.complain("not currently executing completion function"),
    }
    Ok(1)
}
