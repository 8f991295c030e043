//! The kernel of `agentos`: processes, descriptors, pipes, signals and limits, without threads.
//!
//! A [`Kernel`] owns a namespace of files ([`vfs::Vfs`]) and the processes that use it. A process
//! is a [`Program`], a body that the scheduler lends the kernel for one step at a time; a call
//! that has to wait answers [`Poll::Pending`](core::task::Poll) and is made again when the
//! process is woken. So a process is a value: thousands can wait at once, and none can block
//! the host.
//!
//! ```
//! use std::task::Poll;
//! use agentos_kernel::*;
//! use vfs::MemFs;
//!
//! struct Hello;
//!
//! impl Program for Hello {
//!     fn step(&mut self, kernel: &mut Kernel, pid: Pid, _slice: Slice) -> Step {
//!         match kernel.write(pid, Fd::STDOUT, b"hello") {
//!             Poll::Pending => Step::Block,
//!             Poll::Ready(Ok(5)) => Step::Exit(ExitStatus::SUCCESS),
//!             Poll::Ready(_) => Step::Exit(ExitStatus::Exited(1)),
//!         }
//!     }
//! }
//!
//! let mut kernel = Kernel::new(Vfs::new(Box::new(MemFs::default())), Config::default());
//! let stdout = kernel.capture(1 << 20);
//! let pid = kernel.create_process(InitProcess {
//!     stdout: HostFile::Capture(stdout),
//!     body: Some(Box::new(Hello)),
//!     ..InitProcess::default()
//! })?;
//! let outcome = kernel.run(Until { pid, deadline: None });
//! assert_eq!(outcome, Outcome::Exited(ExitStatus::SUCCESS));
//! assert_eq!(kernel.take_capture(stdout).bytes, b"hello");
//! # Ok::<(), Errno>(())
//! ```
//!
//! Not here: WebAssembly (the runtime's), system call ABIs (`syscalls`), the shell. No thread,
//! no global state, no clock and no randomness but what [`Config`] gives.

mod binfmt;
mod capture;
mod clock;
mod descriptors;
mod dirfd;
mod exit;
mod fd;
mod fifo;
mod file;
mod growth;
mod host;
mod io;
mod jobs;
mod kernel;
mod kill;
mod limits;
mod lock;
mod memory;
mod open;
mod paths;
mod pipe;
mod poll;
mod proc;
mod process;
mod random;
mod sched;
mod signal;
mod spawn;
mod timer;
mod trace;
mod tty;
mod wait;
mod wait_queue;

pub use vfs::{
    Access, AtFlags, Cred, DirEntry, Errno, FileType, Ino, Mode, OFlags, RenameFlags, Result,
    SetTime, Stat, StatFs, Timestamp, Vfs, Whence,
};

pub use binfmt::{Image, Loader};
pub use capture::{CaptureId, Captured, Spilled};
pub use clock::{Clock, ClockId, HostClock, VirtualClock};
pub use dirfd::DirFd;
pub use fd::{CloseOnExec, Fd};
pub use host::{HostEnd, HostFile, HostPipeId};
pub use jobs::Rusage;
pub use kernel::{Config, Counters, Kernel};
pub use kill::KillTarget;
pub use limits::{Limit, LimitExceeded, Limits};
pub use lock::LockOp;
pub use memory::MemoryMeter;
pub use paths::DirEntryBuf;
pub use pipe::PIPE_BUF;
pub use poll::{PollEvents, PollFd};
pub use process::{Pgid, Pid, Sid, State};
pub use random::{Entropy, HostEntropy, SeededEntropy};
pub use sched::{Blocked, Outcome, Program, Slice, Step, Until};
pub use signal::{DefaultAction, Disposition, SigSet, Signal};
pub use spawn::{FdAction, ForkAttrs, InitProcess, Spawn};
pub use trace::{TraceEvent, TraceHook, TraceResult};
pub use tty::{Switch, Termios, TtyId, WindowSize};
pub use wait::{ExitStatus, WaitOptions, WaitStatus, WaitTarget};
pub use wait_queue::WaitOn;
