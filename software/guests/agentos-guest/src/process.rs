//! Starting other commands, as `env`, `xargs`, `timeout` and their like do.
//!
//! std's own `Command` has no processes on this target.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::wasi::ffi::OsStrExt;

use crate::sys;

/// A command to start: its words, and the environment that it gets.
#[derive(Clone, Debug)]
pub struct Command {
    words: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: OsString,
}

/// A started command. Dropping it neither ends it nor waits for it.
#[derive(Debug)]
pub struct Child {
    pid: u32,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Signaled(i32),
}

impl Command {
    /// The program and its arguments, with this process's environment and directory.
    pub fn new(words: Vec<OsString>) -> Self {
        Self { words, environment: std::env::vars_os().collect(), directory: OsString::new() }
    }

    /// Replaces the environment.
    #[must_use]
    pub fn environment(mut self, environment: Vec<(OsString, OsString)>) -> Self {
        self.environment = environment;
        self
    }

    /// Starts it in another directory, an absolute path.
    #[must_use]
    pub fn directory(mut self, directory: OsString) -> Self {
        self.directory = directory;
        self
    }

    /// Starts it with this process's standard input, output and error.
    ///
    /// # Errors
    /// - `NotFound`: there is no such program. Others: it cannot be run.
    pub fn spawn(&self) -> io::Result<Child> {
        let (argv, envp) = self.strings()?;
        let pid = sys::spawn(&argv, &envp, [0, 1, 2], self.directory.as_bytes())?;
        Ok(Child { pid })
    }

    /// Goes on as it, in this process: std's `CommandExt::exec`. Returns only if it fails.
    pub fn exec(&self) -> io::Error {
        let become_it = || -> io::Result<std::convert::Infallible> {
            let (argv, envp) = self.strings()?;
            if !self.directory.is_empty() {
                sys::chdir(self.directory.as_bytes())?;
            }
            Err(sys::exec(&argv, &envp))
        };
        let Err(error) = become_it();
        error
    }

    /// The words and the environment, each with a NUL behind it.
    fn strings(&self) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let (mut argv, mut envp) = (Vec::new(), Vec::new());
        for word in &self.words {
            push(&mut argv, &[word])?;
        }
        for (name, value) in &self.environment {
            push(&mut envp, &[name, OsStr::new("="), value])?;
        }
        Ok((argv, envp))
    }

    /// The program's name.
    pub fn program(&self) -> std::path::Display<'_> {
        std::path::Path::new(self.words.first().map_or(OsStr::new(""), OsString::as_os_str))
            .display()
    }
}

/// Adds one string, with the NUL that ends it; a NUL within it would make it two.
fn push(strings: &mut Vec<u8>, parts: &[&OsStr]) -> io::Result<()> {
    for part in parts {
        if part.as_bytes().contains(&0) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        strings.extend(part.as_bytes());
    }
    strings.push(0);
    Ok(())
}

impl Child {
    /// Waits until it has ended.
    ///
    /// # Errors
    /// As [`sys::waitpid`].
    pub fn wait(&self) -> io::Result<Status> {
        sys::waitpid(self.pid).map(Status::from_raw)
    }

    /// How it ended, or `None` if it still runs.
    ///
    /// # Errors
    /// As [`sys::try_waitpid`].
    pub fn try_wait(&self) -> io::Result<Option<Status>> {
        Ok(sys::try_waitpid(self.pid)?.map(Status::from_raw))
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// As [`sys::kill`].
    pub fn kill(&self, signal: u32) -> io::Result<()> {
        sys::kill(self.pid, signal)
    }
}

impl Status {
    fn from_raw(raw: u32) -> Self {
        match raw & 0x7f {
            0 => Self::Exited(i32::from((raw >> 8) as u8)),
            signal => Self::Signaled(signal as i32),
        }
    }

    /// As the shell's `$?` has it: 128 and the signal's number for a death by signal.
    pub fn code(self) -> i32 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(signal) => 128 + signal,
        }
    }
}

/// Becomes `command`; where that cannot be, exits as POSIX has it for utilities that run others: with
/// 127 for a command that is not there, 126 for one that cannot be run.
pub fn exec(name: &str, command: &Command) -> ! {
    refuse(name, command, &command.exec())
}

/// Starts `command`, or exits as [`exec`] does.
pub fn start(name: &str, command: &Command) -> Child {
    match command.spawn() {
        Ok(child) => child,
        Err(error) => refuse(name, command, &error),
    }
}

fn refuse(name: &str, command: &Command, error: &io::Error) -> ! {
    let status = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    crate::fail(name, status, &format!("{}: {}", command.program(), crate::strerror(error)))
}
