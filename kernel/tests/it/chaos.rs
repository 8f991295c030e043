//! Random processes doing random things to each other: nothing leaks, nothing hangs, and the
//! statuses that parents see are those with which children ended.
//!
//! `AGENTOS_CHAOS` is the number of cases of each test (default 64, and 8 of the long one).

use std::sync::{Arc, Mutex};
use std::task::Poll;

use agentos_kernel::{
    ClockId, Config, Disposition, Entropy, Errno, ExitStatus, Fd, FileType, ForkAttrs, Kernel,
    KillTarget, LockOp, Mode, OFlags, Outcome, Pgid, Pid, PollEvents, PollFd, Program,
    SeededEntropy, SigSet, Signal, Slice, State, Step, Until, WaitOptions, WaitStatus, WaitTarget,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::support::{Script, assert_clean, kernel_with};

/// One thing that a process does.
#[derive(Clone, Debug)]
enum Op {
    Fork(Vec<Op>),
    ForkGroup(Vec<Op>),
    Pipe,
    Dup(u32),
    Close(u32),
    Read(u32, usize),
    Write(u32, usize),
    Kill(u32, Signal),
    Group(Signal),
    Wait(bool),
    Sleep(u64),
    Catch(Signal),
    Ignore(Signal),
    Compute(u64),
    Alarm(u64),
    Fifo(OFlags),
    Lock(u32, LockOp),
    Poll(Vec<u32>, u64),
    Mask(u64),
    Regroup(u32, u32),
    Exit(u8),
}

fn signal() -> impl Strategy<Value = Signal> {
    prop::sample::select(vec![
        Signal::TERM,
        Signal::KILL,
        Signal::INT,
        Signal::STOP,
        Signal::CONT,
        Signal::TSTP,
        Signal::USR1,
        Signal::CHLD,
        Signal::PIPE,
        Signal::HUP,
    ])
}

fn access() -> impl Strategy<Value = OFlags> {
    prop::sample::select(vec![
        OFlags::READ,
        OFlags::WRITE,
        OFlags::RDWR,
        OFlags::READ | OFlags::NONBLOCK,
        OFlags::WRITE | OFlags::NONBLOCK | OFlags::CLOEXEC,
    ])
}

fn lock() -> impl Strategy<Value = LockOp> {
    prop::sample::select(vec![
        LockOp::Shared,
        LockOp::Exclusive,
        LockOp::TryExclusive,
        LockOp::Unlock,
    ])
}

fn op() -> impl Strategy<Value = Op> {
    let leaf = prop_oneof![
        3 => Just(Op::Pipe),
        1 => (0u32..8).prop_map(Op::Dup),
        2 => (0u32..8).prop_map(Op::Close),
        3 => (0u32..8, 0usize..9_000).prop_map(|(fd, n)| Op::Read(fd, n)),
        3 => (0u32..8, 0usize..90_000).prop_map(|(fd, n)| Op::Write(fd, n)),
        2 => (0u32..12, signal()).prop_map(|(pid, s)| Op::Kill(pid, s)),
        1 => signal().prop_map(Op::Group),
        3 => any::<bool>().prop_map(Op::Wait),
        2 => (0u64..1_000).prop_map(Op::Sleep),
        1 => signal().prop_map(Op::Catch),
        1 => signal().prop_map(Op::Ignore),
        1 => (0u64..200_000).prop_map(Op::Compute),
        1 => (0u64..2_000).prop_map(Op::Alarm),
        2 => access().prop_map(Op::Fifo),
        1 => (0u32..8, lock()).prop_map(|(fd, op)| Op::Lock(fd, op)),
        1 => (prop::collection::vec(0u32..8, 0..4), 0u64..500).prop_map(|(f, t)| Op::Poll(f, t)),
        1 => any::<u64>().prop_map(Op::Mask),
        1 => (0u32..12, 0u32..12).prop_map(|(p, g)| Op::Regroup(p, g)),
        1 => any::<u8>().prop_map(Op::Exit),
    ];
    leaf.prop_recursive(4, 96, 12, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 0..12).prop_map(Op::Fork),
            1 => prop::collection::vec(inner, 0..12).prop_map(Op::ForkGroup),
        ]
    })
}

/// What the model knows: the last wish of each process, and what was seen of it.
#[derive(Default)]
struct Model {
    /// Processes that exited by themselves, and with which status.
    exited: BTreeMap<Pid, u8>,
    /// Statuses that parents were told.
    reported: BTreeMap<Pid, WaitStatus>,
    ops: u64,
}

struct Actor {
    ops: std::vec::IntoIter<Op>,
    current: Option<Op>,
    model: Arc<Mutex<Model>>,
}

impl Actor {
    fn new(ops: Vec<Op>, model: &Arc<Mutex<Model>>) -> Actor {
        Actor { ops: ops.into_iter(), current: None, model: model.clone() }
    }

    fn fork(&self, kernel: &mut Kernel, pid: Pid, pgid: Option<Pgid>, ops: &[Op]) {
        let child = Actor::new(ops.to_vec(), &self.model);
        let attrs = ForkAttrs { pgid, ..ForkAttrs::default() };
        // A limit may refuse it.
        let _forked = kernel.fork(pid, attrs, Box::new(child));
    }

    fn wait(&self, kernel: &mut Kernel, pid: Pid, hang: bool) -> Poll<()> {
        let options = if hang { WaitOptions::empty() } else { WaitOptions::NOHANG };
        let Poll::Ready(result) = kernel.waitpid(pid, WaitTarget::Any, options) else {
            return Poll::Pending;
        };
        match result {
            Ok(Some((child, status))) => {
                let old = self.model.lock().unwrap().reported.insert(child, status);
                assert_eq!(old, None, "{child} was reported twice");
            }
            Ok(None) => assert!(!hang),
            Err(errno) => assert!(matches!(errno, Errno::ECHILD | Errno::EINTR), "{errno}"),
        }
        Poll::Ready(())
    }

    /// Errors are part of the game: only those that a call can have at all.
    fn act(&self, kernel: &mut Kernel, pid: Pid, op: &mut Op) -> Poll<()> {
        match op {
            Op::Fork(ops) => self.fork(kernel, pid, None, ops),
            Op::ForkGroup(ops) => self.fork(kernel, pid, Some(Pgid(0)), ops),
            Op::Pipe => {
                let _made = kernel.pipe2(pid, OFlags::empty());
            }
            Op::Dup(fd) => {
                let _made = kernel.dup(pid, Fd(*fd));
            }
            Op::Close(fd) => {
                let _closed = kernel.close(pid, Fd(*fd));
            }
            Op::Read(fd, n) => return kernel.read(pid, Fd(*fd), &mut vec![0; *n]).map(|_| ()),
            Op::Write(fd, n) => return kernel.write(pid, Fd(*fd), &vec![0; *n]).map(|_| ()),
            Op::Kill(victim, signal) => kill(kernel, pid, Pid(*victim), *signal),
            Op::Group(signal) => {
                let _sent = kernel.kill(pid, KillTarget::OwnGroup, Some(*signal));
            }
            Op::Wait(hang) => return self.wait(kernel, pid, *hang),
            Op::Sleep(ns) => {
                let now = kernel.clock_gettime(ClockId::Monotonic);
                let until = now + std::mem::take(ns);
                let poll = kernel.sleep_until(pid, until).map(|_| ());
                return poll;
            }
            Op::Catch(signal) => {
                let _set = kernel.sigaction(pid, *signal, Disposition::Catch);
            }
            Op::Ignore(signal) => {
                let _set = kernel.sigaction(pid, *signal, Disposition::Ignore);
            }
            Op::Compute(fuel) => {
                let _charged = kernel.charge(pid, *fuel);
            }
            Op::Alarm(ns) => {
                let now = kernel.clock_gettime(ClockId::Monotonic);
                kernel.alarm(pid, Some(now + *ns)).unwrap();
            }
            Op::Fifo(flags) => {
                return kernel.openat(pid, None, b"/tmp/f", *flags, Mode::empty()).map(|_| ());
            }
            Op::Lock(fd, op) => return kernel.flock(pid, Fd(*fd), *op).map(|_| ()),
            Op::Poll(fds, timeout) => {
                let deadline = kernel.clock_gettime(ClockId::Monotonic) + std::mem::take(timeout);
                let events = PollEvents::IN | PollEvents::OUT;
                let mut fds: Vec<PollFd> =
                    fds.iter().map(|fd| PollFd::new(Fd(*fd), events)).collect();
                return kernel.poll(pid, &mut fds, Some(deadline)).map(|_| ());
            }
            Op::Mask(mask) => {
                kernel.sigprocmask(pid, SigSet(*mask)).unwrap();
            }
            Op::Regroup(target, group) => {
                let _moved = kernel.setpgid(pid, Pid(*target), Pgid(*group));
            }
            Op::Exit(_) => {}
        }
        Poll::Ready(())
    }
}

/// Sends a signal; what must be so at once is looked at.
fn kill(kernel: &mut Kernel, pid: Pid, victim: Pid, signal: Signal) {
    let before = kernel.state(victim);
    let sent = kernel.kill(pid, KillTarget::Pid(victim), Some(signal));
    let alive = victim != pid && victim != Pid::INIT && sent.is_ok();
    if !alive || matches!(before, Ok(State::Zombie(_)) | Err(_)) {
        return;
    }
    match (signal, kernel.state(victim)) {
        (Signal::KILL, Ok(State::Zombie(status))) => {
            assert_eq!(status, ExitStatus::Signaled(Signal::KILL));
        }
        (Signal::KILL, Ok(state)) => panic!("{victim} is {state:?} after SIGKILL"),
        (Signal::STOP, state) => assert!(matches!(state, Ok(State::Stopped(_))), "{state:?}"),
        (Signal::CONT, state) => assert!(!matches!(state, Ok(State::Stopped(_))), "{state:?}"),
        _ => {}
    }
}

impl Program for Actor {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, _: Slice) -> Step {
        for _ in 0..8 {
            if kernel.must_yield(pid) {
                return Step::Yield;
            }
            while kernel.take_signal(pid).is_some() {}
            let op = self.current.take().or_else(|| self.ops.next());
            let Some(mut op) = op else { return self.exit(pid, 0) };
            if let Op::Exit(status) = op {
                return self.exit(pid, status);
            }
            if self.act(kernel, pid, &mut op).is_pending() {
                self.current = Some(op);
                return Step::Block;
            }
            self.model.lock().unwrap().ops += 1;
        }
        Step::Yield
    }
}

impl Actor {
    fn exit(&self, pid: Pid, status: u8) -> Step {
        self.model.lock().unwrap().exited.insert(pid, status);
        Step::Exit(ExitStatus::Exited(status))
    }
}

fn run(ops: Vec<Op>) -> Result<(), TestCaseError> {
    let limits = agentos_kernel::Limits {
        processes: 60,
        descriptors: 12,
        open_files: 200,
        pipe_bytes: 2 << 20,
        fuel: Some(50_000_000),
        ..Default::default()
    };
    let mut kernel = kernel_with(Config { limits, ..Config::default() });
    let model = Arc::new(Mutex::new(Model::default()));
    make_fifo(&mut kernel);
    let pid = crate::support::start(&mut kernel, Actor::new(ops, &model));
    let outcome = kernel.run(Until { pid, deadline: Some(10_000_000_000) });
    if let Outcome::Exited(status) = outcome {
        let exited = model.lock().unwrap().exited.get(&pid).copied();
        if let ExitStatus::Exited(status) = status {
            prop_assert_eq!(exited, Some(status));
        }
    }
    // Let the others come to their end, or to where only somebody else could help them.
    let idle = crate::support::start(&mut kernel, Script::new().pause());
    let until = Until { pid: idle, deadline: None };
    if kernel.run(until) == Outcome::Deadlock {
        // Nobody was forgotten: who is woken for nothing gets no further.
        let done = model.lock().unwrap().ops;
        kernel.wake_all();
        prop_assert_eq!(kernel.run(until), Outcome::Deadlock);
        prop_assert_eq!(model.lock().unwrap().ops, done, "a wake-up was lost");
    }
    let bytes = kernel.counters();
    prop_assert!(bytes.pipe_bytes <= 2 << 20 && bytes.processes <= 61 && bytes.open_files <= 200);
    let model = model.lock().unwrap();
    for (child, status) in &model.reported {
        if let WaitStatus::Exited(status) = status {
            prop_assert_eq!(model.exited.get(child), Some(status));
        }
    }
    kernel.kill_all();
    assert_clean(&kernel);
    Ok(())
}

fn make_fifo(kernel: &mut Kernel) {
    let vfs = kernel.vfs_mut();
    let root = vfs.superuser(Default::default());
    vfs.mknodat(&root, root.cwd, b"/tmp/f", FileType::Fifo, Mode::new(0o666), 0).unwrap();
}

/// Random numbers from a seed.
struct Dice(SeededEntropy);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(u32::try_from(of.len()).unwrap()) as usize]
    }

    fn ops(&mut self, depth: u32) -> Vec<Op> {
        (0..self.roll(20)).map(|_| self.op(depth)).collect()
    }

    fn op(&mut self, depth: u32) -> Op {
        let fd = self.roll(8);
        let signals = [Signal::TERM, Signal::STOP, Signal::CONT, Signal::TSTP, Signal::USR1];
        match self.roll(16) {
            0 | 1 if depth > 0 => Op::Fork(self.ops(depth - 1)),
            2 if depth > 0 => Op::ForkGroup(self.ops(depth - 1)),
            3 | 4 => Op::Pipe,
            5 => Op::Close(fd),
            6 => Op::Dup(fd),
            7 => Op::Read(fd, self.roll(9_000) as usize),
            8 => Op::Write(fd, self.roll(90_000) as usize),
            9 => Op::Group(self.pick(&signals)),
            10 => Op::Catch(self.pick(&signals)),
            11 => Op::Sleep(self.roll(1_000).into()),
            12 => Op::Fifo(self.pick(&[OFlags::READ, OFlags::WRITE, OFlags::RDWR])),
            13 => Op::Wait(self.roll(2) == 0),
            14 => Op::Poll(vec![fd, fd + 1], self.roll(500).into()),
            _ => Op::Exit(self.roll(256) as u8),
        }
    }
}

/// Starts processes, and stops, continues, kills and reaps them, until its budget is spent.
struct Supervisor {
    dice: Dice,
    actor: Actor,
    left: u64,
}

impl Program for Supervisor {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, _: Slice) -> Step {
        for _ in 0..4 {
            let Some(left) = self.left.checked_sub(1) else { return self.actor.exit(pid, 0) };
            self.left = left;
            self.actor.model.lock().unwrap().ops += 1;
            match self.dice.roll(4) {
                0 => {
                    let ops = self.dice.ops(2);
                    self.actor.fork(kernel, pid, Some(Pgid(0)), &ops);
                }
                1 | 2 => {
                    let pids = kernel.pids();
                    let victim = self.dice.pick(&pids);
                    let signals = [Signal::KILL, Signal::STOP, Signal::CONT, Signal::TERM];
                    let signal = self.dice.pick(&signals);
                    if victim != pid {
                        kill(kernel, pid, victim, signal);
                    }
                }
                _ => assert!(self.actor.wait(kernel, pid, false).is_ready()),
            }
        }
        Step::Yield
    }
}

fn run_long(seed: u64) {
    const OPS: u64 = 10_000;
    let limits = agentos_kernel::Limits {
        processes: 60,
        descriptors: 12,
        open_files: 200,
        pipe_bytes: 2 << 20,
        ..Default::default()
    };
    let mut kernel = kernel_with(Config { limits, ..Config::default() });
    make_fifo(&mut kernel);
    let model = Arc::new(Mutex::new(Model::default()));
    let supervisor = Supervisor {
        dice: Dice(SeededEntropy::new(seed)),
        actor: Actor::new(Vec::new(), &model),
        left: OPS,
    };
    let pid = crate::support::start(&mut kernel, supervisor);
    let outcome = kernel.run(Until { pid, deadline: None });
    assert_eq!(outcome, Outcome::Exited(ExitStatus::SUCCESS), "seed {seed}");
    let model = model.lock().unwrap();
    assert!(
        model.ops >= OPS && model.reported.len() > 100,
        "{} {}",
        model.ops,
        model.reported.len()
    );
    for (child, status) in &model.reported {
        match status {
            WaitStatus::Exited(status) => assert_eq!(model.exited.get(child), Some(status)),
            WaitStatus::Signaled(_) => {}
            other => panic!("{child} was reported as {other:?}"),
        }
    }
    kernel.kill_all();
    assert_clean(&kernel);
}

#[test]
fn ten_thousand_operations_leave_nothing_behind() {
    for seed in 0..u64::from(cases().div_ceil(8)) {
        run_long(seed);
    }
}

fn cases() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "a test's size is its runner's choice")]
    let cases = std::env::var("AGENTOS_CHAOS");
    cases.ok().and_then(|n| n.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn nothing_leaks_and_nobody_lies(ops in prop::collection::vec(op(), 1..40)) {
        run(ops)?;
    }
}
