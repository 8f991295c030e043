//! Every function that a guest can import, one row each.

use core::task::Poll;

use crate::context::{Answer, Cx};
use crate::{
    agentos, args, clock, errno, fd, host, path, poll, preopen, proc, process, rights, sock, spawn,
};

/// The type of a parameter or a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValType {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// How far a function is supported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Support {
    /// As specified.
    Full,
    /// With the difference that the note states.
    Partial,
}

/// What does one call.
type Handler = fn(&mut Cx<'_>, &[u64]) -> Poll<Answer>;

/// One function.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The module it is imported from.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [ValType],
    /// Its results: one errno or mode, or none.
    pub results: &'static [ValType],
    /// What does it; [`call`](Row::call) checks rights first.
    handler: Handler,
    /// How far.
    pub support: Support,
    /// What differs, or what is worth knowing.
    pub note: &'static str,
}

impl Row {
    /// Does one call: its arguments are the row's parameters, 32-bit ones zero-extended.
    pub fn call(&self, cx: &mut Cx<'_>, args: &[u64]) -> Poll<Answer> {
        if !rights::granted(cx.state, self.name, args) {
            return Poll::Ready(Answer::Value(errno::NOTCAPABLE.into()));
        }
        (self.handler)(cx, args)
    }
}

/// The first arguments of a call, as 32-bit words.
pub(crate) fn words<const N: usize>(args: &[u64]) -> [u32; N] {
    core::array::from_fn(|i| args.get(i).map_or(0, |arg| *arg as u32))
}

/// One argument of a call, as it is.
pub(crate) fn wide(args: &[u64], index: usize) -> u64 {
    args.get(index).copied().unwrap_or(0)
}

const I: ValType = ValType::I32;
const L: ValType = ValType::I64;

macro_rules! rows {
    ($table:ident, $module:literal: $($name:ident ($($param:ident)*) $($result:ident)? => $handler:path, $support:ident, $note:literal;)*) => {
        static $table: &[Row] = &[$(
            Row {
                module: $module,
                name: stringify!($name),
                params: &[$($param),*],
                results: &[$($result)?],
                handler: $handler,
                support: Support::$support,
                note: $note,
            },
        )*];
    };
}

rows! { PREVIEW1, "wasi_snapshot_preview1":
    args_get (I I) I => args::args_get, Full, "";
    args_sizes_get (I I) I => args::args_sizes_get, Full, "";
    environ_get (I I) I => args::environ_get, Full, "";
    environ_sizes_get (I I) I => args::environ_sizes_get, Full, "";
    clock_res_get (I I) I => clock::clock_res_get, Full, "1 ns";
    clock_time_get (I L I) I => clock::clock_time_get, Full, "CPU time is fuel, one unit a nanosecond";
    fd_advise (I L L I) I => fd::fd_advise, Full, "checked, and without effect";
    fd_allocate (I L L) I => fd::fd_allocate, Full, "";
    fd_close (I) I => fd::fd_close, Full, "";
    fd_datasync (I) I => fd::fd_sync, Full, "";
    fd_fdstat_get (I I) I => fd::fd_fdstat_get, Full, "a pipe is of unknown type";
    fd_fdstat_set_flags (I I) I => fd::fd_fdstat_set_flags, Full, "";
    fd_fdstat_set_rights (I L L) I => fd::fd_fdstat_set_rights, Full, "rights only shrink; what was opened with fewer is not narrowed by that";
    fd_filestat_get (I I) I => fd::fd_filestat_get, Full, "";
    fd_filestat_set_size (I L) I => fd::fd_filestat_set_size, Full, "";
    fd_filestat_set_times (I L L I) I => fd::fd_filestat_set_times, Full, "";
    fd_pread (I I I L I) I => fd::fd_pread, Full, "";
    fd_prestat_get (I I) I => preopen::fd_prestat_get, Full, "from 3 on; a command of the sandbox has one: /";
    fd_prestat_dir_name (I I I) I => preopen::fd_prestat_dir_name, Full, "";
    fd_pwrite (I I I L I) I => fd::fd_pwrite, Full, "";
    fd_read (I I I I) I => fd::fd_read, Full, "";
    fd_readdir (I I I L I) I => fd::fd_readdir, Full, "";
    fd_renumber (I I) I => preopen::fd_renumber, Full, "a preopened directory that is moved is none any more";
    fd_seek (I L I I) I => fd::fd_seek, Full, "";
    fd_sync (I) I => fd::fd_sync, Full, "";
    fd_tell (I I) I => fd::fd_tell, Full, "";
    fd_write (I I I I) I => fd::fd_write, Full, "";
    path_create_directory (I I I) I => path::path_create_directory, Full, "";
    path_filestat_get (I I I I I) I => path::path_filestat_get, Full, "";
    path_filestat_set_times (I I I I L L I) I => path::path_filestat_set_times, Full, "";
    path_link (I I I I I I I) I => path::path_link, Full, "";
    path_open (I I I I I L L I I) I => path::path_open, Full, "the access mode follows from the rights";
    path_readlink (I I I I I I) I => path::path_readlink, Full, "";
    path_remove_directory (I I I) I => path::path_remove_directory, Full, "";
    path_rename (I I I I I I) I => path::path_rename, Full, "";
    path_symlink (I I I I I) I => path::path_symlink, Full, "";
    path_unlink_file (I I I) I => path::path_unlink_file, Full, "";
    poll_oneoff (I I I I) I => poll::poll_oneoff, Full, "";
    proc_exit (I) => proc::proc_exit, Full, "";
    proc_raise (I) I => proc::proc_raise, Full, "";
    random_get (I I) I => clock::random_get, Full, "";
    sched_yield () I => clock::sched_yield, Full, "";
    sock_accept (I I I) I => sock::sock_accept, Partial, "there are no sockets: ENOTSOCK";
    sock_recv (I I I I I I) I => sock::sock_recv, Partial, "there are no sockets: ENOTSOCK";
    sock_send (I I I I I) I => sock::sock_send, Partial, "there are no sockets: ENOTSOCK";
    sock_shutdown (I I) I => sock::sock_shutdown, Partial, "there are no sockets: ENOTSOCK";
}

rows! { HOST_PROCESS, "host_process":
    proc_spawn (I I I I I I I I I I) I => host::proc_spawn, Full, "";
    proc_waitpid (I I I) I => host::proc_waitpid, Full, "a signal's death is reported as status 128 and its number";
    proc_waitpid (I I I I) I => host::proc_waitpid, Full, "the later form, with the pid";
    proc_kill (I I) I => host::proc_kill, Full, "";
    proc_getpid (I) I => host::proc_getpid, Full, "";
    proc_getppid (I) I => host::proc_getppid, Full, "";
    fd_pipe (I I) I => host::fd_pipe, Full, "";
    fd_dup (I I) I => host::fd_dup, Full, "";
    fd_dup2 (I I) I => host::fd_dup2, Full, "";
    fd_dup_min (I I I) I => host::fd_dup_min, Full, "";
    proc_sigaction (I I I I I) I => process::proc_sigaction, Partial, "a handler needs the export `__wasi_signal_trampoline`, else ENOTSUP; it runs between two calls";
    sleep_ms (I) I => host::sleep_ms, Full, "";
}

rows! { HOST_FS, "host_fs":
    path_mode (I I I) I => host::path_mode, Full, "devices are shown as regular files";
    fd_mode (I) I => host::fd_mode, Full, "";
    chmod (I I I) I => host::chmod, Full, "";
}

rows! { HOST_USER, "host_user":
    isatty (I I) I => host::isatty, Full, "";
    getpwuid (I I I I) I => host::getpwuid, Full, "";
    getuid (I) I => host::getuid, Full, "";
    geteuid (I) I => host::getuid, Full, "";
    getgid (I) I => host::getgid, Full, "";
    getegid (I) I => host::getgid, Full, "";
}

rows! { AGENTOS, "agentos":
    getcwd (I I I) I => agentos::getcwd, Full, "";
    chdir (I I) I => agentos::chdir, Full, "";
    umask (I I) I => agentos::umask, Full, "";
    path_stat (I I I I) I => agentos::path_stat, Full, "see the layout in `agentos.rs`";
    fd_stat (I I) I => agentos::fd_stat, Full, "";
    path_chmod (I I I I) I => agentos::path_chmod, Full, "";
    path_chown (I I I I I) I => agentos::path_chown, Full, "";
    path_mkfifo (I I I) I => agentos::path_mkfifo, Full, "";
    path_access (I I I) I => agentos::path_access, Full, "";
    path_statfs (I I I) I => agentos::path_statfs, Full, "";
    proc_setpgid (I I) I => agentos::proc_setpgid, Full, "";
    proc_getpgid (I I) I => agentos::proc_getpgid, Full, "";
    proc_spawn (I I) I => spawn::proc_spawn, Full, "see the layout in `spawn.rs`";
    proc_exec (I I I I I I) I => spawn::proc_exec, Full, "as `execve`; answers only if it fails";
    proc_wait (I I I I) I => process::proc_wait, Full, "the status as POSIX has it";
    proc_sigprocmask (I L I) I => process::proc_sigprocmask, Full, "";
    proc_pause () I => process::proc_pause, Full, "";
    proc_alarm (L I) I => process::proc_alarm, Full, "";
    proc_setsid (I) I => process::proc_setsid, Full, "";
    proc_getsid (I I) I => process::proc_getsid, Full, "";
    proc_getrusage (I) I => process::proc_getrusage, Full, "CPU time is fuel";
    fd_pipe2 (I I I) I => process::fd_pipe2, Full, "";
    fd_cloexec (I I I) I => process::fd_cloexec, Full, "";
    fd_flock (I I) I => process::fd_flock, Full, "";
    fd_chdir (I) I => process::fd_chdir, Full, "";
    fd_chmod (I I) I => process::fd_chmod, Full, "";
    fd_chown (I I I) I => process::fd_chown, Full, "";
    fd_tcgetpgrp (I I) I => process::fd_tcgetpgrp, Full, "";
    fd_tcsetpgrp (I I) I => process::fd_tcsetpgrp, Full, "";
    fd_winsize (I I I) I => process::fd_winsize, Full, "";
    proc_sigignore (I) I => agentos::proc_sigignore, Full, "";
    uname (I I I) I => agentos::uname, Full, "";
}

/// Every row of every module. A name may have two rows with different types.
pub fn tables() -> impl Iterator<Item = &'static Row> {
    [PREVIEW1, HOST_PROCESS, HOST_FS, HOST_USER, AGENTOS].into_iter().flatten()
}
