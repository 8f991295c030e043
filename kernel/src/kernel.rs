//! The kernel: one movable value that owns everything its processes share.
//!
//! Here are construction and the small questions about a kernel as a whole; each call of
//! a process lives in the file of its subject.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use slab::Slab;
use vfs::{Location, Timestamp, Vfs};

use crate::binfmt::Loader;
use crate::capture::Capture;
use crate::file::{Description, PipeId};
use crate::lock::Lock;
use crate::pipe::Pipe;
use crate::process::table::Table;
use crate::timer::Timers;
use crate::trace::Trace;
use crate::tty::Tty;
use crate::{
    Clock, ClockId, Entropy, ExitStatus, Limit, LimitExceeded, Limits, MemoryMeter, Pid,
    SeededEntropy, VirtualClock,
};

/// What a kernel is made with.
pub struct Config {
    /// How much of everything its processes may have.
    pub limits: Limits,
    /// Where time comes from.
    pub clock: Box<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Box<dyn Entropy>,
    /// The host name that `uname` and `/proc` show.
    pub hostname: Vec<u8>,
}

impl Default for Config {
    /// Default limits, a virtual clock, seed 0, `agentos`: each run is the same.
    fn default() -> Config {
        Config {
            limits: Limits::default(),
            clock: Box::new(VirtualClock::default()),
            entropy: Box::new(SeededEntropy::default()),
            hostname: b"agentos".to_vec(),
        }
    }
}

/// Processes and what they share: files, pipes, signals, time.
///
/// Plain data without locks: whoever holds `&mut Kernel` is the kernel. As large as a pointer,
/// so that a process body may move it where it needs it for one step, leaving
/// [`vacant`](Kernel::vacant) in its place.
pub struct Kernel {
    system: Option<Box<System>>,
}

/// What a [`Kernel`] owns.
pub(crate) struct System {
    pub(crate) vfs: Vfs,
    pub(crate) loader: Option<Arc<dyn Loader>>,
    pub(crate) limits: Limits,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) entropy: Box<dyn Entropy>,
    pub(crate) hostname: Vec<u8>,

    pub(crate) processes: Table,
    pub(crate) run_queue: VecDeque<Pid>,
    pub(crate) timers: Timers,
    /// Processes that end because one is ending now.
    pub(crate) exits: Option<VecDeque<(Pid, ExitStatus)>>,

    pub(crate) files: Slab<Description>,
    pub(crate) pipes: Slab<Pipe>,
    /// Bytes in all pipes.
    pub(crate) pipe_total: u64,
    /// The pipe of each fifo that somebody has open.
    pub(crate) fifos: BTreeMap<Location, PipeId>,
    pub(crate) locks: BTreeMap<Location, Lock>,
    pub(crate) captures: Slab<Capture>,
    pub(crate) ttys: Slab<Tty>,

    /// Fuel used by all processes.
    pub(crate) fuel: u64,
    pub(crate) steps: u64,
    /// A limit that ends the run.
    pub(crate) fatal_limit: Option<LimitExceeded>,
    /// Limits that were reached since the driver last asked, each once.
    pub(crate) limits_reached: Vec<LimitExceeded>,
    /// The time of this step, once it was asked for.
    pub(crate) step_time: Option<Timestamp>,
    /// Changes whenever `/proc` might look different.
    pub(crate) generation: u64,
    /// What `/proc` was last fed: the generation, the step, and for whom.
    pub(crate) fed: Option<(u64, u64, Pid)>,
    /// Whether the last call on a path met `/proc`.
    pub(crate) met_proc: bool,
    /// Bytes of memory in all, and free.
    pub(crate) memory: (u64, u64),
    pub(crate) meter: Option<Arc<dyn MemoryMeter>>,
    pub(crate) trace: Option<Trace>,
}

/// How much a kernel holds: all but `processes` are zero when its processes are gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Processes, zombies and init included.
    pub processes: usize,
    /// Descriptors of all processes.
    pub descriptors: usize,
    /// Open file descriptions.
    pub open_files: usize,
    /// Pipes and fifos.
    pub pipes: usize,
    /// Bytes in them.
    pub pipe_bytes: u64,
    /// Locks of `flock`.
    pub locks: usize,
    /// Pending deadlines.
    pub timers: usize,
}

impl Kernel {
    /// A kernel on a namespace, without processes but init.
    pub fn new(vfs: Vfs, config: Config) -> Kernel {
        let mut system = System {
            vfs,
            loader: None,
            limits: config.limits,
            clock: config.clock,
            entropy: config.entropy,
            hostname: config.hostname,
            processes: Table::new(),
            run_queue: VecDeque::new(),
            timers: Timers::default(),
            exits: None,
            files: Slab::new(),
            pipes: Slab::new(),
            pipe_total: 0,
            fifos: BTreeMap::new(),
            locks: BTreeMap::new(),
            captures: Slab::new(),
            ttys: Slab::new(),
            fuel: 0,
            steps: 0,
            fatal_limit: None,
            limits_reached: Vec::new(),
            step_time: None,
            generation: 0,
            fed: None,
            met_proc: false,
            memory: (1 << 30, 1 << 30),
            meter: None,
            trace: None,
        };
        system.create_init();
        Kernel { system: Some(Box::new(system)) }
    }

    /// A placeholder to leave where a kernel was moved out of. It can only be replaced.
    pub const fn vacant() -> Kernel {
        Kernel { system: None }
    }

    /// Whether this is a placeholder.
    pub const fn is_vacant(&self) -> bool {
        self.system.is_none()
    }

    /// # Panics
    /// On a [`vacant`](Kernel::vacant) kernel: a body that calls one has lost the real one.
    #[inline]
    pub(crate) fn sys(&mut self) -> &mut System {
        self.system.as_deref_mut().expect("a vacant kernel is never called")
    }

    #[inline]
    pub(crate) fn sys_ref(&self) -> &System {
        self.system.as_deref().expect("a vacant kernel is never called")
    }

    /// The namespace.
    pub fn vfs(&self) -> &Vfs {
        &self.sys_ref().vfs
    }

    /// The namespace, to change it from outside.
    pub fn vfs_mut(&mut self) -> &mut Vfs {
        &mut self.sys().vfs
    }

    /// Sets what makes process bodies from executable files.
    pub fn set_loader(&mut self, loader: Arc<dyn Loader>) {
        self.sys().loader = Some(loader);
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.sys_ref().limits
    }

    /// The limits, to change them from outside; they hold from the next call on.
    pub fn limits_mut(&mut self) -> &mut Limits {
        &mut self.sys().limits
    }

    /// The host name.
    pub fn hostname(&self) -> &[u8] {
        &self.sys_ref().hostname
    }

    /// The time that new timestamps get: the same during one step of a process.
    pub fn now(&mut self) -> Timestamp {
        self.sys().now()
    }

    /// `clock_gettime(2)`, in nanoseconds. Process CPU time is fuel, one unit a nanosecond:
    /// of all processes here, of one in [`process_cpu_time`](Kernel::process_cpu_time).
    pub fn clock_gettime(&mut self, clock: ClockId) -> u64 {
        let system = self.sys();
        match clock {
            ClockId::Realtime => u64::try_from(system.clock.realtime().as_nanos()).unwrap_or(0),
            ClockId::Monotonic => system.clock.monotonic(),
            ClockId::ProcessCpu => system.fuel,
        }
    }

    /// The fuel that a process has used, as nanoseconds of CPU time.
    ///
    /// # Errors
    /// - `ESRCH`: no such process.
    pub fn process_cpu_time(&self, pid: Pid) -> vfs::Result<u64> {
        Ok(self.sys_ref().processes.get(pid)?.fuel)
    }

    /// Fills a buffer with random bytes. Analogous to `getrandom(2)`.
    pub fn getrandom(&mut self, buf: &mut [u8]) {
        self.sys().entropy.fill(buf);
    }

    /// How much the kernel holds.
    pub fn counters(&self) -> Counters {
        let system = self.sys_ref();
        Counters {
            processes: system.processes.len(),
            descriptors: system.processes.unordered().map(|p| p.fds.iter().count()).sum(),
            open_files: system.files.len(),
            pipes: system.pipes.len(),
            pipe_bytes: system.pipe_total,
            locks: system.locks.len(),
            timers: system.timers.len(),
        }
    }

    /// The limits that were reached since the last call, each once.
    pub fn take_limits_reached(&mut self) -> Vec<LimitExceeded> {
        core::mem::take(&mut self.sys().limits_reached)
    }

    /// Fuel used by all processes so far.
    pub fn fuel_used(&self) -> u64 {
        self.sys_ref().fuel
    }

    /// Steps of processes so far.
    pub fn steps(&self) -> u64 {
        self.sys_ref().steps
    }
}

impl System {
    pub(crate) fn now(&mut self) -> Timestamp {
        match self.step_time {
            Some(now) => now,
            None => {
                let now = self.clock.realtime();
                self.step_time = Some(now);
                now
            }
        }
    }

    fn limit_value(&self, limit: Limit) -> u64 {
        let limits = &self.limits;
        match limit {
            Limit::Processes => limits.processes.into(),
            Limit::Descriptors => limits.descriptors.into(),
            Limit::OpenFiles => limits.open_files.into(),
            Limit::PipeBytes => limits.pipe_bytes,
            Limit::ArgvEnvBytes => limits.argv_env_bytes,
            Limit::FuelPerProcess => limits.fuel_per_process.unwrap_or(u64::MAX),
            Limit::Fuel => limits.fuel.unwrap_or(u64::MAX),
            Limit::OutputBytes => limits.output_bytes,
        }
    }

    /// Remembers for the driver that a limit was reached.
    pub(crate) fn note_limit(&mut self, limit: Limit) -> LimitExceeded {
        let exceeded = LimitExceeded { limit, value: self.limit_value(limit) };
        if !self.limits_reached.iter().any(|l| l.limit == limit) {
            self.limits_reached.push(exceeded);
        }
        exceeded
    }

    /// Ends the run because of a limit.
    pub(crate) fn end_by_limit(&mut self, limit: Limit) {
        let exceeded = self.note_limit(limit);
        self.fatal_limit.get_or_insert(exceeded);
    }
}
