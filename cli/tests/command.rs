//! The `agentos` command from outside.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests run the command on directories of the host"
)]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn agentos(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agentos"));
    command.current_dir(dir).args(args).env("LEAKED", "1").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A directory with a module of these calls, `p.wasm`, and a directory `data`.
fn with_program(calls: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("p.wasm"), fixtures::calls::compile(calls).unwrap()).unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(dir.path().join("data/old"), "old").unwrap();
    dir
}

#[test]
fn a_program_finds_its_mounts_its_variables_and_nothing_else() {
    let calls = r#"
        env = environ_sizes_get
        expect env.count == 1
        vars = environ_get 16 64
        expect vars.bytes == "A=b c\0"
        name = fd_prestat_dir_name 3 4
        expect name.bytes == "data"
        more = fd_prestat_dir_name 4 5
        expect more.bytes == "/more"
        fd_prestat_get 5 ! EBADF
        f = path_open 3 0 "new" CREAT FD_WRITE 0 0
        n = fd_write f "new"
        n = fd_write 1 "out"
        proc_exit 3"#;
    for (mode, arrives) in [("rw", true), ("cow", false), ("mem", false)] {
        let dir = with_program(calls);
        let mount = format!("data:data:{mode}");
        let output = agentos(
            dir.path(),
            &["wasm", "--env", "A=b c", "--mount", &mount, "--mount", "data:/more", "p.wasm"],
        );
        assert_eq!(output.status.code(), Some(3), "{mode}: {}", text(&output.stderr));
        assert_eq!(output.stdout, b"out");
        assert_eq!(dir.path().join("data/new").exists(), arrives, "{mode}");
    }
}

#[test]
fn a_mount_for_reading_is_not_written() {
    let dir = with_program(
        r#"path_open 3 0 "new" CREAT FD_WRITE 0 0 ! EACCES|EPERM|ENOTCAPABLE
           f = path_open 3 0 "old" 0 FD_READ 0 0
           r = fd_read f 9
           expect r.bytes == "old""#,
    );
    // The errno of a read-only filesystem is none of those.
    let output = agentos(dir.path(), &["wasm", "--mount", "data:/", "p.wasm"]);
    assert_eq!(text(&output.stderr), "line 0001: errno 0069\n");
    assert!(!dir.path().join("data/new").exists());
}

#[test]
fn a_trace_shows_calls_with_their_answers() {
    let dir = with_program(r#"path_open 3 0 "none" 0 FD_READ 0 0 ! ENOENT"#);
    let output = agentos(dir.path(), &["wasm", "--mount", "data:/", "--trace=t", "p.wasm"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let trace = text(&fs::read(dir.path().join("t")).unwrap());
    assert!(trace.contains("openat(</>, \"none\""), "{trace}");
    assert!(trace.contains("= -1 ENOENT"), "{trace}");
    let output = agentos(dir.path(), &["run", "--trace", "echo shown"]);
    assert_eq!(output.stdout, b"shown\n");
    assert!(text(&output.stderr).contains("write(1, \"shown\\n\", 6) = 6"), "{output:?}");
}

#[test]
fn software_of_a_directory_becomes_commands() {
    let dir = with_program(r#"n = fd_write 1 "mine\n""#);
    let output = agentos(dir.path(), &["run", "--software", ".", "p; p | { read x; echo $x; }"]);
    assert_eq!(text(&output.stdout), "mine\nmine\n", "{}", text(&output.stderr));
    let output = agentos(dir.path(), &["run", "--software", "data", "true"]);
    assert_eq!(output.status.code(), Some(125));
    assert!(text(&output.stderr).contains("no WebAssembly commands"), "{output:?}");
}

/// The most memory that the host gave a run of a guest which takes all it can get, in bytes.
fn peak_memory(limit: &str) -> u64 {
    // Takes 64 KiB at a time and writes to it; when there is no more, waits for its end.
    let wasm = wat::parse_str(
        r#"(module
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "full")
            (data (i32.const 16) "\00\00\00\00\04\00\00\00")
            (func (export "_start") (local $page i32)
              (loop $again
                (local.set $page (memory.grow (i32.const 1)))
                (if (i32.ne (local.get $page) (i32.const -1)) (then
                  (memory.fill (i32.mul (local.get $page) (i32.const 65536)) (i32.const 7) (i32.const 65536))
                  (br $again))))
              (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
              (i32.store (i32.const 1040) (i32.const 1))
              (i64.store (i32.const 1048) (i64.const 60000000000))
              (drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 32)))))"#,
    );
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("p.wasm"), wasm.unwrap()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_agentos"))
        .current_dir(dir.path())
        .args(["wasm", "--memory", limit, "p.wasm"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut full = [0; 4];
    child.stdout.as_mut().unwrap().read_exact(&mut full).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn the_hosts_memory_stays_below_the_guests_limit_and_a_tenth() {
    let (small, large) = (peak_memory("1M"), peak_memory("129M"));
    let more = large - small;
    assert!(more < (128 << 20) * 11 / 10, "{more} bytes for 128 MiB more");
    assert!(more > (128 << 20) * 9 / 10, "the guest took what it could get: {more}");
}

#[test]
fn what_stands_behind_the_module_is_the_programs() {
    let dir = with_program("sizes = args_sizes_get\nexpect sizes.count == 5");
    let output = agentos(dir.path(), &["wasm", "p.wasm", "--json", "--env", "", "-h"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"");
    let output = agentos(dir.path(), &["wasm", "--no-such-option", "p.wasm"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn json_tells_of_output_that_was_dropped() {
    let dir = with_program("n = fd_write 1 \"0123456789abcdef\"");
    let args = "wasm --json --kept-output-bytes 10 --mount data:/out:rw --full-output /out p.wasm";
    let output = agentos(dir.path(), &args.split(' ').collect::<Vec<_>>());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mark = "[agentos: 6 more bytes dropped; all of it is in /out/1.stdout]\n";
    assert_eq!(json["stdout"], format!("0123456789\n{mark}"));
    assert_eq!((&json["stdoutDropped"], &json["stderrDropped"]), (&6.into(), &0.into()));
    assert_eq!(json["stdoutFile"], "/out/1.stdout");
    assert_eq!(json["stderrFile"], serde_json::Value::Null);
    assert_eq!(fs::read(dir.path().join("data/1.stdout")).unwrap(), b"0123456789abcdef");
    assert_eq!(text(&output.stderr), "agentos: limit `kept_output_bytes` of 10 reached\n");
}
