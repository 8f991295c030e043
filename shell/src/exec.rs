//! Running commands: the order of things, the status, errexit, what ends early.
//!
//! One file per command form below. Not here: words (`expand`), builtins (`builtin`).

pub(crate) mod assign;
pub(crate) mod background;
mod compound;
mod cond;
mod coproc;
pub(crate) mod external;
mod function;
pub(crate) mod job;
mod keyword;
mod pipeline;
pub(crate) mod redirect;
mod regex;
pub(crate) mod script;
mod select;
pub(crate) mod signal_message;
mod simple;
pub(crate) mod strftime;
pub(crate) mod subshell;
pub(crate) mod time;
pub(crate) mod trap;
mod xtrace;

use crate::env::SetOption;
use crate::shell::Shell;
use crate::syntax::ast::{AndOr, AndOrOp, Command, CompoundCommand, CompoundKind, List};
use crate::sys::Deep;
use crate::unwind::Unwind;

/// What running a command answers: its status is in `env.status`.
pub(crate) type Outcome<T = ()> = Result<T, Unwind>;

/// So deep may function calls, `source`, `eval` and traps nest. Bash has no limit and crashes
/// at some depth instead.
pub(crate) const MAX_DEPTH: u32 = 4_000;

/// What one command costs of a slice of fuel.
const COMMAND_FUEL: u64 = 50;

impl Shell {
    /// Runs a list.
    pub(crate) fn run_list<'a>(&'a mut self, list: &'a List) -> Deep<'a, Outcome> {
        Deep::new(async move {
            for item in &list.items {
                if self.env.is(SetOption::Noexec) && !self.interactive {
                    return Ok(());
                }
                if item.background {
                    self.run_background(&item.and_or).await?;
                } else {
                    self.run_and_or(&item.and_or).await?;
                }
            }
            Ok(())
        })
    }

    /// Runs a list whose failures do not count: the condition of `if` or a loop.
    async fn run_condition(&mut self, list: &List) -> Outcome {
        let outer = std::mem::replace(&mut self.tested, true);
        let result = self.run_list(list).await;
        self.tested = outer;
        result
    }

    pub(crate) async fn run_and_or(&mut self, and_or: &AndOr) -> Outcome {
        if and_or.rest.is_empty() {
            return self.run_pipeline(&and_or.first).await;
        }
        let outer = std::mem::replace(&mut self.tested, true);
        let mut result = self.run_pipeline(&and_or.first).await;
        for (position, (op, pipeline)) in and_or.rest.iter().enumerate() {
            if result.is_err() {
                break;
            }
            if (self.env.status == 0) != (*op == AndOrOp::And) {
                continue;
            }
            if position + 1 == and_or.rest.len() {
                self.tested = outer;
            }
            result = self.run_pipeline(pipeline).await;
        }
        self.tested = outer;
        result
    }

    /// Runs one command, and what its failure brings about. Whether it is a compound command that
    /// did not run because of its redirections.
    pub(crate) async fn run_command(&mut self, command: &Command, negated: bool) -> Outcome<bool> {
        self.between_commands().await?;
        let mut failed = false;
        let fails = match command {
            Command::Simple(simple) => {
                Deep::new(self.run_simple(simple)).await?;
                true
            }
            Command::Compound(compound) => {
                failed = Deep::new(self.run_compound(compound, false)).await?;
                failed || counts(compound)
            }
            Command::Function(definition) => {
                self.define_function(definition)?;
                true
            }
            Command::Coproc(coproc) => {
                self.run_coproc(coproc).await?;
                false
            }
        };
        if fails && self.env.status != 0 && !negated {
            self.after_failure().await?;
        }
        Ok(failed)
    }

    /// ERR and errexit.
    pub(crate) async fn after_failure(&mut self) -> Outcome {
        if self.tested {
            return Ok(());
        }
        self.run_err_trap().await?;
        if self.env.is(SetOption::Errexit) {
            return Err(Unwind::Exit(self.env.status));
        }
        Ok(())
    }

    /// Lets others run when the slice is spent; sends what waits; runs traps of signals.
    pub(crate) async fn between_commands(&mut self) -> Outcome {
        if !self.sys.charge(COMMAND_FUEL) {
            self.sys.yield_now().await;
        }
        if self.env.has_grown() {
            self.account()?;
        }
        if !self.jobs.list.is_empty() {
            // Of what ended just now `wait` may have to say it.
            self.report_deaths();
            self.reap();
        }
        self.flush_errors().await;
        if self.env.traps.is_empty() && self.pending.is_empty() && !self.interactive {
            return Ok(());
        }
        self.run_signal_traps().await
    }

    /// Asks for the memory that the environment takes.
    pub(crate) fn account(&mut self) -> Outcome {
        let bytes = self.env.measure();
        if self.sys.hold(bytes) { Ok(()) } else { Err(self.exhausted()) }
    }

    /// There is no memory for what is to be done. Bash ends here, too.
    pub(crate) fn exhausted(&mut self) -> Unwind {
        self.sys.refuse();
        self.builtin = None;
        self.complain("cannot allocate memory");
        self.env.status = 2;
        Unwind::Exit(2)
    }

    /// One level deeper, with bash's kind of message when that is too deep.
    pub(crate) fn enter(&mut self) -> Outcome {
        if self.depth >= MAX_DEPTH {
            self.complain(format!("maximum nesting level exceeded ({MAX_DEPTH})"));
            self.env.status = 1;
            return Err(Unwind::Error(1));
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

/// Whether it is the command's own failure that ERR and errexit see, not that of one inside.
fn counts(compound: &CompoundCommand) -> bool {
    let kind = &compound.kind;
    matches!(kind, CompoundKind::Subshell(_) | CompoundKind::Arith(_) | CompoundKind::Cond(_))
}
