//! `pushd`, `popd`, `dirs`

use super::{cd, lossy, number};
use crate::exec::Outcome;
use crate::shell::Shell;

/// The stack as shown: the current directory first.
fn stack(shell: &Shell) -> Vec<Vec<u8>> {
    let mut all = vec![cd::current(shell)];
    all.extend(shell.env.dir_stack.iter().cloned());
    all
}

/// `~/x` for a directory below the home.
fn abbreviated(shell: &Shell, path: &[u8]) -> Vec<u8> {
    let home = shell.env.get(b"HOME").map(|home| home.into_owned()).unwrap_or_default();
    if home.len() > 1
        && let Some(rest) = path.strip_prefix(home.as_slice())
        && (rest.is_empty() || rest.starts_with(b"/"))
    {
        return [b"~", rest].concat();
    }
    path.to_vec()
}

fn show(shell: &mut Shell) {
    let all = stack(shell);
    let shown: Vec<Vec<u8>> = all.iter().map(|path| abbreviated(shell, path)).collect();
    shell.print([&shown.join(&b' ')[..], b"\n"].concat());
}

/// `+N` or `-N` as an index from the top; an error is said.
fn index(shell: &mut Shell, arg: &[u8], count: usize) -> Option<Result<usize, u8>> {
    index_shown(shell, arg, arg, count)
}

/// As `index`; an error shows `shown`.
fn index_shown(
    shell: &mut Shell,
    arg: &[u8],
    shown: &[u8],
    count: usize,
) -> Option<Result<usize, u8>> {
    let (sign, digits) = arg.split_first()?;
    if !matches!(sign, b'+' | b'-') || digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = number(digits).and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    if n >= count {
        if count == 1 {
            shell.complain("directory stack empty");
        } else {
            shell.complain(format!("{}: directory stack index out of range", lossy(shown)));
        }
        return Some(Err(1));
    }
    Some(Ok(if *sign == b'+' { n } else { count - 1 - n }))
}

pub(super) fn dirs(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let (mut long, mut lines, mut numbered) = (false, false, false);
    let mut wanted = None;
    for arg in args {
        let all = stack(shell);
        let digits = arg.get(1..).unwrap_or_default();
        match index_shown(shell, arg, digits, all.len()) {
            Some(Ok(at)) => wanted = Some(at),
            Some(Err(status)) => return Ok(status),
            None if arg == b"--" => {}
            None if arg.starts_with(b"-") && arg.len() > 1 => {
                for letter in arg.iter().skip(1) {
                    match letter {
                        b'c' => {
                            shell.env.dir_stack.clear();
                            return Ok(0);
                        }
                        b'l' => long = true,
                        b'p' => lines = true,
                        b'v' => (lines, numbered) = (true, true),
                        _ => {
                            shell.complain(format!("{}: invalid number", lossy(arg)));
                            return Ok(shell.usage());
                        }
                    }
                }
            }
            None => {
                shell.complain(format!("{}: invalid option", lossy(arg)));
                return Ok(shell.usage());
            }
        }
    }
    let all = stack(shell);
    let shown: Vec<Vec<u8>> = all
        .iter()
        .enumerate()
        .filter(|(at, _)| wanted.is_none_or(|wanted| wanted == *at))
        .map(|(at, path)| {
            let path = if long { path.clone() } else { abbreviated(shell, path) };
            if numbered { [format!("{at:>2}  ").as_bytes(), &path].concat() } else { path }
        })
        .collect();
    let separator = if lines { b'\n' } else { b' ' };
    shell.print([&shown.join(&separator)[..], b"\n"].concat());
    Ok(0)
}

/// Splits off `-n`; what remains is at most one operand.
fn operand(shell: &mut Shell, args: &[Vec<u8>]) -> Result<(bool, Option<Vec<u8>>), u8> {
    let mut stay = false;
    let mut found = None;
    for arg in args {
        match arg.as_slice() {
            b"-n" => stay = true,
            b"--" => {}
            _ if found.is_some() => {
                shell.complain("too many arguments");
                return Err(1);
            }
            _ => found = Some(arg.clone()),
        }
    }
    Ok((stay, found))
}

pub(super) fn pushd(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let (stay, operand) = match operand(shell, args) {
        Ok(parsed) => parsed,
        Err(status) => return Ok(status),
    };
    let mut all = stack(shell);
    let Some(arg) = operand else {
        if all.len() < 2 {
            shell.complain("no other directory");
            return Ok(1);
        }
        all.swap(0, 1);
        return Ok(take_stack(shell, all, stay));
    };
    match index(shell, &arg, all.len()) {
        Some(Ok(at)) => {
            all.rotate_left(at);
            Ok(take_stack(shell, all, stay))
        }
        Some(Err(status)) => Ok(status),
        None if arg.starts_with(b"-") && arg.len() > 1 => {
            shell.complain(format!("{}: invalid number", lossy(&arg)));
            Ok(shell.usage())
        }
        None => {
            let old = cd::current(shell);
            if stay {
                shell.env.dir_stack.insert(0, arg);
            } else if let Err(error) = cd::change(shell, &arg, false) {
                shell.complain(format!("{}: {}", lossy(&arg), error.message()));
                return Ok(1);
            } else {
                shell.env.dir_stack.insert(0, old);
            }
            show(shell);
            Ok(0)
        }
    }
}

/// Makes a list the stack: its first becomes the current directory.
fn take_stack(shell: &mut Shell, all: Vec<Vec<u8>>, stay: bool) -> u8 {
    let Some((first, rest)) = all.split_first() else { return 0 };
    if !stay && let Err(error) = cd::change(shell, first, false) {
        shell.complain(format!("{}: {}", lossy(first), error.message()));
        return 1;
    }
    shell.env.dir_stack = rest.to_vec();
    show(shell);
    0
}

pub(super) fn popd(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let (stay, operand) = match operand(shell, args) {
        Ok(parsed) => parsed,
        Err(status) => return Ok(status),
    };
    let mut all = stack(shell);
    let at = match operand {
        None => 0,
        Some(arg) => match index(shell, &arg, all.len()) {
            Some(Ok(at)) => at,
            Some(Err(status)) => return Ok(status),
            None => {
                let what = if arg.starts_with(b"-") { "number" } else { "argument" };
                shell.complain(format!("{}: invalid {what}", lossy(&arg)));
                return Ok(shell.usage());
            }
        },
    };
    if all.len() < 2 {
        shell.complain("directory stack empty");
        return Ok(1);
    }
    if at == 0 && stay {
        all.remove(1);
    } else {
        all.remove(at);
    }
    Ok(take_stack(shell, all, stay || at > 0))
}
