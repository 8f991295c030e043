//! `cd` and `pwd`

use super::lossy;
use crate::env::{Attrs, Mode, SetOption, Shopt, Variable};
use crate::exec::Outcome;
use crate::shell::Shell;

pub(super) fn cd(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "LPe@") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let mut physical = shell.env.is(SetOption::Physical);
    for (letter, _) in &options.letters {
        match letter {
            b'L' => physical = false,
            b'P' => physical = true,
            _ => {}
        }
    }
    let operands = args.get(options.used..).unwrap_or_default();
    if operands.len() > 1 {
        shell.complain("too many arguments");
        return Ok(1);
    }
    let mut show = false;
    let target = match operands.first() {
        None => match shell.env.get(b"HOME") {
            Some(home) => home.into_owned(),
            None => {
                shell.complain("HOME not set");
                return Ok(1);
            }
        },
        Some(dash) if dash == b"-" => match shell.env.get(b"OLDPWD") {
            Some(old) => {
                show = true;
                old.into_owned()
            }
            None => {
                shell.complain("OLDPWD not set");
                return Ok(1);
            }
        },
        Some(target) => target.clone(),
    };
    Ok(change_along_cdpath(shell, &target, physical, show))
}

/// Tries the directories of `CDPATH` before the current one.
fn change_along_cdpath(shell: &mut Shell, target: &[u8], physical: bool, show: bool) -> u8 {
    let searched = !target.starts_with(b"/")
        && !matches!(target, b"." | b"..")
        && !target.starts_with(b"./")
        && !target.starts_with(b"../");
    let cdpath = shell.env.get(b"CDPATH").map(|path| path.into_owned()).unwrap_or_default();
    if searched && !cdpath.is_empty() {
        for directory in cdpath.split(|byte| *byte == b':') {
            let path = if directory.is_empty() {
                target.to_vec()
            } else {
                [directory.strip_suffix(b"/").unwrap_or(directory), b"/", target].concat()
            };
            if shell.sys.is_dir(&path) && change(shell, &path, physical).is_ok() {
                if !directory.is_empty() && directory != b"." || show {
                    print_pwd(shell);
                }
                return 0;
            }
        }
    }
    match change(shell, target, physical) {
        Ok(()) => {
            if show {
                print_pwd(shell);
            }
            0
        }
        Err(error) => {
            if shell.env.shopt(Shopt::CdableVars)
                && let Some(value) = shell.env.get(target).map(|value| value.into_owned())
                && change(shell, &value, physical).is_ok()
            {
                print_pwd(shell);
                return 0;
            }
            shell.complain(format!("{}: {}", lossy(target), error.message()));
            1
        }
    }
}

fn print_pwd(shell: &mut Shell) {
    let pwd = shell.env.get(b"PWD").map(|pwd| pwd.into_owned()).unwrap_or_default();
    shell.print([&pwd[..], b"\n"].concat());
}

/// Changes the directory, `PWD` and `OLDPWD`.
///
/// # Errors
/// Those of `chdir(2)`.
pub(super) fn change(shell: &mut Shell, target: &[u8], physical: bool) -> vfs::Result<()> {
    let pwd = current(shell);
    if target.is_empty() {
        set_pwd(shell, pwd.clone(), pwd);
        return Ok(());
    }
    let full = if target.starts_with(b"/") {
        target.to_vec()
    } else {
        [pwd.strip_suffix(b"/").unwrap_or(&pwd), b"/", target].concat()
    };
    let logical = canonical(&full);
    let chdir = |path: &[u8]| shell.sys.with(|kernel, pid| kernel.chdir(pid, path));
    let new = if physical {
        chdir(target)?;
        shell.sys.cwd()?
    } else if dots_are_directories(shell, &full) {
        match chdir(&logical) {
            Ok(()) => logical,
            Err(error) => {
                // The name of the current directory may be wrong by now.
                chdir(target).map_err(|_| error)?;
                shell.sys.cwd().unwrap_or(logical)
            }
        }
    } else {
        chdir(target)?;
        shell.sys.cwd()?
    };
    set_pwd(shell, new, pwd);
    Ok(())
}

/// Whether what stands before each `..` is a directory, as POSIX asks.
fn dots_are_directories(shell: &Shell, path: &[u8]) -> bool {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    parts.iter().enumerate().all(|(position, part)| {
        *part != b".." || {
            let before = parts.get(..position).unwrap_or_default().join(&b'/');
            before.is_empty() || shell.sys.is_dir(&before)
        }
    })
}

/// The path without `.`, `..` and doubled slashes.
fn canonical(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut out = Vec::new();
    // POSIX leaves the meaning of two leading slashes open; bash keeps them.
    let doubled = path.starts_with(b"//") && !path.starts_with(b"///");
    if doubled {
        out.push(b'/');
    }
    if parts.is_empty() {
        out.push(b'/');
    }
    for part in parts {
        out.push(b'/');
        out.extend_from_slice(part);
    }
    out
}

fn set_pwd(shell: &mut Shell, new: Vec<u8>, old: Vec<u8>) {
    for (name, value) in [(&b"OLDPWD"[..], old), (b"PWD", new)] {
        match shell.env.variables.get(name) {
            Some(_) => {
                if let Err(error) = shell.env.assign(name, value, Mode::Set) {
                    shell.complain(error.message());
                }
            }
            None => shell.env.variables.insert_at(0, name, Variable::scalar(value, Attrs::NONE)),
        }
    }
}

/// The directory as scripts see it: `PWD` while it is right.
pub(super) fn current(shell: &Shell) -> Vec<u8> {
    let pwd = shell.env.get(b"PWD").map(|pwd| pwd.into_owned());
    let here = shell.sys.stat(b".").ok();
    let right = |path: &Vec<u8>| {
        path.starts_with(b"/")
            && match (shell.sys.stat(path), &here) {
                (Ok(there), Some(here)) => (there.dev, there.ino) == (here.dev, here.ino),
                // The directory is gone; its name is still the best there is.
                (Err(_), here) => !shell.sys.cwd().is_ok_and(|cwd| {
                    let there = shell.sys.stat(&cwd).ok().map(|stat| (stat.dev, stat.ino));
                    there.is_some() && there == here.as_ref().map(|stat| (stat.dev, stat.ino))
                }),
                _ => false,
            }
    };
    match pwd.filter(right) {
        Some(pwd) => pwd,
        None => shell.sys.cwd().unwrap_or_else(|_| b"/".to_vec()),
    }
}

pub(super) fn pwd(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "LP") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let mut physical = shell.env.is(SetOption::Physical);
    for (letter, _) in &options.letters {
        physical = *letter == b'P';
    }
    let path = if physical {
        match shell.sys.cwd() {
            Ok(path) => path,
            Err(error) => {
                let text =
                    "error retrieving current directory: getcwd: cannot access parent directories";
                shell.complain(format!("{text}: {}", error.message()));
                return Ok(1);
            }
        }
    } else {
        current(shell)
    };
    shell.print([&path[..], b"\n"].concat());
    Ok(0)
}
