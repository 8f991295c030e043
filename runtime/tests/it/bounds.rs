//! Guests that want all there is: each ends, by a limit that is named.

use std::time::Duration;

use agentos_runtime::{Ended, Limits, Output, Sandbox, Signal};
use fixtures::calls::compile;

/// Runs a module with limits; it may take a minute.
#[track_caller]
fn run(wasm: Vec<u8>, change: impl FnOnce(&mut Limits)) -> Output {
    let mut limits = Limits::default();
    change(&mut limits);
    let mut sandbox = Sandbox::builder().limits(limits).deterministic(1).build().unwrap();
    let command = sandbox.module("guest", wasm).timeout(Duration::from_secs(60));
    command.output().unwrap()
}

#[track_caller]
fn names(output: &Output, field: &str) {
    let ended = matches!(&output.ended, Ended::Limit(limit) if limit.field == field);
    let reached = output.limits_reached.iter().any(|limit| limit.field == field);
    assert!(ended || reached, "{field}: {:?} {:?}", output.ended, output.limits_reached);
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn a_loop_uses_up_its_fuel() {
    let wasm = || wat("(module (func (export \"_start\") (loop $again (br $again))))");
    let output = run(wasm(), |limits| limits.kernel.fuel = Some(3_000_000));
    names(&output, "fuel");
    assert_eq!(output.exit_code, 137);
    let output = run(wasm(), |limits| limits.kernel.fuel_per_process = Some(3_000_000));
    names(&output, "fuel_per_process");
    assert_eq!(output.ended, Ended::Signaled(Signal::XCPU));
    // No more than a slice beyond it.
    assert!(output.fuel <= 3_000_000 + 200_000, "{}", output.fuel);
}

#[test]
fn recursion_ends_as_a_stack_overflow() {
    let output = run(wat("(module (func $f (export \"_start\") (call $f)))"), |_| {});
    assert_eq!(output.ended, Ended::Signaled(Signal::SEGV));
    assert!(output.stderr_text().contains("stack"), "{}", output.stderr_text());
}

#[test]
fn memory_grows_to_its_limit() {
    // Takes 64 KiB at a time, writes to it, and exits with 42 when there is no more.
    let wasm = wat(r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (local $page i32)
              (loop $again
                (local.set $page (memory.grow (i32.const 1)))
                (if (i32.eq (local.get $page) (i32.const -1)) (then (call $exit (i32.const 42))))
                (memory.fill (i32.mul (local.get $page) (i32.const 65536)) (i32.const 7) (i32.const 65536))
                (br $again))))"#);
    let output = run(wasm.clone(), |limits| limits.memory_per_process = 32 << 20);
    names(&output, "memory_per_process");
    assert_eq!(output.exit_code, 42);
    let output = run(wasm, |limits| limits.memory = 16 << 20);
    names(&output, "memory");
}

#[test]
fn tables_grow_to_their_limit() {
    let wasm = wat(r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (table $t 1 funcref)
            (memory (export "memory") 1)
            (func (export "_start")
              (loop $again
                (br_if $again (i32.ne (i32.const -1)
                  (table.grow $t (ref.null func) (i32.const 10000)))))
              (call $exit (i32.const 42))))"#);
    let output = run(wasm, |limits| limits.table_elements = 100_000);
    names(&output, "table_elements");
    assert_eq!(output.exit_code, 42);
}

/// Calls one function without end; exits with its errno.
fn until_it_fails(module: &str, import: &str, params: &str, call: &str) -> Vec<u8> {
    wat(&format!(
        r#"(module
            (import "{module}" "{import}" (func $call (param {params}) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "host_process" "proc_getpid" (func $unused (param i32) (result i32)))
            (memory (export "memory") 2)
            (data (i32.const 16) "\00\01\00\00\00\80\00\00")
            (data (i32.const 64) "tmp/f")
            (data (i32.const 80) "/usr/bin/guest\00")
            (func (export "_start") (local $errno i32)
              (loop $again
                (local.set $errno {call})
                (br_if $again (i32.eqz (local.get $errno))))
              (call $exit (local.get $errno))))"#
    ))
}

#[test]
fn opening_ends_at_the_descriptors() {
    let call = "(call $call (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 1) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8))";
    let params = "i32 i32 i32 i32 i32 i64 i64 i32 i32";
    let wasm = until_it_fails("wasi_snapshot_preview1", "path_open", params, call);
    let output = run(wasm.clone(), |limits| limits.kernel.descriptors = 100);
    names(&output, "descriptors");
    assert_eq!(output.exit_code, 33, "EMFILE");
    let output = run(wasm, |limits| limits.kernel.open_files = 100);
    names(&output, "open_files");
    assert_eq!(output.exit_code, 41, "ENFILE");
}

#[test]
fn pipes_end_at_the_descriptors() {
    let call = "(call $call (i32.const 0) (i32.const 4))";
    let wasm = until_it_fails("host_process", "fd_pipe", "i32 i32", call);
    let output = run(wasm, |_| {});
    names(&output, "descriptors");
    assert_eq!(output.exit_code, 33, "EMFILE");
}

#[test]
fn a_pipe_without_a_reader_that_could_run_grows_to_its_limit() {
    // Fills a pipe of which it has both ends itself.
    let wasm = wat(r#"(module
            (import "host_process" "fd_pipe" (func $pipe (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 2)
            (data (i32.const 16) "\00\01\00\00\00\80\00\00")
            (func (export "_start")
              (drop (call $pipe (i32.const 0) (i32.const 4)))
              (loop $again
                (drop (call $write (i32.load (i32.const 4)) (i32.const 16) (i32.const 1) (i32.const 8)))
                (br $again))))"#);
    let output = run(wasm, |limits| limits.kernel.pipe_bytes = 1 << 20);
    names(&output, "pipe_bytes");
}

#[test]
fn writing_ends_at_the_output_and_at_the_files() {
    let write =
        |fd| format!("(call $call (i32.const {fd}) (i32.const 16) (i32.const 1) (i32.const 8))");
    let params = "i32 i32 i32 i32";
    let wasm = until_it_fails("wasi_snapshot_preview1", "fd_write", params, &write(1));
    let output = run(wasm, |limits| {
        limits.kernel.output_bytes = 1 << 20;
        limits.kept_output_bytes = 1000;
    });
    names(&output, "output_bytes");
    assert_eq!(output.stdout.len(), 1000);
    assert!(output.stdout_dropped >= (1 << 20) - 1000, "{}", output.stdout_dropped);
    let calls = r#"
        f = path_open 3 0 "tmp/f" CREAT FD_WRITE 0 0
        loop 10000
        n = fd_write f "a kilobyte, if it were longer"
        end"#;
    let output = run(compile(calls).unwrap(), |limits| limits.files.bytes = 100_000);
    assert_eq!(output.stderr_text(), "line 0004: errno 0051\n", "ENOSPC");
}

#[test]
fn spawning_ends_at_the_processes() {
    // Each starts the next, and itself again, until there is no room.
    let call = "(call $call (i32.const 80) (i32.const 15) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 8))";
    let params = "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32";
    let wasm = until_it_fails("host_process", "proc_spawn", params, call);
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("guest"), &wasm);
    let mut limits = Limits::default();
    limits.kernel.processes = 200;
    let builder = Sandbox::builder().limits(limits).deterministic(1).software_dir(dir.path());
    let mut sandbox = builder.build().unwrap();
    let command = sandbox.script("guest; echo $?").timeout(Duration::from_secs(60));
    let output = command.output().unwrap();
    names(&output, "processes");
    assert_eq!(output.stdout_text(), "6\n", "EAGAIN: {}", output.stderr_text());
}

#[expect(clippy::disallowed_methods, reason = "the test makes a file of the host")]
fn write(path: &std::path::Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
}

#[test]
fn two_thousand_processes_wait_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let sleeper = compile("p = poll_oneoff clock:MONOTONIC:1000000000 1").unwrap();
    write(&dir.path().join("sleeper"), &sleeper);
    let builder = Sandbox::builder().deterministic(1).software_dir(dir.path());
    let mut sandbox = builder.build().unwrap();
    // The virtual clock moves only when all of them wait.
    let script = "for ((i = 0; i < 2000; i++)); do sleeper & done; wait; echo $SECONDS";
    let output = sandbox.script(script).timeout(Duration::from_secs(100)).output().unwrap();
    assert_eq!((output.stdout_text().as_str(), output.exit_code), ("1\n", 0), "{:?}", output.ended);
    assert_eq!(sandbox.kernel().counters().processes, 1, "init alone is left");
}

/// Runs a script in a shell that may have 1 MiB.
#[track_caller]
fn shell(script: &str) -> Output {
    let mut limits = Limits::default();
    limits.memory_per_process = 1 << 20;
    limits.memory = 8 << 20;
    let mut sandbox = Sandbox::builder().limits(limits).deterministic(1).build().unwrap();
    let output = sandbox.script(script).timeout(Duration::from_secs(60)).output().unwrap();
    assert_eq!(sandbox.execute_command("echo on").unwrap().stdout_text(), "on\n");
    output
}

#[test]
fn a_shell_that_wants_more_memory_ends_by_its_limit() {
    for script in [
        "x=a; while :; do x=$x$x; done",
        "x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; while :; do x+=$x; done",
        "a=(1 2 3); while :; do a+=(\"${a[@]}\"); done",
        "declare -A a; for ((i = 0; ; i++)); do a[$i]=$i; done",
        "x=$(while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done)",
        "mapfile a < <(while :; do echo; done)",
        "printf -v x %0100000d 1; y=${x//0/$x}",
        "printf %0999999d {1..100}",
        "f() { f \"$@\" \"$@\"; }; f aaaaaaaaaa",
        "set -- a; while :; do set -- \"$@\" \"$@\"; done",
        "printf -v x %099999d 1; for i in $x$x $x$x $x$x $x$x $x$x; do :; done",
        "printf -v x %099999d 1; : $x $x $x $x $x $x $x $x $x",
        "for ((i = 0; ; i++)); do eval \"f$i() { echo a b c d e f g h i j k l m n o p; }\"; done",
        "for ((i = 0; ; i++)); do alias a$i=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
        "read -r x < <(while :; do echo -n aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done)",
        "printf -v x %099999d 1; : <<E\n$x$x$x$x$x$x$x$x$x\nE",
    ] {
        let output = shell(script);
        names(&output, "memory_per_process");
        let why = "cannot allocate memory\n";
        assert!(output.stderr_text().ends_with(why), "{script}: {}", output.stderr_text());
        assert_eq!((&output.ended, output.exit_code), (&Ended::Exited, 2), "{script}");
    }
}

#[test]
fn a_text_that_is_too_long_to_be_parsed_is_no_script() {
    for (script, status) in [
        ("source <(while :; do echo : a b c d e f g h i j k l m n o p q r s t; done)", 1),
        ("while :; do echo -n aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done | bash", 2),
        ("printf -v x %0400000d 1; eval \"${x//0/:;}\"", 2),
    ] {
        let output = shell(script);
        names(&output, "memory_per_process");
        let why = output.stderr_text().to_lowercase();
        assert!(why.contains("cannot allocate memory\n"), "{script}: {why}");
        assert_eq!((&output.ended, output.exit_code), (&Ended::Exited, status), "{script}");
    }
}

#[test]
fn braces_stay_where_there_is_no_memory_for_their_words() {
    let output = shell("set -- {1..100000}; echo $# $1");
    assert_eq!(output.stdout_text(), "1 {1..100000}\n");
}

#[test]
fn patterns_and_braces_without_an_end_take_no_time() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    for text in ["[", "[[:", "@(", "{", "{,", "[[."] {
        let script = format!(
            "printf -v x %099999d; x=${{x//0/'{text}'}}; shopt -s extglob; [[ a == $x ]];
             case a in $x) ;; esac; : ${{y#$x}}; eval \": '{text}'$x\" 2>/dev/null; :"
        );
        let command = sandbox.script(script).timeout(Duration::from_secs(30));
        assert_eq!(command.output().unwrap().ended, Ended::Exited, "{text}");
    }
}

#[test]
fn shells_together_end_by_the_limit_of_all() {
    let subshells = "printf -v x %0300000d 1; for i in {1..50}; do { x+=1; read x; } & done; wait";
    let output = shell(subshells);
    names(&output, "memory");
    // Subshells that are gone have given back what they held.
    let output = shell("printf -v x %0300000d 1; for i in {1..50}; do ( x+=1 ); done; echo ${#x}");
    assert_eq!((output.stdout_text().as_str(), output.exit_code), ("300000\n", 0));
    assert_eq!(output.limits_reached, []);
}

#[test]
fn what_can_always_be_read_keeps_nobody_waiting() {
    for script in ["read -r x </dev/zero", "mapfile a </dev/zero", "read -rn 1 x </dev/zero"] {
        let mut sandbox = Sandbox::builder().build().unwrap();
        let command = sandbox.script(script).timeout(Duration::from_millis(200));
        assert_eq!(command.output().unwrap().ended, Ended::TimedOut, "{script}");
    }
}

#[test]
fn a_program_that_finds_no_memory_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let wasm = wat("(module (memory (export \"memory\") 32) (func (export \"_start\")))");
    write(&dir.path().join("guest"), &wasm);
    let mut limits = Limits::default();
    limits.memory = 1 << 20;
    let builder = Sandbox::builder().limits(limits).software_dir(dir.path());
    let output = builder.build().unwrap().execute_command("guest; echo $?").unwrap();
    names(&output, "memory");
    assert_eq!(output.stdout_text(), "126\n");
    let why = output.stderr_text();
    assert!(why.ends_with("guest: Cannot allocate memory\n"), "{why}");
}

#[test]
fn environments_of_waiting_processes_are_memory() {
    let dir = tempfile::tempdir().unwrap();
    let sleeper = compile("p = poll_oneoff clock:MONOTONIC:1000000000 1").unwrap();
    write(&dir.path().join("sleeper"), &sleeper);
    let mut limits = Limits::default();
    limits.memory = 16 << 20;
    let builder = Sandbox::builder().limits(limits).deterministic(1).software_dir(dir.path());
    let script = "printf -v X %01000000d 1; export X; for i in {1..20}; do sleeper & done; wait";
    let output = builder.build().unwrap().execute_command(script).unwrap();
    names(&output, "memory");
}
