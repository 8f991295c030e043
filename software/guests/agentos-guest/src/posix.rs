//! Processes and descriptors as POSIX has them, beyond what [`process`](crate::process) starts.
//!
//! Wraps the module `agentos` of the kernel; descriptors are this program's own numbers.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::wasi::ffi::OsStrExt;

#[link(wasm_import_module = "agentos")]
unsafe extern "C" {
    fn proc_spawn(record: *const Record, ret_pid: *mut u32) -> i32;
    fn proc_wait(pid: i32, options: u32, ret_status: *mut u32, ret_pid: *mut u32) -> i32;
    fn proc_setsid(ret_sid: *mut u32) -> i32;
    fn proc_setpgid(pid: u32, pgid: u32) -> i32;
    fn proc_getrusage(ret: *mut [u64; 2]) -> i32;
    fn fd_flock(fd: u32, operation: u32) -> i32;
    fn fd_pipe2(flags: u32, ret_read: *mut u32, ret_write: *mut u32) -> i32;
    fn fd_winsize(fd: u32, ret_rows: *mut u32, ret_cols: *mut u32) -> i32;
}

/// What `proc_spawn` reads: see `syscalls/src/spawn.rs`.
#[repr(C)]
struct Record {
    path: Slice<u8>,
    argv: Slice<u8>,
    env: Slice<u8>,
    cwd: Slice<u8>,
    actions: Slice<Action>,
    group: u32,
    flags: u32,
    reset: u64,
    ignore: u64,
    mask: u64,
}

/// A slice as the kernel takes it.
#[repr(C)]
struct Slice<T> {
    at: *const T,
    len: usize,
}

impl<T> Slice<T> {
    fn of(slice: &[T]) -> Slice<T> {
        Slice { at: slice.as_ptr(), len: slice.len() }
    }
}

/// One step in arranging a new process's descriptors.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Action {
    kind: u32,
    first: u32,
    second: u32,
    path: *const u8,
    path_len: usize,
    mode: u32,
}

/// The group of the caller.
const NO_GROUP: u32 = u32::MAX;
/// What `proc_wait` is asked not to do: wait.
const WNOHANG: u32 = 1;

/// A process to start. Analogous to the arguments of `posix_spawnp`.
#[derive(Debug)]
pub struct Spawn {
    argv: Vec<u8>,
    env: Vec<u8>,
    actions: Vec<Action>,
    group: u32,
    ignore: u64,
}

impl Spawn {
    /// A program, searched for in `PATH`, with its arguments and this process's environment.
    ///
    /// # Errors
    /// - `InvalidInput`: a NUL in a word.
    pub fn new(words: &[OsString]) -> io::Result<Spawn> {
        let (mut argv, mut env) = (Vec::new(), Vec::new());
        for word in words {
            push(&mut argv, &[word])?;
        }
        for (name, value) in std::env::vars_os() {
            push(&mut env, &[&name, OsStr::new("="), &value])?;
        }
        Ok(Spawn { argv, env, actions: Vec::new(), group: NO_GROUP, ignore: 0 })
    }

    /// Its descriptor `target` is what `fd` is here.
    #[must_use]
    pub fn dup2(mut self, fd: &impl AsRawFd, target: u32) -> Spawn {
        let first = fd.as_raw_fd() as u32;
        self.actions.push(Action { kind: 0, first, second: target, ..Action::NONE });
        self
    }

    /// It has no descriptor `fd`.
    #[must_use]
    pub fn close(mut self, fd: u32) -> Spawn {
        self.actions.push(Action { kind: 1, first: fd, ..Action::NONE });
        self
    }

    /// It joins a process group; 0 is one of its own.
    #[must_use]
    pub fn group(mut self, group: u32) -> Spawn {
        self.group = group;
        self
    }

    /// It ignores a signal.
    #[must_use]
    pub fn ignore(mut self, signal: u32) -> Spawn {
        self.ignore |= 1 << (signal - 1);
        self
    }

    /// Starts it; its pid.
    ///
    /// # Errors
    /// - `ENOENT`: there is no such program. `EACCES`, `ENOEXEC`: it cannot be run.
    /// - `EAGAIN`: there are too many processes. `EBADF`: an action's descriptor is not open.
    pub fn spawn(&self) -> io::Result<u32> {
        let record = Record {
            path: Slice::of(&[]),
            argv: Slice::of(&self.argv),
            env: Slice::of(&self.env),
            cwd: Slice::of(&[]),
            actions: Slice::of(&self.actions),
            group: self.group,
            flags: 0,
            reset: 0,
            ignore: self.ignore,
            mask: 0,
        };
        let mut pid = 0;
        // SAFETY: the kernel reads the record and what it points to within their lengths.
        check(unsafe { proc_spawn(&raw const record, &raw mut pid) })?;
        Ok(pid)
    }
}

impl Action {
    const NONE: Action =
        Action { kind: 0, first: 0, second: 0, path: std::ptr::null(), path_len: 0, mode: 0 };
}

/// Adds one string, with the NUL that ends it; a NUL within it would make it two.
fn push(strings: &mut Vec<u8>, parts: &[&OsStr]) -> io::Result<()> {
    for part in parts {
        if part.as_bytes().contains(&0) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        strings.extend(part.as_bytes());
    }
    strings.push(0);
    Ok(())
}

/// What became of a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It ended by itself, with this status.
    Exited(u32),
    /// It was ended by this signal.
    Signaled(u32),
    /// It was stopped by this signal.
    Stopped(u32),
    /// It goes on.
    Continued,
}

impl Status {
    /// As the shell's `$?` has it.
    pub fn code(self) -> i32 {
        match self {
            Status::Exited(code) => code as i32,
            Status::Signaled(signal) | Status::Stopped(signal) => 128 + signal as i32,
            Status::Continued => 0,
        }
    }
}

/// Waits for a child, or for any with -1.
///
/// # Errors
/// - `ECHILD`: there is none. `EINTR`: a caught signal came.
pub fn wait(pid: i32) -> io::Result<(u32, Status)> {
    Ok(wait_with(pid, 0)?.unwrap_or((0, Status::Continued)))
}

/// As [`wait`], but does not wait: `None` if nothing is to be told.
///
/// # Errors
/// As [`wait`].
pub fn try_wait(pid: i32) -> io::Result<Option<(u32, Status)>> {
    wait_with(pid, WNOHANG)
}

fn wait_with(pid: i32, options: u32) -> io::Result<Option<(u32, Status)>> {
    let (mut raw, mut found) = (0, 0);
    // SAFETY: the kernel writes two numbers.
    check(unsafe { proc_wait(pid, options, &raw mut raw, &raw mut found) })?;
    let status = match raw & 0xff {
        _ if raw == 0xffff => Status::Continued,
        0x7f => Status::Stopped(raw >> 8),
        0 => Status::Exited(raw >> 8),
        signal => Status::Signaled(signal & 0x7f),
    };
    Ok((found != 0).then_some((found, status)))
}

/// Leads a new session; its number.
///
/// # Errors
/// - `EPERM`: this process leads a group already.
pub fn setsid() -> io::Result<u32> {
    let mut sid = 0;
    // SAFETY: the kernel writes one number.
    check(unsafe { proc_setsid(&raw mut sid) })?;
    Ok(sid)
}

/// Puts a process, 0 is this one, into a group, 0 is one of its own.
///
/// # Errors
/// - `ESRCH`, `EACCES`, `EPERM`: as POSIX has them.
pub fn setpgid(pid: u32, group: u32) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { proc_setpgid(pid, group) })
}

/// Nanoseconds of CPU time: this process's, and its ended children's.
///
/// # Errors
/// None that happens.
pub fn cpu_time() -> io::Result<[u64; 2]> {
    let mut times = [0; 2];
    // SAFETY: the kernel writes two numbers.
    check(unsafe { proc_getrusage(&raw mut times) })?;
    Ok(times)
}

/// What [`flock`] does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lock {
    /// Shares the file with others that share it.
    Shared,
    /// Has the file alone.
    Exclusive,
    /// Gives it back.
    Unlock,
}

/// Whether to wait for a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Patience {
    /// Until it can be had.
    Wait,
    /// `EAGAIN` if it cannot be had now.
    Try,
}

/// Locks an open file.
///
/// # Errors
/// - `EAGAIN`: another one has it. `EBADF`: it is not open. `EINTR`: a caught signal came.
pub fn flock(file: &impl AsRawFd, lock: Lock, patience: Patience) -> io::Result<()> {
    let operation = match lock {
        Lock::Shared => 1,
        Lock::Exclusive => 2,
        Lock::Unlock => 8,
    };
    let operation = operation | if patience == Patience::Try { 4 } else { 0 };
    // SAFETY: no memory is involved.
    check(unsafe { fd_flock(file.as_raw_fd() as u32, operation) })
}

/// A pipe whose ends a spawned process does not inherit: to read from, and to write to.
///
/// # Errors
/// - `EMFILE`, `ENFILE`: too many open files.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    const CLOEXEC: u32 = 1;
    let (mut read, mut write) = (0, 0);
    // SAFETY: the kernel writes two numbers.
    check(unsafe { fd_pipe2(CLOEXEC, &raw mut read, &raw mut write) })?;
    // SAFETY: both are open, and nobody else has them.
    Ok(unsafe { (OwnedFd::from_raw_fd(read as i32), OwnedFd::from_raw_fd(write as i32)) })
}

/// Lines and columns of a terminal.
///
/// # Errors
/// - `ENOTTY`: it is none.
pub fn window_size(fd: &impl AsRawFd) -> io::Result<(u32, u32)> {
    let (mut rows, mut cols) = (0, 0);
    // SAFETY: the kernel writes two numbers.
    check(unsafe { fd_winsize(fd.as_raw_fd() as u32, &raw mut rows, &raw mut cols) })?;
    Ok((rows, cols))
}

fn check(errno: i32) -> io::Result<()> {
    match errno {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}
