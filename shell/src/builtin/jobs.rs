//! `jobs`, `fg`, `bg`, `disown`, `suspend`

use kernel::{KillTarget, Pid, Signal, WaitStatus};

use super::{lossy, number};
use crate::exec::Outcome;
use crate::exec::job::{Job, JobState, shell_status};
use crate::shell::Shell;
use crate::sys::Deep;

/// The job that `%1`, `%+`, `%-`, `%name` or `%?text` names.
pub(super) fn find(shell: &Shell, word: &[u8]) -> Option<u32> {
    let spec = word.strip_prefix(b"%").unwrap_or(word);
    let (current, previous) = shell.jobs.current();
    match spec {
        b"" | b"%" | b"+" => return current,
        b"-" => return previous.or(current),
        _ => {}
    }
    if let Some(id) = number(spec).and_then(|n| u32::try_from(n).ok()) {
        return shell.jobs.get(id).map(|job| job.id);
    }
    let matches = |job: &&Job| match spec.strip_prefix(b"?") {
        Some(text) => job.command.windows(text.len().max(1)).any(|window| window == text),
        None => job.command.starts_with(spec),
    };
    shell.jobs.list.iter().find(matches).map(|job| job.id)
}

fn state_text(state: JobState) -> String {
    match state {
        JobState::Running => "Running".to_owned(),
        JobState::Stopped(_) => "Stopped".to_owned(),
        JobState::Done(WaitStatus::Exited(0)) => "Done".to_owned(),
        JobState::Done(WaitStatus::Exited(status)) => format!("Exit {status}"),
        JobState::Done(WaitStatus::Signaled(signal)) => signal.description().to_owned(),
        JobState::Done(_) => "Done".to_owned(),
    }
}

/// A job as `jobs` shows it.
pub(crate) fn job_line(shell: &Shell, job: &Job) -> Vec<u8> {
    line(shell, job, false)
}

fn line(shell: &Shell, job: &Job, long: bool) -> Vec<u8> {
    let (current, previous) = shell.jobs.current();
    let mark = match Some(job.id) {
        id if id == current => '+',
        id if id == previous => '-',
        _ => ' ',
    };
    let pid = if long { format!("{:>5} ", job.last_pid().0) } else { String::new() };
    let mut text = format!("[{}]{mark}  {pid}{:<23} ", job.id, state_text(job.state)).into_bytes();
    text.extend_from_slice(&job.command);
    if job.state == JobState::Running {
        text.extend_from_slice(b" &");
    }
    text.push(b'\n');
    text
}

pub(super) fn jobs(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "lnprsx") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    if options.has(b'x') {
        shell.complain("-x: not supported: use `kill %n` or `wait %n` with the job itself");
        return Ok(2);
    }
    shell.reap();
    let mut status = 0;
    let mut wanted = Vec::new();
    for word in args.get(options.used..).unwrap_or_default() {
        match find(shell, word) {
            Some(id) => wanted.push(id),
            None => {
                shell.complain(format!("{}: no such job", lossy(word)));
                status = 1;
            }
        }
    }
    let all = args.len() == options.used;
    let list = shell.jobs.list.clone();
    for job in &list {
        let running = job.state == JobState::Running;
        let stopped = matches!(job.state, JobState::Stopped(_));
        let shown = (all || wanted.contains(&job.id))
            && (!options.has(b'r') || running)
            && (!options.has(b's') || stopped)
            && (!options.has(b'n') || !job.notified);
        if !shown {
            continue;
        }
        if options.has(b'p') {
            shell.print(format!("{}\n", job.pids.first().map_or(0, |pid| pid.0)));
        } else {
            let text = line(shell, job, options.has(b'l'));
            shell.print(text);
        }
        if let Some(job) = shell.jobs.get_mut(job.id) {
            job.notified = true;
        }
        if job.is_done() {
            shell.jobs.remove(job.id);
        }
    }
    Ok(status)
}

/// The job that the arguments name, or the current one.
fn chosen(shell: &mut Shell, args: &[Vec<u8>]) -> Option<u32> {
    let word = args.first().map_or(&b"%+"[..], Vec::as_slice);
    let found = find(shell, word);
    if found.is_none() {
        let shown = if args.is_empty() { "current".to_owned() } else { lossy(word) };
        shell.complain(format!("{shown}: no such job"));
    }
    found
}

fn resume(shell: &mut Shell, id: u32) {
    let Some(job) = shell.jobs.get_mut(id) else { return };
    job.state = JobState::Running;
    let (pgid, pids) = (job.pgid, job.pids.clone());
    match pgid {
        Some(pgid) => {
            let _ = shell.sys.kill(KillTarget::Group(pgid), Some(Signal::CONT));
        }
        None => {
            for pid in pids {
                let _ = shell.sys.kill(KillTarget::Pid(pid), Some(Signal::CONT));
            }
        }
    }
}

pub(super) fn bg(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    if !shell.env.is(crate::env::SetOption::Monitor) {
        shell.complain("no job control");
        return Ok(1);
    }
    let options = match shell.options(args, "") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let args = args.get(options.used..).unwrap_or_default();
    shell.reap();
    let Some(id) = chosen(shell, args) else { return Ok(1) };
    if shell.jobs.get(id).is_some_and(|job| job.state == JobState::Running) {
        shell.complain(format!("job {id} already in background"));
        return Ok(0);
    }
    resume(shell, id);
    if let Some(job) = shell.jobs.get(id) {
        let text = [format!("[{id}]+ ").as_bytes(), &job.command, b" &\n"].concat();
        shell.print(text);
    }
    Ok(0)
}

pub(super) fn fg<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        if !shell.env.is(crate::env::SetOption::Monitor) {
            shell.complain("no job control");
            return Ok(1);
        }
        let options = match shell.options(args, "") {
            Ok(options) => options,
            Err(status) => return Ok(status),
        };
        let args = args.get(options.used..).unwrap_or_default();
        let Some(id) = chosen(shell, args) else { return Ok(1) };
        let Some(job) = shell.jobs.get(id).cloned() else { return Ok(1) };
        if job.pgid.is_none() {
            shell.complain(format!("job {id} started without job control"));
            return Ok(1);
        }
        let text = [&job.command[..], b"\n"].concat();
        let _ = shell.sys.write_all(crate::sys::Fd::STDOUT, &text).await;
        if let Some(pgid) = job.pgid {
            shell.give_terminal(pgid);
        }
        resume(shell, id);
        let mut status = 0;
        for pid in job.pids {
            let ended = shell.wait_status(pid).await?;
            shell.jobs.record(pid, ended);
            status = shell_status(ended);
        }
        shell.take_terminal();
        if shell.jobs.get(id).is_some_and(Job::is_done) {
            shell.jobs.remove(id);
        }
        Ok(status)
    })
}

pub(super) fn disown(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "har") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let words = args.get(options.used..).unwrap_or_default();
    let mut ids = Vec::new();
    let mut status = 0;
    if options.has(b'a') || options.has(b'r') {
        let only_running = options.has(b'r');
        let jobs = shell.jobs.list.iter();
        ids.extend(jobs.filter(|j| !only_running || j.state == JobState::Running).map(|j| j.id));
    } else if words.is_empty() {
        match chosen(shell, words) {
            Some(id) => ids.push(id),
            None => return Ok(1),
        }
    }
    for word in words {
        let by_pid = number(word)
            .and_then(|n| u32::try_from(n).ok())
            .and_then(|n| shell.jobs.by_pid(Pid(n)).map(|job| job.id));
        match if word.starts_with(b"%") { find(shell, word) } else { by_pid } {
            Some(id) => ids.push(id),
            None => {
                shell.complain(format!("{}: no such job", lossy(word)));
                status = 1;
            }
        }
    }
    for id in ids {
        if options.has(b'h') {
            if let Some(job) = shell.jobs.get_mut(id) {
                job.no_hangup = true;
            }
        } else {
            shell.jobs.remove(id);
        }
    }
    Ok(status)
}

pub(super) fn suspend(shell: &mut Shell, _: &[Vec<u8>]) -> Outcome<u8> {
    if !shell.interactive {
        shell.complain("cannot suspend: no job control");
        return Ok(1);
    }
    let own = shell.sys.pid();
    let _ = shell.sys.kill(KillTarget::Pid(own), Some(Signal::STOP));
    Ok(0)
}
