//! What a command of agentos needs beside std.
//!
//! - [`main`]: the common start of every program here.
//! - [`fs`]: what files are beside their content.
//! - [`posix`]: sessions, groups, locks, pipes, and processes with descriptors of their own.
//! - [`process`]: starting other commands and waiting for them.
//! - [`sys`]: the calls that WASI preview1 lacks.
//!
//! This code runs inside the sandbox: `unsafe` here is a risk to the command, not to the host.

pub mod fs;
pub mod posix;
pub mod process;
pub mod sys;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

/// A command's entry, as uutils spells it: arguments with `argv[0]`, to an exit status.
pub type Entry = fn(std::vec::IntoIter<OsString>) -> i32;

/// Runs the applet that `argv[0]` names, or the first one, and exits with its status.
pub fn main(applets: &[(&'static str, Entry)]) -> ! {
    let args: Vec<OsString> = std::env::args_os().collect();
    let called = args.first().map(|arg| Path::new(arg).file_name().unwrap_or(arg));
    let (name, entry) = applets
        .iter()
        .find(|(name, _)| called.is_some_and(|called| called == *name))
        .unwrap_or(&applets[0]);
    enter_directory(name);
    uucore::panic::mute_sigpipe_panic();
    if let Err(error) = uucore::locale::setup_localization(catalogue(name)) {
        fail(name, 99, &format!("messages: {error}"));
    }
    let status = entry(args.into_iter());
    if let Err(error) = std::io::stdout().flush() {
        fail(name, 1, &format!("write error: {error}"));
    }
    std::process::exit(status)
}

/// The name of an applet's catalogue of messages: uutils has one for each crate.
fn catalogue(name: &str) -> &str {
    match name {
        "[" => "test",
        "dir" | "vdir" => "ls",
        _ => name,
    }
}

/// Takes over the directory that the parent chose: preview1 starts every program in `/`.
///
/// A directory that is gone or unreadable ends the program: from `/`, a relative path would name
/// another file than the one the user meant.
pub fn enter_directory(name: &str) {
    let directory = match sys::getcwd() {
        Ok(directory) => directory,
        Err(_) => match std::env::var_os("PWD") {
            Some(directory) => directory,
            None => return,
        },
    };
    if directory == "/" {
        return;
    }
    if let Err(error) = std::env::set_current_dir(&directory) {
        let directory = Path::new(&directory).display();
        fail(name, 1, &format!("cannot enter the current directory '{directory}': {error}"));
    }
}

/// Prints `name: message` to standard error and exits.
pub fn fail(name: &str, status: i32, message: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "{name}: {message}");
    std::process::exit(status)
}

/// The text of an error without std's `(os error 44)`: as `strerror` gives it.
pub fn strerror(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// A name between quotes, as GNU's tools put it into their messages.
pub fn quote(name: &std::ffi::OsStr) -> String {
    let text = name.to_string_lossy();
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

/// Prints what is wrong with a command line, and where there is help; exits.
pub fn usage(name: &str, status: i32, message: &str) -> ! {
    fail(name, status, &format!("{message}\nTry '{name} --help' for more information."))
}

/// Writes to standard output; when that is not possible, the program ends.
pub fn print(name: &str, text: &[u8]) {
    if let Err(error) = std::io::stdout().write_all(text) {
        fail(name, 1, &format!("write error: {}", strerror(&error)));
    }
}
