//! What `/proc` shows of processes, and `/dev/fd`.
//!
//! `ProcFs` is fed when a path has led into it and it is out of date. What its files look
//! like is the vfs's.

use std::collections::BTreeMap;

use vfs::{ProcProcess, ProcState, Result};

use crate::kernel::System;
use crate::process::{Process, Run};
use crate::{DirFd, Fd, Kernel, Pid};

/// The longest name in `/proc/<pid>/comm`. Linux's `TASK_COMM_LEN` less its NUL.
const COMM: usize = 15;

impl Kernel {
    /// Sets what `/proc/meminfo` shows: bytes of memory in all, and free.
    pub fn set_memory(&mut self, total: u64, free: u64) {
        self.sys().memory = (total, free);
    }
}

impl System {
    /// The process and descriptor that a path through `/proc/<pid>/fd` names, if it is one.
    ///
    /// # Errors
    /// - as [`directory`](System::directory).
    pub(crate) fn magic_fd(
        &mut self,
        pid: Pid,
        dir: DirFd,
        path: &[u8],
    ) -> Result<Option<(Pid, Fd)>> {
        let found = self.at(pid, dir, path, |vfs, cx, at| Ok(vfs.magic_fd(cx, at, path)))?;
        Ok(found.map(|(pid, fd)| (Pid(pid), Fd(fd))))
    }

    /// Brings `/proc` up to date; whether it was not.
    pub(crate) fn feed_proc(&mut self, pid: Pid) -> bool {
        let present = (self.generation, self.steps, pid);
        if self.fed == Some(present) {
            return false;
        }
        self.fed = Some(present);
        let state = self.proc_state(pid);
        match self.vfs.proc_mut() {
            Some(proc) => {
                proc.feed(state);
                true
            }
            None => false,
        }
    }

    fn proc_state(&mut self, pid: Pid) -> ProcState {
        let processes = self.processes.unordered();
        let processes = processes.map(|p| (p.pid.0, self.proc_process(p))).collect();
        ProcState {
            processes,
            current: pid.0,
            mounts: self.vfs.mounts().collect(),
            uptime_ns: self.clock.monotonic(),
            hostname: self.hostname.clone(),
            memory: self.memory,
            now: self.now(),
        }
    }

    fn proc_process(&self, p: &Process) -> ProcProcess {
        let fds: BTreeMap<u32, Vec<u8>> =
            p.fds.iter().map(|(fd, entry)| (fd.0, self.describe_file(entry.file))).collect();
        let comm = p.comm();
        let tty = self.ttys.iter().find(|(_, tty)| tty.session == Some(p.sid));
        ProcProcess {
            ppid: p.ppid.0,
            pgid: p.pgid.0,
            sid: p.sid.0,
            uid: p.cred.uid,
            gid: p.cred.gid,
            comm: comm[..comm.len().min(COMM)].to_vec(),
            argv: p.argv.clone(),
            environ: p.env.clone(),
            cwd: self.vfs.path_of(p.cwd).unwrap_or_else(|_| b"(deleted)".to_vec()),
            exe: p.exe.clone(),
            state: match (p.run, p.stopped) {
                (Run::Zombie(_), _) => 'Z',
                (_, Some(_)) => 'T',
                (Run::Blocked, None) => 'S',
                _ => 'R',
            },
            utime_ns: p.fuel,
            start_ns: p.started,
            tpgid: tty.and_then(|(_, tty)| tty.foreground).map(|pgid| pgid.0),
            umask: p.umask.bits().into(),
            fds,
        }
    }
}
