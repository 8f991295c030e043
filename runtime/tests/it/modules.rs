//! Modules that cannot run say why: what they import or need that is not here.

use agentos_runtime::Sandbox;

#[track_caller]
fn refused(wasm: &[u8], part: &str) {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let output = sandbox.module("guest", wasm.to_vec()).output().unwrap();
    assert_eq!(output.exit_code, 126, "{part}");
    assert!(output.stderr_text().contains(part), "{part}: {}", output.stderr_text());
}

#[track_caller]
fn refused_text(wat: &str, part: &str) {
    refused(&wat::parse_str(wat).unwrap(), part);
}

#[test]
fn a_missing_import_is_named() {
    let start = "(func (export \"_start\"))";
    refused_text(&format!("(module (import \"env\" \"abort\" (func)) {start})"), "`env.abort`");
    refused_text(&format!("(module (import \"env\" \"m\" (memory 1)) {start})"), "`env.m`");
    let wrong = "(import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32)))";
    refused_text(&format!("(module {wrong} {start})"), "fd_write");
}

#[test]
fn a_missing_proposal_is_named() {
    refused_text("(module (memory 1 1 shared))", "threads");
    refused_text("(module (memory i64 1))", "memory64");
    refused_text("(module (type (struct)))", "gc");
    refused_text("(module (tag))", "exceptions");
    refused_text("(component)", "component");
}

#[test]
fn what_is_no_program_is_told() {
    refused_text("(module (func (export \"main\")))", "`_start`");
    refused_text("(module (func (export \"_start\") (param i32)))", "`_start` has parameters");
    refused(b"\0asm\x01\0\0\0\x01", "unexpected end");
    refused(b"\0asm\x02\0\0\0", "version");
}

#[test]
fn a_start_function_cannot_call_the_system() {
    for call in ["agentos\" \"proc_pause", "wasi_snapshot_preview1\" \"sched_yield"] {
        let text = format!(
            "(module (import \"{call}\" (func $call (result i32))) (memory (export \"memory\") 1)
             (func $start (drop (call $call))) (start $start) (func (export \"_start\")))"
        );
        refused_text(&text, "a system call from the start function");
    }
}
