//! `args_*`, `environ_*`.

use crate::support::{BUF, Guest, OUT, SIZE};
use vfs::Errno;

#[test]
fn arguments_keep_empty_ones_and_spaces() {
    let mut guest = Guest::new();
    guest.ok("args_sizes_get", &[OUT.into(), (OUT + 4).into()]);
    assert_eq!((guest.u32(OUT), guest.u32(OUT + 4)), (3, 10));
    guest.ok("args_get", &[OUT.into(), BUF.into()]);
    let at = guest.u32(OUT + 8) as usize;
    assert_eq!(&guest.memory[BUF as usize..BUF as usize + 10], b"prog\0\0x y\0");
    assert_eq!(&guest.memory[at..at + 4], b"x y\0");
}

#[test]
fn environment_is_the_process_s() {
    let mut guest = Guest::new();
    guest.ok("environ_sizes_get", &[OUT.into(), (OUT + 4).into()]);
    assert_eq!((guest.u32(OUT), guest.u32(OUT + 4)), (2, 14));
    guest.ok("environ_get", &[OUT.into(), BUF.into()]);
    assert_eq!(&guest.memory[BUF as usize..BUF as usize + 14], b"A=1\0PATH=/bin\0");
}

#[test]
fn arguments_that_do_not_fit_fault() {
    let mut guest = Guest::new();
    guest.fails("args_get", &[OUT.into(), SIZE as u64 - 2], Errno::EFAULT);
    guest.fails("environ_get", &[u32::MAX.into(), BUF.into()], Errno::EFAULT);
}
