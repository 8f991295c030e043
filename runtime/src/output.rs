//! What a command came to.

use std::time::Duration;

use kernel::{Signal, Spilled};
use vfs::Errno;

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
    /// The file of the sandbox with the whole of standard output, where that was longer than is
    /// kept and [`Command::full_output`](crate::Command::full_output) asked for it.
    pub stdout_file: Option<OutputFile>,
    /// Likewise of standard error.
    pub stderr_file: Option<OutputFile>,
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

/// A file of the sandbox with the whole of an output of which only the first bytes are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OutputFile {
    /// Its path.
    pub path: String,
    /// How many bytes of the output, from its beginning on, were written to it.
    pub bytes: u64,
    /// Why it is not the whole.
    pub error: Option<Errno>,
}

impl From<Spilled> for OutputFile {
    fn from(spilled: Spilled) -> OutputFile {
        let Spilled { path, bytes, error } = spilled;
        OutputFile { path: String::from_utf8_lossy(&path).into_owned(), bytes, error }
    }
}

impl std::fmt::Display for OutputFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.error {
            None => write!(f, "all of it is in {}", self.path),
            Some(errno) => write!(f, "the first {} are in {}: {errno}", self.bytes, self.path),
        }
    }
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

    /// Standard output as text; what is not UTF-8 becomes U+FFFD. Where bytes were dropped, a last
    /// line says so: `[agentos: 1200 more bytes dropped]`, and where all of them are.
    pub fn stdout_text(&self) -> String {
        text(&self.stdout, self.stdout_dropped, self.stdout_file.as_ref())
    }

    /// Standard error as text, likewise.
    pub fn stderr_text(&self) -> String {
        text(&self.stderr, self.stderr_dropped, self.stderr_file.as_ref())
    }
}

fn text(bytes: &[u8], dropped: u64, file: Option<&OutputFile>) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if dropped > 0 {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let place = file.map_or_else(String::new, |file| format!("; {file}"));
        text.push_str(&format!("[agentos: {dropped} more bytes dropped{place}]\n"));
    }
    text
}
