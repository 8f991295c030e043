//! Commands that are files: finding, starting, and what it means when that fails.

use std::sync::Arc;

use kernel::{Pgid, SigSet, Spawn};
use vfs::Errno;

use super::Outcome;
use crate::env::{SetOption, Shopt};
use crate::shell::Shell;
use crate::sys::Deep;
use crate::unwind::Unwind;

/// Where commands are searched when `PATH` is unset (bash's compiled-in value).
pub(crate) const DEFAULT_PATH: &[u8] =
    b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Shell {
    /// Runs a program and waits for it; in a process made for it alone, becomes it.
    pub(crate) async fn run_external(&mut self, args: Vec<Vec<u8>>, replace: bool) -> Outcome {
        let name = args.first().cloned().unwrap_or_default();
        let path = match self.find_command(&name) {
            Ok(path) => path,
            Err(error) => return self.not_found(&name, args, error).await,
        };
        if replace && self.env.traps.get(crate::env::TrapEvent::Exit).is_none() {
            self.flush_errors().await;
            return match self.exec_program(&path, args.clone(), true) {
                Err(Errno::ENOEXEC) => self.run_as_script(&path, args).await,
                Err(error) => {
                    self.cannot_execute(&path, error);
                    Ok(())
                }
                Ok(program) => Err(Unwind::Exec(program)),
            };
        }
        let monitor = self.env.is(SetOption::Monitor);
        let request = Spawn {
            path: path.clone(),
            argv: args.clone(),
            env: self.child_environ(&path),
            pgid: monitor.then_some(Pgid(0)),
            reset_signals: self.signals_to_reset(),
            ..Spawn::default()
        };
        match self.sys.spawn(request) {
            Ok(pid) => {
                self.register_child(pid);
                if monitor {
                    self.give_terminal(Pgid(pid.0));
                }
                let text = args.join(&b' ');
                let status = self.wait_external(pid, text).await;
                if monitor {
                    self.take_terminal();
                }
                self.env.status = status?;
            }
            Err(Errno::ENOEXEC) => return self.run_as_script(&path, args).await,
            Err(error) => self.cannot_execute(&path, error),
        }
        Ok(())
    }

    /// Signals that an interactive shell treats in its own way: default in children.
    pub(crate) fn signals_to_reset(&self) -> SigSet {
        let mut set = SigSet::default();
        if self.interactive {
            for signal in crate::start::INTERACTIVE_SIGNALS {
                let chosen = self.env.traps.get(crate::env::TrapEvent::signal(signal));
                if chosen.is_none_or(|action| !action.is_empty()) {
                    set.insert(signal);
                }
            }
        }
        set
    }

    /// The exported variables, with `_` as bash sets it.
    pub(crate) fn child_environ(&mut self, path: &[u8]) -> Vec<Vec<u8>> {
        let mut environ = self.env.environ().to_vec();
        environ.retain(|entry| !entry.starts_with(b"_="));
        for (name, function) in self.env.functions.iter().filter(|(_, f)| f.exported) {
            let text = crate::syntax::print_function(&function.definition);
            let start = text.iter().position(|byte| *byte == b'{').unwrap_or_default();
            let body = text.get(start..).unwrap_or_default();
            environ.push([b"BASH_FUNC_", &name[..], b"%%=() ", body].concat());
        }
        environ.push([b"_=", path].concat());
        environ
    }

    /// Loads a program for this very process.
    ///
    /// # Errors
    /// Those of `execve(2)`.
    pub(crate) fn exec_program(
        &mut self,
        path: &[u8],
        args: Vec<Vec<u8>>,
        with_environment: bool,
    ) -> vfs::Result<Box<dyn kernel::Program>> {
        let environ = if with_environment { self.child_environ(path) } else { Vec::new() };
        self.sys.exec(path, args, environ)
    }

    /// The path of a command: as given, remembered, or found.
    ///
    /// # Errors
    /// `ENOENT`; `EACCES` where only files without permission were found.
    pub(crate) fn find_command(&mut self, name: &[u8]) -> vfs::Result<Vec<u8>> {
        if name.contains(&b'/') {
            return Ok(name.to_vec());
        }
        if name.is_empty() {
            return Err(Errno::ENOENT);
        }
        let remembered = self.env.hash.get(name).map(|(path, _)| path.clone());
        let temporary = self.env.variables.depth_of(b"PATH").is_some_and(|depth| depth > 0);
        if let Some(path) = remembered.filter(|_| !temporary)
            && (!self.env.shopt(Shopt::Checkhash) || self.sys.is_executable(&path))
        {
            if let Some(entry) = Arc::make_mut(&mut self.env.hash).get_mut(name) {
                entry.1 = entry.1.saturating_add(1);
            }
            return Ok(path);
        }
        let path = self.search_path(name, None)?;
        if self.env.is(SetOption::Hashall)
            && !temporary
            && path.contains(&b'/')
            && !path.starts_with(b"./")
        {
            Arc::make_mut(&mut self.env.hash).insert(name.into(), (path.clone(), 1));
        }
        Ok(path)
    }

    /// Looks through `PATH`, or another list of directories.
    ///
    /// # Errors
    /// As `find_command`.
    pub(crate) fn search_path(&self, name: &[u8], path: Option<&[u8]>) -> vfs::Result<Vec<u8>> {
        let path = match path {
            Some(path) => path.to_vec(),
            None => match self.env.get(b"PATH") {
                Some(path) => path.into_owned(),
                None => DEFAULT_PATH.to_vec(),
            },
        };
        self.sys.with(|kernel, pid| kernel.find_in_path(pid, name, &path))
    }

    async fn not_found(&mut self, name: &[u8], args: Vec<Vec<u8>>, error: Errno) -> Outcome {
        let handler = b"command_not_found_handle";
        if error == Errno::ENOENT
            && let Some(function) = self.env.function(handler).cloned()
        {
            self.env.push_function();
            let result = Deep::new(self.call_function(&function, handler, args)).await;
            self.env.pop_scope();
            return result;
        }
        let (text, status) = match error {
            Errno::EACCES => ("Permission denied", 126),
            _ => ("command not found", 127),
        };
        self.complain([name, b": ", text.as_bytes()].concat());
        self.env.status = status;
        Ok(())
    }

    /// Says why a file does not run: 127 when it is not there, else 126.
    pub(crate) fn cannot_execute(&mut self, path: &[u8], error: Errno) {
        let is_dir = error == Errno::EACCES && self.sys.is_dir(path);
        if error == Errno::ENOENT && self.sys.stat(path).is_ok() {
            self.complain([path, b": cannot execute: required file not found"].concat());
            self.env.status = 127;
            return;
        }
        let text = if is_dir { Errno::EISDIR.message() } else { error.message() };
        self.complain([path, b": ", text.as_bytes()].concat());
        self.env.status = if matches!(error, Errno::ENOENT) { 127 } else { 126 };
    }

    /// A file without a format the system knows is a script of this shell.
    async fn run_as_script(&mut self, path: &[u8], args: Vec<Vec<u8>>) -> Outcome {
        let path = path.to_vec();
        let text = match self.read_file(&path).await {
            Ok(text) => text,
            Err(error) => {
                self.cannot_execute(&path, error);
                return Ok(());
            }
        };
        let first_line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if first_line.contains(&0) {
            let text: &[u8] = b": cannot execute binary file: Exec format error";
            self.complain([&path, text].concat());
            self.env.status = 126;
            return Ok(());
        }
        let environ = self.child_environ(&path);
        let fork = self.fork_with(
            super::subshell::Purpose::Command,
            kernel::ForkAttrs::default(),
            move |shell| {
                Deep::new(async move { shell.become_script(path, args, environ, text).await })
            },
        );
        let pid = fork?;
        let status = self.wait_child(pid).await?;
        self.env.status = status;
        Ok(())
    }
}
