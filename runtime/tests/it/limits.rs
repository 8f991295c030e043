//! What ends a command, and that what it wrote until then is kept.

use std::time::Duration;

use agentos_runtime::{Ended, Limits, Sandbox};

fn with(change: impl FnOnce(&mut Limits)) -> Sandbox {
    let mut limits = Limits::default();
    change(&mut limits);
    Sandbox::builder().limits(limits).deterministic(1).build().unwrap()
}

#[test]
fn a_loop_runs_out_of_time() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let script = "echo before; while :; do :; done";
    let output = sandbox.script(script).timeout(Duration::from_millis(50)).output().unwrap();
    assert_eq!(output.ended, Ended::TimedOut);
    assert_eq!(output.exit_code, 124);
    assert_eq!(output.stdout, b"before\n");
    let after = sandbox.execute_command("echo after").unwrap();
    assert_eq!(after.stdout, b"after\n");
}

#[test]
fn a_loop_runs_out_of_fuel() {
    let mut sandbox = with(|limits| limits.kernel.fuel = Some(1_000_000));
    let output = sandbox.execute_command("echo before; while :; do :; done").unwrap();
    let Ended::Limit(limit) = &output.ended else { panic!("{:?}", output.ended) };
    assert_eq!(limit.field, "fuel");
    assert_eq!(output.stdout, b"before\n");
}

#[test]
fn processes_have_a_limit() {
    let mut sandbox = with(|limits| limits.kernel.processes = 20);
    let script = "for i in {1..50}; do while :; do :; done & done; echo end";
    let output = sandbox.script(script).timeout(Duration::from_secs(5)).output().unwrap();
    assert!(output.limits_reached.iter().any(|limit| limit.field == "processes"));
}

#[test]
fn waiting_for_nothing_is_a_deadlock() {
    let mut sandbox = with(|_| {});
    let output = sandbox.execute_command("coproc cat_nothing { read x; }; wait").unwrap();
    assert!(matches!(output.ended, Ended::Deadlock(_) | Ended::Exited), "{:?}", output.ended);
}

#[test]
fn output_that_is_dropped_is_counted() {
    let mut sandbox = with(|limits| limits.kept_output_bytes = 10);
    let output = sandbox.execute_command("echo 0123456789abcdef").unwrap();
    assert_eq!(output.stdout, b"0123456789");
    assert_eq!(output.stdout_dropped, 7);
}
