//! Running commands of the host: shown as they run, and a failure is an error that names them.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A command of the host, run in the workspace's root.
pub(crate) struct Cmd {
    command: Command,
    loud: bool,
}

impl Cmd {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(workspace::root()).stdin(Stdio::null());
        Self { command, loud: true }
    }

    /// The cargo that runs this tool.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Does not show the command line.
    pub(crate) fn quiet(mut self) -> Self {
        self.loud = false;
        self
    }

    /// Gives the command a file as its standard input.
    pub(crate) fn stdin_file(mut self, file: &Path) -> Result<Self> {
        let opened = std::fs::File::open(file);
        let opened = opened.with_context(|| format!("cannot read {}", file.display()))?;
        self.command.stdin(opened);
        Ok(self)
    }

    /// Gives the command this process's standard input.
    pub(crate) fn stdin_inherited(mut self) -> Self {
        self.command.stdin(Stdio::inherit());
        self
    }

    /// Runs it; a status other than 0 is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        let status = self.status_shown()?;
        if !status.success() {
            bail!("`{line}` failed: {status}");
        }
        Ok(())
    }

    /// Runs it and gives its status.
    pub(crate) fn status(mut self) -> Result<ExitStatus> {
        self.status_shown()
    }

    fn status_shown(&mut self) -> Result<ExitStatus> {
        let line = self.line();
        if self.loud {
            eprintln!("+ {line}");
        }
        self.command.status().with_context(|| format!("cannot run `{line}`"))
    }

    /// Runs it and gives what it printed; a status other than 0 is an error with its messages.
    pub(crate) fn output(mut self) -> Result<String> {
        let line = self.line();
        let output = self.command.output().with_context(|| format!("cannot run `{line}`"))?;
        if !output.status.success() {
            let messages = String::from_utf8_lossy(&output.stderr);
            bail!("`{line}` failed: {}\n{}", output.status, messages.trim_end());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it and gives its status and the bytes that it printed.
    pub(crate) fn finished(mut self) -> Result<Output> {
        let line = self.line();
        self.command.output().with_context(|| format!("cannot run `{line}`"))
    }

    /// Runs it and gives each line of its standard output as it comes; a status other than 0 is an
    /// error.
    pub(crate) fn run_lines(mut self, mut each: impl FnMut(&str)) -> Result<()> {
        let line = self.line();
        if self.loud {
            eprintln!("+ {line}");
        }
        let cannot = || format!("cannot run `{line}`");
        let mut child = self.command.stdout(Stdio::piped()).spawn().with_context(cannot)?;
        if let Some(stdout) = child.stdout.take() {
            for text in BufReader::new(stdout).split(b'\n') {
                each(&String::from_utf8_lossy(&text.with_context(cannot)?));
            }
        }
        let status = child.wait().with_context(cannot)?;
        if !status.success() {
            bail!("`{line}` failed: {status}");
        }
        Ok(())
    }

    fn line(&self) -> String {
        std::iter::once(self.command.get_program())
            .chain(self.command.get_args())
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }
}
