//! The `agentos` command from outside.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests run the command on directories of the host"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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
    assert!(trace.contains("openat(AT_FDCWD, \"/none\""), "{trace}");
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
