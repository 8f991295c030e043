//! `hash`

use std::sync::Arc;

use super::lossy;
use crate::exec::Outcome;
use crate::shell::Shell;

pub(super) fn hash(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "lrp:dt") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    if !shell.env.is(crate::env::SetOption::Hashall) {
        shell.complain("hashing disabled");
        return Ok(1);
    }
    let names = args.get(options.used..).unwrap_or_default();
    if options.has(b'r') {
        shell.env.hash = Arc::default();
        return Ok(0);
    }
    if names.is_empty() {
        return Ok(list(shell, options.has(b'l')));
    }
    let mut status = 0;
    for name in names {
        let result = if let Some(path) = options.value(b'p') {
            let path = path.to_vec();
            Arc::make_mut(&mut shell.env.hash).insert(name.as_slice().into(), (path, 0));
            true
        } else if options.has(b't') {
            show(shell, name, names.len() > 1, options.has(b'l'))
        } else if options.has(b'd') {
            Arc::make_mut(&mut shell.env.hash).remove(name.as_slice()).is_some()
        } else {
            remember(shell, name)
        };
        if !result {
            shell.complain(format!("{}: not found", lossy(name)));
            status = 1;
        }
    }
    Ok(status)
}

fn list(shell: &mut Shell, reusable: bool) -> u8 {
    let table = Arc::clone(&shell.env.hash);
    if table.is_empty() {
        if !reusable {
            shell.print("hash: hash table empty\n");
        }
        return 0;
    }
    if !reusable {
        shell.print("hits\tcommand\n");
    }
    for (name, (path, hits)) in table.iter() {
        let text = if reusable {
            [b"builtin hash -p ", &path[..], b" ", name, b"\n"].concat()
        } else {
            [format!("{hits:>4}\t").as_bytes(), path, b"\n"].concat()
        };
        shell.print(text);
    }
    0
}

fn show(shell: &mut Shell, name: &[u8], several: bool, reusable: bool) -> bool {
    let Some((path, _)) = shell.env.hash.get(name).cloned() else { return false };
    let text = match (reusable, several) {
        (true, _) => [b"builtin hash -p ", &path[..], b" ", name, b"\n"].concat(),
        (false, true) => [name, b"\t", &path, b"\n"].concat(),
        (false, false) => [&path[..], b"\n"].concat(),
    };
    shell.print(text);
    true
}

fn remember(shell: &mut Shell, name: &[u8]) -> bool {
    if name.contains(&b'/') || super::find(name).is_some() || shell.env.functions.contains_key(name)
    {
        return true;
    }
    match shell.search_path(name, None) {
        Ok(path) => {
            Arc::make_mut(&mut shell.env.hash).insert(name.into(), (path, 0));
            true
        }
        Err(_) => false,
    }
}
