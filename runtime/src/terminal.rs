//! A command on a terminal: what an interactive shell needs.

use std::time::Duration;

use kernel::{ClockId, HostFile, Outcome, Pid, TtyId, Until, WindowSize};

use crate::command::{KILLED, exit_code, nanos};
use crate::{Ended, Error, Sandbox};

/// A command whose standard input, output and error are a terminal of the sandbox.
///
/// The owner is the keyboard and the screen: it hands over what is typed, shows what comes out,
/// and lets the sandbox run in between. The line discipline, job control and signals of ^C, ^\
/// and ^Z are the kernel's. Dropping it hangs the terminal up: the foreground gets `SIGHUP`.
///
/// ```
/// use std::time::Duration;
/// use agentos_runtime::{Progress, Sandbox, WindowSize};
///
/// let mut sandbox = Sandbox::builder().env("PS1", "> ").build()?;
/// let mut terminal = sandbox.command("bash").terminal(WindowSize::default())?;
/// terminal.input(b"echo $((6 * 7))\nexit 3\n");
/// let mut shown = Vec::new();
/// let code = loop {
///     let progress = terminal.run(Duration::from_millis(100))?;
///     shown.extend(terminal.output());
///     if let Progress::Ended(_, code) = progress {
///         break code;
///     }
/// };
/// assert_eq!(code, 3);
/// assert!(String::from_utf8_lossy(&shown).contains("42\r\n"));
/// # Ok::<(), agentos_runtime::Error>(())
/// ```
pub struct Terminal<'s> {
    sandbox: &'s mut Sandbox,
    pid: Pid,
    tty: TtyId,
    ended: Option<(Ended, i32)>,
}

/// What a [`Terminal`] came to in [`Terminal::run`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The time was up; there is more to do.
    Running,
    /// Nothing can be done until something is typed, or for this long.
    Waiting(Option<Duration>),
    /// The command ended: how, and its exit status.
    Ended(Ended, i32),
}

impl<'s> Terminal<'s> {
    pub(crate) fn new(sandbox: &'s mut Sandbox, pid: Pid, tty: TtyId) -> Terminal<'s> {
        Terminal { sandbox, pid, tty, ended: None }
    }

    /// Hands over bytes that were typed.
    pub fn input(&mut self, typed: &[u8]) {
        self.sandbox.kernel.tty_input(self.tty, typed);
    }

    /// Takes what is to be shown.
    pub fn output(&mut self) -> Vec<u8> {
        self.sandbox.kernel.tty_output(self.tty)
    }

    /// Says that the window has another size now; the foreground gets `SIGWINCH`.
    pub fn resize(&mut self, window: WindowSize) {
        self.sandbox.kernel.tty_resize(self.tty, window);
    }

    /// Whether the foreground waits for a line of which nothing is typed yet, with echo on: an
    /// owner with a line editor may then read a whole line and hand it over, newline included.
    pub fn awaits_line(&self) -> bool {
        self.ended.is_none() && self.sandbox.kernel.tty_awaits_line(self.tty)
    }

    /// As [`input`](Terminal::input), but without echo: a line that a line editor has shown already.
    pub fn input_shown(&mut self, typed: &[u8]) {
        self.sandbox.kernel.tty_input_shown(self.tty, typed);
    }

    /// Lets the sandbox run for up to this long.
    ///
    /// # Errors
    /// [`ErrorKind::Disposed`](crate::ErrorKind::Disposed), [`ErrorKind::Bug`](crate::ErrorKind::Bug):
    /// the sandbox cannot be used.
    pub fn run(&mut self, time: Duration) -> Result<Progress, Error> {
        if let Some((ended, code)) = &self.ended {
            return Ok(Progress::Ended(ended.clone(), *code));
        }
        self.sandbox.check_life()?;
        let pid = self.pid;
        let (outcome, now) = self.sandbox.guarded(|sandbox| {
            let now = sandbox.kernel.clock_gettime(ClockId::Monotonic);
            let deadline = Some(now.saturating_add(nanos(time)));
            let outcome = sandbox.kernel.run(Until { pid, deadline });
            (outcome, sandbox.kernel.clock_gettime(ClockId::Monotonic))
        })?;
        let ended = match outcome {
            Outcome::DeadlineReached => return Ok(Progress::Running),
            Outcome::Idle { until } => {
                let left = until.map(|time| Duration::from_nanos(time.saturating_sub(now)));
                return Ok(Progress::Waiting(left));
            }
            Outcome::Exited(status) => exit_code(status),
            Outcome::Limit(limit) => (Ended::Limit(limit.into()), KILLED),
            Outcome::Deadlock => {
                let waits = self.sandbox.kernel.blocked().iter().map(ToString::to_string).collect();
                (Ended::Deadlock(waits), KILLED)
            }
        };
        if !matches!(ended.0, Ended::Exited | Ended::Signaled(_)) {
            self.sandbox.kernel.kill_tree(pid);
        }
        self.ended = Some(ended.clone());
        Ok(Progress::Ended(ended.0, ended.1))
    }

    /// What a word could be completed to, quoted for the shell: names of commands where the word
    /// is the first of a command, and paths, directories with a slash behind.
    ///
    /// # Errors
    /// As [`run`](Terminal::run).
    pub fn complete(&mut self, word: &str, first: bool) -> Result<Vec<String>, Error> {
        const SCRIPT: &str = "if [ \"$2\" = first ] && [[ $1 != */* ]]; then compgen -c -- \"$1\"; fi; \
            compgen -f -- \"$1\" | while IFS= read -r f; do \
            if [ -d \"$f\" ]; then f=$f/; elif [ \"$2\" = first ] && ! [ -x \"$f\" ]; then continue; fi; \
            printf '%q\\n' \"$f\"; done";
        let cwd = self.sandbox.kernel.getcwd(self.pid).unwrap_or_else(|_| b"/".to_vec());
        let place = if first { "first" } else { "" };
        let output = self
            .sandbox
            .script(SCRIPT)
            .args([word, place])
            .cwd(String::from_utf8_lossy(&cwd).into_owned())
            .timeout(Duration::from_secs(1))
            .output()?;
        let mut found: Vec<String> = output.stdout_text().lines().map(str::to_owned).collect();
        found.sort();
        found.dedup();
        Ok(found)
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        self.sandbox.kernel.tty_hang_up(self.tty);
        if self.ended.is_none() {
            self.sandbox.kernel.kill_tree(self.pid);
        }
    }
}

/// Standard input, output and error of a command on a terminal.
pub(crate) fn files(tty: TtyId) -> [HostFile; 3] {
    [HostFile::Tty(tty), HostFile::Tty(tty), HostFile::Tty(tty)]
}
