//! Jobs: the children that are not waited for at once, and waiting for those that are.

use std::collections::BTreeMap;

use kernel::{Pgid, Pid, Signal, WaitOptions, WaitStatus, WaitTarget};
use vfs::Errno;

use super::Outcome;
use super::signal_message;
use crate::shell::Shell;
use crate::syntax::ast::{AndOr, Pipeline};
use crate::sys::Fd;
use crate::unwind::Unwind;

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum JobState {
    Running,
    Stopped(Signal),
    Done(WaitStatus),
}

/// A background job, or one that was stopped.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: u32,
    /// The processes, the one whose status counts last.
    pub(crate) pids: Vec<Pid>,
    /// How those that have ended did.
    statuses: Vec<Option<WaitStatus>>,
    pub(crate) state: JobState,
    pub(crate) pgid: Option<Pgid>,
    /// As `jobs` shows it.
    pub(crate) command: Vec<u8>,
    /// Its last change was shown.
    pub(crate) notified: bool,
    /// That a signal ended it was said.
    reported: bool,
    /// `disown -h`
    pub(crate) no_hangup: bool,
}

impl Job {
    /// The process that `$!` names.
    pub(crate) fn last_pid(&self) -> Pid {
        self.pids.last().copied().unwrap_or(Pid(0))
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, JobState::Done(_))
    }

    fn record(&mut self, pid: Pid, status: WaitStatus) {
        match status {
            WaitStatus::Stopped(signal) => {
                self.state = JobState::Stopped(signal);
                self.notified = false;
                return;
            }
            WaitStatus::Continued => {
                self.state = JobState::Running;
                return;
            }
            _ => {}
        }
        for (position, known) in self.pids.iter().enumerate() {
            if *known == pid
                && let Some(slot) = self.statuses.get_mut(position)
            {
                *slot = Some(status);
            }
        }
        if self.statuses.iter().all(Option::is_some) {
            let last = self.statuses.last().copied().flatten();
            self.state = JobState::Done(last.unwrap_or(WaitStatus::Exited(0)));
            self.notified = false;
        }
    }
}

/// `$?` of a status.
pub(crate) fn shell_status(status: WaitStatus) -> u8 {
    match status {
        WaitStatus::Exited(status) => status,
        WaitStatus::Signaled(signal) | WaitStatus::Stopped(signal) => {
            128u8.saturating_add(signal.number())
        }
        WaitStatus::Continued => 0,
    }
}

/// The jobs of a shell process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    pub(crate) list: Vec<Job>,
    /// Newest last: `%+` is the last, `%-` the one before.
    order: Vec<u32>,
    /// Statuses of processes that ended and whose job is gone: for `wait pid`.
    ended: BTreeMap<u32, u8>,
    /// The last process substitution: no job, but `wait` knows it.
    pub(crate) substitution: Option<Pid>,
    /// Coprocesses, and the arrays with their descriptors.
    pub(crate) coprocs: Vec<(Pid, Vec<u8>)>,
}

/// So many statuses of jobs that are gone are remembered.
const MAX_ENDED: usize = 4096;

impl Jobs {
    pub(crate) fn add(
        &mut self,
        pids: Vec<Pid>,
        pgid: Option<Pgid>,
        command: Vec<u8>,
        state: JobState,
    ) -> u32 {
        let id = self.list.iter().map(|job| job.id).max().unwrap_or(0) + 1;
        let statuses = vec![None; pids.len()];
        self.list.push(Job {
            id,
            pids,
            statuses,
            state,
            pgid,
            command,
            notified: false,
            reported: false,
            no_hangup: false,
        });
        self.order.push(id);
        id
    }

    pub(crate) fn get(&self, id: u32) -> Option<&Job> {
        self.list.iter().find(|job| job.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.id == id)
    }

    /// Forgets a job; the statuses of its processes stay known.
    pub(crate) fn remove(&mut self, id: u32) -> Option<Job> {
        let position = self.list.iter().position(|job| job.id == id)?;
        let job = self.list.remove(position);
        self.order.retain(|known| *known != id);
        Some(job)
    }

    /// `%+` and `%-`: stopped jobs come before running ones.
    pub(crate) fn current(&self) -> (Option<u32>, Option<u32>) {
        let stopped =
            |id: &u32| self.get(*id).is_some_and(|job| matches!(job.state, JobState::Stopped(_)));
        let by = |wanted: bool| self.order.iter().rev().filter(move |id| stopped(id) == wanted);
        let mut all = by(true).chain(by(false)).copied();
        (all.next(), all.next())
    }

    /// Takes note of how a process fares; whether it belongs to a job.
    pub(crate) fn record(&mut self, pid: Pid, status: WaitStatus) -> bool {
        if matches!(status, WaitStatus::Exited(_) | WaitStatus::Signaled(_)) {
            while self.ended.len() >= MAX_ENDED {
                self.ended.pop_first();
            }
            self.ended.insert(pid.0, shell_status(status));
        }
        match self.list.iter_mut().find(|job| job.pids.contains(&pid)) {
            Some(job) => {
                job.record(pid, status);
                true
            }
            None => false,
        }
    }

    pub(crate) fn ended(&self, pid: Pid) -> Option<u8> {
        self.ended.get(&pid.0).copied()
    }

    pub(crate) fn forget_ended(&mut self, pid: Pid) {
        self.ended.remove(&pid.0);
    }

    pub(crate) fn by_pid(&self, pid: Pid) -> Option<&Job> {
        self.list.iter().find(|job| job.pids.contains(&pid))
    }
}

impl Shell {
    /// A pid that is used anew has no old status.
    pub(crate) fn register_child(&mut self, pid: Pid) {
        self.jobs.forget_ended(pid);
    }

    /// Asks the kernel for news of the children without waiting.
    pub(crate) fn reap(&mut self) {
        while let Ok(Some((pid, status))) = self.sys.wait_now(WaitTarget::Any) {
            self.jobs.record(pid, status);
        }
    }

    /// Unsets the variables of coprocesses that are known to have ended.
    pub(crate) fn end_coprocs(&mut self) {
        for (pid, name) in std::mem::take(&mut self.jobs.coprocs) {
            if self.jobs.ended(pid).is_none() {
                self.jobs.coprocs.push((pid, name));
                continue;
            }
            let fds = self.env.variable(&name).map(|variable| {
                variable
                    .values()
                    .iter()
                    .map(|value| String::from_utf8_lossy(value).parse())
                    .collect()
            });
            let fds: Vec<Result<u32, _>> = fds.unwrap_or_default();
            for fd in fds.into_iter().flatten() {
                let _ = self.sys.close(Fd(fd));
            }
            let _ = self.env.unset(&name);
            let _ = self.env.unset(&[&name, &b"_PID"[..]].concat());
        }
    }

    /// Says which jobs a signal has ended. Of those that are ended every day, bash does not.
    pub(crate) fn report_deaths(&mut self) {
        if self.interactive || self.in_subshell {
            return;
        }
        let mut deaths = Vec::new();
        for job in self.jobs.list.iter_mut().filter(|job| !job.reported) {
            if let JobState::Done(WaitStatus::Signaled(signal)) = job.state {
                job.reported = true;
                if signal != Signal::TERM {
                    deaths.push((job.last_pid(), signal, job.command.clone()));
                }
            }
        }
        for (pid, signal, command) in deaths {
            let outer = self.builtin.take();
            self.say_killed(pid, signal, &command);
            self.builtin = outer;
        }
    }

    /// Waits for one child as a foreground command: signals that are caught wait for its end.
    pub(crate) async fn wait_status(&mut self, pid: Pid) -> Outcome<WaitStatus> {
        loop {
            let target = WaitTarget::Pid(pid);
            match self.sys.wait(target, WaitOptions::UNTRACED).await {
                Ok(Some((_, status))) => return Ok(status),
                Ok(None) => {}
                Err(Errno::EINTR) => {
                    self.collect_signals();
                    self.killed()?;
                }
                Err(_) => {
                    let status = self.jobs.ended(pid).unwrap_or(127);
                    return Ok(WaitStatus::Exited(status));
                }
            }
        }
    }

    /// Waits for a subshell; says how it died.
    pub(crate) async fn wait_child(&mut self, pid: Pid) -> Outcome<u8> {
        let status = self.wait_status(pid).await?;
        if let WaitStatus::Signaled(signal) = status {
            self.say_killed(pid, signal, b"");
        }
        Ok(shell_status(status))
    }

    /// Waits for a program; a stopped one becomes a job.
    pub(crate) async fn wait_external(&mut self, pid: Pid, command: Vec<u8>) -> Outcome<u8> {
        let status = self.wait_status(pid).await?;
        match status {
            WaitStatus::Signaled(signal) => {
                self.say_killed(pid, signal, &command);
                self.unwind_interrupted(signal)?;
            }
            WaitStatus::Stopped(_) => self.keep_stopped(&[pid], &[status], command).await,
            _ => {}
        }
        Ok(shell_status(status))
    }

    /// Waits for the elements of a pipeline: their statuses.
    pub(crate) async fn wait_foreground(
        &mut self,
        pids: &[Pid],
        pipeline: &Pipeline,
    ) -> Outcome<Vec<u8>> {
        let mut statuses = Vec::with_capacity(pids.len());
        for pid in pids {
            statuses.push(self.wait_status(*pid).await?);
        }
        let text =
            || crate::syntax::print_and_or(&AndOr { first: pipeline.clone(), rest: Vec::new() });
        if statuses.iter().any(|status| matches!(status, WaitStatus::Stopped(_))) {
            self.keep_stopped(pids, &statuses, text()).await;
        } else if let (Some(pid), Some(WaitStatus::Signaled(signal))) =
            (pids.last(), statuses.last())
        {
            self.say_killed(*pid, *signal, &text());
            self.unwind_interrupted(*signal)?;
        }
        Ok(statuses.into_iter().map(shell_status).collect())
    }

    /// ^C ends the rest of an interactive command line together with the program it was meant for.
    fn unwind_interrupted(&self, signal: Signal) -> Outcome {
        if self.interactive && signal == Signal::INT {
            return Err(Unwind::Error(128 + Signal::INT.number()));
        }
        Ok(())
    }

    /// Makes a job of a foreground command that was stopped, and says so.
    async fn keep_stopped(&mut self, pids: &[Pid], statuses: &[WaitStatus], command: Vec<u8>) {
        let pgid = pids.first().map(|pid| Pgid(pid.0));
        let id = self.jobs.add(pids.to_vec(), pgid, command, JobState::Running);
        if let Some(job) = self.jobs.get_mut(id) {
            for (pid, status) in pids.iter().zip(statuses) {
                job.record(*pid, *status);
            }
        }
        if self.interactive {
            self.print_error(b"\n");
            self.announce_jobs().await;
        }
    }

    /// Says which jobs have ended or stopped since it was last said, and forgets those that ended.
    pub(crate) async fn announce_jobs(&mut self) {
        self.reap();
        for job in self.jobs.list.clone().iter().filter(|job| !job.notified) {
            if matches!(job.state, JobState::Running) {
                continue;
            }
            let line = crate::builtin::jobs::job_line(self, job);
            self.print_error(&line);
            if let Some(job) = self.jobs.get_mut(job.id) {
                job.notified = true;
            }
            if job.is_done() {
                self.jobs.remove(job.id);
            }
        }
        self.flush_errors().await;
    }

    /// `bash: line 1:  1234 Killed                  sleep 10`
    pub(crate) fn say_killed(&mut self, pid: Pid, signal: Signal, command: &[u8]) {
        if matches!(signal, Signal::INT | Signal::PIPE) {
            if self.interactive && signal == Signal::INT {
                self.print_error(b"\n");
            }
            return;
        }
        let description = signal_message::description(signal);
        if self.in_subshell || self.interactive {
            return self.print_error(format!("{description}\n").as_bytes());
        }
        let mut text = self.message_prefix();
        text.extend_from_slice(format!("{:>5} {description:<24}", pid.0).as_bytes());
        text.extend_from_slice(command);
        while text.last() == Some(&b' ') {
            text.pop();
        }
        text.push(b'\n');
        self.print_error(&text);
    }

    pub(crate) fn give_terminal(&mut self, pgid: Pgid) {
        if self.interactive {
            let _ = self.sys.with(|kernel, pid| kernel.tcsetpgrp(pid, Fd::STDIN, pgid));
        }
    }

    pub(crate) fn take_terminal(&mut self) {
        if self.interactive {
            let own = self.sys.with(|kernel, pid| kernel.getpgid(pid));
            if let Ok(own) = own {
                let _ = self.sys.with(|kernel, pid| kernel.tcsetpgrp(pid, Fd::STDIN, own));
            }
        }
    }
}
