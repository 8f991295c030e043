//! Traps: when they run, and where they are not seen.

use kernel::{Disposition, Signal};

use super::Outcome;
use crate::env::{Function, SetOption, Shopt, TrapAction, TrapEvent};
use crate::shell::Shell;
use crate::unwind::Unwind;

/// The signals that end a process: a shell with an EXIT trap runs it first. Those of bash.
const FATAL: [Signal; 9] = [
    Signal::HUP,
    Signal::INT,
    Signal::ABRT,
    Signal::PIPE,
    Signal::ALRM,
    Signal::TERM,
    Signal::USR1,
    Signal::USR2,
    Signal::SYS,
];

/// Which traps are running: they do not start themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Running {
    pub(crate) exit: bool,
    pub(crate) err: bool,
    pub(crate) debug: bool,
    pub(crate) returning: bool,
}

impl Running {
    pub(crate) fn any(self) -> bool {
        self.exit || self.err || self.debug || self.returning
    }
}

/// Which line a trap's first command is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    /// 1: of signals and EXIT.
    First,
    /// That of the command before: of ERR, DEBUG and RETURN.
    Interrupted,
}

/// The traps a function call hides.
pub(super) struct Hidden {
    err: Option<TrapAction>,
    debug: Option<TrapAction>,
    returning: Option<TrapAction>,
}

impl Shell {
    /// Runs a trap's commands; `$?` is as before afterwards.
    async fn run_trap_action(&mut self, action: &TrapAction, line: Line) -> Outcome {
        let status = self.env.status;
        let pipe_status = self.env.pipe_status.clone();
        let outer_line = self.env.line;
        let line = match line {
            Line::First => 1,
            Line::Interrupted => outer_line,
        };
        let tested = self.tested;
        let outer_builtin = self.builtin.take();
        let replaceable = std::mem::take(&mut self.replaceable);
        let outer_status = self.trap_status.replace(status);
        let result = self.run_text(action, line, "trap").await;
        self.trap_status = outer_status;
        self.replaceable = replaceable;
        self.builtin = outer_builtin;
        self.tested = tested;
        self.env.line = outer_line;
        match result {
            Ok(()) => {
                self.env.status = status;
                self.env.pipe_status = pipe_status;
                Ok(())
            }
            // `return` in a trap returns from the function that was interrupted.
            Err(unwind) => Err(unwind),
        }
    }

    /// Runs the traps of the signals that have arrived.
    pub(crate) async fn run_signal_traps(&mut self) -> Outcome {
        self.collect_signals();
        while !self.pending.is_empty() {
            let signal = self.pending.remove(0);
            self.run_signal_trap(signal).await?;
        }
        Ok(())
    }

    async fn run_signal_trap(&mut self, signal: Signal) -> Outcome {
        match self.env.traps.get(TrapEvent::signal(signal)).cloned() {
            Some(action) if !action.is_empty() => self.run_trap_action(&action, Line::First).await,
            Some(_) => Ok(()),
            None if self.interactive && signal == Signal::INT => {
                self.print_error(b"\n");
                Err(Unwind::Error(128 + Signal::INT.number()))
            }
            None if self.kills(signal) => Err(Unwind::Killed(signal)),
            None => Ok(()),
        }
    }

    /// Whether a signal ends this shell, but by way of its EXIT trap.
    fn kills(&self, signal: Signal) -> bool {
        !self.interactive
            && FATAL.contains(&signal)
            && self.env.traps.get(TrapEvent::signal(signal)).is_none()
            && self.env.traps.get(TrapEvent::Exit).is_some_and(|action| !action.is_empty())
    }

    /// A signal that has arrived and ends this shell at once, whatever it waits for.
    pub(super) fn killed(&self) -> Outcome {
        match self.pending.iter().find(|signal| self.kills(**signal)) {
            Some(signal) => Err(Unwind::Killed(*signal)),
            None => Ok(()),
        }
    }

    pub(crate) async fn run_exit_trap(&mut self) -> Outcome {
        let Some(action) = self.env.traps.get(TrapEvent::Exit).cloned() else { return Ok(()) };
        if action.is_empty() || self.in_trap.exit {
            return Ok(());
        }
        self.in_trap.exit = true;
        self.env.traps.reset(TrapEvent::Exit);
        self.tested = false;
        self.loops = 0;
        let result = self.run_trap_action(&action, Line::First).await;
        match result {
            Err(Unwind::Exit(status) | Unwind::Error(status) | Unwind::Abandon(status)) => {
                self.env.status = status;
                Ok(())
            }
            Err(Unwind::Exec(program)) => Err(Unwind::Exec(program)),
            _ => Ok(()),
        }
    }

    pub(super) async fn run_err_trap(&mut self) -> Outcome {
        if self.in_trap.err {
            return Ok(());
        }
        let Some(action) = self.env.traps.get(TrapEvent::Err).cloned() else { return Ok(()) };
        if action.is_empty() {
            return Ok(());
        }
        self.in_trap.err = true;
        let result = crate::sys::Deep::new(self.run_trap_action(&action, Line::Interrupted)).await;
        self.in_trap.err = false;
        result
    }

    pub(super) async fn run_debug_trap(&mut self) -> Outcome {
        if self.in_trap.debug || self.env.traps.is_empty() {
            return Ok(());
        }
        let Some(action) = self.env.traps.get(TrapEvent::Debug).cloned() else { return Ok(()) };
        if action.is_empty() {
            return Ok(());
        }
        self.in_trap.debug = true;
        let result = crate::sys::Deep::new(self.run_trap_action(&action, Line::Interrupted)).await;
        self.in_trap.debug = false;
        result
    }

    /// With functrace, a call is announced before its first command.
    pub(super) async fn run_debug_trap_of_call(&mut self) -> Outcome {
        self.run_debug_trap().await
    }

    /// What a function's or a file's last command left: the RETURN trap runs. In it, `$?` is as
    /// before `return`.
    pub(crate) async fn end_call(&mut self, result: Outcome) -> Outcome {
        let status = self.env.status;
        match result {
            Ok(()) => {}
            Err(Unwind::Return) => self.env.status = self.status_before_return,
            Err(unwind) => return Err(unwind),
        }
        let result = self.run_return_trap().await;
        if result.is_ok() {
            self.env.status = status;
        }
        result
    }

    async fn run_return_trap(&mut self) -> Outcome {
        if self.in_trap.returning || self.env.traps.is_empty() {
            return Ok(());
        }
        let Some(action) = self.env.traps.get(TrapEvent::Return).cloned() else { return Ok(()) };
        if action.is_empty() {
            return Ok(());
        }
        self.in_trap.returning = true;
        let result = crate::sys::Deep::new(self.run_trap_action(&action, Line::Interrupted)).await;
        self.in_trap.returning = false;
        result
    }

    /// A function sees ERR, DEBUG and RETURN only with errtrace, functrace or its trace flag.
    pub(super) fn hide_traps(&mut self, function: &Function) -> Hidden {
        let mut hidden = Hidden { err: None, debug: None, returning: None };
        if self.env.traps.is_empty() {
            return hidden;
        }
        let traced =
            function.traced || self.env.is(SetOption::Functrace) || self.env.shopt(Shopt::Extdebug);
        if !self.env.is(SetOption::Errtrace) {
            hidden.err = self.take_trap(TrapEvent::Err);
        }
        if !traced {
            hidden.debug = self.take_trap(TrapEvent::Debug);
            hidden.returning = self.take_trap(TrapEvent::Return);
        }
        hidden
    }

    fn take_trap(&mut self, event: TrapEvent) -> Option<TrapAction> {
        let action = self.env.traps.get(event).cloned()?;
        self.env.traps.reset(event);
        Some(action)
    }

    /// What was hidden is in force again, unless the function set its own.
    pub(super) fn show_traps(&mut self, hidden: Hidden) {
        let events = [
            (TrapEvent::Err, hidden.err),
            (TrapEvent::Debug, hidden.debug),
            (TrapEvent::Return, hidden.returning),
        ];
        for (event, action) in events {
            if let Some(action) = action
                && self.env.traps.get(event).is_none()
            {
                self.env.traps.set(event, &action);
            }
        }
    }

    /// Ignores signals until they are armed again.
    pub(super) fn ignore(&mut self, signals: [Signal; 2]) {
        for signal in signals {
            let _ = self.sys.with(|kernel, pid| kernel.sigaction(pid, signal, Disposition::Ignore));
        }
    }

    /// Makes the kernel's disposition of a signal fit its trap.
    pub(crate) fn arm(&mut self, event: TrapEvent) {
        if event == TrapEvent::Exit {
            for signal in FATAL {
                self.arm(TrapEvent::signal(signal));
            }
        }
        let TrapEvent::Signal(number) = event else { return };
        let Some(signal) = Signal::from_number(u32::from(number)) else { return };
        let disposition = match self.env.traps.get(event) {
            Some(action) if action.is_empty() => Disposition::Ignore,
            Some(_) => Disposition::Catch,
            None if self.kills(signal) => Disposition::Catch,
            None => Disposition::Default,
        };
        // KILL and STOP cannot be changed; bash does not say so either.
        let _ = self.sys.with(|kernel, pid| kernel.sigaction(pid, signal, disposition));
    }
}
