//! Wait queues: processes asleep on an object, and the names of what they wait for.
//!
//! Not here: putting a process to sleep and waking it (`sched`).

use core::fmt;

use crate::{Fd, Pid, WaitTarget};

/// What a blocked process waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitOn {
    /// Bytes in a pipe, or its last writer's end.
    PipeRead(Fd),
    /// Room in a pipe, or its last reader's end.
    PipeWrite(Fd),
    /// The other end of a fifo.
    FifoOpen,
    /// A child.
    Child(WaitTarget),
    /// A point in time.
    Time(u64),
    /// A line from a terminal.
    Tty(Fd),
    /// A lock held through another open file description.
    Lock(Fd),
    /// A signal.
    Signal,
}

impl fmt::Display for WaitOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitOn::PipeRead(fd) => write!(f, "data in the pipe at descriptor {}", fd.0),
            WaitOn::PipeWrite(fd) => write!(f, "room in the pipe at descriptor {}", fd.0),
            WaitOn::FifoOpen => write!(f, "the other end of a fifo"),
            WaitOn::Child(WaitTarget::Any) => write!(f, "any child"),
            WaitOn::Child(WaitTarget::Pid(pid)) => write!(f, "process {}", pid.0),
            WaitOn::Child(WaitTarget::Group(pgid)) => write!(f, "process group {}", pgid.0),
            WaitOn::Time(ns) => write!(f, "the time {ns} ns"),
            WaitOn::Tty(fd) => write!(f, "input from the terminal at descriptor {}", fd.0),
            WaitOn::Lock(fd) => write!(f, "the lock of descriptor {}", fd.0),
            WaitOn::Signal => write!(f, "a signal"),
        }
    }
}

/// Processes that want to hear when an object changes, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitQueue {
    pids: Vec<Pid>,
}

impl WaitQueue {
    pub(crate) const fn new() -> WaitQueue {
        WaitQueue { pids: Vec::new() }
    }

    /// Adds a process unless it is there.
    pub(crate) fn add(&mut self, pid: Pid) {
        if !self.pids.contains(&pid) {
            self.pids.push(pid);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pids.is_empty()
    }

    /// Takes all sleepers out, first come first; [`recycle`](WaitQueue::recycle) the result.
    pub(crate) fn take(&mut self) -> WaitQueue {
        core::mem::take(self)
    }

    pub(crate) fn pids(&self) -> &[Pid] {
        &self.pids
    }

    /// Gives the emptied memory back, so that the next sleeper costs no allocation.
    pub(crate) fn recycle(&mut self, mut emptied: WaitQueue) {
        if self.pids.is_empty() {
            emptied.pids.clear();
            *self = emptied;
        }
    }
}
