//! What a handler works on: the kernel, the calling process, its memory.

use core::task::Poll;
use std::collections::BTreeMap;

use kernel::{ExitStatus, Fd, Kernel, Pid, Program};
use vfs::{Errno, Result};

use crate::GuestMemory;
use crate::errno;

/// One system call's surroundings.
pub struct Cx<'a> {
    /// The kernel.
    pub kernel: &'a mut Kernel,
    /// The calling process.
    pub pid: Pid,
    /// Its memory.
    pub memory: GuestMemory<'a>,
    /// What this layer keeps for the process.
    pub state: &'a mut WasiState,
    /// Where a call that answers [`Answer::Exec`] leaves the body of the new program.
    pub next: &'a mut Option<Box<dyn Program>>,
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// With this result: an errno's number, 0 for success; a mode from `host_fs`. A call
    /// without results gives 0.
    Value(u32),
    /// The process ends.
    Exit(ExitStatus),
    /// The process goes on as the program in [`Cx::next`]: see [`kernel::Step::Exec`].
    Exec,
}

/// A directory that a guest finds open when it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preopen {
    /// What the guest is told that it is: `/`, `/data`, `fixtures`.
    pub name: Vec<u8>,
    /// Where it is: an absolute path.
    pub path: Vec<u8>,
}

impl Preopen {
    /// The root, as itself.
    pub fn root() -> Preopen {
        Preopen { name: b"/".to_vec(), path: b"/".to_vec() }
    }
}

/// What became of a guest's number that was a preopened directory at first.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// It still is. None of the kernel's descriptors stands behind it.
    Preopen(Preopen),
    /// `fd_renumber` put this descriptor in its place, which has no other number any more.
    Fd(Fd),
    /// It was closed.
    Closed,
}

/// What this layer keeps for a process.
#[derive(Clone, Debug)]
pub struct WasiState {
    /// Hold the guest to preview1's letter: no path out of a directory's tree, devices shown as
    /// devices. Off for guests of the extension ABI, whose commands expect POSIX.
    pub strict: bool,
    /// The guest's numbers from 3 on, before those of the kernel's descriptors.
    pub(crate) slots: Vec<Slot>,
    /// Of a waiting call that is repeated: when it ends (`sleep_ms`) or began (`poll_oneoff`).
    pub(crate) deadline: Option<u64>,
    /// Rights that were narrowed: base and inheriting.
    pub(crate) rights: BTreeMap<u32, (u64, u64)>,
    /// What `fd_prestat_get(path, -1)` answers.
    pub(crate) paths: Paths,
    /// Somebody runs the guest's handler when a caught signal is pending.
    pub(crate) runs_handlers: bool,
}

impl Default for WasiState {
    /// For a command of the extension ABI.
    fn default() -> WasiState {
        WasiState::new(vec![Preopen::root()])
    }
}

impl WasiState {
    /// For a process that has just started, with these preopened directories, from 3 on.
    pub fn new(preopens: Vec<Preopen>) -> WasiState {
        WasiState {
            strict: false,
            slots: preopens.into_iter().map(Slot::Preopen).collect(),
            deadline: None,
            rights: BTreeMap::new(),
            paths: Paths::default(),
            runs_handlers: false,
        }
    }

    /// Sets what `fd_prestat_get(path, -1)` is: a guest's libc can be made to call it where it
    /// would skip a path's leading slashes.
    #[must_use]
    pub fn with_paths(self, paths: Paths) -> WasiState {
        WasiState { paths, ..self }
    }

    /// Says that signals can be caught: whoever makes the calls runs the guest's handler, between
    /// two of them, while the kernel [has a signal](kernel::Kernel::has_signal).
    #[must_use]
    pub fn with_handlers(self) -> WasiState {
        WasiState { runs_handlers: true, ..self }
    }

    /// Whether signals can be caught.
    pub fn runs_handlers(&self) -> bool {
        self.runs_handlers
    }

    /// Bytes that [`Paths::FromRoot`] takes.
    pub const SCRATCH: u32 = SCRATCH_PLACES * SCRATCH_PLACE;

    /// As [`new`](WasiState::new), for a guest that is held to preview1's letter.
    pub fn strict(preopens: Vec<Preopen>) -> WasiState {
        WasiState { strict: true, ..WasiState::new(preopens) }
    }

    /// The first of the numbers that may be preopened directories.
    pub(crate) const FIRST: u32 = 3;

    /// How many numbers the slots take.
    fn taken(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// Which slot a guest's number is, if it is one.
    pub(crate) fn slot(&self, fd: u32) -> Option<usize> {
        let index = fd.checked_sub(WasiState::FIRST).filter(|index| *index < self.taken())?;
        Some(index as usize)
    }
}

/// Paths that the guest may still look at when the next one is made; `rename` has two.
pub(crate) const SCRATCH_PLACES: u32 = 4;

/// Bytes for one path: two of the longest.
pub(crate) const SCRATCH_PLACE: u32 = 8192;

/// What `fd_prestat_get(path, -1)` answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Paths {
    /// As preview1 has it: `EFAULT`.
    #[default]
    AsSpecified,
    /// Where the path is without its leading slashes.
    Stripped,
    /// The same, and before a relative path the working directory is put: in
    /// [`SCRATCH`](WasiState::SCRATCH) bytes of the guest's memory.
    FromRoot {
        /// Where these bytes are.
        scratch: u32,
        /// Which place in them is next; 0 at first.
        next: u32,
    },
}

/// What a descriptor of a guest stands for.
pub(crate) enum GuestFd {
    /// A preopened directory: its path.
    Preopen(Vec<u8>),
    /// A descriptor of the kernel's.
    Fd(Fd),
}

impl Cx<'_> {
    /// The kernel's descriptor. Guests' numbers behind the preopened directories are higher than
    /// the kernel's by as many as these are, so that a descriptor 3 that a process inherits and
    /// the first of them do not meet.
    ///
    /// # Errors
    /// - `EBADF`: a preopened directory that was closed; a number that was given up.
    pub(crate) fn guest_fd(&self, fd: u32) -> Result<GuestFd> {
        if fd < WasiState::FIRST {
            return Ok(GuestFd::Fd(Fd(fd)));
        }
        match self.state.slot(fd).and_then(|slot| self.state.slots.get(slot)) {
            Some(Slot::Preopen(preopen)) => Ok(GuestFd::Preopen(preopen.path.clone())),
            Some(Slot::Fd(fd)) => Ok(GuestFd::Fd(*fd)),
            Some(Slot::Closed) => Err(Errno::EBADF),
            None => {
                let fd = Fd(fd - self.state.taken());
                let moved = |slot: &Slot| matches!(slot, Slot::Fd(other) if *other == fd);
                if self.state.slots.iter().any(moved) {
                    return Err(Errno::EBADF);
                }
                Ok(GuestFd::Fd(fd))
            }
        }
    }

    /// As [`guest_fd`](Cx::guest_fd), where a preopened directory will not do.
    ///
    /// # Errors
    /// - `EBADF`: it is closed.
    /// - `instead`: it is such a directory.
    pub(crate) fn fd_or(&self, fd: u32, instead: Errno) -> Result<Fd> {
        match self.guest_fd(fd)? {
            GuestFd::Fd(fd) => Ok(fd),
            GuestFd::Preopen(_) => Err(instead),
        }
    }

    /// A kernel's descriptor in the guest's numbers.
    pub(crate) fn to_guest(&self, fd: Fd) -> u32 {
        if fd.0 < WasiState::FIRST { fd.0 } else { fd.0.saturating_add(self.state.taken()) }
    }

    /// A path argument, copied.
    ///
    /// # Errors
    /// - `EFAULT`: not in memory.
    /// - `ENAMETOOLONG`: longer than any path.
    pub(crate) fn bytes(&self, at: u32, len: u32) -> Result<Vec<u8>> {
        if len > 1 << 16 {
            return Err(Errno::ENAMETOOLONG);
        }
        Ok(self.memory.slice(at, len)?.to_vec())
    }
}

/// A handler's result as the guest sees it.
pub(crate) fn answer(result: Poll<Result<()>>) -> Poll<Answer> {
    match result {
        Poll::Ready(Ok(())) => Poll::Ready(Answer::Value(0)),
        Poll::Ready(Err(errno)) => Poll::Ready(Answer::Value(errno::number(errno).into())),
        Poll::Pending => Poll::Pending,
    }
}
