//! What a command came to.

use std::time::Duration;

use kernel::Signal;

use crate::LimitReached;

/// What a command wrote, and how it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Output {
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
    /// Its exit status as a shell shows it: 128 and the signal's number when a signal ended it,
    /// 124 when it ran out of time, 137 when a limit or a deadlock ended it.
    pub exit_code: i32,
    /// How it ended.
    pub ended: Ended,
    /// Bytes of standard output beyond [`Limits::kept_output_bytes`](crate::Limits::kept_output_bytes)
    /// that were dropped.
    pub stdout_dropped: u64,
    /// Likewise of standard error.
    pub stderr_dropped: u64,
    /// Limits that some call ran into, each once: with `EMFILE` or `ENOMEM`, say.
    pub limits_reached: Vec<LimitReached>,
    /// The fuel that all of its processes used: about one unit an instruction.
    pub fuel: u64,
    /// How long it took, on the sandbox's clock.
    pub duration: Duration,
}

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Ended {
    /// By itself.
    Exited,
    /// By a signal.
    Signaled(Signal),
    /// Its time was up: the whole process tree was killed.
    TimedOut,
    /// A limit of the whole sandbox was reached: the whole process tree was killed.
    Limit(LimitReached),
    /// Its processes waited for each other and nothing else could happen; who waited for what.
    Deadlock(Vec<String>),
}

impl Output {
    /// Whether it exited with status 0.
    pub fn success(&self) -> bool {
        self.ended == Ended::Exited && self.exit_code == 0
    }

    /// Standard output as text; what is not UTF-8 becomes U+FFFD.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; what is not UTF-8 becomes U+FFFD.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}
