//! Limits: each ends what it must and is named.

use agentos_kernel::{
    Config, Errno, ExitStatus, Fd, ForkAttrs, HostFile, InitProcess, Kernel, Limit, Limits, OFlags,
    Outcome, Pid, Program, Signal, Slice, Step, WaitStatus,
};

use crate::support::{Script, assert_clean, kernel_with, notes, run_to, start, taken};

fn limited(limits: Limits) -> Kernel {
    kernel_with(Config { limits, ..Config::default() })
}

/// Computes for ever.
struct Loop;

impl Program for Loop {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, slice: Slice) -> Step {
        // What exceeds a limit is acted on by the kernel.
        let _exceeded = kernel.charge(pid, slice.fuel);
        Step::Yield
    }
}

#[track_caller]
fn names(kernel: &mut Kernel, limit: Limit) {
    let reached = kernel.take_limits_reached();
    assert_eq!(reached.iter().map(|l| l.limit).collect::<Vec<_>>(), [limit]);
}

#[test]
fn a_guest_that_forks_without_end() {
    let mut kernel = limited(Limits { processes: 10, ..Limits::default() });
    let body = Script::new().call(|k, p| {
        let mut made = 0;
        let errno = loop {
            match k.fork(p, ForkAttrs::default(), Box::new(Script::new().pause())) {
                Ok(_) => made += 1,
                Err(errno) => break errno,
            }
        };
        assert_eq!((made, errno), (9, Errno::EAGAIN));
    });
    let pid = start(&mut kernel, body);
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    names(&mut kernel, Limit::Processes);
    kernel.kill_all();
    assert_clean(&kernel);
}

#[test]
fn a_guest_that_opens_without_end() {
    let mut kernel = limited(Limits { open_files: 20, ..Limits::default() });
    let body = Script::new().call(|k, p| {
        let errno = loop {
            if let Err(errno) = k.pipe2(p, OFlags::empty()) {
                break errno;
            }
        };
        assert_eq!(errno, Errno::ENFILE);
        assert!(k.counters().open_files <= 20);
    });
    let pid = start(&mut kernel, body);
    run_to(&mut kernel, pid);
    names(&mut kernel, Limit::OpenFiles);
    assert_clean(&kernel);
}

#[test]
fn a_guest_that_fills_a_pipe_without_end() {
    let mut kernel = limited(Limits { pipe_bytes: 1 << 20, ..Limits::default() });
    let body = Script::new().pipe().write_all(Fd(4), vec![0; 2 << 20]);
    let pid = start(&mut kernel, body);
    let Outcome::Limit(exceeded) = run_to(&mut kernel, pid) else { panic!("no limit") };
    assert_eq!((exceeded.field(), exceeded.value), ("pipe_bytes", 1 << 20));
    assert!(kernel.counters().pipe_bytes <= 1 << 20);
    kernel.kill_tree(pid);
    assert_clean(&kernel);
}

#[test]
fn a_guest_that_computes_without_end() {
    let mut kernel = limited(Limits { fuel_per_process: Some(1_000_000), ..Limits::default() });
    let status = notes();
    let body = Script::new()
        .call(|k, p| {
            k.fork(p, ForkAttrs::default(), Box::new(Loop)).unwrap();
        })
        .wait(&status, Default::default());
    let pid = start(&mut kernel, body);
    run_to(&mut kernel, pid);
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::XCPU)]);
    names(&mut kernel, Limit::FuelPerProcess);
}

#[test]
fn guests_that_together_compute_without_end() {
    let mut kernel = limited(Limits { fuel: Some(1_000_000), ..Limits::default() });
    let pid = start(&mut kernel, Loop);
    let Outcome::Limit(exceeded) = run_to(&mut kernel, pid) else { panic!("no limit") };
    assert_eq!(exceeded.field(), "fuel");
    assert!(kernel.fuel_used() <= 1_000_000 + kernel.limits().slice);
    kernel.kill_tree(pid);
    assert_clean(&kernel);
}

#[test]
fn a_guest_that_prints_without_end() {
    let mut kernel = limited(Limits { output_bytes: 100_000, ..Limits::default() });
    let capture = kernel.capture(10);
    struct Yes;
    impl Program for Yes {
        fn step(&mut self, k: &mut Kernel, p: Pid, _: Slice) -> Step {
            let _written = k.write(p, Fd::STDOUT, &[b'y'; 1_000]);
            Step::Yield
        }
    }
    let init = InitProcess {
        stdout: HostFile::Capture(capture),
        body: Some(Box::new(Yes)),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    let Outcome::Limit(exceeded) = run_to(&mut kernel, pid) else { panic!("no limit") };
    assert_eq!(exceeded.field(), "output_bytes");
    kernel.kill_tree(pid);
    let captured = kernel.take_capture(capture);
    assert_eq!(captured.bytes.len() as u64 + captured.truncated, 101_000);
    assert_clean(&kernel);
}

#[test]
fn arguments_that_are_too_large() {
    let mut kernel = limited(Limits { argv_env_bytes: 100, ..Limits::default() });
    let init = InitProcess {
        argv: vec![vec![b'x'; 92]],
        body: Some(Box::new(Script::new())),
        ..InitProcess::default()
    };
    assert_eq!(kernel.create_process(init).err(), Some(Errno::E2BIG));
    names(&mut kernel, Limit::ArgvEnvBytes);
    assert_clean(&kernel);
}
