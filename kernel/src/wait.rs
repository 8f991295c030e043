//! `waitpid`: learning how children ended, stopped or went on.

use core::task::Poll;

use bitflags::bitflags;
use vfs::{Errno, Result};

use crate::kernel::System;
use crate::process::{Process, Run};
use crate::wait_queue::WaitOn;
use crate::{Kernel, Pgid, Pid, Signal};

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExitStatus {
    /// By itself, with this status.
    Exited(u8),
    /// By a signal.
    Signaled(Signal),
}

impl ExitStatus {
    /// Status 0.
    pub const SUCCESS: ExitStatus = ExitStatus::Exited(0);

    /// What `$?` shows: the status, or 128 and the signal's number.
    pub const fn shell_status(self) -> u8 {
        match self {
            ExitStatus::Exited(status) => status,
            ExitStatus::Signaled(signal) => 128 + signal.number(),
        }
    }

    /// Whether it ended by itself with status 0.
    pub const fn is_success(self) -> bool {
        matches!(self, ExitStatus::Exited(0))
    }
}

/// What `waitpid` reports of a child.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WaitStatus {
    /// It ended by itself.
    Exited(u8),
    /// A signal ended it.
    Signaled(Signal),
    /// A signal stopped it.
    Stopped(Signal),
    /// `SIGCONT` let it go on.
    Continued,
}

impl From<ExitStatus> for WaitStatus {
    fn from(status: ExitStatus) -> WaitStatus {
        match status {
            ExitStatus::Exited(status) => WaitStatus::Exited(status),
            ExitStatus::Signaled(signal) => WaitStatus::Signaled(signal),
        }
    }
}

/// Which children `waitpid` asks about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WaitTarget {
    /// All.
    Any,
    /// One.
    Pid(Pid),
    /// The members of a group.
    Group(Pgid),
}

bitflags! {
    /// Options of `waitpid`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct WaitOptions: u32 {
        /// `WNOHANG`: do not wait.
        const NOHANG = 1 << 0;
        /// `WUNTRACED`: report stopped children too.
        const UNTRACED = 1 << 1;
        /// `WCONTINUED`: report continued children too.
        const CONTINUED = 1 << 2;
        /// `WNOWAIT`: leave the child as it is, to be reported again.
        const NOWAIT = 1 << 3;
    }
}

impl WaitTarget {
    pub(crate) fn matches(self, child: &Process) -> bool {
        match self {
            WaitTarget::Any => true,
            WaitTarget::Pid(pid) => child.pid == pid,
            WaitTarget::Group(pgid) => child.pgid == pgid,
        }
    }
}

impl Kernel {
    /// Waits for a child to end, or as the options say to stop or go on; `None` only with
    /// `NOHANG`. A child that has ended is gone afterwards.
    ///
    /// Reference: POSIX `waitpid`.
    ///
    /// # Errors
    /// - `ECHILD`: there is no such child.
    /// - `EINTR`: a caught signal is pending.
    /// - `ESRCH`: `pid` is no process.
    pub fn waitpid(
        &mut self,
        pid: Pid,
        target: WaitTarget,
        options: WaitOptions,
    ) -> Poll<Result<Option<(Pid, WaitStatus)>>> {
        let system = self.sys();
        let result = system.waitpid(pid, target, options);
        system.trace(pid, "waitpid", &result, |_| format!("{target:?}, {options:?}"));
        result
    }
}

impl System {
    fn waitpid(
        &mut self,
        pid: Pid,
        target: WaitTarget,
        options: WaitOptions,
    ) -> Poll<Result<Option<(Pid, WaitStatus)>>> {
        let process = self.processes.get(pid)?;
        if process.is_halted() {
            return Poll::Pending;
        }
        let mut found = None;
        let mut matched = false;
        for child in process.children.iter().filter_map(|c| self.processes.get(*c).ok()) {
            if target.matches(child) && child.run != Run::Embryo {
                matched = true;
                found = report(child, options).map(|status| (child.pid, status));
                if found.is_some() {
                    break;
                }
            }
        }
        if let Some((child, status)) = found {
            if !options.contains(WaitOptions::NOWAIT) {
                self.consume_report(child, status);
            }
            return Poll::Ready(Ok(found));
        }
        if !matched {
            return Poll::Ready(Err(Errno::ECHILD));
        }
        if options.contains(WaitOptions::NOHANG) {
            return Poll::Ready(Ok(None));
        }
        self.block(pid, WaitOn::Child(target))?;
        Poll::Pending
    }

    fn consume_report(&mut self, child: Pid, status: WaitStatus) {
        match status {
            WaitStatus::Exited(_) | WaitStatus::Signaled(_) => self.reap(child),
            WaitStatus::Stopped(_) => {
                if let Ok(child) = self.processes.get_mut(child) {
                    child.stop_report = None;
                }
            }
            WaitStatus::Continued => {
                if let Ok(child) = self.processes.get_mut(child) {
                    child.continue_report = false;
                }
            }
        }
    }
}

fn report(child: &Process, options: WaitOptions) -> Option<WaitStatus> {
    if let Run::Zombie(status) = child.run {
        return Some(status.into());
    }
    if options.contains(WaitOptions::UNTRACED)
        && let Some(signal) = child.stop_report
    {
        return Some(WaitStatus::Stopped(signal));
    }
    (options.contains(WaitOptions::CONTINUED) && child.continue_report)
        .then_some(WaitStatus::Continued)
}
