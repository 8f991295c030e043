//! `poll_oneoff`.

use std::task::Poll;

use agentos_syscalls::Answer;
use kernel::{ClockId, Until};
use vfs::Errno;

use crate::support::{BUF, Guest, OUT};

const LIST: u32 = 0x2000;

fn subscribe(guest: &mut Guest, index: u32, kind: u8, what: u32, timeout: u64, flags: u16) {
    let at = LIST + index * 48;
    guest.put(at, &[0; 48]);
    guest.put(at, &u64::from(index + 70).to_le_bytes());
    guest.put(at + 8, &[kind]);
    guest.put(at + 16, &what.to_le_bytes());
    guest.put(at + 24, &timeout.to_le_bytes());
    guest.put(at + 40, &flags.to_le_bytes());
}

fn poll(guest: &mut Guest, count: u64) -> Poll<Answer> {
    guest.call("poll_oneoff", &[LIST.into(), BUF.into(), count, OUT.into()])
}

/// Runs until the monotonic clock shows `ns` or nothing is left to wait for.
fn pass(guest: &mut Guest, ns: u64) {
    guest.kernel.run(Until { pid: guest.pid, deadline: Some(ns) });
}

/// Userdata and errno of an event.
fn event(guest: &Guest, index: u32) -> (u64, u8) {
    (guest.u64(BUF + index * 32), guest.u8(BUF + index * 32 + 8))
}

const DONE: Poll<Answer> = Poll::Ready(Answer::Value(0));

#[test]
fn a_relative_timeout_counts_from_the_first_call() {
    let mut guest = Guest::new();
    let start = guest.kernel.clock_gettime(ClockId::Monotonic);
    subscribe(&mut guest, 0, 0, 1, 1_000_000, 0);
    assert_eq!(poll(&mut guest, 1), Poll::Pending);
    pass(&mut guest, start + 600_000);
    assert_eq!(poll(&mut guest, 1), Poll::Pending);
    pass(&mut guest, start + 1_000_000);
    assert_eq!(poll(&mut guest, 1), DONE);
    assert_eq!((guest.u32(OUT), event(&guest, 0)), (1, (70, 0)));
    assert!(guest.kernel.clock_gettime(ClockId::Monotonic) < start + 1_600_000);
    assert_eq!(poll(&mut guest, 1), Poll::Pending, "the next call starts anew");
}

#[test]
fn an_absolute_and_a_relative_clock_keep_their_own_times() {
    let mut guest = Guest::new();
    let start = guest.kernel.clock_gettime(ClockId::Monotonic);
    subscribe(&mut guest, 0, 0, 1, start + 1_000_000, 1);
    subscribe(&mut guest, 1, 0, 1, 1_000_000, 0);
    assert_eq!(poll(&mut guest, 2), Poll::Pending);
    pass(&mut guest, start + 2_000_000);
    assert_eq!(poll(&mut guest, 2), DONE);
    assert_eq!(guest.u32(OUT), 2);
}

#[test]
fn a_time_that_passed_is_told_at_once() {
    let mut guest = Guest::new();
    subscribe(&mut guest, 0, 0, 1, 0, 1);
    assert_eq!(poll(&mut guest, 1), DONE);
    assert_eq!(guest.u32(OUT), 1);
}

#[test]
fn descriptors_are_told_when_ready() {
    let mut guest = Guest::new();
    guest.ok("fd_pipe", &[OUT.into(), (OUT + 4).into()]);
    let (r, w) = (guest.u32(OUT), guest.u32(OUT + 4));
    subscribe(&mut guest, 0, 1, r, 0, 0);
    assert_eq!(poll(&mut guest, 1), Poll::Pending);
    subscribe(&mut guest, 1, 2, w, 0, 0);
    assert_eq!(poll(&mut guest, 2), DONE);
    assert_eq!((guest.u32(OUT), event(&guest, 0)), (1, (71, 0)));
    guest.write(w.into(), b"abc");
    subscribe(&mut guest, 0, 1, r, 0, 0);
    assert_eq!(poll(&mut guest, 1), DONE);
    assert_eq!(event(&guest, 0), (70, 0));
    guest.ok("fd_close", &[w.into()]);
    guest.read(r.into(), 9);
    subscribe(&mut guest, 0, 1, r, 0, 0);
    assert_eq!(poll(&mut guest, 1), DONE);
    assert_eq!(guest.u8(BUF + 24), 1, "hang-up");
}

#[test]
fn what_is_not_open_is_an_event_with_an_errno() {
    let mut guest = Guest::new();
    subscribe(&mut guest, 0, 1, 44, 0, 0);
    assert_eq!(poll(&mut guest, 1), DONE);
    assert_eq!((guest.u32(OUT), event(&guest, 0)), (1, (70, 8)));
}

#[test]
fn nonsense_is_refused() {
    let mut guest = Guest::new();
    guest.fails("poll_oneoff", &[LIST.into(), BUF.into(), 0, OUT.into()], Errno::EINVAL);
    subscribe(&mut guest, 0, 3, 0, 0, 0);
    guest.fails("poll_oneoff", &[LIST.into(), BUF.into(), 1, OUT.into()], Errno::EINVAL);
    let many = u64::from(u32::MAX);
    guest.fails("poll_oneoff", &[LIST.into(), BUF.into(), many, OUT.into()], Errno::EINVAL);
    guest.fails("poll_oneoff", &[0xffff, BUF.into(), 1, OUT.into()], Errno::EFAULT);
}
