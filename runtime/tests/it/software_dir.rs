//! Commands from directories of the host.

use std::path::Path;

use agentos_runtime::{ErrorKind, Sandbox};

/// A module that writes a word and a newline.
fn module(word: &str) -> Vec<u8> {
    fixtures::calls::compile(&format!("fd_write 1 \"{word}\\n\"")).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test makes directories of the host")]
fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

#[track_caller]
fn check(dirs: &[&Path], script: &str, stdout: &str) {
    let mut builder = Sandbox::builder();
    for dir in dirs {
        builder = builder.software_dir(*dir);
    }
    let output = builder.build().unwrap().execute_command(script).unwrap();
    assert_eq!(output.stdout_text(), stdout, "{script}: {}", output.stderr_text());
}

#[test]
fn plain_directories_and_packages() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, scope) = (dir.path().join("plain"), dir.path().join("node_modules/@scope"));
    write(&plain.join("one.wasm"), &module("1"));
    write(&plain.join("two"), &module("2"));
    write(&plain.join("notes.txt"), b"no module");
    write(&scope.join("package/wasm/three"), &module("3"));
    write(&scope.join("package/package.json"), b"{}");
    write(&scope.join("other/wasm/one"), &module("another 1"));
    write(&scope.join("other/wasm/sh"), &module("no shell"));
    check(&[&plain], "one; two; notes.txt; echo $?", "1\n2\n127\n");
    check(&[&scope.join("package")], "three", "3\n");
    check(&[&dir.path().join("node_modules")], "one; three", "another 1\n3\n");
    // A later directory's command takes the place of an earlier one's, but the shell stays.
    check(&[&plain, &scope], "one; two; sh -c 'echo shell'", "another 1\n2\nshell\n");
}

#[test]
fn a_directory_without_commands_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("missing")] {
        let error = Sandbox::builder().software_dir(&path).build().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Software { .. }), "{error}");
    }
}

#[test]
fn an_invalid_module_cannot_be_executed() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("broken"), b"\0asm\x01\0\0\0\xff\xff");
    check(&[dir.path()], "broken; echo $?", "126\n");
}
