//! A running shell: one per process.
//!
//! What a subshell copies is `env`; what belongs to the process is beside it. Not here: what
//! commands do (`exec`), what words become (`expand`).

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::Signal;

use crate::env::{Env, SetOption};
use crate::exec::job::Jobs;
use crate::sys::{Fd, Sys};

/// The state of a shell process.
pub(crate) struct Shell {
    pub(crate) env: Env,
    pub(crate) sys: Sys,
    pub(crate) jobs: Jobs,
    /// What the running builtin has written; the executor passes it on to descriptor 1.
    pub(crate) out: Vec<u8>,
    /// Messages that descriptor 2 did not take at once.
    unsent: Vec<u8>,
    /// Caught signals whose traps have not run yet.
    pub(crate) pending: Vec<Signal>,
    /// Where failing commands do not count for errexit and ERR: conditions, `!`, `&&`, `||`.
    pub(crate) tested: bool,
    /// How many loops enclose the running command, in this function.
    pub(crate) loops: u32,
    /// How many functions, sourced files and `eval`s are running.
    pub(crate) depth: u32,
    /// Which traps are running.
    pub(crate) in_trap: crate::exec::trap::Running,
    /// Reads commands from a terminal.
    pub(crate) interactive: bool,
    /// The status of the last command substitution of the running command.
    pub(crate) substitution_status: Option<u8>,
    /// The name of the running builtin, for its messages.
    pub(crate) builtin: Option<&'static str>,
    /// Descriptors of process substitutions, closed when their command is done.
    pub(crate) process_substitutions: Vec<Fd>,
    /// How the shell was started: decides its messages.
    pub(crate) source: Source,
    /// How many functions are running.
    pub(crate) function_depth: u32,
    /// This process is a subshell.
    pub(crate) in_subshell: bool,
    /// The next simple command is the last of its process: a program may take it over.
    pub(crate) replaceable: bool,
    /// The builtins that `enable -n` turned off.
    pub(crate) disabled: BTreeSet<Vec<u8>>,
    /// An error of an expansion ends the shell.
    pub(crate) failed: bool,
    /// The EXIT trap of the shell that this is an element of a pipeline of.
    pub(crate) outer_exit: Option<crate::env::TrapAction>,
    /// `errexit` is off for this `eval` or sourced file, whose failing is tested.
    pub(crate) errexit_off: bool,
    /// `$?` when the running trap began: what `exit` without an argument leaves.
    pub(crate) trap_status: Option<u8>,
    /// `$?` when `return` ran.
    pub(crate) status_before_return: u8,
    /// How often the first character of `PS4` is repeated.
    pub(crate) trace_level: u32,
    /// A loop or a condition around what runs has its input redirected: commands in the
    /// background share it.
    pub(crate) input_given: bool,
    /// Syntax errors show a caret.
    pub(crate) carets: bool,
    /// What has been read so far mentions `BASH_COMMAND`: it is kept.
    pub(crate) names_bash_command: bool,
}

/// Where the commands come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// `-c text`
    Text,
    /// A script.
    File(Arc<[u8]>),
    /// Standard input.
    Stdin,
}

impl Shell {
    /// A shell around an environment.
    pub(crate) fn new(env: Env, sys: Sys, source: Source) -> Shell {
        Shell {
            env,
            sys,
            jobs: Jobs::default(),
            out: Vec::new(),
            unsent: Vec::new(),
            pending: Vec::new(),
            tested: false,
            loops: 0,
            depth: 0,
            in_trap: Default::default(),
            interactive: false,
            substitution_status: None,
            builtin: None,
            process_substitutions: Vec::new(),
            source,
            function_depth: 0,
            in_subshell: false,
            replaceable: false,
            disabled: BTreeSet::new(),
            failed: false,
            outer_exit: None,
            errexit_off: false,
            trap_status: None,
            status_before_return: 0,
            trace_level: 0,
            input_given: false,
            carets: false,
            names_bash_command: false,
        }
    }

    /// Writes `bash: line 3: message`, with the name of the running builtin before the message.
    ///
    /// Never waits: what descriptor 2 does not take now is sent before the next command.
    pub(crate) fn complain(&mut self, message: impl AsRef<[u8]>) {
        let mut text = self.message_prefix();
        if let Some(name) = self.builtin {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b": ");
        }
        text.extend_from_slice(message.as_ref());
        text.push(b'\n');
        self.print_error(&text);
    }

    /// Writes to descriptor 2 as it is, without waiting.
    pub(crate) fn print_error(&mut self, text: &[u8]) {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(text);
            return;
        }
        // An error of writing an error message has nowhere to go.
        if let Ok(sent) = self.sys.write_some(Fd::STDERR, text) {
            self.unsent.extend_from_slice(text.get(sent..).unwrap_or_default());
        }
    }

    /// Sends what `complain` could not send at once.
    pub(crate) async fn flush_errors(&mut self) {
        for warning in std::mem::take(&mut self.env.warnings) {
            self.complain(warning);
        }
        if !self.unsent.is_empty() {
            let text = std::mem::take(&mut self.unsent);
            let _ = self.sys.write_all(Fd::STDERR, &text).await;
        }
    }

    /// `bash: line 3: `
    pub(crate) fn message_prefix(&self) -> Vec<u8> {
        let frame = self.env.frames.last().map(|frame| &*frame.source);
        let mut text = match (frame.filter(|source| !source.is_empty()), &self.source) {
            (Some(source), _) if !self.interactive => source.to_vec(),
            (_, Source::File(path)) if !self.interactive => path.to_vec(),
            _ => self.env.arg0.to_vec(),
        };
        if self.interactive {
            text.extend_from_slice(b": ");
        } else {
            text.extend_from_slice(format!(": line {}: ", self.env.line).as_bytes());
        }
        text
    }

    /// Turns an option of `set` on or off, with what bash changes along with it.
    pub(crate) fn set_option(&mut self, option: SetOption, on: bool) {
        self.env.options.set(option, on);
        match option {
            SetOption::Emacs if on => self.env.options.set(SetOption::Vi, false),
            SetOption::Vi if on => self.env.options.set(SetOption::Emacs, false),
            _ => {}
        }
        if option == SetOption::Posix && on {
            self.env.shopts.set(crate::env::Shopt::ExpandAliases, true);
            if self.env.variables.get(b"POSIXLY_CORRECT").is_none() {
                let _ = self.env.assign(b"POSIXLY_CORRECT", b"y".to_vec(), crate::env::Mode::Set);
            }
        }
    }
}
