//! Deadlines: sleeping processes and alarms, earliest first.
//!
//! Not here: the clock itself (`clock`).

use core::task::Poll;
use std::collections::BTreeSet;

use vfs::{Errno, Result};

use crate::kernel::System;
use crate::wait_queue::WaitOn;
use crate::{Kernel, Pid, Signal};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Wake,
    Alarm,
}

/// Pending deadlines: at most one sleep and one alarm for each process.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    set: BTreeSet<(u64, Pid, Kind)>,
}

impl Timers {
    pub(crate) fn len(&self) -> usize {
        self.set.len()
    }

    /// The earliest deadline, on the monotonic clock.
    pub(crate) fn earliest(&self) -> Option<u64> {
        self.set.first().map(|(deadline, ..)| *deadline)
    }

    fn pop_due(&mut self, now: u64) -> Option<(Pid, Kind)> {
        let (deadline, pid, kind) = *self.set.first()?;
        if deadline > now {
            return None;
        }
        self.set.pop_first();
        Some((pid, kind))
    }
}

impl Kernel {
    /// Waits until the monotonic clock shows this time. Analogous to `clock_nanosleep(2)`.
    ///
    /// # Errors
    /// - `EINTR`: a caught signal is pending.
    /// - `ESRCH`: no such process.
    pub fn sleep_until(&mut self, pid: Pid, monotonic_ns: u64) -> Poll<Result<()>> {
        let system = self.sys();
        let result = system.sleep_until(pid, monotonic_ns);
        system.trace(pid, "clock_nanosleep", &result, |_| monotonic_ns.to_string());
        result
    }

    /// Waits on the clock, in the driver's place: what a driver does after
    /// [`Outcome::Idle`](crate::Outcome::Idle) if it has nothing to feed.
    pub fn idle_until(&mut self, monotonic_ns: u64) {
        self.sys().clock.sleep_until(monotonic_ns);
    }

    /// Waits for a caught signal: `pause(2)`. Never ready but by `EINTR`.
    ///
    /// # Errors
    /// - `EINTR`: a caught signal is pending.
    /// - `ESRCH`: no such process.
    pub fn pause(&mut self, pid: Pid) -> Poll<Result<()>> {
        let system = self.sys();
        if system.processes.get(pid)?.is_halted() {
            return Poll::Pending;
        }
        system.block(pid, WaitOn::Signal)?;
        Poll::Pending
    }

    /// Sends `SIGALRM` when the monotonic clock shows this time; `None` cancels. Answers the
    /// deadline that was set before. Analogous to `alarm(2)` and `setitimer(2)`.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn alarm(&mut self, pid: Pid, deadline: Option<u64>) -> Result<Option<u64>> {
        let system = self.sys();
        let process = system.processes.get_mut(pid)?;
        if process.is_zombie() {
            return Err(Errno::ESRCH);
        }
        let old = core::mem::replace(&mut process.alarm, deadline);
        if let Some(old) = old {
            system.timers.set.remove(&(old, pid, Kind::Alarm));
        }
        if let Some(deadline) = deadline {
            system.timers.set.insert((deadline, pid, Kind::Alarm));
        }
        Ok(old)
    }
}

impl System {
    fn sleep_until(&mut self, pid: Pid, monotonic_ns: u64) -> Poll<Result<()>> {
        if self.processes.get(pid)?.is_halted() {
            return Poll::Pending;
        }
        if self.clock.monotonic() >= monotonic_ns {
            return Poll::Ready(Ok(()));
        }
        self.block(pid, WaitOn::Time(monotonic_ns))?;
        self.set_sleep(pid, monotonic_ns);
        Poll::Pending
    }

    /// Wakes the process at this time unless its next step does not sleep any more.
    pub(crate) fn set_sleep(&mut self, pid: Pid, deadline: u64) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        process.sleep_used = true;
        match process.sleep {
            Some(old) if old == deadline => return,
            Some(old) => {
                self.timers.set.remove(&(old, pid, Kind::Wake));
            }
            None => {}
        }
        process.sleep = Some(deadline);
        self.timers.set.insert((deadline, pid, Kind::Wake));
    }

    /// Forgets the deadline of a call that the process no longer makes.
    pub(crate) fn clear_sleep(&mut self, pid: Pid) {
        if let Ok(process) = self.processes.get_mut(pid)
            && let Some(old) = process.sleep.take()
        {
            self.timers.set.remove(&(old, pid, Kind::Wake));
        }
    }

    pub(crate) fn clear_timers(&mut self, pid: Pid) {
        self.clear_sleep(pid);
        if let Ok(process) = self.processes.get_mut(pid)
            && let Some(old) = process.alarm.take()
        {
            self.timers.set.remove(&(old, pid, Kind::Alarm));
        }
    }

    /// Does what is due.
    pub(crate) fn fire_timers(&mut self) {
        if self.timers.set.is_empty() {
            return;
        }
        let now = self.clock.monotonic();
        while let Some((pid, kind)) = self.timers.pop_due(now) {
            match kind {
                Kind::Wake => {
                    if let Ok(process) = self.processes.get_mut(pid) {
                        process.sleep = None;
                    }
                    self.wake(pid);
                }
                Kind::Alarm => {
                    if let Ok(process) = self.processes.get_mut(pid) {
                        process.alarm = None;
                    }
                    self.send_signal(pid, Signal::ALRM);
                }
            }
        }
    }
}
