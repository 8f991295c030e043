//! `--save`, `agentos diff` and `agentos apply` from outside, judged by patch(1).

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests run the command on directories of the host"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn agentos(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_agentos")).current_dir(dir).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command that succeeds prints.
#[track_caller]
fn prints(dir: &Path, args: &[&str]) -> String {
    let output = agentos(dir, args);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout)
}

/// A directory `work` with some files.
fn work() -> TempDir {
    let top = tempfile::tempdir().unwrap();
    let work = top.path().join("work");
    fs::create_dir_all(work.join("src")).unwrap();
    for (name, text) in
        [("a", "one\ntwo\nthree\n"), ("src/b", "b\n"), ("src/c", "c\n"), ("old", "x\n")]
    {
        fs::write(work.join(name), text).unwrap();
    }
    top
}

/// Runs a script on a copy-on-write `work` and saves what it changed.
#[track_caller]
fn change(top: &TempDir, script: &str) {
    let run = ["run", "--mount", "work:/w:cow", "--cwd", "/w", "--save", "changes", script];
    prints(top.path(), &run);
}

/// The same with a program of these calls, which finds `work` as descriptor 3.
#[track_caller]
fn change_by_calls(top: &TempDir, calls: &str) {
    fs::write(top.path().join("p.wasm"), fixtures::calls::compile(calls).unwrap()).unwrap();
    prints(top.path(), &["wasm", "--mount", "work:/:cow", "--save", "changes", "p.wasm"]);
}

const CALLS: &str = r#"
    f = path_open 3 0 "a" 0 FD_WRITE 0 APPEND
    n = fd_write f "two and a half\n"
    g = path_open 3 0 "src/new" CREAT FD_WRITE 0 0
    n = fd_write g "new\n"
    path_unlink_file 3 "old"
    path_create_directory 3 "dir"
    path_rename 3 "src/c" 3 "dir/c""#;

/// What the calls do, on the host.
const SCRIPT: &str =
    "echo two and a half >> a; echo new > src/new; rm old; mkdir dir; mv src/c dir/c";

/// Every file, its mode and content.
fn tree(top: &Path) -> Vec<(String, u32, String)> {
    let mut all = Vec::new();
    let mut todo = vec![top.to_path_buf()];
    while let Some(path) = todo.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let name = path.strip_prefix(top).unwrap().display().to_string();
        if meta.is_dir() {
            todo.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            all.push((name, meta.permissions().mode(), String::new()));
        } else {
            all.push((name, meta.permissions().mode(), fs::read_to_string(&path).unwrap()));
        }
    }
    all.sort();
    all
}

#[test]
fn changes_are_shown_and_applied() {
    let top = work();
    let before = tree(&top.path().join("work"));
    change_by_calls(&top, CALLS);
    assert_eq!(tree(&top.path().join("work")), before);
    let summary = "M a\nA dir/\nR src/c -> dir/c\nD old\nA src/new\n";
    assert_eq!(prints(top.path(), &["diff", "--summary", "changes", "work"]), summary);
    assert_eq!(prints(top.path(), &["apply", "changes", "work"]), summary);
    // The same on the host itself.
    let copy = work();
    let dir = copy.path().join("work");
    assert!(Command::new("sh").current_dir(dir).args(["-c", SCRIPT]).status().unwrap().success());
    assert_eq!(tree(&top.path().join("work")), tree(&copy.path().join("work")));
}

#[test]
fn patch_reads_the_difference() {
    let top = work();
    change_by_calls(&top, CALLS.split("path_create").next().unwrap());
    let diff = prints(top.path(), &["diff", "changes", "work"]);
    let copy = work();
    let mut patch = Command::new("patch")
        .args(["-p1", "--quiet", "--remove-empty-files"])
        .current_dir(copy.path().join("work"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut patch.stdin.take().unwrap(), diff.as_bytes()).unwrap();
    assert!(patch.wait().unwrap().success());
    prints(top.path(), &["apply", "changes", "work"]);
    assert_eq!(tree(&copy.path().join("work")), tree(&top.path().join("work")));
}

#[test]
fn what_diff_u_says_is_said() {
    let top = work();
    change(&top, "echo more >> a");
    let output = Command::new("sh")
        .current_dir(top.path())
        .args(["-c", "cp work/a b; echo more >> b; diff -u --label a/a --label b/a work/a b"])
        .output()
        .unwrap();
    assert_eq!(prints(top.path(), &["diff", "changes", "work"]), text(&output.stdout));
}

#[test]
fn chosen_paths_are_applied_and_others_are_not() {
    let top = work();
    change(&top, "echo more >> a; echo more >> src/b; echo new > src/new");
    assert_eq!(prints(top.path(), &["apply", "changes", "work", "./src/b"]), "M src/b\n");
    let read = |name: &str| fs::read_to_string(top.path().join("work").join(name)).unwrap();
    assert_eq!((read("src/b"), read("a")), ("b\nmore\n".into(), "one\ntwo\nthree\n".into()));
    let output = agentos(top.path(), &["apply", "changes", "work", "src/c"]);
    assert_eq!(text(&output.stderr), "agentos: src/c: no change there\n");
    assert_eq!(output.status.code(), Some(125));
    let output = agentos(top.path(), &["apply", "changes", "work", "../work/a"]);
    assert!(text(&output.stderr).contains("without `..`"), "{output:?}");
}

#[test]
fn what_the_host_changed_meanwhile_is_refused() {
    let top = work();
    change(&top, "echo more >> a; echo more >> src/b");
    fs::write(top.path().join("work/a"), "mine\n").unwrap();
    let output = agentos(top.path(), &["apply", "changes", "work"]);
    assert_eq!(text(&output.stderr), "agentos: a: the host's version is another one now\n");
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), "M src/b\n"));
    assert_eq!(fs::read_to_string(top.path().join("work/a")).unwrap(), "mine\n");
}

#[test]
fn mistakes_are_named() {
    let top = work();
    let complaint = |args: &[&str]| {
        let output = agentos(top.path(), args);
        assert_eq!(output.status.code(), Some(125), "{output:?}");
        text(&output.stderr)
    };
    let one = "agentos: --save needs one mount that is `cow`, and no second one\n";
    assert_eq!(complaint(&["run", "--save", "x", "true"]), one);
    assert_eq!(complaint(&["run", "--save", "x", "--mount", "work:/w:rw", "true"]), one);
    let none = complaint(&["run", "--save", "none/x", "--mount", "work:/w:cow", "true"]);
    assert_eq!(none, "agentos: --save none/x: No such file or directory (os error 2)\n");
    let missing = "agentos: none: No such file or directory (os error 2)\n";
    assert_eq!(complaint(&["diff", "none", "work"]), missing);
    assert_eq!(complaint(&["apply", "changes", "none"]), missing);
    fs::write(top.path().join("junk"), "junk".repeat(500)).unwrap();
    assert!(complaint(&["diff", "junk", "work"]).starts_with("agentos: junk: "));
}
