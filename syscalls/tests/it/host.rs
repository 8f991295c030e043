//! `host_process`, `host_fs`, `host_user` and `agentos`.

use std::task::Poll;

use vfs::Errno;

use crate::support::{BUF, Guest, OUT, READ, TEXT, WRITE};

#[test]
fn a_duplicate_shares_the_offset() {
    let mut guest = Guest::new();
    guest.file(b"f", b"abcdef");
    let fd = guest.open(b"f", 0, READ);
    guest.ok("fd_dup", &[fd, OUT.into()]);
    let copy = guest.u32(OUT).into();
    assert_eq!(guest.read(fd, 3), b"abc");
    assert_eq!(guest.read(copy, 3), b"def");
    guest.ok("fd_dup_min", &[fd, 20, OUT.into()]);
    assert_eq!(guest.u32(OUT), 20);
    guest.ok("fd_dup2", &[fd, 30]);
    guest.ok("fd_tell", &[30, OUT.into()]);
    assert_eq!(guest.u64(OUT), 6);
    guest.fails("fd_dup", &[99, OUT.into()], Errno::EBADF);
}

#[test]
fn waiting_without_children_is_refused() {
    let mut guest = Guest::new();
    guest.fails("proc_waitpid", &[u32::MAX.into(), 1, OUT.into()], Errno::ECHILD);
    guest.fails("proc_waitpid", &[77, 0, OUT.into()], Errno::ESRCH);
    guest.fails("proc_waitpid", &[77, 0, OUT.into(), OUT.into()], Errno::ESRCH);
}

#[test]
fn spawning_what_is_not_there_says_so() {
    let mut guest = Guest::new();
    let [argv, argv_len] = guest.put(TEXT, b"nosuch\0arg\0");
    let args = [argv, argv_len, 0, 0, 0, 1, 2, 0, 0, OUT.into()];
    guest.fails("proc_spawn", &args, Errno::ENOENT);
    guest.fails("proc_spawn", &[0, 0, 0, 0, 0, 1, 2, 0, 0, OUT.into()], Errno::EINVAL);
    let wild = [argv, u32::MAX.into(), 0, 0, 0, 1, 2, 0, 0, OUT.into()];
    guest.fails("proc_spawn", &wild, Errno::EFAULT);
}

#[test]
fn ids_are_the_process_s() {
    let mut guest = Guest::new();
    guest.ok("proc_getpid", &[OUT.into()]);
    assert_eq!(guest.u32(OUT), guest.pid.0);
    guest.ok("getuid", &[OUT.into()]);
    assert_eq!(guest.u32(OUT), 0);
    guest.fails("proc_kill", &[9999, 0], Errno::ESRCH);
    guest.fails("proc_kill", &[1, 99], Errno::EINVAL);
}

#[test]
fn sleeping_ends_and_only_once() {
    let mut guest = Guest::new();
    let now = |guest: &mut Guest| guest.kernel.clock_gettime(kernel::ClockId::Monotonic);
    let start = now(&mut guest);
    assert_eq!(guest.call("sleep_ms", &[5]), Poll::Pending);
    let until = kernel::Until { pid: guest.pid, deadline: Some(start + 5_000_000) };
    guest.kernel.run(until);
    guest.ok("sleep_ms", &[5]);
    assert!(now(&mut guest) < start + 10_000_000);
}

#[test]
fn modes_have_type_bits_and_devices_pass_for_files() {
    let mut guest = Guest::with_devices();
    guest.file(b"f", b"");
    let mut mode = |path: &[u8]| {
        let [at, len] = guest.put(TEXT, path);
        guest.value("path_mode", &[at, len, 1])
    };
    assert_eq!(mode(b"/f"), 0o100644);
    assert_eq!(mode(b"f"), 0o100644);
    assert_eq!(mode(b"/"), 0o040755);
    assert_eq!(mode(b"/dev/null"), 0o100666);
    assert_eq!(mode(b"/no"), 0);
    let [at, len] = guest.put(TEXT, b"/f");
    guest.ok("chmod", &[at, len, 0o100600]);
    assert_eq!(guest.value("path_mode", &[at, len, 1]), 0o100600);
    let fd = guest.open(b"f", 0, READ | WRITE);
    assert_eq!(guest.value("fd_mode", &[fd]), 0o100600);
    assert_eq!(guest.value("fd_mode", &[1]), 0);
    assert_eq!(guest.value("fd_mode", &[99]), 0);
}

#[test]
fn no_terminal_is_told_apart_from_no_descriptor() {
    let mut guest = Guest::new();
    guest.ok("isatty", &[1, OUT.into()]);
    assert_eq!(guest.u32(OUT), 0);
    guest.fails("isatty", &[99, OUT.into()], Errno::EBADF);
}

#[test]
fn users_are_known_or_named_by_their_number() {
    let mut guest = Guest::new();
    guest.ok("getpwuid", &[7, BUF.into(), 100, OUT.into()]);
    let n = guest.u32(OUT) as usize;
    let line = &guest.memory[BUF as usize..BUF as usize + n];
    assert_eq!(line, b"user7:x:7:7::/home/user7:/bin/sh");
    guest.ok("getpwuid", &[7, BUF.into(), 4, OUT.into()]);
    assert_eq!(guest.u32(OUT), 4);
}

#[test]
fn the_working_directory_is_the_kernel_s() {
    let mut guest = Guest::new();
    guest.path("path_create_directory", b"d", &[]).ok();
    let [at, len] = guest.put(TEXT, b"/d");
    guest.ok("chdir", &[at, len]);
    guest.ok("getcwd", &[BUF.into(), 10, OUT.into()]);
    assert_eq!(&guest.memory[BUF as usize..BUF as usize + 2], b"/d");
    guest.fails("getcwd", &[BUF.into(), 1, OUT.into()], Errno::ERANGE);
    assert_eq!(guest.u32(OUT), 2);
    guest.ok("umask", &[0o077, OUT.into()]);
    assert_eq!(guest.u32(OUT), 0o022);
    guest.file(b"d/f", b"");
    let [at, len] = guest.put(TEXT, b"f");
    guest.ok("path_stat", &[at, len, 1, OUT.into()]);
    assert_eq!(guest.u32(OUT + 24), 0o100600);
}
