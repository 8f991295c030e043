//! Signals of WebAssembly guests: handlers between two calls, and stopping in the middle of one.

use std::path::Path;

use agentos_runtime::Sandbox;

/// Imports, a line of output, and a program.
fn guest(body: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "host_process" "proc_sigaction" (func $sigaction (param i32 i32 i32 i32 i32) (result i32)))
            (import "host_process" "proc_kill" (func $kill (param i32 i32) (result i32)))
            (import "host_process" "proc_getpid" (func $getpid (param i32) (result i32)))
            (import "host_process" "sleep_ms" (func $sleep (param i32) (result i32)))
            (import "agentos" "proc_sigprocmask" (func $mask (param i32 i64 i32) (result i32)))
            (import "agentos" "proc_alarm" (func $alarm (param i64 i32) (result i32)))
            (import "agentos" "proc_pause" (func $pause (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "a\n")
            ;; Writes a letter and a newline.
            (func $say (param $letter i32)
              (i32.store8 (i32.const 0) (local.get $letter))
              (i32.store (i32.const 16) (i32.const 0))
              (i32.store (i32.const 20) (i32.const 2))
              (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
            (func $me (result i32)
              (drop (call $getpid (i32.const 32)))
              (i32.load (i32.const 32)))
            {body})"#
    ))
    .unwrap()
}

/// The output and the status of a script in which `guest` is the program.
fn run(body: &str, script: &str) -> (String, i32) {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("guest"), &guest(body));
    let builder = Sandbox::builder().deterministic(1).software_dir(dir.path());
    let output = builder.build().unwrap().execute_command(script).unwrap();
    assert_eq!(output.stderr_text(), "");
    (output.stdout_text(), output.exit_code)
}

#[expect(clippy::disallowed_methods, reason = "the test makes a file of the host")]
fn write(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
}

/// A handler that says `h`, and after that the letter that is the signal's number from `a` on.
const HANDLER: &str = r#"
    (func (export "__wasi_signal_trampoline") (param $signal i32)
      (call $say (i32.const 104))
      (call $say (i32.add (i32.const 96) (local.get $signal))))"#;

#[test]
fn a_handler_runs_before_the_call_returns() {
    let start = r#"(func (export "_start")
        (drop (call $sigaction (i32.const 10) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))
        (call $say (i32.const 49))
        (drop (call $kill (call $me) (i32.const 10)))
        (call $say (i32.const 50)))"#;
    // USR1 is 10, the letter j.
    assert_eq!(run(&format!("{HANDLER}{start}"), "guest"), ("1\nh\nj\n2\n".to_owned(), 0));
}

#[test]
fn a_masked_signal_waits_and_a_handler_masks_its_own() {
    let handler = r#"
        (func (export "__wasi_signal_trampoline") (param $signal i32)
          (call $say (i32.const 40))
          (if (i32.eqz (i32.load (i32.const 64)))
            (then
              (i32.store (i32.const 64) (i32.const 1))
              ;; Again, to itself: only after the first has returned.
              (drop (call $kill (call $me) (i32.const 10)))))
          (call $say (i32.const 41)))"#;
    let start = r#"(func (export "_start")
        (drop (call $sigaction (i32.const 10) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $mask (i32.const 0) (i64.const 512) (i32.const 72)))
        (drop (call $kill (call $me) (i32.const 10)))
        (call $say (i32.const 49))
        (drop (call $mask (i32.const 1) (i64.const 512) (i32.const 72)))
        (call $say (i32.const 50)))"#;
    let expected = "1\n(\n)\n(\n)\n2\n".to_owned();
    assert_eq!(run(&format!("{handler}{start}"), "guest"), (expected, 0));
}

#[test]
fn a_waiting_call_is_interrupted() {
    // Exits with what the sleep answers: EINTR.
    let start = r#"(func (export "_start")
        (drop (call $sigaction (i32.const 14) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $alarm (i64.const 5000000) (i32.const 80)))
        (call $exit (call $sleep (i32.const 60000))))"#;
    assert_eq!(run(&format!("{HANDLER}{start}"), "guest"), ("h\nn\n".to_owned(), 27));
    let start = r#"(func (export "_start")
        (drop (call $sigaction (i32.const 14) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $alarm (i64.const 5000000) (i32.const 80)))
        (call $exit (call $pause)))"#;
    assert_eq!(run(&format!("{HANDLER}{start}"), "guest"), ("h\nn\n".to_owned(), 27));
}

#[test]
fn a_handler_may_wait_itself() {
    let handler = r#"
        (func (export "__wasi_signal_trampoline") (param $signal i32)
          (call $say (i32.const 40))
          (drop (call $sleep (i32.const 20)))
          (call $say (i32.const 41)))"#;
    let start = r#"(func (export "_start")
        (drop (call $sigaction (i32.const 15) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))
        (call $say (i32.const 49))
        (drop (call $sleep (i32.const 60000)))
        (call $say (i32.const 50)))"#;
    let script = "cd /tmp; guest > out & while [[ ! -s /tmp/out ]]; do :; done; kill -TERM $!; \
                  wait; while read -r x; do echo \"$x\"; done < /tmp/out";
    assert_eq!(run(&format!("{handler}{start}"), script), ("1\n(\n)\n2\n".to_owned(), 0));
}

#[test]
fn without_a_handler_a_signal_cannot_be_caught() {
    let start = r#"(func (export "_start")
        (call $exit (call $sigaction (i32.const 10) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0))))"#;
    assert_eq!(run(start, "guest"), (String::new(), 58));
}

#[test]
fn a_guest_that_kills_itself_makes_no_further_call() {
    let start = r#"(func (export "_start")
        (call $say (i32.const 49))
        (drop (call $kill (call $me) (i32.const 9)))
        (call $say (i32.const 50)))"#;
    assert_eq!(run(start, "guest 2> /dev/null; echo $?"), ("1\n137\n".to_owned(), 0));
}

#[test]
fn a_guest_that_stops_itself_goes_on_when_it_is_continued() {
    let start = r#"(func (export "_start")
        (call $say (i32.const 49))
        (drop (call $kill (call $me) (i32.const 19)))
        (call $say (i32.const 50)))"#;
    let script = "guest & p=$!; while read -r x < /proc/$p/stat; [[ $x != *') T '* ]]; do :; done; \
                  echo stopped; kill -CONT $p; wait $p; echo $?";
    assert_eq!(run(start, script), ("1\nstopped\n2\n0\n".to_owned(), 0));
}
