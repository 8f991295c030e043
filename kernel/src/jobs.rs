//! Groups and sessions: what job control is made of. Who a process is.
//!
//! Not here: the terminal (`tty`).

use vfs::{Cred, Errno, Result};

use crate::kernel::System;
use crate::{Kernel, Pgid, Pid, Sid, Signal, State};

/// What a process has used. Analogous to `struct rusage`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rusage {
    /// Fuel of the process itself, one unit a nanosecond of user time.
    pub own: u64,
    /// Fuel of the children it has waited for, and theirs.
    pub children: u64,
}

impl Kernel {
    /// The parent's pid; 1 for an orphan.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn getppid(&self, pid: Pid) -> Result<Pid> {
        Ok(self.sys_ref().processes.get(pid)?.ppid)
    }

    /// The process group.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn getpgid(&self, pid: Pid) -> Result<Pgid> {
        Ok(self.sys_ref().processes.get(pid)?.pgid)
    }

    /// The session.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn getsid(&self, pid: Pid) -> Result<Sid> {
        Ok(self.sys_ref().processes.get(pid)?.sid)
    }

    /// Puts `target`, the caller or a child of it, into a group; group 0 is one of its own.
    ///
    /// Reference: POSIX `setpgid`.
    ///
    /// # Errors
    /// - `ESRCH`: `target` is neither the caller nor a child of it.
    /// - `EACCES`: the child has executed a program already.
    /// - `EPERM`: it leads a session, or it or the group is in another session.
    pub fn setpgid(&mut self, pid: Pid, target: Pid, pgid: Pgid) -> Result<()> {
        let system = self.sys();
        let result = system.setpgid(pid, target, pgid);
        system.trace(pid, "setpgid", &result, |_| format!("{target}, {}", pgid.0));
        result
    }

    /// Makes the caller the leader of a new session and group, without a terminal.
    ///
    /// Reference: POSIX `setsid`.
    ///
    /// # Errors
    /// - `EPERM`: it leads a group already.
    /// - `ESRCH`: no such process.
    pub fn setsid(&mut self, pid: Pid) -> Result<Sid> {
        let system = self.sys();
        system.processes.get(pid)?;
        if !system.processes.group(Pgid(pid.0)).is_empty() {
            return Err(Errno::EPERM);
        }
        let process = system.processes.get_mut(pid)?;
        process.pgid = Pgid(pid.0);
        process.sid = Sid(pid.0);
        system.generation += 1;
        Ok(Sid(pid.0))
    }

    /// User and groups.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn credentials(&self, pid: Pid) -> Result<&Cred> {
        Ok(&self.sys_ref().processes.get(pid)?.cred)
    }

    /// The arguments; `argv[0]` first.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn argv(&self, pid: Pid) -> Result<&[Vec<u8>]> {
        Ok(&self.sys_ref().processes.get(pid)?.argv)
    }

    /// The environment it was started with, each `NAME=value`.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn env(&self, pid: Pid) -> Result<&[Vec<u8>]> {
        Ok(&self.sys_ref().processes.get(pid)?.env)
    }

    /// The path of the program.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn exe(&self, pid: Pid) -> Result<&[u8]> {
        Ok(&self.sys_ref().processes.get(pid)?.exe)
    }

    /// Where the process is in its life.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn state(&self, pid: Pid) -> Result<State> {
        Ok(self.sys_ref().processes.get(pid)?.state())
    }

    /// All pids, in order; zombies and init too.
    pub fn pids(&self) -> Vec<Pid> {
        self.sys_ref().processes.pids()
    }

    /// What a process has used.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn rusage(&self, pid: Pid) -> Result<Rusage> {
        let process = self.sys_ref().processes.get(pid)?;
        Ok(Rusage { own: process.fuel, children: process.children_fuel })
    }
}

impl System {
    pub(crate) fn setpgid(&mut self, pid: Pid, target: Pid, pgid: Pgid) -> Result<()> {
        let session = self.processes.get(pid)?.sid;
        let process = self.processes.get(target)?;
        if process.is_zombie() || target != pid && process.ppid != pid {
            return Err(Errno::ESRCH);
        }
        if target != pid && process.has_execed {
            return Err(Errno::EACCES);
        }
        if process.sid.0 == target.0 || process.sid != session {
            return Err(Errno::EPERM);
        }
        let pgid = if pgid.0 == 0 { Pgid(target.0) } else { pgid };
        if pgid.0 != target.0 && self.processes.session_of(pgid) != Some(session) {
            return Err(Errno::EPERM);
        }
        self.processes.get_mut(target)?.pgid = pgid;
        self.generation += 1;
        Ok(())
    }

    /// A session leader's end takes the terminal from its session: `SIGHUP` to the foreground.
    pub(crate) fn hang_up_session(&mut self, leader: Pid) {
        let Ok(process) = self.processes.get(leader) else { return };
        let session = process.sid;
        if session.0 != leader.0 {
            return;
        }
        let mut foreground = Vec::new();
        for (_, tty) in &mut self.ttys {
            if tty.session == Some(session) {
                tty.session = None;
                foreground.extend(tty.foreground.take());
            }
        }
        for pgid in foreground {
            for pid in self.processes.group(pgid) {
                self.send_signal(pid, Signal::HUP);
                self.send_signal(pid, Signal::CONT);
            }
        }
    }
}
