//! `agentos run` and `agentos wasm`: one command in a fresh sandbox.

use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use runtime::{Command, Ended, Output, Stream};

use crate::args::{Run, SandboxOptions, Wasm};
use crate::changes::Save;
use crate::sandbox;

/// How long what a script left in the background may go on writing.
const LINGER: Duration = Duration::from_secs(1);

/// Runs a script or a program; its exit status.
pub(crate) fn run(options: Run) -> Result<i32, String> {
    let from_stdin = options.script.as_deref() == Some("-");
    if from_stdin && options.sandbox.stdin {
        return Err("the script and the guest cannot both read standard input: give the script's text, or leave out --stdin".to_owned());
    }
    let script = match options.script {
        Some(_) if from_stdin => Some(read_stdin()?),
        Some(text) => Some(text.into_bytes()),
        None => None,
    };
    let save = Save::prepare(&options.sandbox)?;
    let mut sandbox = sandbox::build(&options.sandbox)?;
    let command = match script {
        Some(text) => sandbox.script(text),
        None => {
            let mut words = options.program.into_iter().map(OsStringExt::into_vec);
            let program = words.next().unwrap_or_default();
            sandbox.command(program).args(words)
        }
    };
    let code = finish(command, &options.sandbox)?;
    save.finish(&mut sandbox)?;
    Ok(code)
}

/// Runs a WASI program from the host's disk.
pub(crate) fn wasm(mut options: Wasm) -> Result<i32, String> {
    let mut words = options.program.into_iter();
    let file = PathBuf::from(words.next().unwrap_or_default());
    #[expect(clippy::disallowed_methods, reason = "the user names this file of the host")]
    let module = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    if !module.starts_with(b"\0asm") {
        return Err(format!("{}: not a WebAssembly module", file.display()));
    }
    let cwd = options.sandbox.cwd.get_or_insert_with(|| "/".to_owned()).clone();
    let save = Save::prepare(&options.sandbox)?;
    let mut sandbox = sandbox::build(&options.sandbox)?;
    let mounts = options.sandbox.mount.iter().map(|spec| (spec.guest.clone(), spec.at(&cwd)));
    let name = file.file_name().unwrap_or_default().to_owned().into_vec();
    let args = words.map(OsStringExt::into_vec);
    let mut command = sandbox.module(name, module).args(args).preopens(mounts).env_clear();
    for (name, value) in &options.sandbox.env {
        command = command.env(name, value);
    }
    let code = finish(command, &options.sandbox)?;
    save.finish(&mut sandbox)?;
    Ok(code)
}

fn read_stdin() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|error| format!("standard input: {error}"))?;
    Ok(bytes)
}

pub(crate) fn finish(mut command: Command<'_>, options: &SandboxOptions) -> Result<i32, String> {
    if options.stdin {
        command = command.stdin(read_stdin()?);
    }
    command = command.linger(LINGER);
    if options.json {
        let output = command.output().map_err(|error| error.to_string())?;
        explain(&output);
        print_json(&output)?;
        return Ok(output.exit_code);
    }
    let output = command.stream(pass_on).map_err(|error| error.to_string())?;
    explain(&output);
    Ok(output.exit_code)
}

/// Writes a piece of output; whether more of it is wanted.
fn pass_on(stream: Stream, bytes: &[u8]) -> bool {
    match stream {
        Stream::Stdout => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush()).is_ok()
        }
        Stream::Stderr => std::io::stderr().lock().write_all(bytes).is_ok(),
    }
}

/// Says on standard error why a command did not end by itself.
fn explain(output: &Output) {
    let mut text = match &output.ended {
        Ended::TimedOut => "agentos: timed out\n".to_owned(),
        Ended::Limit(limit) => format!("agentos: {limit}\n"),
        Ended::Deadlock(waits) => {
            format!("agentos: deadlock: nothing can run any more\n{}\n", waits.join("\n"))
        }
        _ => String::new(),
    };
    for limit in &output.limits_reached {
        if !matches!(&output.ended, Ended::Limit(known) if known == limit) {
            text.push_str(&format!("agentos: {limit}\n"));
        }
    }
    // Nobody is left to tell if this fails.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn print_json(output: &Output) -> Result<(), String> {
    let millis = u64::try_from(output.duration.as_millis()).unwrap_or(u64::MAX);
    let value = serde_json::json!({
        "stdout": output.stdout_text(),
        "stderr": output.stderr_text(),
        "stdoutDropped": output.stdout_dropped,
        "stderrDropped": output.stderr_dropped,
        "stdoutFile": output.stdout_file.as_ref().map(|file| &file.path),
        "stderrFile": output.stderr_file.as_ref().map(|file| &file.path),
        "exitCode": output.exit_code,
        "durationMs": millis,
        "fuel": output.fuel,
    });
    writeln!(std::io::stdout(), "{value}").map_err(|error| format!("standard output: {error}"))
}
