//! Processes: what the kernel knows of each, and where it is in its life.
//!
//! Not here: making one (`spawn`), ending one (`exit`), running one (`sched`).

use vfs::{Caller, Cred, Location, Mode, Resolve, Timestamp};

use crate::fd::FdTable;
use crate::fifo::PendingOpen;
use crate::sched::Program;
use crate::signal::SignalState;
use crate::wait_queue::WaitOn;
use crate::{ExitStatus, Signal};

pub(crate) mod table;

/// A process's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pid(pub u32);

/// A process group's number: the pid of the process that founded it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pgid(pub u32);

/// A session's number: the pid of the process that founded it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sid(pub u32);

impl Pid {
    /// The process that adopts orphans and reaps them; part of the kernel, it has no body.
    pub const INIT: Pid = Pid(1);
}

impl core::fmt::Display for Pid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a process is in its life, for those who look at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// On the run queue, or running.
    Runnable,
    /// Until one of these is ready or a signal arrives. Linux: `TASK_INTERRUPTIBLE`.
    Blocked(Vec<WaitOn>),
    /// Until `SIGCONT`. Linux: `TASK_STOPPED`.
    Stopped(Signal),
    /// Dead; its parent has not waited for it. Linux: `EXIT_ZOMBIE`.
    Zombie(ExitStatus),
}

/// What the scheduler does with a process. Being stopped is apart: see [`Process::stopped`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Run {
    /// Being made; not to be run yet.
    Embryo,
    /// On the run queue.
    Queued,
    /// Its body has the kernel.
    Running,
    /// Until it is woken.
    Blocked,
    /// Dead.
    Zombie(ExitStatus),
}

/// What `exec` found and the end of the step puts in place.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) exe: Vec<u8>,
    pub(crate) argv: Vec<Vec<u8>>,
    pub(crate) env: Vec<Vec<u8>>,
}

pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) ppid: Pid,
    pub(crate) pgid: Pgid,
    pub(crate) sid: Sid,
    pub(crate) children: Vec<Pid>,
    /// The process that the driver created and that this one stems from.
    pub(crate) origin: Pid,

    pub(crate) run: Run,
    pub(crate) stopped: Option<Signal>,
    /// Woken while it was running: `Step::Block` means "again" then.
    pub(crate) woken: bool,
    /// A signal ends it as soon as its step is over.
    pub(crate) dying: Option<ExitStatus>,
    pub(crate) body: Option<Box<dyn Program>>,
    pub(crate) waits: Vec<WaitOn>,
    pub(crate) pending_open: Option<Box<PendingOpen>>,
    pub(crate) pending_exec: Option<Image>,

    pub(crate) fds: FdTable,
    pub(crate) cwd: Location,
    pub(crate) root: Location,
    pub(crate) umask: Mode,
    pub(crate) cred: Cred,
    pub(crate) signals: SignalState,

    pub(crate) exe: Vec<u8>,
    pub(crate) argv: Vec<Vec<u8>>,
    pub(crate) env: Vec<Vec<u8>>,

    pub(crate) fuel: u64,
    pub(crate) children_fuel: u64,
    pub(crate) started: u64,
    /// When the sleep of its present call ends.
    pub(crate) sleep: Option<u64>,
    pub(crate) sleep_used: bool,
    pub(crate) alarm: Option<u64>,

    /// The driver collects its status; init leaves it alone.
    pub(crate) held: bool,
    pub(crate) has_execed: bool,
    /// A stop, or a continuation, that the parent has not been told of.
    pub(crate) stop_report: Option<Signal>,
    pub(crate) continue_report: bool,
}

impl Process {
    /// The rights and directories of this process, for one call of the vfs.
    pub(crate) fn caller(&self, now: Timestamp, resolve: Resolve) -> Caller<'_> {
        let (umask, cwd, root) = (self.umask, self.cwd, self.root);
        Caller { cred: &self.cred, umask, now, cwd, root, resolve }
    }

    pub(crate) fn is_zombie(&self) -> bool {
        matches!(self.run, Run::Zombie(_))
    }

    /// Whether its body must not go on: it is stopped, or a signal has ended it.
    pub(crate) fn is_halted(&self) -> bool {
        self.dying.is_some() || self.stopped.is_some()
    }

    /// Whether a blocking call is to answer `EINTR`.
    pub(crate) fn is_interrupted(&self) -> bool {
        !self.signals.deliverable().is_empty()
    }

    /// Whether it is blocked in a call on a terminal.
    pub(crate) fn waits_for_terminal(&self) -> bool {
        matches!(self.run, Run::Blocked)
            && self.waits.iter().any(|wait| matches!(wait, WaitOn::Tty(_)))
    }

    /// The short name: the last component of `argv[0]`, as `ps` shows it.
    pub(crate) fn comm(&self) -> &[u8] {
        let argv0 = self.argv.first().map_or(&b""[..], |a| a);
        argv0.rsplit(|b| *b == b'/').next().unwrap_or(argv0)
    }

    pub(crate) fn state(&self) -> State {
        match (self.run, self.stopped) {
            (Run::Zombie(status), _) => State::Zombie(status),
            (_, Some(signal)) => State::Stopped(signal),
            (Run::Blocked, None) => State::Blocked(self.waits.clone()),
            _ => State::Runnable,
        }
    }
}
