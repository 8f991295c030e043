//! Any bytes as a script, run with little fuel: it ends, or is ended.
#![no_main]

use agentos_shell::testing::{Job, run};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(Job { arg0: "bash", script: bytes, fuel: Some(300_000) });
});
