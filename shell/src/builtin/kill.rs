//! `kill`

use kernel::{KillTarget, Pgid, Pid, Signal};

use super::{lossy, number};
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::sys::Deep;

/// What a word names: 0 is no signal.
fn signal(word: &[u8]) -> Option<Option<Signal>> {
    let text = std::str::from_utf8(word).ok()?;
    match text.parse::<u32>() {
        Ok(0) => Some(None),
        Ok(number) => Signal::from_number(number).map(Some),
        Err(_) => Signal::from_name(text).map(Some),
    }
}

/// `kill -l`: five to a line.
pub(super) fn list_all(shell: &mut Shell) {
    for (position, signal) in Signal::ALL.iter().enumerate() {
        let end = if position % 5 == 4 || position + 1 == Signal::ALL.len() { '\n' } else { '\t' };
        shell.print(format!("{:>2}) SIG{}{end}", signal.number(), signal.name()));
    }
}

pub(super) fn kill<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let status = run(shell, args);
        if shell.sys.with(|kernel, pid| kernel.must_yield(pid)) {
            // This process is what was stopped or ended.
            shell.sys.yield_now().await;
        }
        Ok(status)
    })
}

fn list(shell: &mut Shell, words: &[Vec<u8>]) -> u8 {
    if words.is_empty() {
        list_all(shell);
        return 0;
    }
    let mut status = 0;
    for word in words {
        // A status above 128 names the signal that ended a process.
        let numeric = number(word).and_then(|n| u32::try_from(n).ok());
        let known = match numeric {
            Some(0) => Some("EXIT".to_owned()),
            Some(n) => {
                Signal::from_number(if n > 128 { n - 128 } else { n }).map(|s| s.name().to_owned())
            }
            None => signal(word).flatten().map(|s| s.number().to_string()),
        };
        match known {
            Some(text) => shell.print(format!("{text}\n")),
            None => {
                shell.complain(format!("{}: invalid signal specification", lossy(word)));
                status = 1;
            }
        }
    }
    status
}

fn run(shell: &mut Shell, args: &[Vec<u8>]) -> u8 {
    let mut chosen = Some(Signal::TERM);
    let mut at = 0;
    if let Some(first) = args.first().filter(|arg| arg.len() > 1 && arg.starts_with(b"-")) {
        at = 1;
        let word = match first.as_slice() {
            b"--" => None,
            b"-l" | b"-L" => return list(shell, args.get(1..).unwrap_or_default()),
            b"-s" | b"-n" => {
                at = 2;
                match args.get(1) {
                    Some(word) => Some(word.as_slice()),
                    None => {
                        shell.complain(format!("{}: option requires an argument", lossy(first)));
                        return 1;
                    }
                }
            }
            other => other.get(1..),
        };
        if let Some(word) = word {
            match signal(word) {
                Some(signal) => chosen = signal,
                None => {
                    shell.complain(format!("{}: invalid signal specification", lossy(word)));
                    return 1;
                }
            }
            if args.get(at).is_some_and(|arg| arg == b"--") {
                at += 1;
            }
        }
    }
    let targets = args.get(at..).unwrap_or_default();
    if targets.is_empty() {
        shell.usage();
        return 2;
    }
    let mut sent = false;
    for word in targets {
        sent |= send(shell, word, chosen);
    }
    // As in bash, one of several is enough.
    u8::from(!sent)
}

fn send(shell: &mut Shell, word: &[u8], signal: Option<Signal>) -> bool {
    let target = if word.starts_with(b"%") {
        let Some(id) = super::jobs::find(shell, word) else {
            shell.complain(format!("{}: no such job", lossy(word)));
            return false;
        };
        let job = shell.jobs.get(id);
        match job.map(|job| (job.pgid, job.pids.clone())) {
            Some((Some(pgid), _)) => {
                // A stopped job could not end of it.
                if matches!(signal, Some(Signal::TERM | Signal::HUP)) {
                    let sent = shell.sys.kill(KillTarget::Group(pgid), signal);
                    let _ = shell.sys.kill(KillTarget::Group(pgid), Some(Signal::CONT));
                    return sent.is_ok();
                }
                KillTarget::Group(pgid)
            }
            Some((None, pids)) => {
                for pid in pids {
                    let _ = shell.sys.kill(KillTarget::Pid(pid), signal);
                }
                return true;
            }
            None => return false,
        }
    } else {
        match number(word).and_then(|n| i32::try_from(n).ok()) {
            Some(0) => {
                let own = shell.sys.with(|kernel, pid| kernel.getpgid(pid));
                KillTarget::Group(own.unwrap_or(Pgid(0)))
            }
            Some(-1) => KillTarget::All,
            Some(n) if n > 0 => KillTarget::Pid(Pid(n.unsigned_abs())),
            Some(n) => KillTarget::Group(Pgid(n.unsigned_abs())),
            None => {
                let shown = lossy(word);
                shell.complain(match shown.as_str() {
                    "" => "`': not a pid or valid job spec".to_owned(),
                    shown => format!("{shown}: arguments must be process or job IDs"),
                });
                return false;
            }
        }
    };
    match shell.sys.kill(target, signal) {
        Ok(()) => true,
        Err(errno) => {
            shell.complain(format!("({}) - {errno}", lossy(word)));
            false
        }
    }
}
