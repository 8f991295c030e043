//! Pipelines: `a | b | c`, each element in a process of its own; `!`; `time`.

use std::sync::Arc;

use kernel::{FdAction, ForkAttrs, Pgid, Pid};

use super::Outcome;
use crate::env::{SetOption, Shopt};
use crate::shell::Shell;
use crate::syntax::ast::{Command, CompoundKind, Pipeline};
use crate::sys::{Deep, Fd};
use crate::unwind::Unwind;

impl Shell {
    pub(super) async fn run_pipeline(&mut self, pipeline: &Pipeline) -> Outcome {
        if pipeline.timed.is_some() {
            return Deep::new(self.run_timed(pipeline)).await;
        }
        self.run_untimed(pipeline).await
    }

    /// A pipeline without its `time`.
    pub(super) async fn run_untimed(&mut self, pipeline: &Pipeline) -> Outcome {
        let outer = self.tested;
        // As in bash, `!` shields what is inside from errexit only if that is on already.
        self.tested |= pipeline.negated && self.env.is(SetOption::Errexit);
        let result = match pipeline.commands.as_slice() {
            [] => {
                self.env.status = 0;
                Ok(false)
            }
            [command] => {
                let result = self.run_command(command, pipeline.negated).await;
                if let Err(Unwind::Error(status)) = result {
                    self.env.status = status;
                    self.set_pipe_status();
                } else if !is_transparent(command) {
                    self.set_pipe_status();
                }
                result
            }
            _ => Deep::new(self.run_elements(pipeline)).await.map(|()| false),
        };
        self.tested = outer;
        let unredirected = result?;
        if !pipeline.negated {
            return Ok(());
        }
        let in_subshell = matches!(pipeline.commands.as_slice(), [only] if is_subshell(only));
        // As in bash, `!` says nothing of a compound command that did not run.
        if unredirected && !in_subshell {
            return Ok(());
        }
        self.env.status = u8::from(self.env.status == 0);
        // As in bash, these count as negated.
        if let [Command::Compound(compound)] = pipeline.commands.as_slice()
            && (unredirected
                || matches!(compound.kind, CompoundKind::Cond(_) | CompoundKind::Arith(_)))
        {
            self.set_pipe_status();
        }
        Ok(())
    }

    /// `PIPESTATUS` of a pipeline of one.
    fn set_pipe_status(&mut self) {
        let status = self.env.status;
        match self.env.pipe_status.as_mut_slice() {
            [only] => *only = status,
            _ => self.env.pipe_status = vec![status],
        }
    }

    async fn run_elements(&mut self, pipeline: &Pipeline) -> Outcome {
        self.env.line = pipeline.span.line;
        let last = pipeline.commands.len() - 1;
        let monitor = self.env.is(SetOption::Monitor);
        let last_here = self.env.shopt(Shopt::Lastpipe) && !monitor;
        let mut pids: Vec<Pid> = Vec::new();
        let mut input: Option<Fd> = None;
        let mut here = None;
        for (position, command) in pipeline.commands.iter().enumerate() {
            if position == last && last_here {
                here = Some(command);
                break;
            }
            if let Command::Simple(simple) = command {
                self.announce(simple).await?;
            }
            let output = if position == last { None } else { Some(self.pipe()?) };
            let mut actions = Vec::new();
            if let Some(fd) = input {
                actions.push(FdAction::Dup2(fd, Fd::STDIN));
            }
            if let Some((_, write)) = output {
                actions.push(FdAction::Dup2(write, Fd::STDOUT));
                if pipeline.pipe_stderr.get(position).copied().unwrap_or_default() {
                    actions.push(FdAction::Dup2(Fd::STDOUT, Fd::STDERR));
                }
            }
            actions.extend(input.map(FdAction::Close));
            if let Some((read, write)) = output {
                actions.extend([FdAction::Close(read), FdAction::Close(write)]);
            }
            let pgid = monitor.then(|| Pgid(pids.first().map_or(0, |pid| pid.0)));
            let input_given = self.input_given;
            self.input_given |= input.is_some();
            let started = self.fork_command(Arc::new(command.clone()), ForkAttrs { pgid, actions });
            self.input_given = input_given;
            if let Some(fd) = input.take() {
                let _ = self.sys.close(fd);
            }
            if let Some((read, write)) = output {
                let _ = self.sys.close(write);
                input = Some(read);
            }
            pids.push(started?);
            if let (true, [leader]) = (monitor, pids.as_slice()) {
                self.give_terminal(Pgid(leader.0));
            }
        }
        let status_here = match here {
            Some(command) => Some(self.run_last_here(command, input.take()).await?),
            None => None,
        };
        let waited = self.wait_foreground(&pids, pipeline).await;
        if monitor {
            self.take_terminal();
        }
        let mut statuses = waited?;
        if here.is_none()
            && statuses.last().is_some_and(|status| *status != 0)
            && pipeline.commands.last().is_some_and(is_subshell)
            && !self.tested
            && !pipeline.negated
        {
            // Bash runs the trap for a subshell at the end, and again for the pipeline.
            self.run_err_trap().await?;
        }
        statuses.extend(status_here);
        self.set_pipeline_status(statuses);
        let failed = self.env.status != 0 && !pipeline.negated;
        if failed { self.after_failure().await } else { Ok(()) }
    }

    /// `lastpipe`: the last element in this very process.
    async fn run_last_here(&mut self, command: &Command, input: Option<Fd>) -> Outcome<u8> {
        let mut undo = Vec::new();
        if let Some(fd) = input {
            self.replace_fd(fd, Fd::STDIN, &mut undo);
            let _ = self.sys.close(fd);
        }
        let result = Deep::new(self.run_command(command, false)).await;
        self.restore_fds(undo);
        result?;
        Ok(self.env.status)
    }

    fn set_pipeline_status(&mut self, statuses: Vec<u8>) {
        let last = statuses.last().copied().unwrap_or_default();
        self.env.status = if self.env.is(SetOption::Pipefail) {
            statuses.iter().rev().copied().find(|status| *status != 0).unwrap_or_default()
        } else {
            last
        };
        self.env.pipe_status = statuses;
    }
}

fn is_subshell(command: &Command) -> bool {
    use crate::syntax::ast::CompoundKind;
    matches!(command, Command::Compound(compound) if matches!(compound.kind, CompoundKind::Subshell(_)))
}

/// Whether `PIPESTATUS` after the command is that of the last command inside it.
fn is_transparent(command: &Command) -> bool {
    use crate::syntax::ast::CompoundKind as Kind;
    match command {
        Command::Compound(compound) => {
            !matches!(compound.kind, Kind::Subshell(_) | Kind::Arith(_) | Kind::Cond(_))
        }
        Command::Function(_) => true,
        _ => false,
    }
}
