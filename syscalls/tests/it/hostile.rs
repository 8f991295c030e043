//! Guests that lie: any call with any arguments over any memory ends with an answer.

use std::task::Poll;

use agentos_syscalls::{Row, tables};
use proptest::prelude::*;

use crate::support::{Guest, SIZE};

/// Numbers that are wrong in interesting ways.
fn argument() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..8u64,
        Just(SIZE as u64 - 1),
        Just(SIZE as u64),
        Just(u64::from(u32::MAX)),
        Just(u64::from(u32::MAX) - 7),
        Just(0x8000_0000),
        0..SIZE as u64,
        any::<u32>().prop_map(u64::from),
    ]
}

fn call() -> impl Strategy<Value = (usize, Vec<u64>)> {
    (0..tables().count(), proptest::collection::vec(argument(), 10))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_call_is_answered(
        calls in proptest::collection::vec(call(), 1..40),
        fill in any::<[u8; 64]>(),
        strict in any::<bool>(),
    ) {
        let mut guest = Guest::with(b"some input");
        guest.state.strict = strict;
        for (byte, fill) in guest.memory.iter_mut().zip(fill.iter().cycle()) {
            *byte = *fill;
        }
        for (index, args) in calls {
            let row: &Row = tables().nth(index).unwrap();
            let args = &args[..row.params.len()];
            // What waits, or ends the process, ends the round.
            if !matches!(
                guest.call(row.name, args),
                Poll::Ready(agentos_syscalls::Answer::Value(_))
            ) {
                break;
            }
            prop_assert_eq!(guest.memory.len(), SIZE);
        }
    }
}

#[test]
fn elements_that_lie_fault_before_anything_moves() {
    let mut guest = Guest::with(b"abc");
    // The second element is outside: the first must not take bytes out of standard input.
    guest.put(0x40, &0x4000u32.to_le_bytes());
    guest.put(0x44, &1u32.to_le_bytes());
    guest.put(0x48, &u32::MAX.to_le_bytes());
    guest.put(0x4c, &4u32.to_le_bytes());
    guest.fails("fd_read", &[0, 0x40, 2, 0x100], vfs::Errno::EFAULT);
    guest.fails("fd_read", &[0, 0x40, 1, u64::from(u32::MAX) - 1], vfs::Errno::EFAULT);
    assert_eq!(guest.read(0, 10), b"abc");
    guest.fails("fd_read", &[0, 0x40, 1025, 0x100], vfs::Errno::EINVAL);
    guest.fails("fd_read", &[0, u64::from(u32::MAX) - 3, 2, 0x100], vfs::Errno::EFAULT);
}

#[test]
fn names_that_are_no_text_work_and_those_too_long_are_refused() {
    let mut guest = Guest::new();
    guest.file(b"\xff\xfe", b"1");
    let fd = guest.open(b"\xff\xfe", 0, crate::support::READ);
    assert_eq!(guest.read(fd, 4), b"1");
    guest.path("path_create_directory", &[b'x'; 256], &[]).is(vfs::Errno::ENAMETOOLONG);
}
