//! `waitpid`, zombies and orphans.

use std::task::Poll;

use agentos_kernel::{
    Disposition, Errno, ExitStatus, ForkAttrs, Outcome, Pgid, Pid, Signal, State, WaitOptions,
    WaitStatus, WaitTarget,
};

use crate::support::{Script, assert_clean, kernel, notes, run, run_to, start, taken};

#[test]
fn the_status_of_each_child_is_its_own() {
    let status = notes();
    let body = Script::new()
        .fork(Script::new().exit(3))
        .fork(Script::new().exit(255))
        .wait(&status, WaitOptions::empty())
        .wait(&status, WaitOptions::empty())
        .exit(7);
    assert_eq!(run(body), ExitStatus::Exited(7));
    assert_eq!(taken(&status), [WaitStatus::Exited(3), WaitStatus::Exited(255)]);
}

#[test]
fn without_children_there_is_nothing_to_wait_for() {
    let result = notes();
    let body = Script::new()
        .note(&result, |k, p| k.waitpid(p, WaitTarget::Any, WaitOptions::empty()))
        .note(&result, |k, p| k.waitpid(p, WaitTarget::Pid(Pid(1)), WaitOptions::NOHANG));
    run(body);
    assert_eq!(taken(&result), [Err(Errno::ECHILD), Err(Errno::ECHILD)]);
}

#[test]
fn nohang_does_not_wait_and_nowait_leaves_the_zombie() {
    let result = notes();
    let body = Script::new()
        .fork(Script::new().sleep(10).exit(1))
        .note(&result, |k, p| k.waitpid(p, WaitTarget::Any, WaitOptions::NOHANG))
        .sleep(100)
        .note(&result, |k, p| {
            assert_eq!(k.state(Pid(p.0 + 1)), Ok(State::Zombie(ExitStatus::Exited(1))));
            k.waitpid(p, WaitTarget::Any, WaitOptions::NOWAIT)
        })
        .note(&result, |k, p| k.waitpid(p, WaitTarget::Any, WaitOptions::NOHANG));
    run(body);
    let child = Some((Pid(3), WaitStatus::Exited(1)));
    assert_eq!(taken(&result), [Ok(None), Ok(child), Ok(child)]);
}

#[test]
fn targets_choose_among_children() {
    let result = notes();
    let own = ForkAttrs { pgid: Some(Pgid(0)), ..ForkAttrs::default() };
    let body = Script::new()
        .fork(Script::new().exit(1))
        .fork_with(own, Script::new().sleep(50).exit(2))
        .note(&result, |k, p| k.waitpid(p, WaitTarget::Group(Pgid(p.0 + 2)), WaitOptions::empty()))
        .note(&result, |k, p| k.waitpid(p, WaitTarget::Pid(Pid(p.0 + 1)), WaitOptions::empty()));
    run(body);
    let expected =
        [Ok(Some((Pid(4), WaitStatus::Exited(2)))), Ok(Some((Pid(3), WaitStatus::Exited(1))))];
    assert_eq!(taken(&result), expected);
}

#[test]
fn orphans_belong_to_init_which_reaps_them() {
    let mut kernel = kernel();
    let parent = notes();
    let orphan = Script::new().sleep(100).note(&parent, |k, p| Poll::Ready(k.getppid(p).unwrap()));
    let body = Script::new().fork(Script::new().fork(orphan)).wait_all().sleep(1_000);
    let pid = start(&mut kernel, body);
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert_eq!(taken(&parent), [Pid::INIT]);
    assert_clean(&kernel);
}

#[test]
fn who_ignores_sigchld_has_no_zombies() {
    let result = notes();
    let body = Script::new()
        .call(|k, p| {
            k.sigaction(p, Signal::CHLD, Disposition::Ignore).unwrap();
        })
        .fork(Script::new().sleep(10))
        .note(&result, |k, p| k.waitpid(p, WaitTarget::Any, WaitOptions::empty()));
    run(body);
    assert_eq!(taken(&result), [Err(Errno::ECHILD)]);
}

#[test]
fn a_tree_is_killed_whole() {
    let mut kernel = kernel();
    let deep = Script::new().fork(Script::new().fork(Script::new().pause()).pause()).pause();
    let pid = start(&mut kernel, Script::new().fork(deep).sleep(1_000_000));
    let outcome = kernel.run(agentos_kernel::Until { pid, deadline: Some(500) });
    assert_eq!(outcome, Outcome::DeadlineReached);
    assert_eq!(kernel.counters().processes, 5);
    kernel.kill_tree(pid);
    assert_clean(&kernel);
}

#[test]
fn what_left_the_tree_is_killed_with_it() {
    let mut kernel = kernel();
    let daemon = Script::new().call(|k, p| {
        k.setsid(p).unwrap();
    });
    let other = start(&mut kernel, Script::new().pause());
    let body = Script::new().fork(Script::new().fork(daemon.pause())).wait_all();
    let pid = start(&mut kernel, body);
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert_eq!(kernel.counters().processes, 3);
    kernel.kill_tree(pid);
    assert_eq!(kernel.pids(), [Pid::INIT, other]);
    kernel.kill_tree(other);
    assert_clean(&kernel);
}

#[test]
fn two_thousand_processes_wait_at_once() {
    const N: u64 = 2_000;
    let mut kernel = kernel();
    let mut body = Script::new().pipe();
    for _ in 0..N {
        body = body.fork(Script::new().poll(|k, p| {
            k.read(p, agentos_kernel::Fd(3), &mut [0; 1]).map(|n| assert_eq!(n, Ok(1)))
        }));
    }
    let body = body.sleep(10).write_all(agentos_kernel::Fd(4), vec![0; 2_000]).wait_all();
    let pid = start(&mut kernel, body);
    let deadline = Some(5);
    let outcome = kernel.run(agentos_kernel::Until { pid, deadline });
    assert_eq!(outcome, Outcome::DeadlineReached);
    assert_eq!(kernel.blocked().len() as u64, N + 1);
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert_clean(&kernel);
}
