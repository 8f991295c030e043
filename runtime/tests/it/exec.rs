//! A guest that becomes another program: what of the process stays, and what does not.

use std::path::Path;

use agentos_runtime::Sandbox;

/// Catches `SIGUSR1`, ignores `SIGUSR2`, sets descriptor 9 (a kernel's 8) to be closed, then becomes
/// what its arguments name; exits with the errno if it cannot.
const BECOME: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "host_process" "proc_sigaction" (func $sigaction (param i32 i32 i32 i32 i32) (result i32)))
    (import "agentos" "fd_cloexec" (func $cloexec (param i32 i32 i32) (result i32)))
    (import "agentos" "proc_exec" (func $exec (param i32 i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "PATH=/usr/bin:/tmp\00NEW=1\00")
    (func (export "__wasi_signal_trampoline") (param i32))
    (func (export "_start")
      (drop (call $args_sizes (i32.const 0) (i32.const 4)))
      (drop (call $args_get (i32.const 1024) (i32.const 2048)))
      (drop (call $sigaction (i32.const 10) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))
      (drop (call $sigaction (i32.const 12) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
      (drop (call $cloexec (i32.const 9) (i32.const 1) (i32.const 128)))
      ;; argv from the second on: the first is "guest" and its NUL.
      (call $exit (call $exec (i32.const 0) (i32.const 0)
        (i32.const 2054) (i32.sub (i32.load (i32.const 4)) (i32.const 6))
        (i32.const 64) (i32.const 25)))))"#;

#[expect(clippy::disallowed_methods, reason = "the test makes a file of the host")]
fn write(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
}

/// The output and the status of a script in which `guest` becomes what its arguments name.
#[track_caller]
fn check(script: &str, stdout: &str, status: i32) {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("guest"), &wat::parse_str(BECOME).unwrap());
    let builder = Sandbox::builder().deterministic(1).software_dir(dir.path());
    let mut sandbox = builder.build().unwrap();
    let output = sandbox.execute_command(script).unwrap();
    let got = (output.stdout_text(), output.exit_code);
    assert_eq!(got, (stdout.to_owned(), status), "{}", output.stderr_text());
    let counters = sandbox.kernel().counters();
    assert_eq!((counters.processes, counters.open_files), (1, 0), "something is left");
}

#[test]
fn it_is_the_same_process_with_another_program() {
    let script = "cd /tmp; umask 027; guest bash -c 'echo $$ $PPID $NEW [$OLD] $PWD; umask' & wait; echo $! $$";
    // The shell's `PWD` is not in the environment given: it asks.
    check(script, "3 2 1 [] /tmp\n0027\n3 2\n", 0);
}

#[test]
fn its_status_is_the_new_programs() {
    check("guest bash -c 'exit 7'", "", 7);
    check("guest bash -c 'kill -TERM $$'", "", 143);
    check("guest guest guest bash -c 'echo $$'", "3\n", 0);
}

#[test]
fn descriptors_stay_but_those_to_be_closed() {
    let script = "guest bash -c 'echo a >&7; { echo b >&8; } 2>/dev/null || echo closed' 7>&1 8>&1";
    check(script, "a\nclosed\n", 0);
}

#[test]
fn caught_signals_are_reset_and_ignored_ones_stay() {
    check("guest bash -c 'kill -USR2 $$; echo on; kill -USR1 $$; echo never'", "on\n", 138);
}

#[test]
fn it_fails_as_execve_does_and_goes_on() {
    // WASI's numbers: ENOENT, EACCES, ENOEXEC.
    check("guest none", "", 44);
    check(": >/tmp/plain; guest plain", "", 2);
    check("guest /tmp", "", 2);
}

#[test]
fn a_script_runs_by_its_interpreter() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("guest"), &wat::parse_str(BECOME).unwrap());
    let mut sandbox = Sandbox::builder().software_dir(dir.path()).build().unwrap();
    let vfs = sandbox.kernel().vfs_mut();
    let root = vfs.superuser(vfs::Timestamp::default());
    let flags = vfs::OFlags::WRITE | vfs::OFlags::CREAT;
    for (name, text) in [("/tmp/s", &b"#!/bin/sh -e\necho $0 $1 $-"[..]), ("/tmp/t", b"text")] {
        let mode = vfs::Mode::new(0o777);
        let mut file = vfs.openat(&root, root.cwd, name.as_bytes(), flags, mode).unwrap();
        vfs.write(root.now, &mut file, text).unwrap();
        vfs.close(&file);
    }
    let output = sandbox.execute_command("guest s arg; guest /tmp/t").unwrap();
    assert_eq!((output.stdout_text().as_str(), output.exit_code), ("/tmp/s arg ehB\n", 45));
}
