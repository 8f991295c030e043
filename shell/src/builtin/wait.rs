//! `wait`

use kernel::{Pid, WaitOptions, WaitTarget};
use vfs::Errno;

use super::{lossy, number};
use crate::env::Mode;
use crate::exec::Outcome;
use crate::exec::job::Job;
use crate::shell::Shell;
use crate::sys::Deep;

pub(super) fn wait<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let options = match shell.options(args, "fnp:") {
            Ok(options) => options,
            Err(status) => return Ok(status),
        };
        let words = args.get(options.used..).unwrap_or_default();
        let variable = options.value(b'p').map(<[u8]>::to_vec);
        if let Some(name) = &variable {
            let _ = shell.env.unset(name);
        }
        let mut pids = Vec::new();
        let mut status = 0;
        for word in words {
            match targets(shell, word) {
                Ok(found) => pids.push(found),
                Err(failed) => status = failed,
            }
        }
        let (pid, ended) = if options.has(b'n') {
            any(shell, &pids.concat(), words.is_empty()).await?
        } else if words.is_empty() {
            all(shell).await?
        } else {
            let mut last = (None, status);
            for pid in pids.concat() {
                last = (Some(pid), one(shell, pid).await?);
                if shell.has_pending_trap() {
                    break;
                }
            }
            last
        };
        shell.end_coprocs();
        if let (Some(name), Some(pid)) = (variable, pid) {
            let value = pid.0.to_string().into_bytes();
            if let Err(error) = shell.env.assign(&name, value, Mode::Set) {
                shell.complain(error.message());
                return Ok(1);
            }
        }
        Ok(ended)
    })
}

impl Shell {
    /// Whether a caught signal has arrived; its trap runs after the builtin.
    fn has_pending_trap(&mut self) -> bool {
        self.collect_signals();
        !self.pending.is_empty()
    }

    fn interrupted(&self) -> u8 {
        self.pending.first().map_or(130, |signal| 128 + signal.number())
    }
}

/// The processes that a pid or a job names; else the status to answer, after a message.
fn targets(shell: &mut Shell, word: &[u8]) -> Result<Vec<Pid>, u8> {
    if word.starts_with(b"%") {
        let job = super::jobs::find(shell, word).and_then(|id| shell.jobs.get(id));
        return match job {
            Some(job) => Ok(job.pids.clone()),
            None => {
                shell.complain(format!("{}: no such job", lossy(word)));
                Err(127)
            }
        };
    }
    match number(word).and_then(|n| u32::try_from(n).ok()) {
        Some(n) => {
            let pid = Pid(n);
            shell.reap();
            let known = shell.jobs.ended(pid).is_some()
                || shell.jobs.by_pid(pid).is_some()
                || shell.jobs.substitution == Some(pid);
            if known {
                return Ok(vec![pid]);
            }
            shell.complain(format!("pid {n} is not a child of this shell"));
            Err(127)
        }
        None => {
            shell.complain(format!("`{}': not a pid or valid job spec", lossy(word)));
            Err(1)
        }
    }
}

/// Waits for one process; a trap ends the waiting.
async fn one(shell: &mut Shell, pid: Pid) -> Outcome<u8> {
    loop {
        if let Some(status) = shell.jobs.ended(pid) {
            shell.report_deaths();
            forget(shell, pid);
            return Ok(status);
        }
        match shell.sys.wait(WaitTarget::Pid(pid), WaitOptions::empty()).await {
            Ok(Some((pid, status))) => {
                shell.jobs.record(pid, status);
            }
            Ok(None) => {}
            Err(Errno::EINTR) => {
                if shell.has_pending_trap() {
                    return Ok(shell.interrupted());
                }
            }
            Err(_) => return Ok(127),
        }
    }
}

/// A job that was waited for is not shown any more.
fn forget(shell: &mut Shell, pid: Pid) {
    let done = shell.jobs.by_pid(pid).filter(|job| job.is_done()).map(|job| job.id);
    if let Some(id) = done {
        shell.jobs.remove(id);
    }
}

async fn all(shell: &mut Shell) -> Outcome<(Option<Pid>, u8)> {
    loop {
        shell.reap();
        let running = shell.jobs.list.iter().find(|job| !job.is_done()).map(Job::last_pid);
        let Some(_) = running else { break };
        match shell.sys.wait(WaitTarget::Any, WaitOptions::empty()).await {
            Ok(Some((pid, status))) => {
                shell.jobs.record(pid, status);
            }
            Ok(None) => {}
            Err(Errno::EINTR) => {
                if shell.has_pending_trap() {
                    return Ok((None, shell.interrupted()));
                }
            }
            Err(_) => break,
        }
    }
    shell.report_deaths();
    shell.jobs.list.retain(|job| !job.is_done());
    let last = shell.env.last_background.map(Pid);
    if let Some(pid) = shell.jobs.substitution.take_if(|pid| Some(*pid) == last) {
        one(shell, pid).await?;
    }
    Ok((None, 0))
}

/// The next job that ends, of those named or of all.
async fn any(shell: &mut Shell, pids: &[Pid], every: bool) -> Outcome<(Option<Pid>, u8)> {
    loop {
        shell.reap();
        let wanted = |job: &&Job| every || job.pids.iter().any(|pid| pids.contains(pid));
        let done = shell.jobs.list.iter().filter(wanted).find(|job| job.is_done());
        if let Some(pid) = done.map(Job::last_pid) {
            let status = shell.jobs.ended(pid).unwrap_or(127);
            shell.report_deaths();
            forget(shell, pid);
            return Ok((Some(pid), status));
        }
        if !shell.jobs.list.iter().any(|job| wanted(&job)) {
            return Ok((None, 127));
        }
        match shell.sys.wait(WaitTarget::Any, WaitOptions::empty()).await {
            Ok(Some((pid, status))) => {
                shell.jobs.record(pid, status);
            }
            Ok(None) => {}
            Err(Errno::EINTR) => {
                if shell.has_pending_trap() {
                    return Ok((None, shell.interrupted()));
                }
            }
            Err(_) => return Ok((None, 127)),
        }
    }
}
