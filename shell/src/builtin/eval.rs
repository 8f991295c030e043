//! `eval`, `source`, `exec`

use std::sync::Arc;

use vfs::Errno;

use super::lossy;
use crate::env::{Frame, SetOption, Shopt};
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::sys::Deep;
use crate::unwind::Unwind;

pub(super) fn eval<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let args = match args.first() {
            Some(first) if first == b"--" => args.get(1..).unwrap_or_default(),
            Some(first) if first.len() > 1 && first.starts_with(b"-") => {
                shell.complain(format!("{}: invalid option", lossy(first)));
                return Ok(shell.usage());
            }
            _ => args,
        };
        let text = args.join(&b' ');
        let outer = shell.builtin.take();
        let line = shell.env.line;
        let result = shell.run_text(&text, line, "eval").await;
        shell.env.line = line;
        shell.builtin = outer;
        result.map(|()| shell.env.status)
    })
}

pub(super) fn source<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let options = match shell.options(args, "") {
            Ok(options) => options,
            Err(status) => return Ok(status),
        };
        let args = args.get(options.used..).unwrap_or_default();
        let Some(name) = args.first() else {
            shell.complain("filename argument required");
            return Ok(shell.usage());
        };
        let outer = shell.builtin;
        let path = locate(shell, name);
        let posix = shell.env.is(SetOption::Posix);
        let text = match shell.read_file(&path).await {
            Ok(text) => text,
            Err(error) => {
                let said = match error {
                    Errno::EISDIR => "is a directory".to_owned(),
                    Errno::ENOENT if posix && !name.contains(&b'/') => "file not found".to_owned(),
                    error => error.message().to_owned(),
                };
                if error != Errno::EISDIR && !said.starts_with("file") {
                    shell.builtin = None;
                }
                shell.complain(format!("{}: {said}", lossy(name)));
                shell.builtin = outer;
                if shell.env.is(SetOption::Posix) && !shell.interactive {
                    return Err(Unwind::Exit(1));
                }
                return Ok(1);
            }
        };
        shell.builtin = None;
        let result = run_sourced(shell, name, text, args.get(1..).unwrap_or_default()).await;
        shell.builtin = outer;
        result
    })
}

/// A name without slash is looked up in `PATH`, then here.
fn locate(shell: &Shell, name: &[u8]) -> Vec<u8> {
    if name.contains(&b'/') || !shell.env.shopt(Shopt::Sourcepath) {
        return name.to_vec();
    }
    let path = shell.env.get(b"PATH").map(|path| path.into_owned()).unwrap_or_default();
    for directory in path.split(|byte| *byte == b':').filter(|part| !part.is_empty()) {
        let candidate = [directory, b"/", name].concat();
        if shell.sys.stat(&candidate).is_ok_and(|stat| !stat.is_dir())
            && shell.sys.access(&candidate, vfs::Access::READ).is_ok()
        {
            return candidate;
        }
    }
    name.to_vec()
}

async fn run_sourced(
    shell: &mut Shell,
    name: &[u8],
    text: Vec<u8>,
    args: &[Vec<u8>],
) -> Outcome<u8> {
    shell.enter()?;
    let call_line = shell.env.line;
    let saved = (!args.is_empty())
        .then(|| std::mem::replace(&mut shell.env.positional, Arc::new(args.to_vec())));
    let was_set = std::mem::take(&mut shell.env.positional_set);
    shell.env.frames.push(Frame {
        function: Arc::from(&b"source"[..]),
        source: name.into(),
        call_line,
        is_source: true,
    });
    shell.env.status = 0;
    let result = shell.run_text(&text, 1, "").await;
    let result = shell.end_call(result).await;
    shell.env.frames.pop();
    // Outside of functions, what `set` in the file made of its arguments stays.
    if let Some(saved) = saved
        && (shell.function_depth > 0 || !shell.env.positional_set)
    {
        shell.env.positional = saved;
    }
    shell.env.positional_set |= was_set;
    shell.env.line = call_line;
    shell.leave();
    result.map(|()| shell.env.status)
}

pub(super) fn exec<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let options = match shell.options(args, "cla:") {
            Ok(options) => options,
            Err(status) => return Ok(status),
        };
        let mut argv = args.get(options.used..).unwrap_or_default().to_vec();
        let Some(name) = argv.first().cloned() else { return Ok(0) };
        if let Some(arg0) = options.value(b'a')
            && let Some(first) = argv.first_mut()
        {
            *first = arg0.to_vec();
        }
        if options.has(b'l')
            && let Some(first) = argv.first_mut()
        {
            first.insert(0, b'-');
        }
        let found = shell.find_command(&name);
        let result = match found {
            Ok(path) => {
                shell.flush_errors().await;
                shell.exec_program(&path, argv.clone(), !options.has(b'c')).map_err(|e| (path, e))
            }
            Err(error) => Err((name.clone(), error)),
        };
        match result {
            Ok(program) => Err(Unwind::Exec(program)),
            Err((path, Errno::ENOEXEC)) => {
                // A script without `#!`: this process becomes its shell.
                let environ = shell.child_environ(&path);
                match shell.read_file(&path).await {
                    Ok(text) => {
                        let result = shell.become_script(path, argv, environ, text).await;
                        let status = match result {
                            Ok(()) => shell.env.status,
                            Err(Unwind::Exit(status) | Unwind::Error(status)) => status,
                            Err(unwind) => return Err(unwind),
                        };
                        Err(Unwind::Exit(status))
                    }
                    Err(error) => exec_failed(shell, &path, error),
                }
            }
            Err((path, error)) => exec_failed(shell, &path, error),
        }
    })
}

fn exec_failed(shell: &mut Shell, path: &[u8], error: Errno) -> Outcome<u8> {
    let missing = error == Errno::ENOENT;
    if missing && !path.contains(&b'/') {
        shell.complain(format!("{}: not found", lossy(path)));
    } else {
        let outer = shell.builtin.take_if(|_| missing);
        let text = if error == Errno::EACCES && shell.sys.is_dir(path) {
            "cannot execute: Is a directory".to_owned()
        } else if missing {
            error.message().to_owned()
        } else {
            format!("cannot execute: {}", error.message())
        };
        shell.complain(format!("{}: {text}", lossy(path)));
        shell.builtin = outer.or(shell.builtin);
    }
    let status = if missing { 127 } else { 126 };
    let stays = shell.env.shopt(Shopt::Execfail) || shell.interactive;
    if stays && !shell.in_subshell {
        return Ok(status);
    }
    Err(Unwind::Exit(status))
}
