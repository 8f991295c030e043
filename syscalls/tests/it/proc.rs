//! `proc_exit`, `proc_raise`.

use std::task::Poll;

use agentos_syscalls::Answer;
use kernel::ExitStatus;
use vfs::Errno;

use crate::support::Guest;

#[test]
fn exit_keeps_the_low_byte() {
    let exit = |code| Guest::new().call("proc_exit", &[code]);
    assert_eq!(exit(42), Poll::Ready(Answer::Exit(ExitStatus::Exited(42))));
    assert_eq!(exit(0x1ff), Poll::Ready(Answer::Exit(ExitStatus::Exited(255))));
}

#[test]
fn raise_of_no_signal_does_nothing_and_of_an_unknown_one_is_refused() {
    let mut guest = Guest::new();
    guest.ok("proc_raise", &[0]);
    guest.ok("proc_raise", &[16]); // CHLD in WASI's numbers: ignored.
    guest.fails("proc_raise", &[31], Errno::EINVAL);
    guest.fails("proc_raise", &[u32::MAX.into()], Errno::EINVAL);
}
