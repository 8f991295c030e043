//! What the tests share: a body made of closures, and a kernel to run it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use agentos_kernel::{
    AtFlags, Config, ExitStatus, Fd, ForkAttrs, InitProcess, Kernel, Mode, OFlags, Outcome, Pid,
    Program, Result, Slice, Step, Timestamp, Until, WaitOptions, WaitStatus, WaitTarget,
};
use vfs::{MemFs, MountFlags, ProcFs, Vfs, devfs};

/// One thing to do; `Pending` waits and does it again.
pub(crate) type Op = Box<dyn FnMut(&mut Kernel, Pid) -> Poll<()> + Send>;

/// A body that does one thing after the other and then exits.
#[derive(Default)]
pub(crate) struct Script {
    ops: VecDeque<Op>,
    status: u8,
}

/// What a script notes for its test to look at.
pub(crate) type Notes<T> = Arc<Mutex<Vec<T>>>;

pub(crate) fn notes<T>() -> Notes<T> {
    Notes::default()
}

pub(crate) fn taken<T>(notes: &Notes<T>) -> Vec<T> {
    std::mem::take(&mut notes.lock().unwrap())
}

impl Script {
    pub(crate) fn new() -> Script {
        Script::default()
    }

    /// Something that may wait.
    pub(crate) fn poll(
        mut self,
        op: impl FnMut(&mut Kernel, Pid) -> Poll<()> + Send + 'static,
    ) -> Script {
        self.ops.push_back(Box::new(op));
        self
    }

    /// Something that does not wait.
    pub(crate) fn call(self, mut op: impl FnMut(&mut Kernel, Pid) + Send + 'static) -> Script {
        self.poll(move |kernel, pid| {
            op(kernel, pid);
            Poll::Ready(())
        })
    }

    /// A call that may wait; its result goes to the notes.
    pub(crate) fn note<T: Send + 'static>(
        self,
        notes: &Notes<T>,
        mut op: impl FnMut(&mut Kernel, Pid) -> Poll<T> + Send + 'static,
    ) -> Script {
        let notes = notes.clone();
        self.poll(move |kernel, pid| op(kernel, pid).map(|value| notes.lock().unwrap().push(value)))
    }

    pub(crate) fn fork(self, body: Script) -> Script {
        self.fork_with(ForkAttrs::default(), body)
    }

    pub(crate) fn fork_with(self, attrs: ForkAttrs, body: Script) -> Script {
        let mut body = Some(body);
        self.call(move |kernel, pid| {
            kernel.fork(pid, attrs.clone(), Box::new(body.take().unwrap())).unwrap();
        })
    }

    /// Waits for every child.
    pub(crate) fn wait_all(self) -> Script {
        self.poll(|kernel, pid| {
            loop {
                match kernel.waitpid(pid, WaitTarget::Any, WaitOptions::empty()) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                }
            }
        })
    }

    /// Waits for one child, and notes how it changed.
    pub(crate) fn wait(self, notes: &Notes<WaitStatus>, options: WaitOptions) -> Script {
        self.note(notes, move |kernel, pid| {
            kernel.waitpid(pid, WaitTarget::Any, options).map(|r| r.unwrap().unwrap().1)
        })
    }

    pub(crate) fn write_all(self, fd: Fd, bytes: Vec<u8>) -> Script {
        let mut done = 0;
        self.poll(move |kernel, pid| {
            while done < bytes.len() {
                match kernel.write(pid, fd, &bytes[done..]) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(n) => done += n.unwrap(),
                }
            }
            Poll::Ready(())
        })
    }

    /// Reads to the end.
    pub(crate) fn read_all(self, fd: Fd, notes: &Notes<Vec<u8>>) -> Script {
        let mut all = Vec::new();
        self.note(notes, move |kernel, pid| {
            let mut buf = [0; 10_000];
            loop {
                match kernel.read(pid, fd, &mut buf) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(n) => match n.unwrap() {
                        0 => return Poll::Ready(std::mem::take(&mut all)),
                        n => all.extend_from_slice(&buf[..n]),
                    },
                }
            }
        })
    }

    pub(crate) fn close(self, fd: Fd) -> Script {
        self.call(move |kernel, pid| kernel.close(pid, fd).unwrap())
    }

    /// A pipe at 3 (to read) and 4 (to write) if these are the lowest free descriptors.
    pub(crate) fn pipe(self) -> Script {
        self.call(|kernel, pid| {
            kernel.pipe2(pid, OFlags::empty()).unwrap();
        })
    }

    pub(crate) fn sleep(self, ns: u64) -> Script {
        let mut until = None;
        self.poll(move |kernel, pid| {
            let now = kernel.clock_gettime(agentos_kernel::ClockId::Monotonic);
            kernel.sleep_until(pid, *until.get_or_insert(now + ns)).map(|_| ())
        })
    }

    /// Never goes on.
    pub(crate) fn pause(self) -> Script {
        self.poll(|kernel, pid| kernel.pause(pid).map(|_| ()))
    }

    pub(crate) fn exit(mut self, status: u8) -> Script {
        self.status = status;
        self
    }
}

impl Program for Script {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, _slice: Slice) -> Step {
        while let Some(op) = self.ops.front_mut() {
            if kernel.must_yield(pid) {
                return Step::Yield;
            }
            if op(kernel, pid).is_pending() {
                return Step::Block;
            }
            self.ops.pop_front();
        }
        Step::Exit(ExitStatus::Exited(self.status))
    }
}

pub(crate) fn kernel() -> Kernel {
    kernel_with(Config::default())
}

pub(crate) fn start(kernel: &mut Kernel, body: impl Program + 'static) -> Pid {
    let init = InitProcess {
        argv: vec![b"test".to_vec()],
        body: Some(Box::new(body)),
        ..InitProcess::default()
    };
    kernel.create_process(init).unwrap()
}

pub(crate) fn run_to(kernel: &mut Kernel, pid: Pid) -> Outcome {
    kernel.run(Until { pid, deadline: None })
}

/// Runs one process to its end on a kernel of its own, and checks that nothing is left over.
#[track_caller]
pub(crate) fn run(body: Script) -> ExitStatus {
    let mut kernel = kernel();
    let pid = start(&mut kernel, body);
    match run_to(&mut kernel, pid) {
        Outcome::Exited(status) => {
            kernel.kill_all();
            assert_clean(&kernel);
            status
        }
        other => panic!("{other:?}: {:?}", kernel.blocked()),
    }
}

/// Nothing but init is left.
#[track_caller]
pub(crate) fn assert_clean(kernel: &Kernel) {
    let clean = agentos_kernel::Counters { processes: 1, ..Default::default() };
    assert_eq!(kernel.counters(), clean);
}

pub(crate) fn ready<T>(poll: Poll<Result<T>>) -> Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

pub(crate) fn kernel_with(config: Config) -> Kernel {
    Kernel::new(tree(), config)
}

/// An empty `/bin`, `/tmp`, and `/dev` and `/proc`.
fn tree() -> Vfs {
    let mut vfs = Vfs::new(Box::new(MemFs::default()));
    let root = vfs.superuser(Timestamp::default());
    for dir in [&b"/dev"[..], b"/proc", b"/bin", b"/tmp"] {
        vfs.mkdirat(&root, root.cwd, dir, Mode::new(0o755)).unwrap();
    }
    let at = root.cwd;
    vfs.fchmodat(&root, at, b"/tmp", Mode::new(0o1777), AtFlags::empty()).unwrap();
    let dev = devfs(Timestamp::default()).unwrap();
    vfs.mount(b"/dev", Box::new(dev), MountFlags::empty()).unwrap();
    vfs.mount(b"/proc", Box::new(ProcFs::new()), MountFlags::empty()).unwrap();
    vfs
}

/// Writes a file as root.
pub(crate) fn put(kernel: &mut Kernel, path: &str, content: &[u8], mode: u32) {
    let vfs = kernel.vfs_mut();
    let root = vfs.superuser(Timestamp::default());
    let flags = OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC;
    let mut file = vfs.openat(&root, root.cwd, path.as_bytes(), flags, Mode::new(mode)).unwrap();
    assert_eq!(vfs.write(root.now, &mut file, content), Ok(content.len()));
    vfs.fchmod(&root, &file, Mode::new(mode)).unwrap();
    vfs.close(&file);
}
