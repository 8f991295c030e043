//! Random processes doing random things to each other: nothing leaks, nothing hangs, and the
//! statuses that parents see are those with which children ended.
//!
//! `AGENTOS_CHAOS` is the number of cases (default 64).

use std::sync::{Arc, Mutex};
use std::task::Poll;

use agentos_kernel::{
    Config, Disposition, Errno, ExitStatus, Fd, ForkAttrs, Kernel, KillTarget, OFlags, Outcome,
    Pgid, Pid, Program, Signal, Slice, Step, Until, WaitOptions, WaitStatus, WaitTarget,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::support::{assert_clean, kernel_with};

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
            Op::Kill(victim, signal) => {
                let _sent = kernel.kill(pid, KillTarget::Pid(Pid(*victim)), Some(*signal));
            }
            Op::Group(signal) => {
                let _sent = kernel.kill(pid, KillTarget::OwnGroup, Some(*signal));
            }
            Op::Wait(hang) => return self.wait(kernel, pid, *hang),
            Op::Sleep(ns) => {
                let now = kernel.clock_gettime(agentos_kernel::ClockId::Monotonic);
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
                let now = kernel.clock_gettime(agentos_kernel::ClockId::Monotonic);
                kernel.alarm(pid, Some(now + *ns)).unwrap();
            }
            Op::Exit(_) => {}
        }
        Poll::Ready(())
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
            self.model.lock().unwrap().ops += 1;
            if self.act(kernel, pid, &mut op).is_pending() {
                self.current = Some(op);
                return Step::Block;
            }
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
    let pid = crate::support::start(&mut kernel, Actor::new(ops, &model));
    let outcome = kernel.run(Until { pid, deadline: Some(10_000_000_000) });
    if let Outcome::Exited(status) = outcome {
        let exited = model.lock().unwrap().exited.get(&pid).copied();
        if let ExitStatus::Exited(status) = status {
            prop_assert_eq!(exited, Some(status));
        }
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
