//! The call trace: one event for each call of a process, as strace(1) would show it.
//!
//! Without a hook a call costs one comparison more.

use core::fmt;
use core::task::Poll;

use vfs::Errno;

use crate::kernel::System;
use crate::{Kernel, Pid};

/// One call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceEvent {
    /// Nanoseconds on the monotonic clock.
    pub time: u64,
    /// Who called.
    pub pid: Pid,
    /// The call's name.
    pub name: &'static str,
    /// Its arguments, as text.
    pub args: String,
    /// What it answered.
    pub result: TraceResult,
}

/// What a traced call answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TraceResult {
    /// It has a result.
    Ok(String),
    /// It failed.
    Err(Errno),
    /// It waits, and will be made again.
    Pending,
}

impl fmt::Display for TraceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[pid {}] {}({}) = ", self.pid, self.name, self.args)?;
        match &self.result {
            TraceResult::Ok(value) => f.write_str(value),
            TraceResult::Err(errno) => write!(f, "-1 {} ({errno})", errno.name()),
            TraceResult::Pending => f.write_str("? (waits)"),
        }
    }
}

/// Is told of each call.
pub type TraceHook = Box<dyn FnMut(&TraceEvent) + Send>;

pub(crate) struct Trace(TraceHook);

/// A result that can be shown in a trace.
pub(crate) trait Traced {
    fn traced(&self) -> TraceResult;
}

impl<T: fmt::Debug> Traced for vfs::Result<T> {
    fn traced(&self) -> TraceResult {
        match self {
            Ok(value) => {
                let text = format!("{value:?}");
                TraceResult::Ok(if text == "()" { "0".to_owned() } else { text })
            }
            Err(errno) => TraceResult::Err(*errno),
        }
    }
}

impl<T: fmt::Debug> Traced for Poll<vfs::Result<T>> {
    fn traced(&self) -> TraceResult {
        match self {
            Poll::Ready(result) => result.traced(),
            Poll::Pending => TraceResult::Pending,
        }
    }
}

impl Kernel {
    /// Sets or removes the hook that sees each call when it returns.
    pub fn set_trace(&mut self, hook: Option<TraceHook>) {
        self.sys().trace = hook.map(Trace);
    }
}

impl System {
    /// Tells the hook of a call; `args` is asked only if there is one.
    #[inline]
    pub(crate) fn trace<R: Traced>(
        &mut self,
        pid: Pid,
        name: &'static str,
        result: &R,
        args: impl FnOnce(&System) -> String,
    ) {
        if self.trace.is_some() {
            let args = args(self);
            self.emit(pid, name, args, result.traced());
        }
    }

    #[cold]
    fn emit(&mut self, pid: Pid, name: &'static str, args: String, result: TraceResult) {
        let time = self.clock.monotonic();
        if let Some(Trace(hook)) = &mut self.trace {
            hook(&TraceEvent { time, pid, name, args, result });
        }
    }
}

/// Bytes as a string literal for a trace, cut as strace cuts them.
pub(crate) fn quote(bytes: &[u8]) -> String {
    const SHOWN: usize = 32;
    let cut = &bytes[..bytes.len().min(SHOWN)];
    let dots = if bytes.len() > SHOWN { "..." } else { "" };
    format!("\"{}\"{dots}", cut.escape_ascii())
}
