//! Signals: default actions, dispositions, masks, interruption, stop and continue.

use std::task::Poll;

use agentos_kernel::{
    Cred, DefaultAction, Disposition, Errno, ExitStatus, Fd, ForkAttrs, InitProcess, KillTarget,
    Pgid, Pid, SigSet, Signal, State, WaitOptions, WaitStatus,
};

use crate::support::{Script, assert_clean, kernel, notes, run, run_to, start, taken};

fn catch(script: Script, signal: Signal) -> Script {
    script.call(move |k, p| {
        k.sigaction(p, signal, Disposition::Catch).unwrap();
    })
}

fn kill_child(script: Script, signal: Signal) -> Script {
    script.call(move |k, p| {
        let child = Pid(p.0 + 1);
        k.kill(p, KillTarget::Pid(child), Some(signal)).unwrap();
    })
}

#[test]
fn each_default_action() {
    for signal in Signal::ALL {
        let status = notes();
        let options = WaitOptions::UNTRACED | WaitOptions::NOHANG;
        let body = kill_child(Script::new().fork(Script::new().pause()).sleep(1), signal)
            .sleep(1)
            .note(&status, move |k, p| {
                k.waitpid(p, agentos_kernel::WaitTarget::Any, options).map(|r| r.unwrap())
            })
            .call(|k, p| k.kill_tree(Pid(p.0 + 1)));
        run(body);
        let expected = match signal.default_action() {
            DefaultAction::Terminate => Some(WaitStatus::Signaled(signal)),
            DefaultAction::Stop => Some(WaitStatus::Stopped(signal)),
            DefaultAction::Ignore | DefaultAction::Continue => None,
        };
        // The test's parent is init, so its own group is orphaned: only SIGSTOP stops there.
        let expected = expected
            .filter(|s| !matches!(s, WaitStatus::Stopped(signal) if *signal != Signal::STOP));
        let found = taken(&status).pop().unwrap().map(|(_, status)| status);
        assert_eq!(found, expected, "{signal}");
    }
}

#[test]
fn names_and_numbers_are_those_of_linux() {
    assert_eq!(Signal::from_name("sigterm"), Some(Signal::TERM));
    assert_eq!(Signal::from_name("Kill"), Some(Signal::KILL));
    assert_eq!(Signal::from_name("TERMX"), None);
    assert_eq!(Signal::from_number(0), None);
    assert_eq!(Signal::from_number(32), None);
    for signal in Signal::ALL {
        assert_eq!(Signal::from_number(signal.number().into()), Some(signal));
        assert_eq!(Signal::from_name(signal.name()), Some(signal));
    }
}

#[test]
fn a_caught_signal_interrupts_a_read_and_is_then_taken() {
    let (result, signals) = (notes(), notes());
    let child = catch(Script::new(), Signal::USR1)
        .note(&result, |k, p| k.read(p, Fd(3), &mut [0; 4]))
        .note(&signals, |k, p| Poll::Ready(k.take_signal(p)))
        .note(&signals, |k, p| Poll::Ready(k.take_signal(p)));
    let body = kill_child(Script::new().pipe().fork(child).sleep(1), Signal::USR1).wait_all();
    run(body);
    assert_eq!(taken(&result), [Err(Errno::EINTR)]);
    assert_eq!(taken(&signals), [Some(Signal::USR1), None]);
}

#[test]
fn a_masked_signal_waits() {
    let status = notes();
    let child = Script::new()
        .call(|k, p| {
            k.sigprocmask(p, SigSet::ALL).unwrap();
        })
        .sleep(100)
        .call(|k, p| {
            assert!(k.sigpending(p).unwrap().contains(Signal::TERM));
            assert!(k.sigprocmask(p, SigSet::EMPTY).unwrap().contains(Signal::TERM));
        })
        .exit(9);
    let body = kill_child(Script::new().fork(child).sleep(1), Signal::TERM)
        .wait(&status, Default::default());
    run(body);
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::TERM)]);
}

#[test]
fn kill_and_stop_cannot_be_caught_ignored_or_masked() {
    let status = notes();
    let child = Script::new()
        .call(|k, p| {
            for signal in [Signal::KILL, Signal::STOP] {
                for disposition in [Disposition::Ignore, Disposition::Catch] {
                    assert_eq!(k.sigaction(p, signal, disposition), Err(Errno::EINVAL));
                }
            }
            k.sigprocmask(p, SigSet::ALL).unwrap();
        })
        .pause();
    let body = kill_child(Script::new().fork(child).sleep(1), Signal::KILL)
        .wait(&status, Default::default());
    run(body);
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::KILL)]);
}

#[test]
fn stop_and_continue_are_reported_once_each() {
    let status = notes();
    let body = Script::new().fork(Script::new().sleep(1_000).exit(4)).sleep(1);
    let body = kill_child(body, Signal::STOP).wait(&status, WaitOptions::UNTRACED);
    let body = kill_child(body.sleep(5_000), Signal::CONT)
        .wait(&status, WaitOptions::CONTINUED)
        .wait(&status, WaitOptions::UNTRACED | WaitOptions::CONTINUED);
    run(body);
    let expected =
        [WaitStatus::Stopped(Signal::STOP), WaitStatus::Continued, WaitStatus::Exited(4)];
    assert_eq!(taken(&status), expected);
}

#[test]
fn a_stopped_process_can_be_killed() {
    let status = notes();
    let body = kill_child(Script::new().fork(Script::new().pause()).sleep(1), Signal::STOP);
    let body = kill_child(body.sleep(1), Signal::KILL).wait(&status, Default::default());
    run(body);
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::KILL)]);
}

#[test]
fn other_signals_wait_until_a_stopped_process_goes_on() {
    let status = notes();
    let body = kill_child(Script::new().fork(Script::new().pause()).sleep(1), Signal::STOP);
    let body = kill_child(body.sleep(1), Signal::TERM)
        .sleep(1)
        .call(|k, p| assert_eq!(k.state(Pid(p.0 + 1)), Ok(State::Stopped(Signal::STOP))));
    run(kill_child(body, Signal::CONT).wait(&status, Default::default()));
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::TERM)]);
}

#[test]
fn a_process_that_stops_itself_goes_on_where_it_was() {
    let (status, order) = (notes(), notes());
    let child = Script::new()
        .call(|k, p| k.kill(p, KillTarget::Pid(p), Some(Signal::STOP)).unwrap())
        .note(&order, |_, _| Poll::Ready("child"));
    let body = Script::new()
        .fork(child)
        .wait(&status, WaitOptions::UNTRACED)
        .note(&order, |_, _| Poll::Ready("parent"));
    run(kill_child(body, Signal::CONT).wait(&status, Default::default()));
    assert_eq!(taken(&order), ["parent", "child"]);
    assert_eq!(taken(&status), [WaitStatus::Stopped(Signal::STOP), WaitStatus::Exited(0)]);
}

#[test]
fn a_process_that_kills_itself_does_nothing_more() {
    let (status, order) = (notes(), notes());
    let child = Script::new()
        .call(|k, p| k.kill(p, KillTarget::Pid(p), Some(Signal::TERM)).unwrap())
        .note(&order, |_, _| Poll::Ready(()));
    run(Script::new().fork(child).wait(&status, Default::default()));
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::TERM)]);
    assert!(taken(&order).is_empty());
}

#[test]
fn a_group_is_signalled_as_one() {
    let status = notes();
    let own = ForkAttrs { pgid: Some(Pgid(0)), ..ForkAttrs::default() };
    let leader =
        Script::new().fork(Script::new().pause()).wait(&status, Default::default()).pause();
    let body = Script::new()
        .fork_with(own, leader)
        .sleep(10)
        .call(|k, p| {
            let group = KillTarget::Group(Pgid(p.0 + 1));
            k.kill(p, group, Some(Signal::INT)).unwrap();
            assert_eq!(k.kill(p, KillTarget::Group(Pgid(999)), None), Err(Errno::ESRCH));
        })
        .wait(&status, Default::default());
    run(body);
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::INT)]);
}

#[test]
fn an_alarm_comes_when_it_is_due() {
    let when = notes();
    let child = catch(Script::new(), Signal::ALRM)
        .call(|k, p| {
            assert_eq!(k.alarm(p, Some(7_000)), Ok(None));
            assert_eq!(k.alarm(p, Some(5_000)), Ok(Some(7_000)));
        })
        .poll(|k, p| k.pause(p).map(|r| assert_eq!(r, Err(Errno::EINTR))))
        .note(&when, |k, p| {
            let signal = k.take_signal(p);
            Poll::Ready((signal, k.clock_gettime(agentos_kernel::ClockId::Monotonic)))
        });
    run(child);
    assert_eq!(taken(&when), [(Some(Signal::ALRM), 5_000)]);
}

#[test]
fn another_users_process_is_out_of_reach() {
    let mut kernel = kernel();
    let victim = start(&mut kernel, Script::new().pause());
    let attacker = Script::new().call(move |k, p| {
        let target = KillTarget::Pid(victim);
        assert_eq!(k.kill(p, target, Some(Signal::KILL)), Err(Errno::EPERM));
        assert_eq!(k.kill(p, KillTarget::All, Some(Signal::KILL)), Err(Errno::EPERM));
    });
    let init = InitProcess {
        cred: Cred { uid: 1000, gid: 1000, groups: Vec::new() },
        body: Some(Box::new(attacker)),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    assert_eq!(run_to(&mut kernel, pid), agentos_kernel::Outcome::Exited(ExitStatus::SUCCESS));
    kernel.kill_tree(victim);
    assert_clean(&kernel);
}

#[test]
fn exec_and_fork_reset_what_is_caught_and_keep_what_is_ignored() {
    let seen = notes();
    let child = Script::new().note(&seen, |k, p| {
        Poll::Ready([Signal::USR1, Signal::USR2].map(|s| k.disposition(p, s).unwrap()))
    });
    let body = catch(Script::new(), Signal::USR1).call(|k, p| {
        k.sigaction(p, Signal::USR2, Disposition::Ignore).unwrap();
    });
    run(body.fork(child).wait_all());
    assert_eq!(taken(&seen), [[Disposition::Default, Disposition::Ignore]]);
}
