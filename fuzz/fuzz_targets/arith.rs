//! Any bytes as arithmetic: a value or a message.
#![no_main]

use agentos_shell::testing::evaluate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = evaluate(bytes);
});
