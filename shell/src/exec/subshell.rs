//! Subshells: a copy of the environment in a process of its own.

use std::sync::Arc;

use kernel::{Disposition, ExitStatus, FdAction, ForkAttrs, Pgid, Pid, Signal};

use super::Outcome;
use super::trap::Running;
use crate::env::{SetOption, Shopt, TrapEvent};
use crate::shell::Shell;
use crate::syntax::ast::{
    Arg, Command, List, Redirect, RedirectFd, RedirectKind, SimpleCommand, Word, WordPart,
};
use crate::sys::{Body, Deep, Ending, Fd, Sys};
use crate::unwind::Unwind;

/// What a subshell is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// `( … )`, an element of a pipeline, a background job.
    Command,
    /// A simple command in a pipeline: it still knows this shell's jobs, and counts as no level.
    Simple,
    /// `$( … )`: errexit is not inherited unless asked for.
    Substitution,
}

impl Shell {
    /// The copy that a child process starts with. Its `sys` is set when it runs.
    fn copy(&self, purpose: Purpose, sys: Sys) -> Shell {
        let mut env = self.env.clone();
        env.subshell_level += u32::from(purpose != Purpose::Simple);
        env.host = Arc::new(sys.clone());
        let (err, debug) = (env.is(SetOption::Errtrace), env.is(SetOption::Functrace));
        env.traps = env.traps.for_subshell(|event| match event {
            TrapEvent::Err => err,
            TrapEvent::Debug | TrapEvent::Return => debug,
            TrapEvent::Exit | TrapEvent::Signal(_) => false,
        });
        env.options.set(SetOption::Monitor, false);
        if purpose == Purpose::Substitution
            && !env.shopt(Shopt::InheritErrexit)
            && !env.is(SetOption::Posix)
        {
            env.options.set(SetOption::Errexit, false);
        }
        let mut shell = Shell::new(env, sys, self.source.clone());
        if purpose != Purpose::Command {
            shell.jobs = self.jobs.clone();
        }
        if purpose == Purpose::Simple {
            shell.outer_exit = self.env.traps.get(TrapEvent::Exit).cloned();
        }
        shell.errexit_off = self.errexit_off;
        shell.tested = self.tested;
        shell.depth = self.depth;
        shell.in_trap = Running { exit: false, ..self.in_trap };
        shell.function_depth = self.function_depth;
        shell.in_subshell = true;
        shell.disabled = self.disabled.clone();
        shell.carets = self.carets;
        shell.input_given = self.input_given;
        shell.names_bash_command = self.names_bash_command;
        shell.trace_level = self.trace_level + u32::from(purpose == Purpose::Substitution);
        shell
    }

    /// Starts a subshell that runs `main` and exits with the status it leaves.
    ///
    /// # Errors
    /// `EAGAIN` at the limit of processes: said, status 254 as bash's.
    pub(crate) fn fork_with<M>(
        &mut self,
        purpose: Purpose,
        attrs: ForkAttrs,
        main: M,
    ) -> Outcome<Pid>
    where
        M: for<'s> FnOnce(&'s mut Shell) -> Deep<'s, Outcome> + Send + 'static,
    {
        let bytes = self.env.measure();
        // The copy is made now, while this shell is as the child has to find it.
        let mut child = self.copy(purpose, self.sys.clone());
        let reset = self.signals_to_reset();
        let body = Body::new(move |sys| async move {
            for signal in reset.iter() {
                let _ = sys.with(|k, pid| k.sigaction(pid, signal, Disposition::Default));
            }
            child.env.host = Arc::new(sys.clone());
            child.sys = sys;
            child.env.reseed_random();
            let result = main(&mut child).await;
            child.finish(result).await
        });
        // What the two share until one of them changes it is counted for both.
        if !self.sys.hold(bytes) || !body.hold(&self.sys, bytes) {
            return Err(self.exhausted());
        }
        match self.sys.fork(attrs, body) {
            Ok(pid) => {
                self.register_child(pid);
                Ok(pid)
            }
            Err(error) => {
                self.complain(format!("fork: {}", error.message()));
                self.env.status = 254;
                Err(Unwind::Exit(254))
            }
        }
    }

    /// Starts a subshell that runs one command; an external one takes the process over.
    pub(crate) fn fork_command(&mut self, command: Arc<Command>, attrs: ForkAttrs) -> Outcome<Pid> {
        let purpose = match &*command {
            Command::Simple(simple) if !self.calls_function(simple) => Purpose::Simple,
            _ => Purpose::Command,
        };
        self.fork_with(purpose, attrs, move |shell| {
            Deep::new(async move {
                match &*command {
                    Command::Simple(simple) => {
                        shell.replaceable = true;
                        let result = shell.run_announced(simple).await;
                        let failed = match result {
                            Err(Unwind::Error(_) | Unwind::Abandon(_)) => true,
                            Err(Unwind::Exit(_)) => shell.failed,
                            _ => false,
                        };
                        // An error of an expansion is no reason for bash to leave the trap alone.
                        if let (true, Some(action)) = (failed, shell.outer_exit.take()) {
                            shell.env.traps.set(TrapEvent::Exit, &action);
                        }
                        result
                    }
                    // `( … )` as an element needs no second process.
                    Command::Compound(compound) => match &compound.kind {
                        crate::syntax::ast::CompoundKind::Subshell(list)
                            if compound.redirects.is_empty() =>
                        {
                            shell.run_list(list).await
                        }
                        kind => {
                            shell.run_command(&command, false).await?;
                            if !matches!(kind, crate::syntax::ast::CompoundKind::Group(_)) {
                                // An EXIT trap that it has set goes with it, in bash.
                                shell.env.traps.reset(TrapEvent::Exit);
                            }
                            Ok(())
                        }
                    },
                    _ => shell.run_command(&command, false).await.map(|_| ()),
                }
            })
        })
    }

    /// Whether the command's name is written as that of a function.
    fn calls_function(&self, simple: &SimpleCommand) -> bool {
        let Some(Arg::Word(word)) = simple.words.first() else { return false };
        match word.parts.as_slice() {
            [WordPart::Literal(name)] => self.env.function(name).is_some(),
            _ => false,
        }
    }

    /// `( list )`
    pub(super) async fn run_subshell(&mut self, list: &Arc<List>) -> Outcome {
        let list = Arc::clone(list);
        let monitor = self.env.is(SetOption::Monitor);
        let attrs = ForkAttrs { pgid: monitor.then_some(Pgid(0)), actions: Vec::new() };
        let text = monitor.then(|| crate::syntax::print_inline(&list));
        let pid = self.fork_with(Purpose::Command, attrs, move |shell| {
            Deep::new(async move { shell.run_list(&list).await })
        })?;
        let Some(text) = text else {
            self.env.status = self.wait_child(pid).await?;
            return Ok(());
        };
        self.give_terminal(Pgid(pid.0));
        let status = self.wait_external(pid, [b"( ", &text[..], b" )"].concat()).await;
        self.take_terminal();
        self.env.status = status?;
        Ok(())
    }

    /// The output of `$( list )`, without the newlines at its end; the status is kept for `$?`.
    pub(crate) async fn run_command_substitution(&mut self, list: &Arc<List>) -> Outcome<Vec<u8>> {
        if list.items.is_empty() {
            self.substitution_status = Some(0);
            return Ok(Vec::new());
        }
        if let Some(word) = only_input(list) {
            return self.read_input_file(word).await;
        }
        let (read, write) = self.pipe()?;
        let list = Arc::clone(list);
        let actions =
            vec![FdAction::Dup2(write, Fd::STDOUT), FdAction::Close(write), FdAction::Close(read)];
        let attrs = ForkAttrs { pgid: None, actions };
        let started = self.fork_with(Purpose::Substitution, attrs, move |shell| {
            Deep::new(async move {
                shell.replaceable = only_simple(&list);
                shell.run_list(&list).await
            })
        });
        let _ = self.sys.close(write);
        let output = self.read_to_end(read).await;
        let _ = self.sys.close(read);
        let status = self.wait_child(started?).await?;
        self.env.status = status;
        self.substitution_status = Some(status);
        Ok(as_substituted(output?))
    }

    /// `$(< file)`: its contents, without a process of its own.
    async fn read_input_file(&mut self, word: &Word) -> Outcome<Vec<u8>> {
        let opened = self.open_input(word).await?;
        let fails = self.env.is(SetOption::Errexit);
        if let (None, true) = (opened, fails) {
            // Also where failing is tested.
            return Err(Unwind::Exit(self.env.status.max(1)));
        }
        let status = u8::from(opened.is_none());
        self.env.status = status;
        self.substitution_status = Some(status);
        let Some(fd) = opened else { return Ok(Vec::new()) };
        let output = self.read_to_end(fd).await;
        let _ = self.sys.close(fd);
        Ok(as_substituted(output?))
    }

    /// Reads until the end of file.
    pub(crate) async fn read_to_end(&mut self, fd: Fd) -> Outcome<Vec<u8>> {
        let mut output = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match self.sys.read(fd, &mut buffer).await {
                Ok(0) => break,
                Ok(count) => {
                    output.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    if output.len() > self.sys.room() {
                        return Err(self.exhausted());
                    }
                }
                Err(vfs::Errno::EINTR) => self.collect_signals(),
                Err(_) => break,
            }
        }
        Ok(output)
    }

    /// `<( list )` and `>( list )`: the name of a descriptor that is open until the command ends.
    pub(crate) fn process_substitution(
        &mut self,
        list: &Arc<List>,
        output: bool,
    ) -> Outcome<Vec<u8>> {
        let (read, write) = self.pipe()?;
        let (ours, theirs, target) =
            if output { (write, read, Fd::STDIN) } else { (read, write, Fd::STDOUT) };
        let list = Arc::clone(list);
        let actions =
            vec![FdAction::Dup2(theirs, target), FdAction::Close(theirs), FdAction::Close(ours)];
        let attrs = ForkAttrs { pgid: None, actions };
        let started = self.fork_with(Purpose::Command, attrs, move |shell| {
            Deep::new(async move {
                shell.trace_level += 1;
                shell.replaceable = only_simple(&list);
                shell.run_list(&list).await
            })
        });
        let _ = self.sys.close(theirs);
        let pid = started?;
        self.env.last_background = Some(pid.0);
        self.jobs.substitution = Some(pid);
        let high =
            self.sys.with(|kernel, pid| kernel.dup_min(pid, ours, Fd(63), kernel::CloseOnExec::No));
        let _ = self.sys.close(ours);
        match high {
            Ok(fd) => {
                self.process_substitutions.push(fd);
                Ok(format!("/dev/fd/{}", fd.0).into_bytes())
            }
            Err(error) => {
                self.complain(format!("cannot make pipe for process substitution: {error}"));
                Err(Unwind::Error(1))
            }
        }
    }

    /// Closes the process substitutions made since there were `kept`.
    pub(crate) fn close_process_substitutions(&mut self, kept: usize) {
        while self.process_substitutions.len() > kept {
            if let Some(fd) = self.process_substitutions.pop() {
                let _ = self.sys.close(fd);
            }
        }
    }

    pub(crate) fn pipe(&mut self) -> Outcome<(Fd, Fd)> {
        let pipe = self.sys.pipe().and_then(|(read, write)| {
            // Out of the way of descriptors that scripts name.
            let lift = |fd: Fd| -> vfs::Result<Fd> {
                if fd.0 >= 10 {
                    return Ok(fd);
                }
                let high = self.sys.dup_high(fd, kernel::CloseOnExec::Yes);
                let _ = self.sys.close(fd);
                high
            };
            Ok((lift(read)?, lift(write)?))
        });
        pipe.map_err(|error| {
            self.complain(format!("pipe error: {}", error.message()));
            self.env.status = 1;
            Unwind::Error(1)
        })
    }

    /// What the process does when its commands are done: EXIT trap, messages, status.
    pub(crate) async fn finish(&mut self, result: Outcome) -> Ending {
        let result = match result {
            // What the last command was sent has its turn before the end.
            Ok(()) => self.run_signal_traps().await,
            unwind => unwind,
        };
        let mut ending = None;
        let status = match result {
            Ok(()) | Err(Unwind::Break(_) | Unwind::Continue(_) | Unwind::Return) => {
                self.env.status
            }
            Err(Unwind::Exit(status) | Unwind::Error(status) | Unwind::Abandon(status)) => status,
            Err(Unwind::Killed(signal)) => {
                ending = Some(ExitStatus::Signaled(signal));
                self.env.status
            }
            Err(Unwind::Exec(program)) => return Ending::Exec(program),
        };
        self.env.status = status;
        if let Err(Unwind::Exec(program)) = self.run_exit_trap().await {
            return Ending::Exec(program);
        }
        self.flush_errors().await;
        Ending::Exit(ending.unwrap_or(ExitStatus::Exited(self.env.status)))
    }

    /// The signals a new child must not have caught are the kernel's to reset.
    pub(crate) fn collect_signals(&mut self) {
        while let Some(signal) = self.sys.take_signal() {
            self.note_signal(signal);
        }
    }

    fn note_signal(&mut self, signal: Signal) {
        self.pending.push(signal);
    }
}

/// Whether the list is one simple command, which may take the process over.
fn only_simple(list: &List) -> bool {
    simple_command(list).is_some()
}

fn simple_command(list: &List) -> Option<&SimpleCommand> {
    let [item] = list.items.as_slice() else { return None };
    let pipeline = &item.and_or.first;
    match pipeline.commands.as_slice() {
        [Command::Simple(command)]
            if !item.background
                && item.and_or.rest.is_empty()
                && !pipeline.negated
                && pipeline.timed.is_none() =>
        {
            Some(command)
        }
        _ => None,
    }
}

/// The file of a command that is nothing but `< file`, if the list is that.
fn only_input(list: &List) -> Option<&Word> {
    let command = simple_command(list)?;
    match command.redirects.as_slice() {
        [
            Redirect {
                fd: None | Some(RedirectFd::Number(0)), kind: RedirectKind::Read(word), ..
            },
        ] if command.words.is_empty() && command.assignments.is_empty() => Some(word),
        _ => None,
    }
}

/// The output of a command as it is substituted: no zeros, no newlines at the end.
fn as_substituted(mut output: Vec<u8>) -> Vec<u8> {
    output.retain(|byte| *byte != 0);
    while output.last() == Some(&b'\n') {
        output.pop();
    }
    output
}
