//! The process table: pids, and who is whose child, in which group and session.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use vfs::{Errno, Result};

use super::Process;
use crate::{Pgid, Pid, Sid};

/// The largest pid; after it, numbers start again. Linux's `PID_MAX_LIMIT` on 64 bits.
const PID_MAX: u32 = 4_194_304;

/// All processes by pid.
pub(crate) struct Table {
    map: HashMap<Pid, Box<Process>, FxBuildHasher>,
    last: u32,
    wrapped: bool,
}

impl Table {
    pub(crate) fn new() -> Table {
        Table { map: HashMap::with_hasher(FxBuildHasher), last: 0, wrapped: false }
    }

    /// A pid that names no process, group or session.
    pub(crate) fn allocate(&mut self) -> Pid {
        loop {
            self.wrapped |= self.last >= PID_MAX;
            self.last = if self.last >= PID_MAX { Pid::INIT.0 + 1 } else { self.last + 1 };
            if !self.map.contains_key(&Pid(self.last)) && !self.names_a_group(self.last) {
                return Pid(self.last);
            }
        }
    }

    /// Groups and sessions outlive their founders. Only a wrapped counter can meet one.
    fn names_a_group(&self, number: u32) -> bool {
        self.wrapped && self.map.values().any(|p| p.pgid.0 == number || p.sid.0 == number)
    }

    pub(crate) fn insert(&mut self, process: Process) {
        self.map.insert(process.pid, Box::new(process));
    }

    pub(crate) fn remove(&mut self, pid: Pid) -> Option<Box<Process>> {
        self.map.remove(&pid)
    }

    /// # Errors
    /// - `ESRCH`: no such process.
    pub(crate) fn get(&self, pid: Pid) -> Result<&Process> {
        self.map.get(&pid).map(|p| &**p).ok_or(Errno::ESRCH)
    }

    /// # Errors
    /// - `ESRCH`: no such process.
    pub(crate) fn get_mut(&mut self, pid: Pid) -> Result<&mut Process> {
        self.map.get_mut(&pid).map(|p| &mut **p).ok_or(Errno::ESRCH)
    }

    /// How many there are, zombies and init included.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// All pids, in order.
    pub(crate) fn pids(&self) -> Vec<Pid> {
        let mut pids: Vec<Pid> = self.map.keys().copied().collect();
        pids.sort_unstable();
        pids
    }

    /// All processes, in no order: only for questions whose answer does not depend on it.
    pub(crate) fn unordered(&self) -> impl Iterator<Item = &Process> {
        self.map.values().map(|p| &**p)
    }

    /// The members of a group, in order of their pids.
    pub(crate) fn group(&self, pgid: Pgid) -> Vec<Pid> {
        let mut pids: Vec<Pid> =
            self.unordered().filter(|p| p.pgid == pgid).map(|p| p.pid).collect();
        pids.sort_unstable();
        pids
    }

    /// The session that a group belongs to, if the group has a member.
    pub(crate) fn session_of(&self, pgid: Pgid) -> Option<Sid> {
        self.unordered().find(|p| p.pgid == pgid && !p.is_zombie()).map(|p| p.sid)
    }

    /// Whether no member of the group has a parent that could continue it: POSIX's
    /// "orphaned process group".
    pub(crate) fn is_orphaned(&self, pgid: Pgid) -> bool {
        !self.unordered().any(|p| {
            p.pgid == pgid
                && !p.is_zombie()
                && p.ppid != Pid::INIT
                && self.get(p.ppid).is_ok_and(|parent| {
                    parent.pgid != pgid && parent.sid == p.sid && !parent.is_zombie()
                })
        })
    }
}
