//! The calls that WASI preview1 lacks, as the kernel's extension modules offer them.
//!
//! Errors are WASI's numbers, which are std's raw OS errors on this target.

use std::ffi::OsString;
use std::io;
use std::os::wasi::ffi::OsStringExt;

#[link(wasm_import_module = "agentos")]
unsafe extern "C" {
    #[link_name = "getcwd"]
    fn agentos_getcwd(buf: *mut u8, buf_len: usize, ret_len: *mut usize) -> i32;
    #[link_name = "chdir"]
    fn agentos_chdir(path: *const u8, len: usize) -> i32;
    fn proc_sigignore(signal: u32) -> i32;
    fn proc_exec(
        path: *const u8,
        path_len: usize,
        argv: *const u8,
        argv_len: usize,
        envp: *const u8,
        envp_len: usize,
    ) -> i32;
}

#[link(wasm_import_module = "host_process")]
unsafe extern "C" {
    fn proc_spawn(
        argv: *const u8,
        argv_len: usize,
        envp: *const u8,
        envp_len: usize,
        stdin_fd: u32,
        stdout_fd: u32,
        stderr_fd: u32,
        cwd: *const u8,
        cwd_len: usize,
        ret_pid: *mut u32,
    ) -> i32;
    fn proc_waitpid(pid: u32, options: u32, ret_status: *mut u32) -> i32;
    fn proc_kill(pid: u32, signal: u32) -> i32;
}

/// `ERANGE` in WASI's numbers: the buffer is too small.
const ERANGE: i32 = 68;
/// `EBUSY`: how `proc_waitpid` says "still running".
const EBUSY: i32 = 10;
/// `WNOHANG` of `proc_waitpid`.
const WNOHANG: u32 = 1;
/// Longest directory asked for; the kernel's own limit on paths is lower.
const PATH_LIMIT: usize = 1 << 16;

/// The directory the process was started in.
///
/// # Errors
/// - `ENOENT`: it has been removed.
/// - `ERANGE`: its path is longer than 64 KiB.
pub fn getcwd() -> io::Result<OsString> {
    let mut buf = vec![0; 512];
    loop {
        let mut len = 0;
        // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`, and one size to `len`.
        let errno = unsafe { agentos_getcwd(buf.as_mut_ptr(), buf.len(), &raw mut len) };
        match errno {
            0 => {
                buf.truncate(len);
                return Ok(OsString::from_vec(buf));
            }
            ERANGE if buf.len() < PATH_LIMIT => buf.resize(buf.len() * 4, 0),
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

/// Starts a program as `posix_spawn` does: a bare name is looked up in `PATH` by the kernel. `argv` and
/// `envp` are their strings, each with a NUL after it; an empty `cwd` is the caller's.
///
/// # Errors
/// - `ENOENT`: there is no such program.
/// - `EACCES`, `ENOEXEC`: it cannot be run.
/// - `EAGAIN`: there are too many processes.
pub fn spawn(argv: &[u8], envp: &[u8], stdio: [u32; 3], cwd: &[u8]) -> io::Result<u32> {
    let mut pid = 0;
    // SAFETY: the kernel reads the three slices within their lengths and writes one number.
    check(unsafe {
        proc_spawn(
            argv.as_ptr(),
            argv.len(),
            envp.as_ptr(),
            envp.len(),
            stdio[0],
            stdio[1],
            stdio[2],
            cwd.as_ptr(),
            cwd.len(),
            &raw mut pid,
        )
    })?;
    Ok(pid)
}

/// Goes on as another program, as `execvpe` does: a bare name is looked up in the `PATH` of `envp`.
/// `argv` and `envp` are as in [`spawn`]. Returns only if it fails.
///
/// # Errors
/// - `ENOENT`: there is no such program.
/// - `EACCES`, `ENOEXEC`: it cannot be run.
/// - `E2BIG`: the strings are too many.
pub fn exec(argv: &[u8], envp: &[u8]) -> io::Error {
    // SAFETY: the kernel reads the slices within their lengths.
    let errno = unsafe {
        proc_exec([].as_ptr(), 0, argv.as_ptr(), argv.len(), envp.as_ptr(), envp.len())
    };
    io::Error::from_raw_os_error(errno)
}

/// Changes the directory that other programs are started in, and that [`getcwd`] tells them.
///
/// # Errors
/// - `ENOENT`, `ENOTDIR`, `EACCES`: it cannot be entered.
pub fn chdir(path: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel reads the path within its length.
    check(unsafe { agentos_chdir(path.as_ptr(), path.len()) })
}

/// Ignores a signal from now on; a program that is started, or that this one becomes, does too.
///
/// # Errors
/// - `EINVAL`: there is no such signal, or it cannot be ignored.
pub fn sigignore(signal: u32) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { proc_sigignore(signal) })
}

/// Waits for a child; its wait status as POSIX lays it out.
///
/// # Errors
/// - `ECHILD`, `ESRCH`: the process has no such child.
pub fn waitpid(pid: u32) -> io::Result<u32> {
    let mut status = 0;
    // SAFETY: the kernel writes one number.
    check(unsafe { proc_waitpid(pid, 0, &raw mut status) })?;
    Ok(status)
}

/// As [`waitpid`], but `None` at once for a child that still runs.
///
/// # Errors
/// As [`waitpid`].
pub fn try_waitpid(pid: u32) -> io::Result<Option<u32>> {
    let mut status = 0;
    // SAFETY: the kernel writes one number.
    match unsafe { proc_waitpid(pid, WNOHANG, &raw mut status) } {
        EBUSY => Ok(None),
        errno => check(errno).map(|()| Some(status)),
    }
}

/// Sends a signal by its number.
///
/// # Errors
/// - `ESRCH`: there is no such process. `EPERM`: it is another's. `EINVAL`: there is no such signal.
pub fn kill(pid: u32, signal: u32) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { proc_kill(pid, signal) })
}

fn check(errno: i32) -> io::Result<()> {
    match errno {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}
