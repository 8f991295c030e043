//! What parses prints to a script that parses and prints the same.
#![no_main]

use agentos_shell::syntax::{parse, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(tree) = parse(bytes) else { return };
    let printed = print(&tree);
    match parse(&printed) {
        Ok(again) => assert_eq!(print(&again), printed),
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&printed)),
    }
});
