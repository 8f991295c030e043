//! `type`, and what `command -v` says.

use super::lossy;
use crate::builtin;
use crate::exec::Outcome;
use crate::shell::Shell;

/// What a name means, in the order in which it is looked up.
enum Kind {
    Alias(Vec<u8>),
    Keyword,
    Function,
    Builtin { special: bool },
    File(Vec<u8>),
}

/// All meanings of a name; files only with `files`, all of them with `all`.
fn kinds(shell: &Shell, name: &[u8], functions: bool, all: bool, path: Option<&[u8]>) -> Vec<Kind> {
    let mut kinds = Vec::new();
    if let Some(text) = shell.env.aliases.get(name) {
        kinds.push(Kind::Alias(text.clone()));
    }
    if crate::syntax::is_reserved(name) {
        kinds.push(Kind::Keyword);
    }
    if functions && shell.env.function(name).is_some() {
        kinds.push(Kind::Function);
    }
    if let Some(row) = builtin::find(name).filter(|_| !shell.disabled.contains(name)) {
        kinds.push(Kind::Builtin { special: row.special });
    }
    kinds.extend(files(shell, name, all, path).into_iter().map(Kind::File));
    kinds
}

fn files(shell: &Shell, name: &[u8], all: bool, path: Option<&[u8]>) -> Vec<Vec<u8>> {
    if name.contains(&b'/') {
        return if shell.sys.is_executable(name) { vec![name.to_vec()] } else { Vec::new() };
    }
    if !all {
        if let Some((known, _)) = shell.env.hash.get(name).filter(|_| path.is_none()) {
            return vec![known.clone()];
        }
        return match shell.search_path(name, path) {
            Ok(found) => vec![found],
            // As bash: a file that does not run is better than none.
            Err(vfs::Errno::EACCES) => {
                let is_file = |file: &Vec<u8>| shell.sys.stat(file).is_ok_and(|s| !s.is_dir());
                in_path(shell, name, path).into_iter().find(is_file).into_iter().collect()
            }
            Err(_) => Vec::new(),
        };
    }
    let mut found = in_path(shell, name, path);
    found.retain(|file| shell.sys.is_executable(file));
    found
}

/// Where a command of this name would be.
fn in_path(shell: &Shell, name: &[u8], path: Option<&[u8]>) -> Vec<Vec<u8>> {
    let own = shell.env.get(b"PATH").map(|path| path.to_vec()).unwrap_or_default();
    let directories = path.unwrap_or(&own).split(|byte| *byte == b':');
    let file = |directory: &[u8]| {
        let directory = if directory.is_empty() { b"." } else { directory };
        [directory, b"/", name].concat()
    };
    directories.map(file).collect()
}

fn say(shell: &mut Shell, name: &[u8], kind: &Kind) {
    let shown = lossy(name);
    match kind {
        Kind::Alias(text) => {
            let text = lossy(text);
            shell.print(format!("{shown} is aliased to `{text}'\n"));
        }
        Kind::Keyword => shell.print(format!("{shown} is a shell keyword\n")),
        Kind::Function => {
            shell.print(format!("{shown} is a function\n"));
            if let Some(function) = shell.env.function(name) {
                let text = crate::syntax::print_function(&function.definition);
                shell.print(text);
                shell.print(b"\n");
            }
        }
        Kind::Builtin { special: true } if shell.env.is(crate::env::SetOption::Posix) => {
            shell.print(format!("{shown} is a special shell builtin\n"));
        }
        Kind::Builtin { .. } => shell.print(format!("{shown} is a shell builtin\n")),
        Kind::File(path) if shell.env.hash.get(name).is_some_and(|(known, _)| known == path) => {
            let path = lossy(path);
            shell.print(format!("{shown} is hashed ({path})\n"));
        }
        Kind::File(path) => {
            let path = lossy(path);
            shell.print(format!("{shown} is {path}\n"));
        }
    }
}

/// `command -v`, or `-V`: whether there is such a command.
pub(super) fn describe(shell: &mut Shell, name: &[u8], verbose: bool, path: Option<&[u8]>) -> bool {
    let Some(kind) = kinds(shell, name, true, false, path).into_iter().next() else {
        return false;
    };
    if verbose {
        say(shell, name, &kind);
        return true;
    }
    match kind {
        Kind::Alias(text) => {
            let quoted = crate::expand::quote::single(&text);
            let line = [b"alias ", name, b"=", &quoted, b"\n"].concat();
            shell.print(line);
        }
        Kind::File(path) => shell.print([&path[..], b"\n"].concat()),
        _ => shell.print([name, b"\n"].concat()),
    }
    true
}

pub(super) fn type_(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "afptP") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let all = options.has(b'a');
    let (word, path_only) = (options.has(b't'), options.has(b'p') || options.has(b'P'));
    let mut status = 0;
    for name in args.get(options.used..).unwrap_or_default() {
        let mut kinds = if options.has(b'P') {
            files(shell, name, all, None).into_iter().map(Kind::File).collect()
        } else {
            kinds(shell, name, !options.has(b'f'), all, None)
        };
        if !all {
            kinds.truncate(1);
        }
        if kinds.is_empty() {
            if !word && !path_only {
                shell.complain(format!("{}: not found", lossy(name)));
            }
            status = 1;
        }
        for kind in &kinds {
            match kind {
                _ if word => {
                    let text = match kind {
                        Kind::Alias(_) => "alias\n",
                        Kind::Keyword => "keyword\n",
                        Kind::Function => "function\n",
                        Kind::Builtin { .. } => "builtin\n",
                        Kind::File(_) => "file\n",
                    };
                    shell.print(text);
                }
                Kind::File(path) if path_only => shell.print([&path[..], b"\n"].concat()),
                _ if path_only => {}
                kind => say(shell, name, kind),
            }
        }
    }
    Ok(status)
}
