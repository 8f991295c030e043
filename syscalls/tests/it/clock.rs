//! `clock_*`, `random_get`, `sched_yield`.

use crate::support::{BUF, Guest, OUT, SIZE};
use vfs::Errno;

#[test]
fn clocks_tell_time_and_resolution() {
    let mut guest = Guest::new();
    for clock in 0..4 {
        guest.ok("clock_time_get", &[clock, 1, OUT.into()]);
        guest.ok("clock_res_get", &[clock, OUT.into()]);
        assert_eq!(guest.u64(OUT), 1);
    }
    guest.fails("clock_time_get", &[4, 1, OUT.into()], Errno::EINVAL);
    guest.fails("clock_res_get", &[u32::MAX.into(), OUT.into()], Errno::EINVAL);
    guest.fails("clock_time_get", &[0, 1, SIZE as u64 - 4], Errno::EFAULT);
}

#[test]
fn random_bytes_differ_within_a_run_and_repeat_with_the_seed() {
    let (mut one, mut two) = (Guest::new(), Guest::new());
    for guest in [&mut one, &mut two] {
        guest.ok("random_get", &[BUF.into(), 32]);
        guest.ok("random_get", &[u64::from(BUF) + 32, 32]);
    }
    let at = BUF as usize;
    assert_eq!(one.memory[at..at + 64], two.memory[at..at + 64]);
    assert_ne!(one.memory[at..at + 32], one.memory[at + 32..at + 64]);
    one.fails("random_get", &[BUF.into(), u32::MAX.into()], Errno::EFAULT);
}

#[test]
fn yielding_succeeds() {
    Guest::new().ok("sched_yield", &[]);
}
