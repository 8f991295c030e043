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
fn output_that_is_dropped_is_counted_and_marked() {
    let mut sandbox = with(|limits| limits.kept_output_bytes = 10);
    let output = sandbox.execute_command("echo 0123456789abcdef; echo short >&2").unwrap();
    assert_eq!(output.stdout, b"0123456789");
    assert_eq!(output.stdout_dropped, 7);
    assert_eq!(output.stdout_text(), "0123456789\n[agentos: 7 more bytes dropped]\n");
    assert_eq!((output.stderr_text().as_str(), output.stderr_dropped), ("short\n", 0));
    let reached: Vec<&str> = output.limits_reached.iter().map(|limit| limit.field).collect();
    assert_eq!(reached, ["kept_output_bytes"]);
    assert_eq!((output.stdout_file, output.exit_code), (None, 0));
}

#[test]
fn the_whole_of_a_dropped_output_is_in_a_file() {
    let mut sandbox = with(|limits| limits.kept_output_bytes = 10);
    let command = sandbox.script("for ((i = 0; i < 500; i++)); do echo $i; echo e >&2; done");
    let output = command.full_output("/tmp").output().unwrap();
    assert_eq!(output.stdout, b"0\n1\n2\n3\n4\n");
    let file = output.stdout_file.clone().unwrap();
    assert_eq!((file.path.as_str(), file.bytes, file.error), ("/tmp/1.stdout", 1890, None));
    let mark = "[agentos: 1880 more bytes dropped; all of it is in /tmp/1.stdout]\n";
    assert_eq!(output.stdout_text(), format!("0\n1\n2\n3\n4\n{mark}"));
    let whole = (0..500).map(|i| format!("{i}\n")).collect::<String>();
    assert_eq!(sandbox.read_file("/tmp/1.stdout").unwrap(), whole.as_bytes());
    assert_eq!(sandbox.read_file("/tmp/1.stderr").unwrap(), b"e\n".repeat(500));
    // It is the user's, and an output that fits makes none.
    let command = sandbox.script("[[ -O /tmp/1.stdout ]] && : >/tmp/1.stdout");
    let output = command.full_output("/tmp").output().unwrap();
    assert_eq!((output.exit_code, output.stdout_file), (0, None));
    assert!(sandbox.read_file("/tmp/2.stdout").is_err());
}

#[test]
fn a_file_of_an_output_has_the_limits_of_a_file() {
    let mut sandbox = with(|limits| {
        limits.kept_output_bytes = 10;
        limits.files.bytes = 100_000;
    });
    let script = "printf -v x %01000d 0; for ((i = 0; i < 200; i++)); do echo $x; done";
    let output = sandbox.script(script).full_output("/tmp").output().unwrap();
    assert_eq!((output.exit_code, output.stdout_dropped), (0, 200 * 1001 - 10));
    let file = output.stdout_file.clone().unwrap();
    assert_eq!(file.error, Some(vfs::Errno::ENOSPC));
    assert!((50_000..=100_000).contains(&file.bytes), "{}", file.bytes);
    assert_eq!(sandbox.read_file(&file.path).unwrap().len() as u64, file.bytes);
    assert!(output.stdout_text().contains("No space left on device"), "{}", output.stdout_text());
    // Neither does a link lead to another file, nor is one made where there is no directory.
    let mut sandbox = with(|limits| limits.kept_output_bytes = 10);
    let vfs = sandbox.kernel().vfs_mut();
    let cx = vfs.superuser(vfs::Timestamp::default());
    vfs.symlinkat(&cx, b"/etc/passwd", cx.root, b"/tmp/1.stdout").unwrap();
    for (dir, errno) in [("/tmp", vfs::Errno::ELOOP), ("/none", vfs::Errno::ENOENT)] {
        let output = sandbox.script("echo 0123456789abcdef").full_output(dir).output().unwrap();
        let file = output.stdout_file.unwrap();
        assert_eq!((file.bytes, file.error), (0, Some(errno)), "{dir}");
    }
    sandbox.kernel().kill_all();
    assert_eq!(sandbox.kernel().counters().open_files, 0);
}
