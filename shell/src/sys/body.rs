//! The process body: one poll of the shell's future per step of the scheduler.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};

use kernel::{ExitStatus, Kernel, Pid, Program, Slice, Step};

use super::{Shared, Sys};

/// How a shell process ends.
pub(crate) enum Ending {
    /// It exits.
    Exit(ExitStatus),
    /// It goes on as another program.
    Exec(Box<dyn Program>),
}

type Main = Pin<Box<dyn Future<Output = Ending> + Send>>;
type Start = Box<dyn FnOnce(Sys) -> Main + Send>;

/// A shell as a process: the whole of it, a subshell, or an element of a pipeline.
pub(crate) struct Body {
    pub(super) shared: Arc<Shared>,
    name: &'static str,
    /// Makes the future in the first step, when the process has its number.
    start: Option<Start>,
    main: Option<Main>,
}

impl Body {
    /// A body that runs the future that `start` makes.
    pub(crate) fn new<F>(start: impl FnOnce(Sys) -> F + Send + 'static) -> Box<Body>
    where
        F: Future<Output = Ending> + Send + 'static,
    {
        let shared = Shared {
            kernel: Mutex::new(Kernel::vacant()),
            pid: AtomicU32::new(0),
            fuel: AtomicU64::new(0),
            yielded: AtomicBool::new(false),
            meter: OnceLock::new(),
            held: AtomicU64::new(0),
        };
        let start: Start = Box::new(move |sys| Box::pin(start(sys)));
        Box::new(Body { shared: Arc::new(shared), name: "bash", start: Some(start), main: None })
    }

    /// Polls the future once, the kernel being in its slot.
    fn poll(&mut self) -> Poll<Ending> {
        if let Some(start) = self.start.take() {
            self.main = Some(start(Sys { shared: Arc::clone(&self.shared) }));
        }
        match &mut self.main {
            Some(main) => main.as_mut().poll(&mut Context::from_waker(Waker::noop())),
            None => Poll::Ready(Ending::Exit(ExitStatus::Exited(0))),
        }
    }

    fn swap(&self, kernel: &mut Kernel) {
        let sys = Sys { shared: Arc::clone(&self.shared) };
        std::mem::swap(&mut *sys.lock(), kernel);
    }
}

impl Program for Body {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, slice: Slice) -> Step {
        self.shared.pid.store(pid.0, Ordering::Relaxed);
        self.shared.fuel.store(slice.fuel, Ordering::Relaxed);
        self.shared.yielded.store(false, Ordering::Relaxed);
        self.swap(kernel);
        let polled = self.poll();
        self.swap(kernel);
        let left = self.shared.fuel.load(Ordering::Relaxed);
        // A step costs something even if it only looked whether a wait is over. What exceeds
        // a limit is the kernel's to act upon.
        let _ = kernel.charge(pid, slice.fuel.saturating_sub(left).max(1));
        match polled {
            Poll::Ready(Ending::Exit(status)) => {
                self.main = None;
                Step::Exit(status)
            }
            Poll::Ready(Ending::Exec(program)) => {
                self.main = None;
                Step::Exec(program)
            }
            Poll::Pending if self.shared.yielded.load(Ordering::Relaxed) => Step::Yield,
            Poll::Pending => Step::Block,
        }
    }

    fn name(&self) -> &str {
        self.name
    }
}
