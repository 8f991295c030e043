//! Any bytes as a script: a tree or an error, nothing else.
#![no_main]

use agentos_shell::syntax::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = parse(bytes);
});
