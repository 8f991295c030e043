//! The only door to the kernel: what a shell process asks of it, as `async` or at once.
//!
//! During a step of the process the kernel lies in a slot that the body (`sys::body`) and this
//! share; outside of steps nothing here runs. Not here: what the answers mean to a script.

mod body;
mod deep;
mod memory;

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;

use kernel::{
    ClockId, CloseOnExec, ForkAttrs, Kernel, KillTarget, MemoryMeter, Pid, PollEvents, PollFd,
    Program, Signal, Spawn, WaitOptions, WaitStatus, WaitTarget,
};
use vfs::{Errno, Mode, OFlags, Result, Stat};

pub(crate) use self::body::{Body, Ending};
pub(crate) use self::deep::Deep;
pub(crate) use kernel::Fd;

/// What the body and the shell inside it share.
pub(crate) struct Shared {
    /// Vacant outside of steps.
    kernel: Mutex<Kernel>,
    /// This process; 0 before its first step.
    pid: AtomicU32,
    /// What is left of the slice of fuel.
    fuel: AtomicU64,
    /// The future waits only because the slice is spent.
    yielded: AtomicBool,
    /// Who counts memory, once it was asked for.
    meter: OnceLock<Option<Arc<dyn MemoryMeter>>>,
    /// The memory that it granted.
    held: AtomicU64,
}

/// What a read costs: some instructions of a program.
const READ_FUEL: u64 = 100;

/// The door: cheap to clone, bound to one process.
#[derive(Clone)]
pub(crate) struct Sys {
    shared: Arc<Shared>,
}

impl Sys {
    fn lock(&self) -> MutexGuard<'_, Kernel> {
        self.shared.kernel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&mut Kernel, Pid) -> T) -> T {
        let pid = self.pid();
        call(&mut self.lock(), pid)
    }

    /// This process.
    pub(crate) fn pid(&self) -> Pid {
        Pid(self.shared.pid.load(Ordering::Relaxed))
    }

    // --- fuel

    /// Counts work against the slice; whether there is any left.
    pub(crate) fn charge(&self, fuel: u64) -> bool {
        let left = self.shared.fuel.load(Ordering::Relaxed).saturating_sub(fuel);
        self.shared.fuel.store(left, Ordering::Relaxed);
        left > 0
    }

    /// Counts the work that so many bytes are.
    pub(crate) fn charge_bytes(&self, count: usize) {
        /// Bytes that cost one unit: less than a line of text costs nothing beside its command.
        const BYTES: usize = 64;
        self.charge((count / BYTES) as u64);
    }

    /// Lets other processes run: the rest of the slice is given up.
    pub(crate) async fn yield_now(&self) {
        let mut first = true;
        poll_fn(|_| {
            if !std::mem::take(&mut first) {
                return Poll::Ready(());
            }
            self.shared.yielded.store(true, Ordering::Relaxed);
            Poll::Pending
        })
        .await;
    }

    // --- files

    /// Reads once; waits for the first byte. Caught signals interrupt it.
    ///
    /// # Errors
    /// Those of `read(2)`.
    pub(crate) async fn read(&self, fd: Fd, buffer: &mut [u8]) -> Result<usize> {
        // What is always ready to be read must not keep the others waiting.
        if !self.charge(READ_FUEL) {
            self.yield_now().await;
        }
        let result = poll_fn(|_| self.with(|kernel, pid| kernel.read(pid, fd, buffer))).await;
        self.charge_bytes(*result.as_ref().unwrap_or(&0));
        result
    }

    /// Writes once without waiting; `EAGAIN` where it would have to.
    fn write_now(&self, fd: Fd, bytes: &[u8]) -> Result<usize> {
        match self.with(|kernel, pid| kernel.write(pid, fd, bytes)) {
            Poll::Ready(result) => {
                self.charge_bytes(*result.as_ref().unwrap_or(&0));
                result
            }
            Poll::Pending => Err(Errno::EAGAIN),
        }
    }

    /// Writes as much as goes without waiting: how much that was.
    ///
    /// # Errors
    /// Those of `write(2)`.
    pub(crate) fn write_some(&self, fd: Fd, bytes: &[u8]) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            match self.write_now(fd, rest) {
                Ok(count) => done += count,
                Err(Errno::EAGAIN) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Writes once; waits for room.
    ///
    /// # Errors
    /// Those of `write(2)`.
    pub(crate) async fn write_once(&self, fd: Fd, bytes: &[u8]) -> Result<usize> {
        let result = poll_fn(|_| self.with(|kernel, pid| kernel.write(pid, fd, bytes))).await;
        self.charge_bytes(*result.as_ref().unwrap_or(&0));
        result
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Those of `write(2)`; what was written before the error stays written.
    pub(crate) async fn write_all(&self, fd: Fd, bytes: &[u8]) -> Result<()> {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            done += self.write_once(fd, rest).await?;
        }
        Ok(())
    }

    /// `open(2)`; a fifo's waits for the other end.
    ///
    /// # Errors
    /// Those of `open(2)`.
    pub(crate) async fn open(&self, path: &[u8], flags: OFlags, mode: u32) -> Result<Fd> {
        let mode = Mode::new(mode);
        poll_fn(|_| self.with(|kernel, pid| kernel.openat(pid, None, path, flags, mode))).await
    }

    pub(crate) fn close(&self, fd: Fd) -> Result<()> {
        self.with(|kernel, pid| kernel.close(pid, fd))
    }

    pub(crate) fn dup2(&self, old: Fd, new: Fd) -> Result<()> {
        self.with(|kernel, pid| kernel.dup2(pid, old, new, CloseOnExec::No)).map(|_| ())
    }

    /// A copy of the descriptor at 10 or above.
    pub(crate) fn dup_high(&self, fd: Fd, cloexec: CloseOnExec) -> Result<Fd> {
        self.with(|kernel, pid| kernel.dup_min(pid, fd, Fd(10), cloexec))
    }

    /// The two ends of a pipe, both closed on exec.
    pub(crate) fn pipe(&self) -> Result<(Fd, Fd)> {
        self.with(|kernel, pid| kernel.pipe2(pid, OFlags::CLOEXEC))
    }

    pub(crate) fn is_open(&self, fd: Fd) -> bool {
        self.with(|kernel, pid| kernel.fcntl_getfd(pid, fd)).is_ok()
    }

    pub(crate) fn is_tty(&self, fd: Fd) -> bool {
        self.with(|kernel, pid| kernel.isatty(pid, fd))
    }

    pub(crate) fn stat(&self, path: &[u8]) -> Result<Stat> {
        let flags = vfs::AtFlags::empty();
        self.with(|kernel, pid| kernel.fstatat(pid, None, path, flags))
    }

    pub(crate) fn lstat(&self, path: &[u8]) -> Result<Stat> {
        let flags = vfs::AtFlags::SYMLINK_NOFOLLOW;
        self.with(|kernel, pid| kernel.fstatat(pid, None, path, flags))
    }

    pub(crate) fn is_dir(&self, path: &[u8]) -> bool {
        self.stat(path).is_ok_and(|stat| stat.is_dir())
    }

    pub(crate) fn access(&self, path: &[u8], access: vfs::Access) -> Result<()> {
        let flags = vfs::AtFlags::EACCESS;
        self.with(|kernel, pid| kernel.faccessat(pid, None, path, access, flags))
    }

    /// A regular file that may be executed.
    pub(crate) fn is_executable(&self, path: &[u8]) -> bool {
        self.stat(path).is_ok_and(|stat| !stat.is_dir())
            && self.access(path, vfs::Access::EXEC).is_ok()
    }

    /// Waits until the descriptor has something to read, or the time has come: whether it has.
    ///
    /// # Errors
    /// `EBADF`; `EINTR` when a caught signal arrives.
    pub(crate) async fn readable(&self, fd: Fd, deadline_ns: Option<u64>) -> Result<bool> {
        let mut fds = [PollFd { fd, events: PollEvents::IN, revents: PollEvents::empty() }];
        let ready =
            poll_fn(|_| self.with(|kernel, pid| kernel.poll(pid, &mut fds, deadline_ns))).await?;
        Ok(ready > 0)
    }

    // --- processes

    /// Makes a copy of this process that runs another shell body.
    ///
    /// # Errors
    /// `EAGAIN` at the limit of processes.
    pub(crate) fn fork(&self, attrs: ForkAttrs, body: Box<dyn Program>) -> Result<Pid> {
        self.with(|kernel, pid| kernel.fork(pid, attrs, body))
    }

    /// Starts a program.
    ///
    /// # Errors
    /// Those of `posix_spawn(3)`.
    pub(crate) fn spawn(&self, request: Spawn) -> Result<Pid> {
        self.with(|kernel, pid| kernel.spawn(pid, request))
    }

    /// Loads a program to go on as.
    ///
    /// # Errors
    /// Those of `execve(2)`.
    pub(crate) fn exec(
        &self,
        path: &[u8],
        argv: Vec<Vec<u8>>,
        environ: Vec<Vec<u8>>,
    ) -> Result<Box<dyn Program>> {
        self.with(|kernel, pid| kernel.exec(pid, path, argv, environ))
    }

    /// Waits for a child to change state.
    ///
    /// # Errors
    /// `ECHILD`; `EINTR` when a caught signal is pending.
    pub(crate) async fn wait(
        &self,
        target: WaitTarget,
        options: WaitOptions,
    ) -> Result<Option<(Pid, WaitStatus)>> {
        poll_fn(|_| self.with(|kernel, pid| kernel.waitpid(pid, target, options))).await
    }

    /// Asks for a change of state without waiting.
    pub(crate) fn wait_now(&self, target: WaitTarget) -> Result<Option<(Pid, WaitStatus)>> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        match self.with(|kernel, pid| kernel.waitpid(pid, target, options)) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(None),
        }
    }

    pub(crate) fn kill(&self, target: KillTarget, signal: Option<Signal>) -> Result<()> {
        self.with(|kernel, pid| kernel.kill(pid, target, signal))
    }

    pub(crate) fn take_signal(&self) -> Option<Signal> {
        self.with(|kernel, pid| kernel.take_signal(pid))
    }

    // --- time

    pub(crate) fn monotonic_ns(&self) -> u64 {
        self.with(|kernel, _| kernel.clock_gettime(ClockId::Monotonic))
    }

    pub(crate) fn realtime_ns(&self) -> u64 {
        self.with(|kernel, _| kernel.clock_gettime(ClockId::Realtime))
    }

    pub(crate) fn cwd(&self) -> Result<Vec<u8>> {
        self.with(|kernel, pid| kernel.getcwd(pid))
    }
}

impl crate::env::Host for Sys {
    fn realtime_ns(&self) -> u64 {
        Sys::realtime_ns(self)
    }

    fn monotonic_ns(&self) -> u64 {
        Sys::monotonic_ns(self)
    }

    fn random(&self) -> u32 {
        let mut bytes = [0; 4];
        self.with(|kernel, _| kernel.getrandom(&mut bytes));
        u32::from_le_bytes(bytes)
    }

    fn pid(&self) -> u32 {
        self.pid().0
    }

    fn ppid(&self) -> u32 {
        self.with(|kernel, pid| kernel.getppid(pid)).map_or(0, |pid| pid.0)
    }

    fn uid(&self) -> u32 {
        self.with(|kernel, pid| kernel.credentials(pid).map_or(0, |cred| cred.uid))
    }

    fn euid(&self) -> u32 {
        self.with(|kernel, pid| kernel.credentials(pid).map_or(0, |cred| cred.uid))
    }

    fn groups(&self) -> Vec<u32> {
        self.with(|kernel, pid| {
            let Ok(cred) = kernel.credentials(pid) else { return Vec::new() };
            let mut groups = vec![cred.gid];
            groups.extend(cred.groups.iter().copied().filter(|gid| *gid != cred.gid));
            groups
        })
    }

    fn hostname(&self) -> Vec<u8> {
        self.with(|kernel, _| kernel.hostname().to_vec())
    }
}
