//! `agentos` and the identities of `host_user`: metadata, groups and names.

use std::task::Poll;

use agentos_syscalls::Answer;
use vfs::Errno;

use crate::support::{BUF, Guest, OUT, READ, TEXT};

/// A call on an absolute path.
#[track_caller]
fn at(guest: &mut Guest, name: &str, path: &[u8], more: &[u64]) -> u32 {
    let [address, len] = guest.put(TEXT, path);
    let args: Vec<u64> = [address, len].into_iter().chain(more.iter().copied()).collect();
    guest.value(name, &args)
}

fn errno(errno: Errno) -> u32 {
    agentos_syscalls::errno_number(errno).into()
}

/// Mode, owner and group that `path_stat` answers.
fn stat(guest: &mut Guest, path: &[u8], follow: u64) -> (u32, u32, u32) {
    assert_eq!(at(guest, "path_stat", path, &[follow, BUF.into()]), 0);
    (guest.u32(BUF + 24), guest.u32(BUF + 28), guest.u32(BUF + 32))
}

#[test]
fn permission_bits_and_owners_are_set_and_seen() {
    let mut guest = Guest::new();
    guest.file(b"f", b"12345");
    assert_eq!(at(&mut guest, "path_chmod", b"/f", &[0o4751, 1]), 0);
    assert_eq!(at(&mut guest, "path_chown", b"/f", &[7, 8, 1]), 0);
    // Whoever changes the owner takes the set-user-ID bit away.
    assert_eq!(stat(&mut guest, b"/f", 1), (0o100_751, 7, 8));
    assert_eq!(guest.u64(BUF + 48), 5, "the size");
    assert_eq!(at(&mut guest, "path_chown", b"f", &[u32::MAX.into(), 9, 1]), 0);
    assert_eq!(stat(&mut guest, b"f", 0), (0o100_751, 7, 9));
    assert_eq!(at(&mut guest, "path_chmod", b"/none", &[0, 1]), errno(Errno::ENOENT));
    assert_eq!(at(&mut guest, "path_chown", b"/none", &[0, 0, 1]), errno(Errno::ENOENT));
}

#[test]
fn access_is_told_for_who_asks() {
    let mut guest = Guest::new();
    guest.file(b"f", b"");
    // Root may read and write anything, but not execute what nobody may.
    assert_eq!(at(&mut guest, "path_access", b"/f", &[6]), 0);
    assert_eq!(at(&mut guest, "path_access", b"/f", &[1]), errno(Errno::EACCES));
    assert_eq!(at(&mut guest, "path_access", b"/f", &[0]), 0);
    assert_eq!(at(&mut guest, "path_access", b"/none", &[0]), errno(Errno::ENOENT));
    assert_eq!(at(&mut guest, "path_access", b"/f", &[8]), errno(Errno::EINVAL));
}

#[test]
fn a_fifo_is_made() {
    let mut guest = Guest::new();
    assert_eq!(at(&mut guest, "path_mkfifo", b"/p", &[0o666]), 0);
    assert_eq!(stat(&mut guest, b"/p", 1).0, 0o010_644);
    assert_eq!(at(&mut guest, "path_mkfifo", b"/p", &[0o666]), errno(Errno::EEXIST));
}

#[test]
fn a_filesystem_tells_its_sizes() {
    let mut guest = Guest::new();
    assert_eq!(at(&mut guest, "path_statfs", b"/", &[BUF.into()]), 0);
    let (block, blocks, free) = (guest.u64(BUF), guest.u64(BUF + 8), guest.u64(BUF + 16));
    assert!(block > 0 && free <= blocks, "{block} {blocks} {free}");
    assert_eq!(guest.u64(BUF + 40), 255, "the longest name");
    assert_eq!(at(&mut guest, "path_statfs", b"/none", &[BUF.into()]), errno(Errno::ENOENT));
}

#[test]
fn groups_of_processes() {
    let mut guest = Guest::new();
    guest.ok("proc_getpgid", &[0, OUT.into()]);
    assert_eq!(guest.u32(OUT), guest.pid.0);
    guest.fails("proc_getpgid", &[999, OUT.into()], Errno::ESRCH);
    // It leads its session.
    guest.fails("proc_setpgid", &[0, 0], Errno::EPERM);
    guest.fails("proc_setpgid", &[999, 0], Errno::ESRCH);
    guest.ok("proc_getppid", &[OUT.into()]);
    assert_eq!(guest.u32(OUT), 1);
}

#[test]
fn ignored_signals_and_pausing() {
    let mut guest = Guest::new();
    guest.ok("proc_sigignore", &[15]);
    guest.ok("proc_kill", &[guest.pid.0.into(), 15]);
    assert!(!guest.kernel.must_yield(guest.pid));
    guest.fails("proc_sigignore", &[9], Errno::EINVAL);
    guest.fails("proc_sigignore", &[0], Errno::EINVAL);
    assert_eq!(guest.call("proc_pause", &[]), Poll::Pending);
    guest.ok("proc_kill", &[guest.pid.0.into(), 9]);
    assert!(guest.kernel.must_yield(guest.pid), "no call of it is to be made");
}

#[test]
fn identities_and_the_system_are_named() {
    let mut guest = Guest::new();
    for call in ["getuid", "geteuid", "getgid", "getegid"] {
        guest.ok(call, &[OUT.into()]);
        assert_eq!(guest.u32(OUT), 0, "{call} of root");
    }
    guest.ok("uname", &[BUF.into(), 200, OUT.into()]);
    let len = guest.u32(OUT);
    let text = &guest.memory[BUF as usize..(BUF + len) as usize];
    let names: Vec<&[u8]> = text.split(|b| *b == 0).collect();
    assert_eq!((names[0], names[1], names[4]), (&b"Linux"[..], &b"agentos"[..], &b"wasm32"[..]));
    guest.fails("uname", &[BUF.into(), 3, OUT.into()], Errno::ERANGE);
    assert_eq!(guest.u32(OUT), len, "what would fit");
}

#[test]
fn paths_of_the_extension_start_in_the_working_directory() {
    let mut guest = Guest::new();
    guest.path("path_create_directory", b"d", &[]).ok();
    guest.file(b"d/f", b"x");
    assert_eq!(at(&mut guest, "chdir", b"/d", &[]), 0);
    assert_eq!(stat(&mut guest, b"f", 1).0, 0o100_644);
    // Descriptors of preview1 stay where they are.
    guest.try_open(b"f", 0, READ, 0).is(Errno::ENOENT);
    let Poll::Ready(Answer::Value(mode)) = guest.call("path_mode", &[TEXT.into(), 1, 1]) else {
        panic!("it does not wait");
    };
    assert_eq!(mode, 0o100_644);
}
