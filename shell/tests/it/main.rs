//! Scripts of builtins, run in a kernel of their own.

use kernel::{Config, HostFile, InitProcess, Kernel, Outcome, Until};
use vfs::{MemFs, Vfs};

/// Runs a script: its output and status.
#[track_caller]
fn check(script: &str, expected: &str, status: u8) {
    let fs = MemFs::new(vfs::Limits::default());
    let mut kernel = Kernel::new(Vfs::new(Box::new(fs)), Config::default());
    let output = kernel.capture(1 << 20);
    let pid = kernel
        .create_process(InitProcess {
            argv: ["bash", "-c", script].map(|arg| arg.as_bytes().to_vec()).to_vec(),
            stdout: HostFile::Capture(output),
            body: Some(agentos_shell::program(agentos_shell::ProgramOptions::default())),
            ..InitProcess::default()
        })
        .expect("a process");
    let outcome = kernel.run(Until { pid, deadline: None });
    let captured = kernel.take_capture(output);
    let Outcome::Exited(ended) = outcome else { panic!("{outcome:?}") };
    assert_eq!(String::from_utf8_lossy(&captured.bytes), expected, "{script}");
    assert_eq!(ended.shell_status(), status, "{script}");
}

// What is expected is what bash 5.2 printed.

#[test]
fn lists_and_loops() {
    check("i=0; while ((i < 3)); do echo $i; ((i++)); done; false || echo or", "0\n1\n2\nor\n", 0);
}

#[test]
fn a_pipeline_has_the_status_of_its_last_element() {
    check(
        "false | true; echo $? ${PIPESTATUS[@]}; set -o pipefail; false | true; echo $?",
        "0 1 0\n1\n",
        0,
    );
}

#[test]
fn subshells_copy_and_substitutions_answer() {
    check("x=1; (x=2; echo $x); echo $x $(echo a; exit 3) $?", "2\n1 a 3\n", 0);
}

#[test]
fn errexit_has_exceptions() {
    check("set -e; if false; then :; fi; false || :; ! true; echo on; false; echo off", "on\n", 1);
}

#[test]
fn functions_have_locals_and_return() {
    check("x=g; f() { local x=l; echo $x $1; return 4; }; f a; echo $? $x", "l a\n4 g\n", 0);
}

#[test]
fn traps_run_at_exit_and_on_errors() {
    check("trap 'echo bye $?' EXIT; trap 'echo err' ERR; false; exit 3", "err\nbye 3\n", 3);
}

#[test]
fn here_documents_and_reads() {
    check("read -r a b <<E\n1 2 3\nE\necho \"$a|$b\"", "1|2 3\n", 0);
}

#[test]
fn errors_leave_the_next_line_running() {
    check("echo $((1/0))\necho next", "next\n", 0);
}
