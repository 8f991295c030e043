//! One command: what it is given, and running it to its end.

mod launch;

use std::time::Duration;

use bytes::Bytes;
use kernel::{
    CaptureId, ClockId, HostEnd, HostFile, HostPipeId, Outcome, Pid, Signal, Until, WindowSize,
};
use syscalls::Preopen;
use vfs::{Cred, Errno};

use crate::error::ErrorKind;
use crate::sandbox::Sandbox;
use crate::{Ended, Error, LimitReached, Output, Terminal, rootfs};
pub(crate) use launch::check_env;
use launch::{Prepared, launch};

/// A command to be run in a [`Sandbox`]. Modelled on [`std::process::Command`].
#[must_use = "a command does nothing until `output` or `stream` is called"]
pub struct Command<'s> {
    sandbox: &'s mut Sandbox,
    request: Request,
    stdin: Bytes,
    timeout: Option<Duration>,
    linger: Duration,
    full_output: Option<String>,
}

/// What is to run, as it was asked for.
struct Request {
    what: What,
    args: Vec<Vec<u8>>,
    env: Vec<(String, String)>,
    /// Whether the sandbox's variables come before those.
    inherits: bool,
    cwd: Option<String>,
    preopens: Vec<Preopen>,
}

enum What {
    Script(Vec<u8>),
    Program(Vec<u8>),
    Module(Vec<u8>, Vec<u8>),
}

/// Which output some bytes came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Exit status of a command that ran out of time, as `timeout(1)` has it.
const TIMED_OUT: i32 = 124;

/// How long a streaming run goes on before what was written is handed over.
const STREAM_TICK_NS: u64 = 10_000_000;

impl<'s> Command<'s> {
    pub(crate) fn script(sandbox: &'s mut Sandbox, text: Vec<u8>) -> Command<'s> {
        Command::new(sandbox, What::Script(text))
    }

    pub(crate) fn program(sandbox: &'s mut Sandbox, program: Vec<u8>) -> Command<'s> {
        Command::new(sandbox, What::Program(program))
    }

    pub(crate) fn module(sandbox: &'s mut Sandbox, name: Vec<u8>, bytes: Vec<u8>) -> Command<'s> {
        Command::new(sandbox, What::Module(name, bytes))
    }

    fn new(sandbox: &'s mut Sandbox, what: What) -> Command<'s> {
        let timeout = sandbox.timeout;
        let (args, env, preopens) = (Vec::new(), Vec::new(), vec![Preopen::root()]);
        let request = Request { what, args, env, inherits: true, cwd: None, preopens };
        let (stdin, full_output) = (Bytes::new(), sandbox.full_output.clone());
        Command { sandbox, request, stdin, timeout, linger: Duration::ZERO, full_output }
    }

    /// Adds an argument: `$1` and so on of a script.
    pub fn arg(mut self, arg: impl Into<Vec<u8>>) -> Self {
        self.request.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<Vec<u8>>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.request.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.env.push((name.into(), value.into()));
        self
    }

    /// Leaves out the sandbox's variables: its environment is what [`env`](Command::env) sets.
    pub fn env_clear(mut self) -> Self {
        self.request.env.clear();
        self.request.inherits = false;
        self
    }

    /// The directories that a [`module`](Sandbox::module) of preview1 finds open, from descriptor
    /// 3 on: what each is called, and its absolute path. Default: `/`. One that imports more than
    /// preview1 has `/` always.
    pub fn preopens<N: Into<Vec<u8>>, P: Into<Vec<u8>>>(
        mut self,
        directories: impl IntoIterator<Item = (N, P)>,
    ) -> Self {
        let preopen = |(name, path): (N, P)| Preopen { name: name.into(), path: path.into() };
        self.request.preopens = directories.into_iter().map(preopen).collect();
        self
    }

    /// The directory that it starts in.
    pub fn cwd(mut self, cwd: impl Into<String>) -> Self {
        self.request.cwd = Some(cwd.into());
        self
    }

    /// What it reads as standard input. Default: nothing.
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// How long it may take; after that its whole process tree is killed.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long processes that it leaves behind may still write to its outputs. Default: not at
    /// all; they go on when another command runs.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// A directory of the sandbox for the whole of an output that is longer than
    /// [`kept_output_bytes`](crate::Limits::kept_output_bytes): then, and only then, a file
    /// `N.stdout` or `N.stderr` is made in it, the sandbox's user's, where N counts the commands.
    /// What is there of that name is overwritten. [`Output::stdout_file`] names it. The bytes
    /// count as any file's do: what the filesystem has no room for is dropped.
    pub fn full_output(mut self, dir: impl Into<String>) -> Self {
        self.full_output = Some(dir.into());
        self
    }

    /// Runs it to its end and returns what it wrote.
    ///
    /// # Errors
    /// - [`ErrorKind::Argument`]: a NUL where none can be, or a bad name in the environment.
    /// - [`ErrorKind::Path`]: the working directory cannot be entered.
    /// - [`ErrorKind::Disposed`], [`ErrorKind::Bug`]: the sandbox cannot be used.
    pub fn output(self) -> Result<Output, Error> {
        self.sandbox.check_life()?;
        let Command { sandbox, request, stdin, timeout, linger, full_output } = self;
        let command = Prepared::new(sandbox, request)?;
        sandbox.guarded(|sandbox| {
            sandbox.full_outputs += u64::from(full_output.is_some());
            let stdout = capture(sandbox, full_output.as_deref(), "stdout");
            let stderr = capture(sandbox, full_output.as_deref(), "stderr");
            let sink = Sink::Capture(stdout, stderr);
            run(sandbox, command, stdin, timeout, linger, sink)
        })?
    }

    /// Runs it to its end and hands over what it writes as it is written. `write` answers whether
    /// that output is still wanted; when it is not, the command gets `EPIPE` and `SIGPIPE`.
    /// The outputs of the result are empty.
    ///
    /// # Errors
    /// As [`output`](Command::output).
    pub fn stream(self, mut write: impl FnMut(Stream, &[u8]) -> bool) -> Result<Output, Error> {
        self.sandbox.check_life()?;
        let Command { sandbox, request, stdin, timeout, linger, .. } = self;
        let command = Prepared::new(sandbox, request)?;
        sandbox.guarded(|sandbox| {
            let stdout = sandbox.kernel.host_pipe(HostEnd::Read);
            let stderr = sandbox.kernel.host_pipe(HostEnd::Read);
            let sink = Sink::Pipes(Pipes { stdout, stderr, write: &mut write });
            run(sandbox, command, stdin, timeout, linger, sink)
        })?
    }

    /// Starts it with a terminal as its standard input, output and error; it runs in
    /// [`Terminal::run`]. What was given as standard input and as a timeout is not used.
    ///
    /// # Errors
    /// As [`output`](Command::output); and [`ErrorKind::Argument`] where the program cannot be run.
    pub fn terminal(self, window: WindowSize) -> Result<Terminal<'s>, Error> {
        self.sandbox.check_life()?;
        let Command { sandbox, request, .. } = self;
        let command = Prepared::new(sandbox, request)?;
        let (tty, started) = sandbox.guarded(|sandbox| {
            let tty = sandbox.kernel.tty(window);
            (tty, launch(sandbox, command, crate::terminal::files(tty)))
        })?;
        match started? {
            Ok(pid) => Ok(Terminal::new(sandbox, pid, tty)),
            Err((_, message)) => Err(ErrorKind::Argument(message.trim_end().to_owned()).into()),
        }
    }
}

/// A place for an output, and a file for it where it is to be had as a whole.
fn capture(sandbox: &mut Sandbox, dir: Option<&str>, name: &str) -> CaptureId {
    let limit = sandbox.limits.kept_output_bytes;
    let Some(dir) = dir else { return sandbox.kernel.capture(limit) };
    let dir = sandbox.absolute(dir);
    let path = format!("{}/{}.{name}", dir.trim_end_matches('/'), sandbox.full_outputs);
    let user = Cred::user(rootfs::USER.0, rootfs::USER.1);
    sandbox.kernel.capture_with_file(limit, path.as_bytes(), user)
}

/// Where the outputs go.
enum Sink<'w> {
    Capture(CaptureId, CaptureId),
    Pipes(Pipes<'w>),
}

struct Pipes<'w> {
    stdout: HostPipeId,
    stderr: HostPipeId,
    write: &'w mut dyn FnMut(Stream, &[u8]) -> bool,
}

impl Pipes<'_> {
    /// Hands over what is there; whether no process can write any more.
    fn drain(&mut self, sandbox: &mut Sandbox) -> bool {
        let mut buf = [0; 16 << 10];
        let mut closed = true;
        for (stream, pipe) in [(Stream::Stdout, self.stdout), (Stream::Stderr, self.stderr)] {
            loop {
                match sandbox.kernel.host_read(pipe, &mut buf) {
                    Ok(0) | Err(Errno::EBADF) => break,
                    Ok(n) => {
                        let bytes = buf.get(..n).unwrap_or_default();
                        if !(self.write)(stream, bytes) {
                            sandbox.kernel.host_close(pipe);
                            break;
                        }
                    }
                    Err(_) => {
                        closed = false;
                        break;
                    }
                }
            }
        }
        closed
    }
}

fn run(
    sandbox: &mut Sandbox,
    command: Prepared,
    stdin: Bytes,
    timeout: Option<Duration>,
    linger: Duration,
    mut sink: Sink<'_>,
) -> Result<Output, Error> {
    let start = sandbox.kernel.clock_gettime(ClockId::Monotonic);
    let fuel = sandbox.kernel.fuel_used();
    let deadline = timeout.map(|timeout| start.saturating_add(nanos(timeout)));
    let input = if stdin.is_empty() { HostFile::Null } else { HostFile::Bytes(stdin) };
    let (out, err) = match &sink {
        Sink::Capture(out, err) => (HostFile::Capture(*out), HostFile::Capture(*err)),
        Sink::Pipes(pipes) => (HostFile::Pipe(pipes.stdout), HostFile::Pipe(pipes.stderr)),
    };
    let (ended, exit_code, message) = match launch(sandbox, command, [input, out, err])? {
        Ok(pid) => {
            let (ended, code) = wait(sandbox, pid, deadline, linger, &mut sink);
            (ended, code, String::new())
        }
        Err((code, message)) => (Ended::Exited, code, message),
    };
    let mut output = collect(sandbox, sink, &message);
    output.ended = ended;
    output.exit_code = exit_code;
    output.fuel = sandbox.kernel.fuel_used() - fuel;
    let now = sandbox.kernel.clock_gettime(ClockId::Monotonic);
    output.duration = Duration::from_nanos(now - start);
    Ok(output)
}

/// How a process ended, and its status as a shell shows it.
pub(crate) fn exit_code(status: kernel::ExitStatus) -> (Ended, i32) {
    match status {
        kernel::ExitStatus::Exited(code) => (Ended::Exited, code.into()),
        kernel::ExitStatus::Signaled(signal) => {
            (Ended::Signaled(signal), 128 + i32::from(signal.number()))
        }
    }
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Runs the kernel until the process has ended, by itself or otherwise.
fn wait(
    sandbox: &mut Sandbox,
    pid: Pid,
    deadline: Option<u64>,
    linger: Duration,
    sink: &mut Sink<'_>,
) -> (Ended, i32) {
    let ended = loop {
        let tick = match sink {
            Sink::Capture(..) => None,
            Sink::Pipes(_) => {
                let now = sandbox.kernel.clock_gettime(ClockId::Monotonic);
                Some(now.saturating_add(STREAM_TICK_NS))
            }
        };
        let until = [deadline, tick].into_iter().flatten().min();
        let outcome = sandbox.kernel.run(Until { pid, deadline: until });
        if let Sink::Pipes(pipes) = sink {
            pipes.drain(sandbox);
        }
        match outcome {
            Outcome::Exited(status) => {
                settle(sandbox, deadline, linger, sink);
                break exit_code(status);
            }
            Outcome::DeadlineReached if until == deadline && deadline.is_some() => {
                break (Ended::TimedOut, TIMED_OUT);
            }
            Outcome::DeadlineReached | Outcome::Idle { .. } => {}
            Outcome::Limit(limit) => break (Ended::Limit(limit.into()), KILLED),
            Outcome::Deadlock => {
                let waits = sandbox.kernel.blocked().iter().map(ToString::to_string).collect();
                break (Ended::Deadlock(waits), KILLED);
            }
        }
    };
    if !matches!(ended.0, Ended::Exited | Ended::Signaled(_)) {
        sandbox.kernel.kill_tree(pid);
        if let Sink::Pipes(pipes) = sink {
            pipes.drain(sandbox);
        }
    }
    ended
}

/// The status of what was killed.
pub(crate) const KILLED: i32 = 128 + Signal::KILL.number() as i32;

/// Lets processes that a command left behind write for a while.
fn settle(sandbox: &mut Sandbox, deadline: Option<u64>, linger: Duration, sink: &mut Sink<'_>) {
    if linger.is_zero() {
        return;
    }
    let now = sandbox.kernel.clock_gettime(ClockId::Monotonic);
    let end = now.saturating_add(nanos(linger)).min(deadline.unwrap_or(u64::MAX));
    loop {
        let open = match sink {
            Sink::Capture(out, err) => {
                sandbox.kernel.capture_is_open(*out) || sandbox.kernel.capture_is_open(*err)
            }
            Sink::Pipes(pipes) => !pipes.drain(sandbox),
        };
        let now = sandbox.kernel.clock_gettime(ClockId::Monotonic);
        if !open || now >= end {
            return;
        }
        // No process has this pid: the kernel runs what there is.
        let tick = now.saturating_add(STREAM_TICK_NS).min(end);
        match sandbox.kernel.run_until(tick) {
            Outcome::DeadlineReached | Outcome::Idle { .. } => {}
            _ => return,
        }
    }
}

fn collect(sandbox: &mut Sandbox, sink: Sink<'_>, message: &str) -> Output {
    let (stdout, stderr) = match sink {
        Sink::Capture(out, err) => {
            (sandbox.kernel.take_capture(out), sandbox.kernel.take_capture(err))
        }
        Sink::Pipes(pipes) => {
            if !message.is_empty() {
                (pipes.write)(Stream::Stderr, message.as_bytes());
            }
            sandbox.kernel.host_close(pipes.stdout);
            sandbox.kernel.host_close(pipes.stderr);
            Default::default()
        }
    };
    let mut limits: Vec<LimitReached> =
        sandbox.kernel.take_limits_reached().into_iter().map(Into::into).collect();
    if let Some(refusal) = sandbox.memory.take_refusal() {
        limits.push(LimitReached::memory(&sandbox.limits, refusal));
    }
    if stdout.truncated > 0 || stderr.truncated > 0 {
        limits.push(LimitReached::kept_output(&sandbox.limits));
    }
    let mut output = Output {
        stdout_file: stdout.spilled.map(Into::into),
        stderr_file: stderr.spilled.map(Into::into),
        stdout: stdout.bytes,
        stderr: stderr.bytes,
        exit_code: 0,
        ended: Ended::Exited,
        stdout_dropped: stdout.truncated,
        stderr_dropped: stderr.truncated,
        limits_reached: limits,
        fuel: 0,
        duration: Duration::ZERO,
    };
    output.stderr.extend_from_slice(message.as_bytes());
    output
}
