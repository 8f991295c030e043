//! `command &`

use std::sync::Arc;

use kernel::{FdAction, ForkAttrs, Pgid, Signal};
use vfs::{Mode, OFlags};

use super::Outcome;
use super::job::JobState;
use crate::env::{SetOption, TrapEvent};
use crate::shell::Shell;
use crate::syntax::ast::{AndOr, Command, Pipeline};
use crate::sys::{Deep, Fd};

impl Shell {
    /// Starts an and-or list as a job. Without job control its input is empty.
    pub(super) async fn run_background(&mut self, and_or: &Arc<AndOr>) -> Outcome {
        self.between_commands().await?;
        self.env.line = and_or.first.span.line;
        if let (true, [Command::Simple(simple)]) =
            (and_or.rest.is_empty(), and_or.first.commands.as_slice())
        {
            self.announce(simple).await?;
        }
        let monitor = self.env.is(SetOption::Monitor);
        let mut actions = Vec::new();
        if !monitor && !self.interactive && !self.input_given {
            actions.push(FdAction::Open {
                fd: Fd::STDIN,
                path: b"/dev/null".to_vec(),
                flags: OFlags::READ,
                mode: Mode::new(0),
            });
        }
        let attrs = ForkAttrs { pgid: monitor.then_some(Pgid(0)), actions };
        let job = without_negation(and_or);
        if !monitor {
            // Without job control, it ignores them (POSIX XCU 2.12) from its first instant on.
            self.ignore([Signal::INT, Signal::QUIT]);
        }
        let started = self.fork_with(super::subshell::Purpose::Command, attrs, move |shell| {
            Deep::new(async move {
                if !monitor {
                    shell.env.traps.set(TrapEvent::signal(Signal::INT), b"");
                }
                let single = job.rest.is_empty()
                    && job.first.timed.is_none()
                    && job.first.commands.len() == 1;
                match job.first.commands.first() {
                    Some(Command::Simple(simple)) if single => {
                        shell.replaceable = true;
                        shell.run_announced(simple).await
                    }
                    Some(Command::Compound(compound)) if single => match &compound.kind {
                        crate::syntax::ast::CompoundKind::Subshell(list)
                            if compound.redirects.is_empty() =>
                        {
                            shell.run_list(list).await
                        }
                        _ => shell.run_and_or(&job).await,
                    },
                    _ => shell.run_and_or(&job).await,
                }
            })
        });
        if !monitor {
            for signal in [Signal::INT, Signal::QUIT] {
                self.arm(TrapEvent::signal(signal));
            }
        }
        let pid = started?;
        self.env.last_background = Some(pid.0);
        let command = crate::syntax::print_and_or(and_or);
        let pgid = monitor.then_some(Pgid(pid.0));
        let id = self.jobs.add(vec![pid], pgid, command, JobState::Running);
        if self.interactive {
            self.print_error(format!("[{id}] {}\n", pid.0).as_bytes());
        }
        self.env.status = 0;
        Ok(())
    }
}

/// As in bash, `!` says nothing of a pipeline in the background.
fn without_negation(and_or: &Arc<AndOr>) -> Arc<AndOr> {
    if !and_or.first.negated || !and_or.rest.is_empty() {
        return Arc::clone(and_or);
    }
    let first = Pipeline { negated: false, ..and_or.first.clone() };
    Arc::new(AndOr { first, ..(**and_or).clone() })
}
