//! Sending signals, and acting on them: default actions, masks, stop and continue.
//!
//! Not here: the names (`signal`).

use vfs::{Errno, Result};

use crate::kernel::System;
use crate::process::{Process, Run};
use crate::signal::DefaultAction;
use crate::{Disposition, ExitStatus, Kernel, Pgid, Pid, SigSet, Signal};

/// To whom `kill` sends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KillTarget {
    /// One process: `kill(pid)`.
    Pid(Pid),
    /// The members of a group: `kill(-pgid)`.
    Group(Pgid),
    /// The members of the sender's group: `kill(0)`.
    OwnGroup,
    /// All but init and the sender: `kill(-1)`.
    All,
}

/// The signals that stop a process.
const STOPS: SigSet =
    SigSet::EMPTY.with(Signal::STOP).with(Signal::TSTP).with(Signal::TTIN).with(Signal::TTOU);

impl Kernel {
    /// Sends a signal, or with `None` only checks whether it could be sent.
    ///
    /// Reference: POSIX `kill`.
    ///
    /// # Errors
    /// - `ESRCH`: no such process or group.
    /// - `EPERM`: none of them may be signalled by this process.
    pub fn kill(&mut self, pid: Pid, target: KillTarget, signal: Option<Signal>) -> Result<()> {
        let system = self.sys();
        let result = system.kill(pid, target, signal);
        system.trace(pid, "kill", &result, |_| format!("{target:?}, {signal:?}"));
        result
    }

    /// Sends a signal from outside: no permission is asked.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn signal(&mut self, pid: Pid, signal: Signal) -> Result<()> {
        let system = self.sys();
        system.processes.get(pid)?;
        system.send_signal(pid, signal);
        Ok(())
    }

    /// Changes what a signal does to the process; answers what it did before.
    ///
    /// Reference: POSIX `sigaction`.
    ///
    /// # Errors
    /// - `EINVAL`: `SIGKILL` and `SIGSTOP` cannot be ignored or caught.
    /// - `ESRCH`: no such process.
    pub fn sigaction(
        &mut self,
        pid: Pid,
        signal: Signal,
        disposition: Disposition,
    ) -> Result<Disposition> {
        let process = self.sys().processes.get_mut(pid)?;
        if signal.is_unstoppable() {
            return if disposition == Disposition::Default {
                Ok(Disposition::Default)
            } else {
                Err(Errno::EINVAL)
            };
        }
        let old = process.signals.disposition(signal);
        process.signals.set_disposition(signal, disposition);
        if process.signals.is_discarded(signal) {
            process.signals.pending.remove(signal);
        }
        Ok(old)
    }

    /// What a signal does to the process now.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn disposition(&self, pid: Pid, signal: Signal) -> Result<Disposition> {
        Ok(self.sys_ref().processes.get(pid)?.signals.disposition(signal))
    }

    /// Takes a caught signal that is pending and not masked; the lowest number first.
    pub fn take_signal(&mut self, pid: Pid) -> Option<Signal> {
        let process = self.sys().processes.get_mut(pid).ok()?;
        let signal = process.signals.deliverable().iter().next()?;
        process.signals.pending.remove(signal);
        Some(signal)
    }

    /// Whether [`take_signal`](Kernel::take_signal) has something to give.
    pub fn has_signal(&self, pid: Pid) -> bool {
        self.sys_ref().processes.get(pid).is_ok_and(Process::is_interrupted)
    }

    /// The signals that are pending: `sigpending`.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn sigpending(&self, pid: Pid) -> Result<SigSet> {
        Ok(self.sys_ref().processes.get(pid)?.signals.pending)
    }

    /// The signals that are masked.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn sigmask(&self, pid: Pid) -> Result<SigSet> {
        Ok(self.sys_ref().processes.get(pid)?.signals.mask)
    }

    /// Replaces the mask; answers the old one. What is no longer masked is acted on at once.
    /// `SIGKILL` and `SIGSTOP` cannot be masked.
    ///
    /// Reference: POSIX `sigprocmask` with `SIG_SETMASK`.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn sigprocmask(&mut self, pid: Pid, mask: SigSet) -> Result<SigSet> {
        let system = self.sys();
        let process = system.processes.get_mut(pid)?;
        let mask = SigSet(mask.0 & SigSet::ALL.0).without(Signal::KILL).without(Signal::STOP);
        let old = core::mem::replace(&mut process.signals.mask, mask);
        let unmasked = process.signals.pending.difference(mask);
        for signal in unmasked.iter() {
            system.act(pid, signal);
        }
        Ok(old)
    }
}

impl System {
    fn kill(&mut self, pid: Pid, target: KillTarget, signal: Option<Signal>) -> Result<()> {
        let sender = self.processes.get(pid)?;
        let victims = match target {
            KillTarget::Pid(victim) => vec![victim],
            KillTarget::Group(pgid) => self.processes.group(pgid),
            KillTarget::OwnGroup => self.processes.group(sender.pgid),
            KillTarget::All => {
                let all = self.processes.pids().into_iter();
                all.filter(|p| *p != Pid::INIT && *p != pid).collect()
            }
        };
        let mut result = Err(Errno::ESRCH);
        for victim in victims {
            match self.may_signal(pid, victim, signal) {
                Ok(()) => {
                    result = Ok(());
                    if let Some(signal) = signal {
                        self.send_signal(victim, signal);
                    }
                }
                Err(errno) if result.is_err() => result = Err(errno),
                Err(_) => {}
            }
        }
        result
    }

    fn may_signal(&self, sender: Pid, victim: Pid, signal: Option<Signal>) -> Result<()> {
        let victim = self.processes.get(victim)?;
        let sender = self.processes.get(sender)?;
        let allowed = sender.cred.is_root()
            || sender.cred.uid == victim.cred.uid
            || signal == Some(Signal::CONT) && sender.sid == victim.sid;
        if allowed { Ok(()) } else { Err(Errno::EPERM) }
    }

    /// Generates a signal for a process and acts on it unless it is masked.
    pub(crate) fn send_signal(&mut self, pid: Pid, signal: Signal) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        if process.is_zombie() || pid == Pid::INIT {
            return;
        }
        match signal {
            Signal::CONT => {
                process.signals.pending = process.signals.pending.difference(STOPS);
                self.resume(pid);
            }
            stop if STOPS.contains(stop) => process.signals.pending.remove(Signal::CONT),
            _ => {}
        }
        let Ok(process) = self.processes.get_mut(pid) else { return };
        let masked = process.signals.mask.contains(signal);
        if process.signals.is_discarded(signal) && !masked {
            return;
        }
        process.signals.pending.insert(signal);
        if !masked {
            self.act(pid, signal);
        }
    }

    /// Acts on a pending signal that is not masked. A stopped process acts on `SIGKILL` only.
    fn act(&mut self, pid: Pid, signal: Signal) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        if process.stopped.is_some() && signal != Signal::KILL {
            return;
        }
        match process.signals.disposition(signal) {
            Disposition::Catch => return self.interrupt(pid),
            Disposition::Ignore => {
                process.signals.pending.remove(signal);
                return;
            }
            Disposition::Default => process.signals.pending.remove(signal),
        }
        match signal.default_action() {
            DefaultAction::Terminate => self.terminate(pid, ExitStatus::Signaled(signal)),
            DefaultAction::Stop => self.stop(pid, signal),
            DefaultAction::Ignore | DefaultAction::Continue => {}
        }
    }

    /// Wakes a process so that the call it waits in answers `EINTR`. A stopped one stays so.
    fn interrupt(&mut self, pid: Pid) {
        self.wake(pid);
    }

    fn stop(&mut self, pid: Pid, signal: Signal) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        let pgid = process.pgid;
        if process.stopped.is_some() || process.dying.is_some() {
            return;
        }
        // POSIX: a terminal does not stop those whom nobody could continue.
        if signal != Signal::STOP && self.processes.is_orphaned(pgid) {
            return;
        }
        let Ok(process) = self.processes.get_mut(pid) else { return };
        process.stopped = Some(signal);
        process.stop_report = Some(signal);
        process.continue_report = false;
        let parent = process.ppid;
        self.generation += 1;
        self.child_changed(parent);
    }

    /// Continues a stopped process. It repeats the call it was in.
    fn resume(&mut self, pid: Pid) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        if process.stopped.take().is_none() {
            return;
        }
        process.stop_report = None;
        process.continue_report = true;
        let parent = process.ppid;
        let pending = process.signals.pending.difference(process.signals.mask);
        match process.run {
            Run::Blocked => self.enqueue(pid),
            Run::Running => process.woken = true,
            Run::Embryo | Run::Queued | Run::Zombie(_) => {}
        }
        self.generation += 1;
        self.child_changed(parent);
        for signal in pending.iter() {
            self.act(pid, signal);
        }
    }
}
