use super::*;
use crate::PackBuilder;
use proptest::prelude::*;

fn sample() -> Bytes {
    let mut builder = PackBuilder::new();
    builder.module(&["ls", "dir"], &b"one ".repeat(500)).unwrap();
    builder.module(&["["], b"two").unwrap();
    builder.finish().unwrap()
}

#[test]
fn names_come_in_order_and_share_their_module() {
    let pack = Pack::parse(sample()).unwrap();
    let names: Vec<_> = pack.commands().map(|command| command.name).collect();
    assert_eq!(names, ["[", "dir", "ls"]);
    assert!(std::ptr::eq(pack.get("ls").unwrap(), pack.get("dir").unwrap()));
    assert_eq!(pack.get("[").unwrap().bytes().unwrap(), "two");
    assert_eq!(pack.get("ls").unwrap().len(), 2000);
    assert!(pack.get("ls").unwrap().compressed_len() < 2000);
    assert!(pack.get("nosuch").is_none());
}

#[test]
fn a_module_is_decompressed_once_for_all_clones() {
    let pack = Pack::parse(sample()).unwrap();
    let (first, second) = (pack.clone(), pack);
    let first = first.get("ls").unwrap().bytes().unwrap();
    assert_eq!(first.as_ptr(), second.get("ls").unwrap().bytes().unwrap().as_ptr());
}

#[test]
fn an_empty_file_is_a_pack_that_is_not_built() {
    let pack = Pack::parse(Bytes::new()).unwrap();
    assert!(!pack.is_built());
    assert_eq!(pack.commands().len(), 0);
}

#[test]
fn another_file_is_refused() {
    assert_eq!(Pack::parse("#!/bin/sh\n".into()).unwrap_err(), PackError::NotAPack);
    assert_eq!(Pack::parse("AGENT".into()).unwrap_err(), PackError::NotAPack);
    let mut other = sample().to_vec();
    other[8] = 9;
    assert_eq!(Pack::parse(other.into()).unwrap_err(), PackError::Version(9));
}

#[test]
fn a_pack_cut_anywhere_is_an_error() {
    let whole = sample();
    for len in 1..whole.len() {
        assert!(Pack::parse(whole.slice(..len)).is_err(), "cut at {len}");
    }
}

#[test]
fn a_length_that_lz4_cannot_reach_is_refused_before_it_is_allocated() {
    let mut pack = sample().to_vec();
    pack[HEADER + 12..HEADER + 16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(Pack::parse(pack.into()).unwrap_err(), PackError::Range);
}

#[test]
fn a_module_of_another_length_is_corrupt() {
    let mut pack = sample().to_vec();
    pack[HEADER + 12..HEADER + 16].copy_from_slice(&1999u32.to_le_bytes());
    let pack = Pack::parse(pack.into()).unwrap();
    assert_eq!(pack.get("ls").unwrap().bytes().unwrap_err(), PackError::Corrupt);
}

#[test]
fn names_that_are_no_file_names_are_refused() {
    for name in ["", ".", "..", "a/b", "a\0b", &"x".repeat(256)] {
        assert_eq!(PackBuilder::new().module(&[name], b"").unwrap_err(), PackError::Name);
    }
    let mut builder = PackBuilder::new();
    assert_eq!(builder.module(&["a", "a"], b"").unwrap_err(), PackError::Name);
}

proptest! {
    #[test]
    fn what_is_packed_comes_out(modules in prop::collection::btree_map(
        "[a-z]{1,9}", prop::collection::vec(any::<u8>(), 0..3000), 0..6)) {
        let mut builder = PackBuilder::new();
        for (name, wasm) in &modules {
            builder.module(&[name], wasm).unwrap();
        }
        let pack = Pack::parse(builder.finish().unwrap()).unwrap();
        prop_assert_eq!(pack.commands().len(), modules.len());
        for (name, wasm) in &modules {
            prop_assert_eq!(&pack.get(name).unwrap().bytes().unwrap()[..], &wasm[..]);
        }
    }

    #[test]
    fn damage_is_an_error_or_other_bytes_never_a_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut pack = sample().to_vec();
        for (at, byte) in damage {
            let at = at.index(pack.len());
            pack[at] = byte;
        }
        if let Ok(pack) = Pack::parse(pack.into()) {
            for command in pack.commands() {
                if let Ok(bytes) = command.module.bytes() {
                    prop_assert_eq!(bytes.len(), command.module.len());
                }
            }
        }
    }
}
