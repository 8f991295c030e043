//! The scheduler: process bodies, the run queue, and the driver's loop.
//!
//! Round robin: each runnable process has one slice of fuel, then the next one runs.
//! Not here: what a step may do (every other file).

use core::fmt;

use vfs::{Errno, Result};

use crate::kernel::System;
use crate::process::Run;
use crate::wait_queue::WaitOn;
use crate::{ExitStatus, Kernel, Limit, LimitExceeded, Pid, Signal, State};

/// A process body. The scheduler lends it the kernel for one step: one slice of fuel, or
/// until it would block.
pub trait Program: Send {
    /// Runs until the slice is used up, a call answers `Pending`, or the program ends.
    ///
    /// After any call for which [`Kernel::must_yield`] holds the body ends its step: a signal
    /// has stopped or ended the process.
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, slice: Slice) -> Step;

    /// A word for messages.
    fn name(&self) -> &str {
        "program"
    }
}

/// How much a body may use in one step. What it used it reports with [`Kernel::charge`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// Units of fuel.
    pub fuel: u64,
}

/// How a step ended.
pub enum Step {
    /// The slice is used up: again, after the others.
    Yield,
    /// Some call answered `Pending`, which put the process on a wait queue. Spurious wake-ups
    /// happen: the body repeats the call.
    Block,
    /// The program ended.
    Exit(ExitStatus),
    /// The process goes on as another program, which [`Kernel::exec`] made.
    Exec(Box<dyn Program>),
}

/// How long [`Kernel::run`] runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Until {
    /// Until this process, which the driver created, has ended.
    pub pid: Pid,
    /// Or until the monotonic clock shows this time.
    pub deadline: Option<u64>,
}

/// Why [`Kernel::run`] returned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The process ended; its status is collected and its pid is free.
    Exited(ExitStatus),
    /// The deadline came first.
    DeadlineReached,
    /// Nothing is runnable, nothing has a deadline, and nothing outside could change that:
    /// [`Kernel::blocked`] says who waits for what. Also for a pid that is not a process.
    Deadlock,
    /// A limit of the whole kernel was reached. Processes are left as they are.
    Limit(LimitExceeded),
    /// Nothing is runnable, but the driver could feed a pipe or a terminal; or wait until the
    /// earliest deadline.
    Idle {
        /// The earliest deadline, on the monotonic clock.
        until: Option<u64>,
    },
}

/// One blocked process, for a message about a deadlock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blocked {
    /// The process.
    pub pid: Pid,
    /// Its short name.
    pub name: Vec<u8>,
    /// What it waits for, or where it is stopped.
    pub state: State,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, String::from_utf8_lossy(&self.name))?;
        match &self.state {
            State::Stopped(signal) => write!(f, " is stopped by {signal}"),
            State::Blocked(waits) if !waits.is_empty() => {
                for (i, wait) in waits.iter().enumerate() {
                    write!(f, "{} {wait}", if i == 0 { " waits for" } else { " or" })?;
                }
                Ok(())
            }
            _ => write!(f, " waits for nothing"),
        }
    }
}

impl Kernel {
    /// Runs processes in turn until one has ended, or something else is to be decided.
    ///
    /// Sleeps on the clock when all processes wait for a time. May be called again after any
    /// outcome but `Exited`.
    pub fn run(&mut self, until: Until) -> Outcome {
        self.run_loop(Some(until.pid), until.deadline)
    }

    /// As [`run`](Kernel::run), for whatever processes there are: never `Exited`.
    pub fn run_until(&mut self, deadline: u64) -> Outcome {
        self.run_loop(None, Some(deadline))
    }

    fn run_loop(&mut self, awaited: Option<Pid>, deadline: Option<u64>) -> Outcome {
        loop {
            let system = self.sys();
            if let Some(status) = awaited.and_then(|pid| system.collect(pid)) {
                return Outcome::Exited(status);
            }
            if let Some(limit) = system.fatal_limit.take() {
                return Outcome::Limit(limit);
            }
            if deadline.is_some_and(|deadline| system.clock.monotonic() >= deadline) {
                return Outcome::DeadlineReached;
            }
            system.fire_timers();
            if let Some(pid) = system.next_runnable() {
                self.step(pid);
            } else if let Some(outcome) = system.idle(deadline) {
                return outcome;
            }
        }
    }

    /// Runs at most one step of one process; whether there was one to run. For a driver that
    /// has its own loop.
    pub fn run_one(&mut self) -> bool {
        let system = self.sys();
        system.fire_timers();
        let next = system.next_runnable();
        if let Some(pid) = next {
            self.step(pid);
        }
        next.is_some()
    }

    fn step(&mut self, pid: Pid) {
        let system = self.sys();
        let slice = Slice { fuel: system.limits.slice };
        let Some(mut body) = system.begin_step(pid) else { return };
        let step = body.step(self, pid, slice);
        self.sys().end_step(pid, body, step);
    }

    /// Who is blocked or stopped, and on what, in order of pids.
    pub fn blocked(&self) -> Vec<Blocked> {
        let processes = &self.sys_ref().processes;
        let describe = |pid: Pid| {
            let process = processes.get(pid).ok()?;
            let state = process.state();
            let waits = matches!(state, State::Blocked(_) | State::Stopped(_));
            let name = process.comm().to_vec();
            (waits && pid != Pid::INIT).then_some(Blocked { pid, name, state })
        };
        processes.pids().into_iter().filter_map(describe).collect()
    }

    /// Wakes every blocked process, to repeat the call it is in. For an embedder that has changed
    /// something behind the kernel's back; without that nobody gets any further by it.
    pub fn wake_all(&mut self) {
        let system = self.sys();
        for pid in system.processes.pids().into_iter().filter(|pid| *pid != Pid::INIT) {
            system.wake(pid);
        }
    }

    /// Whether a signal has stopped or ended the process in the middle of its step: its body
    /// makes no further call and ends the step.
    pub fn must_yield(&self, pid: Pid) -> bool {
        self.sys_ref().processes.get(pid).map_or(true, |p| p.is_halted() || p.is_zombie())
    }

    /// Counts fuel that a process has used.
    ///
    /// # Errors
    /// The limit that is exceeded now. One of the process ends it with `SIGXCPU`, one of the
    /// kernel ends the run; the body returns from its step either way.
    pub fn charge(&mut self, pid: Pid, fuel: u64) -> Result<(), LimitExceeded> {
        let system = self.sys();
        system.clock.advance(fuel);
        system.fuel = system.fuel.saturating_add(fuel);
        if system.limits.fuel.is_some_and(|limit| system.fuel > limit) {
            system.end_by_limit(Limit::Fuel);
            return Err(system.note_limit(Limit::Fuel));
        }
        let Ok(process) = system.processes.get_mut(pid) else { return Ok(()) };
        process.fuel = process.fuel.saturating_add(fuel);
        let used = process.fuel;
        if system.limits.fuel_per_process.is_some_and(|limit| used > limit) {
            let exceeded = system.note_limit(Limit::FuelPerProcess);
            system.terminate(pid, ExitStatus::Signaled(Signal::XCPU));
            return Err(exceeded);
        }
        Ok(())
    }
}

impl System {
    fn next_runnable(&mut self) -> Option<Pid> {
        while let Some(pid) = self.run_queue.pop_front() {
            let Ok(process) = self.processes.get_mut(pid) else { continue };
            if process.run != Run::Queued {
                continue;
            }
            if process.stopped.is_some() {
                process.run = Run::Blocked;
                continue;
            }
            return Some(pid);
        }
        None
    }

    fn begin_step(&mut self, pid: Pid) -> Option<Box<dyn Program>> {
        self.step_time = None;
        self.steps += 1;
        let process = self.processes.get_mut(pid).ok()?;
        process.run = Run::Running;
        process.woken = false;
        process.sleep_used = false;
        process.waits.clear();
        process.body.take()
    }

    fn end_step(&mut self, pid: Pid, body: Box<dyn Program>, step: Step) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        if process.is_zombie() {
            return;
        }
        if let Some(status) = process.dying {
            drop(body);
            return self.exit(pid, status);
        }
        if process.sleep.is_some() && !process.sleep_used {
            self.clear_sleep(pid);
        }
        match step {
            Step::Exit(status) => {
                drop(body);
                self.exit(pid, status);
            }
            Step::Exec(next) => {
                drop(body);
                self.commit_exec(pid, next);
                self.enqueue(pid);
            }
            Step::Yield => {
                self.put_body(pid, body);
                self.enqueue(pid);
            }
            Step::Block => {
                self.put_body(pid, body);
                self.block_or_requeue(pid);
            }
        }
    }

    fn put_body(&mut self, pid: Pid, body: Box<dyn Program>) {
        if let Ok(process) = self.processes.get_mut(pid) {
            process.body = Some(body);
        }
    }

    fn block_or_requeue(&mut self, pid: Pid) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        process.run = Run::Blocked;
        if process.woken {
            self.enqueue(pid);
        }
    }

    /// Puts a process at the end of the run queue. A stopped one waits for `SIGCONT`.
    pub(crate) fn enqueue(&mut self, pid: Pid) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        if process.stopped.is_some() {
            process.run = Run::Blocked;
            return;
        }
        process.run = Run::Queued;
        self.run_queue.push_back(pid);
    }

    /// Makes a blocked process runnable; it repeats the call it was in.
    pub(crate) fn wake(&mut self, pid: Pid) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        match process.run {
            Run::Blocked => self.enqueue(pid),
            Run::Running => process.woken = true,
            Run::Embryo | Run::Queued | Run::Zombie(_) => {}
        }
    }

    /// Wakes all who sleep on a queue, in the order in which they came.
    pub(crate) fn wake_queue(
        &mut self,
        queue: impl Fn(&mut System) -> &mut crate::wait_queue::WaitQueue,
    ) {
        let sleepers = queue(self);
        if sleepers.is_empty() {
            return;
        }
        let sleepers = sleepers.take();
        for pid in sleepers.pids() {
            self.wake(*pid);
        }
        queue(self).recycle(sleepers);
    }

    /// Notes what a process is about to wait for. The caller puts it on the queue.
    ///
    /// # Errors
    /// - `EINTR`: a caught signal is pending, it is not to wait.
    pub(crate) fn block(&mut self, pid: Pid, on: WaitOn) -> Result<()> {
        let process = self.processes.get_mut(pid)?;
        if process.is_interrupted() {
            return Err(Errno::EINTR);
        }
        process.waits.push(on);
        Ok(())
    }

    /// Nothing is runnable: makes something so (`None`), or says why that cannot be.
    fn idle(&mut self, until: Option<u64>) -> Option<Outcome> {
        if self.grow_pipes() {
            return None;
        }
        if self.fatal_limit.is_some() {
            return None;
        }
        let earliest = self.timers.earliest();
        if self.awaits_host() {
            return Some(Outcome::Idle { until: earliest });
        }
        // The driver's own deadline changes nothing for the processes.
        let deadline = earliest.map(|timer| timer.min(until.unwrap_or(u64::MAX)));
        match deadline {
            Some(deadline) => {
                self.clock.sleep_until(deadline);
                self.step_time = None;
                None
            }
            None => Some(Outcome::Deadlock),
        }
    }
}
