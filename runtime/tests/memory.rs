//! What guests that want all there is cost the host: its memory stays below the limit and a tenth.
//!
//! A test binary of its own, since each case is a process of its own: it is started again for a
//! case, and measures its resident memory.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::disallowed_methods, reason = "a case is measured in a process of the host")]
#![expect(clippy::print_stdout, reason = "a case says what it measured")]

use std::process::Command;

use agentos_runtime::{Limits, Output, Sandbox};

const MIB: u64 = 1 << 20;

/// Set in the process that is measured.
const MEASURED: &str = "AGENTOS_MEASURED";

/// A line of `/proc/self/status`, in bytes.
fn status(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let text = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    text.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

/// Runs the test `name` in a process of its own; there, measures by how much memory grows while
/// `run` uses up a limit of `limit` bytes.
#[track_caller]
fn check(name: &str, limit: u64, run: impl FnOnce()) {
    if std::env::var_os(MEASURED).is_none() {
        let mut case = Command::new(std::env::current_exe().unwrap());
        case.args(["--exact", name, "--nocapture"]).env(MEASURED, "1");
        let output = case.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("grew by"), "{text}");
        return;
    }
    // What every sandbox of a process shares is there before.
    assert!(run_in(|_| {}, "x=$(echo)").limits_reached.is_empty());
    let before = status("VmRSS:");
    // The peak starts anew.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    run();
    let grown = status("VmHWM:").saturating_sub(before);
    println!("grew by {grown}, of {limit}");
    assert!(grown <= limit + limit / 10, "{grown} of {limit}");
    // Else it is not the limit that has kept it small.
    assert!(grown >= limit / 2, "{grown} of {limit}");
}

fn sandbox(change: impl FnOnce(&mut Limits)) -> Sandbox {
    let mut limits = Limits::default();
    change(&mut limits);
    Sandbox::builder().limits(limits).deterministic(1).build().unwrap()
}

fn run_in(change: impl FnOnce(&mut Limits), script: &str) -> Output {
    sandbox(change).script(script).output().unwrap()
}

/// Runs a module that is written as text.
fn run_wat(change: impl FnOnce(&mut Limits), text: &str) -> Output {
    let mut sandbox = sandbox(change);
    sandbox.module("guest", wat::parse_str(text).unwrap()).output().unwrap()
}

#[track_caller]
fn names(output: &Output, field: &str) {
    let ended = format!("{:?}", output.ended).contains(&format!("{field:?}"));
    let reached = output.limits_reached.iter().any(|limit| limit.field == field);
    assert!(ended || reached, "{field}: {:?} {:?}", output.ended, output.limits_reached);
}

#[test]
fn memory_of_a_guest() {
    check("memory_of_a_guest", 64 * MIB, || {
        let text = r#"(module (memory (export "memory") 1)
            (func (export "_start") (local $page i32)
              (loop $again
                (local.set $page (memory.grow (i32.const 16)))
                (if (i32.eq (local.get $page) (i32.const -1)) (then (return)))
                (memory.fill (i32.mul (local.get $page) (i32.const 65536))
                  (i32.const 7) (i32.const 0x100000))
                (br $again))))"#;
        names(&run_wat(|limits| limits.memory_per_process = 64 * MIB, text), "memory_per_process");
    });
}

#[test]
fn tables_of_a_guest() {
    check("tables_of_a_guest", 64 * MIB, || {
        let text = r#"(module (memory (export "memory") 1) (table $t 1 externref)
            (func (export "_start")
              (loop $again
                (br_if $again (i32.ne (i32.const -1)
                  (table.grow $t (ref.null extern) (i32.const 100000)))))))"#;
        let limits = |limits: &mut Limits| {
            limits.memory_per_process = 64 * MIB;
            limits.table_elements = 1 << 30;
        };
        names(&run_wat(limits, text), "memory_per_process");
    });
}

#[test]
fn variables_of_a_shell() {
    check("variables_of_a_shell", 64 * MIB, || {
        let script = "printf -v x %0100000d 1; for ((i = 0; ; i++)); do a[i]=$x; done";
        let output = run_in(|limits| limits.memory_per_process = 64 * MIB, script);
        names(&output, "memory_per_process");
    });
}

#[test]
fn shells_together() {
    check("shells_together", 64 * MIB, || {
        let script = "printf -v x %01000000d 1
            for ((i = 0; i < 100; i++)); do { x+=1; read y; } & done";
        names(&run_in(|limits| limits.memory = 64 * MIB, script), "memory");
    });
}

#[test]
fn one_file() {
    check("one_file", 64 * MIB, || {
        let script = "printf -v x %0100000d 1; while printf $x; do :; done >/tmp/f 2>/dev/null";
        let output = run_in(|limits| limits.files.bytes = 64 * MIB, script);
        assert_eq!(output.exit_code, 0, "{:?}", output.ended);
    });
}

#[test]
fn files_of_a_page() {
    // And up to 1 KiB for each of them.
    check("files_of_a_page", 32 * MIB + (8 << 10) * 1024, || {
        let script = "printf -v x %04096d 1
            for ((i = 0; ; i++)); do printf $x >/tmp/f$i || break; done 2>/dev/null; echo $i";
        let output = run_in(|limits| limits.files.bytes = 32 * MIB, script);
        let files: u64 = output.stdout_text().trim().parse().unwrap();
        assert!((7900..=8192).contains(&files), "{files}");
    });
}

#[test]
fn pipes() {
    check("pipes", 64 * MIB, || {
        // Fills a pipe of which it has both ends itself.
        let text = r#"(module
            (import "host_process" "fd_pipe" (func $pipe (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write"
              (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 2)
            (data (i32.const 16) "\00\01\00\00\00\80\00\00")
            (func (export "_start")
              (drop (call $pipe (i32.const 0) (i32.const 4)))
              (loop $again
                (drop (call $write (i32.load (i32.const 4)) (i32.const 16) (i32.const 1)
                  (i32.const 8)))
                (br $again))))"#;
        names(&run_wat(|limits| limits.kernel.pipe_bytes = 64 * MIB, text), "pipe_bytes");
    });
}

#[test]
fn output() {
    check("output", 64 * MIB, || {
        let limits = |limits: &mut Limits| {
            limits.kept_output_bytes = 64 * MIB;
            limits.kernel.output_bytes = 80 * MIB;
        };
        let output = run_in(limits, "printf -v x %0100000d 1; while :; do printf $x; done");
        names(&output, "output_bytes");
        assert_eq!(output.stdout.len() as u64, 64 * MIB);
    });
}

#[test]
fn processes() {
    check("processes", 64 * MIB, || {
        // Guests of two pages that wait; the last finds no memory.
        let text = r#"(module
            (import "host_process" "sleep_ms" (func $sleep (param i32) (result i32)))
            (memory (export "memory") 2)
            (func (export "_start")
              (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x20000))
              (drop (call $sleep (i32.const 1000000)))))"#;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("guest"), wat::parse_str(text).unwrap()).unwrap();
        let mut limits = Limits::default();
        limits.memory = 64 * MIB;
        let builder = Sandbox::builder().limits(limits).deterministic(1).software_dir(dir.path());
        let script = "for ((i = 0; i < 600; i++)); do guest & done; wait";
        names(&builder.build().unwrap().script(script).output().unwrap(), "memory");
    });
}

#[test]
fn recursion() {
    // The value stack and the frames: what `MAX_STACK_BYTES` and `MAX_CALL_DEPTH` let grow.
    check("recursion", 5 * MIB, || {
        let text = r#"(module (memory (export "memory") 1)
            (func $f (export "_start") (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
              (call $f)))"#;
        let output = run_wat(|_| {}, text);
        assert!(output.stderr_text().contains("stack"), "{}", output.stderr_text());
    });
}
