//! Any bytes as a pattern and its subject; without groups, `*` in front only makes it match more.
#![no_main]

use agentos_shell::testing::matches;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (pattern, subject) = bytes.split_at(at);
    let _ = matches(pattern, subject, true);
    if matches(pattern, subject, false) {
        assert!(matches(&[b"*", pattern].concat(), subject, false));
    }
});
