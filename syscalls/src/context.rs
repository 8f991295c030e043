//! What a handler works on: the kernel, the calling process, its memory.

use core::task::Poll;
use std::collections::BTreeMap;

use kernel::{ExitStatus, Fd, Kernel, Pid};
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
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// With this result: an errno's number, 0 for success; a mode from `host_fs`. A call
    /// without results gives 0.
    Value(u32),
    /// The process ends.
    Exit(ExitStatus),
}

/// What this layer keeps for a process.
#[derive(Clone, Debug, Default)]
pub struct WasiState {
    /// Hold the guest to preview1's letter: no path out of a directory's tree, devices shown as
    /// devices. Off for guests of the extension ABI, whose commands expect POSIX.
    pub strict: bool,
    /// The preopened directory was closed.
    pub(crate) preopen_closed: bool,
    /// Of a waiting call that is repeated: when it ends (`sleep_ms`) or began (`poll_oneoff`).
    pub(crate) deadline: Option<u64>,
    /// Rights that were narrowed: base and inheriting.
    pub(crate) rights: BTreeMap<u32, (u64, u64)>,
}

impl WasiState {
    /// For a process that has just started.
    pub fn new(strict: bool) -> WasiState {
        WasiState { strict, ..WasiState::default() }
    }
}

/// The preopened directory `/`, in the guest's numbers. It is no descriptor of the kernel's.
pub(crate) const PREOPEN: u32 = 3;

/// What a descriptor of a guest stands for.
pub(crate) enum GuestFd {
    /// The preopened root.
    Preopen,
    /// A descriptor of the kernel's.
    Fd(Fd),
}

impl Cx<'_> {
    /// The kernel's descriptor. Guests' numbers from 4 on are one higher than the kernel's, so
    /// that a descriptor 3 that a process inherits and the preopen do not meet.
    ///
    /// # Errors
    /// - `EBADF`: the preopen was closed.
    pub(crate) fn guest_fd(&self, fd: u32) -> Result<GuestFd> {
        match fd {
            0..PREOPEN => Ok(GuestFd::Fd(Fd(fd))),
            PREOPEN if self.state.preopen_closed => Err(Errno::EBADF),
            PREOPEN => Ok(GuestFd::Preopen),
            _ => Ok(GuestFd::Fd(Fd(fd - 1))),
        }
    }

    /// As [`guest_fd`](Cx::guest_fd), where the preopen will not do.
    ///
    /// # Errors
    /// - `EBADF`: it is closed.
    /// - `instead`: it is the preopen.
    pub(crate) fn fd_or(&self, fd: u32, instead: Errno) -> Result<Fd> {
        match self.guest_fd(fd)? {
            GuestFd::Fd(fd) => Ok(fd),
            GuestFd::Preopen => Err(instead),
        }
    }

    /// A kernel's descriptor in the guest's numbers.
    pub(crate) fn to_guest(fd: Fd) -> u32 {
        if fd.0 < PREOPEN { fd.0 } else { fd.0 + 1 }
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
