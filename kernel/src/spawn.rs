//! Making processes: spawn, fork, exec, and the driver's first process.
//!
//! Not here: from a path to a body (`binfmt`).

use vfs::{Cred, Errno, Follow, Mode, OFlags, Result};

use crate::fd::{Entry, FdTable};
use crate::host::HostFile;
use crate::kernel::System;
use crate::process::{Image, Process, Run};
use crate::sched::Program;
use crate::trace::quote;
use crate::{
    CloseOnExec, DirFd, Disposition, ExitStatus, Fd, Kernel, Limit, Pgid, Pid, SigSet, Signal,
};

/// What a new process is to be. Analogous to the arguments of `posix_spawn`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spawn {
    /// The program, as `execve` takes it: relative to the working directory, never searched for.
    pub path: Vec<u8>,
    /// The arguments; `argv[0]` first.
    pub argv: Vec<Vec<u8>>,
    /// The environment, each `NAME=value`.
    pub env: Vec<Vec<u8>>,
    /// What is done with the inherited descriptors, in this order.
    pub actions: Vec<FdAction>,
    /// The group to join; 0 is one of its own.
    pub pgid: Option<Pgid>,
    /// The working directory, if not the parent's; the path and the actions are relative to it.
    pub cwd: Option<Vec<u8>>,
    /// Signals that are set to their default.
    pub reset_signals: SigSet,
    /// Signals that are ignored.
    pub ignore_signals: SigSet,
    /// The mask, if not the parent's.
    pub mask: Option<SigSet>,
}

/// One step in arranging the descriptors of a new process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FdAction {
    /// The second becomes the first, and is not closed on exec.
    Dup2(Fd, Fd),
    /// Closes one. It need not be open.
    Close(Fd),
    /// Opens a path as this descriptor.
    Open {
        /// The descriptor.
        fd: Fd,
        /// The path.
        path: Vec<u8>,
        /// How.
        flags: OFlags,
        /// Permission bits of a new file.
        mode: Mode,
    },
    /// Closes all from this one on; `CloseFrom(Fd(3))` keeps the standard three.
    CloseFrom(Fd),
}

/// What a forked process has that its parent has not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ForkAttrs {
    /// The group to join; 0 is one of its own.
    pub pgid: Option<Pgid>,
    /// What is done with the inherited descriptors, in this order.
    pub actions: Vec<FdAction>,
}

/// A process that the driver starts.
pub struct InitProcess {
    /// The program; `None` is what `argv[0]` says.
    pub path: Option<Vec<u8>>,
    /// The arguments; `argv[0]` first.
    pub argv: Vec<Vec<u8>>,
    /// The environment, each `NAME=value`.
    pub env: Vec<Vec<u8>>,
    /// The working directory, absolute.
    pub cwd: Vec<u8>,
    /// User and groups.
    pub cred: Cred,
    /// Permission bits that new files do not get.
    pub umask: Mode,
    /// Descriptor 0.
    pub stdin: HostFile,
    /// Descriptor 1.
    pub stdout: HostFile,
    /// Descriptor 2.
    pub stderr: HostFile,
    /// What it runs; `None` loads the program at the path.
    pub body: Option<Box<dyn Program>>,
}

impl Default for InitProcess {
    /// No arguments, in `/`, as root, umask 022, with `/dev/null`.
    fn default() -> InitProcess {
        InitProcess {
            path: None,
            argv: Vec::new(),
            env: Vec::new(),
            cwd: b"/".to_vec(),
            cred: Cred::ROOT,
            umask: Mode::new(0o022),
            stdin: HostFile::Null,
            stdout: HostFile::Null,
            stderr: HostFile::Null,
            body: None,
        }
    }
}

impl Kernel {
    /// Starts a program as a child of `parent`, which goes on. Reference: POSIX `posix_spawn`.
    ///
    /// # Errors
    /// All of them leave no process behind.
    /// - `ENOENT`, `ENOTDIR`, `ELOOP`: the path, or a `#!` line's, leads nowhere.
    /// - `EACCES`: it is not a regular file, or may not be executed.
    /// - `ENOEXEC`: no loader knows what it is; a shell may run it as a script.
    /// - `E2BIG`: arguments and environment are too large.
    /// - `EAGAIN`: too many processes.
    /// - `EBADF`, `EMFILE` and what `openat` says: an action failed.
    /// - `EPERM`: the group is in another session.
    /// - `ESRCH`: `parent` is no process.
    pub fn spawn(&mut self, parent: Pid, request: Spawn) -> Result<Pid> {
        let name = self.sys().trace.is_some().then(|| quote(&request.path));
        let result = self.try_spawn(parent, request);
        self.sys().trace(parent, "spawn", &result, |_| name.unwrap_or_default());
        result
    }

    fn try_spawn(&mut self, parent: Pid, request: Spawn) -> Result<Pid> {
        let system = self.sys();
        system.check_argv_env(&request.argv, &request.env)?;
        let pid = system.duplicate(parent)?;
        match self.prepare_spawn(parent, pid, request) {
            Ok(()) => {
                self.sys().enqueue(pid);
                Ok(pid)
            }
            Err(errno) => {
                self.sys().discard(pid);
                Err(errno)
            }
        }
    }

    fn prepare_spawn(&mut self, parent: Pid, pid: Pid, request: Spawn) -> Result<()> {
        let system = self.sys();
        if let Some(pgid) = request.pgid {
            system.setpgid(parent, pid, pgid)?;
        }
        if let Some(cwd) = &request.cwd {
            system.chdir(pid, cwd)?;
        }
        let signals = &mut system.processes.get_mut(pid)?.signals;
        for signal in request.reset_signals.iter() {
            signals.set_disposition(signal, Disposition::Default);
        }
        for signal in request.ignore_signals.iter().filter(|s| !s.is_unstoppable()) {
            signals.set_disposition(signal, Disposition::Ignore);
        }
        if let Some(mask) = request.mask {
            signals.mask = mask.without(Signal::KILL).without(Signal::STOP);
        }
        system.apply(pid, &request.actions)?;
        let body = self.load(pid, &request.path, request.argv, request.env)?;
        self.sys().commit_exec(pid, body);
        Ok(())
    }

    /// Makes a copy of `parent` with another body: descriptors (the ones to be closed on exec
    /// too), working directory, umask, signals. Caught signals get their default, as a body
    /// cannot inherit what another one does about them; nothing is pending.
    ///
    /// Reference: POSIX `fork`.
    ///
    /// # Errors
    /// - `EAGAIN`: too many processes.
    /// - `EBADF`, `EMFILE` and what `openat` says: an action failed.
    /// - `EPERM`: the group is in another session.
    /// - `ESRCH`: `parent` is no process.
    pub fn fork(&mut self, parent: Pid, attrs: ForkAttrs, body: Box<dyn Program>) -> Result<Pid> {
        let system = self.sys();
        let result = system.fork(parent, &attrs, body);
        system.trace(parent, "fork", &result, |_| String::new());
        result
    }

    /// Makes the body of another program for the process, which goes on as it when the caller
    /// returns [`Step::Exec`](crate::Step::Exec). Then descriptors are closed that are to be,
    /// caught signals get their default, and `argv` and `env` change. Reference: POSIX `execve`.
    ///
    /// # Errors
    /// - `ENOENT`, `ENOTDIR`, `ELOOP`, `EACCES`, `ENOEXEC`, `E2BIG`, `ESRCH`: as
    ///   [`spawn`](Kernel::spawn).
    pub fn exec(
        &mut self,
        pid: Pid,
        path: &[u8],
        argv: Vec<Vec<u8>>,
        env: Vec<Vec<u8>>,
    ) -> Result<Box<dyn Program>> {
        self.sys().check_argv_env(&argv, &env)?;
        let body = self.load(pid, path, argv, env);
        let shown = match &body {
            Ok(_) => Ok(()),
            Err(errno) => Err(*errno),
        };
        self.sys().trace(pid, "execve", &shown, |_| quote(path));
        body
    }

    /// Starts a process for the driver. It is a child of init, leads a session and a group of its
    /// own, and stays a zombie until [`run`](Kernel::run) has reported its status.
    ///
    /// # Errors
    /// - `ENOENT`, `ENOTDIR`, `ELOOP`, `EACCES`: the working directory, or the program's path.
    /// - `ENOEXEC`, `E2BIG`, `EAGAIN`, `ENFILE`: as [`spawn`](Kernel::spawn).
    /// - `EINVAL`: bytes as standard output, or a capture as standard input.
    pub fn create_process(&mut self, init: InitProcess) -> Result<Pid> {
        let system = self.sys();
        system.step_time = None;
        system.check_argv_env(&init.argv, &init.env)?;
        let pid = system.duplicate(Pid::INIT)?;
        match self.prepare_first(pid, init) {
            Ok(()) => {
                self.sys().enqueue(pid);
                Ok(pid)
            }
            Err(errno) => {
                self.sys().discard(pid);
                Err(errno)
            }
        }
    }

    fn prepare_first(&mut self, pid: Pid, init: InitProcess) -> Result<()> {
        let system = self.sys();
        let process = system.processes.get_mut(pid)?;
        process.pgid = Pgid(pid.0);
        process.sid = crate::Sid(pid.0);
        process.cred = init.cred;
        process.umask = init.umask & Mode::new(0o777);
        process.origin = pid;
        process.held = true;
        system.chdir(pid, &init.cwd)?;
        let files = [
            (Fd::STDIN, &init.stdin, OFlags::READ),
            (Fd::STDOUT, &init.stdout, OFlags::WRITE),
            (Fd::STDERR, &init.stderr, OFlags::WRITE),
        ];
        for (fd, host, access) in files {
            let file = system.open_host_file(host, access)?;
            system.replace(pid, fd, Entry { file, cloexec: CloseOnExec::No });
            if let HostFile::Tty(tty) = host {
                system.adopt_terminal(pid, *tty);
            }
        }
        let body = match init.body {
            Some(body) => {
                let exe = init.path.or_else(|| init.argv.first().cloned()).unwrap_or_default();
                let image = Image { exe, argv: init.argv, env: init.env };
                self.sys().processes.get_mut(pid)?.pending_exec = Some(image);
                body
            }
            None => {
                let path = init.path.or_else(|| init.argv.first().cloned()).ok_or(Errno::ENOENT)?;
                self.load(pid, &path, init.argv, init.env)?
            }
        };
        self.sys().commit_exec(pid, body);
        Ok(())
    }
}

impl System {
    /// # Errors
    /// - `E2BIG`: beyond the limit.
    pub(crate) fn check_argv_env(&mut self, argv: &[Vec<u8>], env: &[Vec<u8>]) -> Result<()> {
        const POINTER: u64 = 8;
        let size: u64 = argv.iter().chain(env).map(|s| s.len() as u64 + 1 + POINTER).sum();
        if size > self.limits.argv_env_bytes {
            self.note_limit(Limit::ArgvEnvBytes);
            return Err(Errno::E2BIG);
        }
        Ok(())
    }

    /// A copy of a process, without a body and not to be run yet.
    fn duplicate(&mut self, parent: Pid) -> Result<Pid> {
        if self.processes.len() > self.limits.processes as usize {
            self.note_limit(Limit::Processes);
            return Err(Errno::EAGAIN);
        }
        let started = self.clock.monotonic();
        let pid = self.processes.allocate();
        let p = self.processes.get(parent)?;
        if p.is_zombie() {
            return Err(Errno::ESRCH);
        }
        let (cwd, root, fds) = (p.cwd, p.root, p.fds.clone());
        self.vfs.pin(cwd)?;
        if let Err(errno) = self.vfs.pin(root) {
            self.vfs.unpin(cwd);
            return Err(errno);
        }
        for (_, entry) in fds.iter() {
            self.retain(entry.file);
        }
        let child = copy(self.processes.get(parent)?, pid, fds, started);
        self.processes.insert(child);
        self.processes.get_mut(parent)?.children.push(pid);
        self.generation += 1;
        Ok(pid)
    }

    /// Undoes [`duplicate`](System::duplicate): the parent hears nothing of it.
    fn discard(&mut self, pid: Pid) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        let parent = process.ppid;
        process.ppid = Pid::INIT;
        process.held = false;
        if let Ok(parent) = self.processes.get_mut(parent) {
            parent.children.retain(|child| *child != pid);
        }
        self.exit(pid, ExitStatus::Exited(127));
    }

    fn fork(&mut self, parent: Pid, attrs: &ForkAttrs, body: Box<dyn Program>) -> Result<Pid> {
        let pid = self.duplicate(parent)?;
        let prepared = match attrs.pgid {
            Some(pgid) => self.setpgid(parent, pid, pgid),
            None => Ok(()),
        };
        if let Err(errno) = prepared.and_then(|()| self.apply(pid, &attrs.actions)) {
            self.discard(pid);
            return Err(errno);
        }
        let process = self.processes.get_mut(pid)?;
        process.signals.caught = SigSet::EMPTY;
        process.body = Some(body);
        self.enqueue(pid);
        Ok(pid)
    }

    fn apply(&mut self, pid: Pid, actions: &[FdAction]) -> Result<()> {
        for action in actions {
            match action {
                FdAction::Dup2(old, new) if old == new => {
                    self.processes.get_mut(pid)?.fds.get_mut(*old)?.cloexec = CloseOnExec::No;
                }
                FdAction::Dup2(old, new) => {
                    self.dup2(pid, *old, *new, CloseOnExec::No)?;
                }
                FdAction::Close(fd) => match self.close(pid, *fd) {
                    Ok(()) | Err(Errno::EBADF) => {}
                    Err(errno) => return Err(errno),
                },
                FdAction::Open { fd, path, flags, mode } => {
                    self.open_as(pid, *fd, path, *flags, *mode)?;
                }
                FdAction::CloseFrom(min) => {
                    self.close_where(pid, |fd, _| fd >= *min);
                }
            }
        }
        Ok(())
    }

    /// A fifo without its other end cannot be waited for here: `ENXIO` or nothing is there yet.
    fn open_as(&mut self, pid: Pid, fd: Fd, path: &[u8], flags: OFlags, mode: Mode) -> Result<()> {
        if fd.0 >= self.limits.descriptors {
            return Err(Errno::EBADF);
        }
        let opened = match self.openat(pid, DirFd::Cwd, path, flags, mode) {
            core::task::Poll::Ready(opened) => opened?,
            core::task::Poll::Pending => {
                self.cancel_pending_open(pid);
                return Err(Errno::EAGAIN);
            }
        };
        if opened != fd {
            self.dup2(pid, opened, fd, CloseOnExec::from(flags.contains(OFlags::CLOEXEC)))?;
            self.close(pid, opened)?;
        }
        Ok(())
    }

    fn close_where(&mut self, pid: Pid, which: impl Fn(Fd, Entry) -> bool) {
        let Ok(process) = self.processes.get(pid) else { return };
        let victims: Vec<Fd> =
            process.fds.iter().filter(|(fd, e)| which(*fd, *e)).map(|(fd, _)| fd).collect();
        for fd in victims.into_iter().rev() {
            // It is open: it was just listed.
            let _closed = self.close(pid, fd);
        }
    }

    /// The process becomes the program that `exec` loaded.
    pub(crate) fn commit_exec(&mut self, pid: Pid, body: Box<dyn Program>) {
        self.close_where(pid, |_, entry| entry.cloexec.is_yes());
        let Ok(process) = self.processes.get_mut(pid) else { return };
        process.body = Some(body);
        process.signals.caught = SigSet::EMPTY;
        process.has_execed = true;
        if let Some(image) = process.pending_exec.take() {
            process.exe = image.exe;
            process.argv = image.argv;
            process.env = image.env;
        }
        self.generation += 1;
    }

    /// The directory that a program's path starts at, and its inode.
    pub(crate) fn locate(&mut self, pid: Pid, path: &[u8]) -> Result<vfs::Location> {
        self.at(pid, DirFd::Cwd, path, |vfs, cx, at| vfs.resolve(cx, at, path, Follow::Yes))
    }
}

fn copy(parent: &Process, pid: Pid, fds: FdTable, started: u64) -> Process {
    let mut signals = parent.signals;
    signals.pending = SigSet::EMPTY;
    Process {
        pid,
        ppid: parent.pid,
        pgid: parent.pgid,
        sid: parent.sid,
        children: Vec::new(),
        origin: parent.origin,
        run: Run::Embryo,
        stopped: None,
        woken: false,
        dying: None,
        body: None,
        waits: Vec::new(),
        pending_open: None,
        pending_exec: None,
        fds,
        cwd: parent.cwd,
        root: parent.root,
        umask: parent.umask,
        cred: parent.cred.clone(),
        signals,
        exe: parent.exe.clone(),
        argv: parent.argv.clone(),
        env: parent.env.clone(),
        fuel: 0,
        children_fuel: 0,
        started,
        sleep: None,
        sleep_used: false,
        alarm: None,
        held: false,
        has_execed: false,
        stop_report: None,
        continue_report: false,
    }
}
