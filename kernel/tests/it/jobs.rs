//! Groups, sessions, and orphaned groups.

use agentos_kernel::{
    Errno, ExitStatus, ForkAttrs, Kernel, KillTarget, Outcome, Pgid, Pid, Program, Sid, Signal,
    Slice, Step, WaitOptions, WaitStatus,
};

use crate::support::{Script, assert_clean, kernel, notes, run, run_to, start, taken};

fn own_group() -> ForkAttrs {
    ForkAttrs { pgid: Some(Pgid(0)), ..ForkAttrs::default() }
}

#[test]
fn the_first_process_leads_its_session_and_group() {
    let body = Script::new().call(|k, p| {
        assert_eq!((k.getpgid(p), k.getsid(p)), (Ok(Pgid(p.0)), Ok(Sid(p.0))));
        assert_eq!(k.getppid(p), Ok(Pid::INIT));
        assert_eq!(k.setsid(p), Err(Errno::EPERM), "it leads a group");
        assert_eq!(k.setpgid(p, p, Pgid(0)), Err(Errno::EPERM), "it leads a session");
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn a_child_may_be_moved_between_groups_of_its_session() {
    let body = Script::new()
        .fork_with(own_group(), Script::new().pause())
        .fork(Script::new().pause())
        .call(|k, p| {
            let (a, b) = (Pid(p.0 + 1), Pid(p.0 + 2));
            assert_eq!(k.getpgid(a), Ok(Pgid(a.0)));
            assert_eq!(k.getpgid(b), Ok(Pgid(p.0)));
            assert_eq!(k.setpgid(p, b, Pgid(a.0)), Ok(()));
            assert_eq!(k.getpgid(b), Ok(Pgid(a.0)));
            assert_eq!(k.setpgid(p, b, Pgid(999)), Err(Errno::EPERM), "no such group");
            assert_eq!(k.setpgid(p, Pid(999), Pgid(0)), Err(Errno::ESRCH));
            assert_eq!(k.setpgid(a, b, Pgid(0)), Err(Errno::ESRCH), "not its child");
        });
    run(body);
}

#[test]
fn a_new_session_is_a_new_group_without_a_way_back() {
    let child = Script::new().call(|k, p| {
        assert_eq!(k.setsid(p), Ok(Sid(p.0)));
        assert_eq!(k.getpgid(p), Ok(Pgid(p.0)));
        let parent = k.getppid(p).unwrap();
        assert_eq!(k.setpgid(p, p, Pgid(parent.0)), Err(Errno::EPERM));
    });
    assert_eq!(run(Script::new().fork(child).wait_all()), ExitStatus::SUCCESS);
}

#[test]
fn job_control_signals_stop_a_job_with_a_parent_in_the_session() {
    for signal in [Signal::TSTP, Signal::TTIN, Signal::TTOU] {
        let status = notes();
        let body = Script::new()
            .fork_with(own_group(), Script::new().pause())
            .sleep(1)
            .call(move |k, p| {
                k.kill(p, KillTarget::Group(Pgid(p.0 + 1)), Some(signal)).unwrap();
            })
            .wait(&status, WaitOptions::UNTRACED)
            .call(|k, p| k.kill_tree(Pid(p.0 + 1)));
        run(body);
        assert_eq!(taken(&status), [WaitStatus::Stopped(signal)]);
    }
}

/// Founds a group in which it starts the next of its kind.
struct Chain(u32);

impl Program for Chain {
    fn step(&mut self, k: &mut Kernel, p: Pid, _: Slice) -> Step {
        if self.0 > 0 {
            k.fork(p, own_group(), Box::new(Chain(self.0 - 1))).unwrap();
            self.0 = 0;
        }
        assert!(k.pause(p).is_pending());
        Step::Block
    }
}

#[test]
fn a_long_chain_of_stopped_groups_falls_without_the_hosts_stack() {
    const N: u32 = 4_000;
    let mut kernel = kernel();
    let pid = start(&mut kernel, Chain(N));
    assert_eq!(run_to(&mut kernel, pid), Outcome::Deadlock);
    for victim in pid.0 + 1..=pid.0 + N {
        kernel.signal(Pid(victim), Signal::TSTP).unwrap();
    }
    assert_eq!(kernel.counters().processes, N as usize + 2);
    kernel.signal(pid, Signal::KILL).unwrap();
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::Signaled(Signal::KILL)));
    assert_clean(&kernel);
}

#[test]
fn a_stopped_group_that_becomes_orphaned_is_hung_up_and_continued() {
    let status = notes();
    // A shell with a stopped job of its own group exits: nobody could continue the job.
    let job = Script::new().pause();
    let shell = Script::new().fork_with(own_group(), job).sleep(1).call(|k, p| {
        k.kill(p, KillTarget::Pid(Pid(p.0 + 1)), Some(Signal::TSTP)).unwrap();
    });
    let body = Script::new()
        .fork_with(own_group(), shell)
        .wait_all()
        .sleep(10)
        .note(&status, |k, p| std::task::Poll::Ready(k.state(Pid(p.0 + 2)).err()));
    run(body);
    assert_eq!(taken(&status), [Some(Errno::ESRCH)], "SIGHUP ended the job");
}
