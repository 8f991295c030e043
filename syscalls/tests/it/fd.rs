//! `fd_*`.

use std::task::Poll;

use agentos_syscalls::{Preopen, WasiState};
use vfs::Errno;

use crate::support::{ALL_RIGHTS, BUF, Guest, OUT, READ, TEXT, WRITE};

const CUR: u64 = 1;

#[test]
fn what_is_written_is_read_at_the_offset() {
    let mut guest = Guest::new();
    guest.file(b"f", b"hello world");
    let fd = guest.open(b"f", 0, READ);
    assert_eq!(guest.read(fd, 5), b"hello");
    assert_eq!(guest.read(fd, 50), b" world");
    assert_eq!(guest.read(fd, 50), b"");
    guest.ok("fd_tell", &[fd, OUT.into()]);
    assert_eq!(guest.u64(OUT), 11);
    guest.ok("fd_seek", &[fd, (-5i64).cast_unsigned(), 2, OUT.into()]);
    assert_eq!(guest.u64(OUT), 6);
    guest.ok("fd_seek", &[fd, (-6i64).cast_unsigned(), CUR, OUT.into()]);
    assert_eq!(guest.read(fd, 5), b"hello");
    guest.fails("fd_seek", &[fd, (-1i64).cast_unsigned(), 0, OUT.into()], Errno::EINVAL);
    guest.fails("fd_seek", &[fd, 0, 3, OUT.into()], Errno::EINVAL);
}

#[test]
fn scattered_elements_are_gathered_in_order() {
    let mut guest = Guest::new();
    let fd = guest.open(b"f", 1, READ | WRITE);
    guest.put(BUF, b"abcdef");
    for (i, (at, len)) in [(BUF, 2u32), (BUF + 2, 0), (BUF + 4, 2)].into_iter().enumerate() {
        guest.put(0x40 + 8 * i as u32, &at.to_le_bytes());
        guest.put(0x44 + 8 * i as u32, &len.to_le_bytes());
    }
    guest.ok("fd_write", &[fd, 0x40, 3, OUT.into()]);
    assert_eq!(guest.u32(OUT), 4);
    guest.ok("fd_pread", &[fd, 0x40, 3, 1, OUT.into()]);
    assert_eq!(guest.u32(OUT), 3);
    assert_eq!(&guest.memory[BUF as usize..BUF as usize + 6], b"becdff");
}

#[test]
fn positional_calls_leave_the_offset() {
    let mut guest = Guest::new();
    let fd = guest.open(b"f", 1, READ | WRITE);
    guest.write(fd, b"0123456789");
    let [iov, n] = guest.element(b"XY");
    guest.ok("fd_pwrite", &[fd, iov, n, 4, OUT.into()]);
    guest.ok("fd_tell", &[fd, OUT.into()]);
    assert_eq!(guest.u64(OUT), 10);
    guest.ok("fd_seek", &[fd, 0, 0, OUT.into()]);
    assert_eq!(guest.read(fd, 20), b"0123XY6789");
}

#[test]
fn a_descriptor_opened_for_one_does_not_do_the_other() {
    let mut guest = Guest::new();
    guest.file(b"f", b"x");
    let (r, w) = (guest.open(b"f", 0, READ), guest.open(b"f", 0, WRITE));
    let [iov, n] = guest.element(b"y");
    guest.fails("fd_write", &[r, iov, n, OUT.into()], Errno::EBADF);
    guest.fails("fd_read", &[w, iov, n, OUT.into()], Errno::EBADF);
}

#[test]
fn append_writes_to_the_end_wherever_the_offset_is() {
    let mut guest = Guest::new();
    guest.file(b"f", b"abc");
    guest.try_open(b"f", 0, READ | WRITE, 1).ok();
    let fd = guest.u32(OUT).into();
    guest.ok("fd_fdstat_get", &[fd, OUT.into()]);
    assert_eq!(guest.memory[OUT as usize + 2], 1);
    guest.write(fd, b"d");
    guest.ok("fd_fdstat_set_flags", &[fd, 0]);
    guest.ok("fd_seek", &[fd, 0, 0, OUT.into()]);
    guest.write(fd, b"A");
    guest.ok("fd_seek", &[fd, 0, 0, OUT.into()]);
    assert_eq!(guest.read(fd, 9), b"Abcd");
    guest.fails("fd_fdstat_set_flags", &[fd, 32], Errno::EINVAL);
}

#[test]
fn a_regular_file_may_be_examined_resized_and_stamped() {
    let mut guest = Guest::new();
    let fd = guest.open(b"f", 1, READ | WRITE);
    guest.ok("fd_fdstat_get", &[fd, OUT.into()]);
    let rights = guest.u64(OUT + 8);
    for bit in [0, 1, 2, 3, 4, 5, 6, 7, 8, 21, 22, 23, 27] {
        assert_ne!(rights & (1 << bit), 0, "right {bit}");
    }
    assert_eq!(rights & (1 << 13), 0, "a file is no directory");
    guest.ok("fd_filestat_set_size", &[fd, 100]);
    guest.ok("fd_allocate", &[fd, 50, 100]);
    guest.ok("fd_filestat_set_times", &[fd, 7, 9, 1 | 4]);
    guest.ok("fd_filestat_get", &[fd, OUT.into()]);
    assert_eq!(guest.u8(OUT + 16), 4);
    assert_eq!((guest.u64(OUT + 24), guest.u64(OUT + 32)), (1, 150));
    assert_eq!((guest.u64(OUT + 40), guest.u64(OUT + 48)), (7, 9));
    guest.fails("fd_filestat_set_times", &[fd, 7, 9, 1 | 2], Errno::EINVAL);
    guest.fails("fd_filestat_set_times", &[fd, 7, 9, 16], Errno::EINVAL);
    for call in ["fd_sync", "fd_datasync"] {
        guest.ok(call, &[fd]);
    }
    guest.ok("fd_advise", &[fd, 0, 0, 5]);
    guest.fails("fd_advise", &[fd, 0, 0, 6], Errno::EINVAL);
}

#[test]
fn rights_only_shrink() {
    let mut guest = Guest::new();
    let fd = guest.open(b"f", 1, READ | WRITE);
    guest.ok("fd_fdstat_set_rights", &[fd, 1 << 1, 0]);
    let [iov, n] = guest.element(b"y");
    assert_eq!(guest.value("fd_write", &[fd, iov, n, OUT.into()]), 76);
    assert_eq!(guest.value("fd_fdstat_set_rights", &[fd, ALL_RIGHTS, 0]), 76);
    guest.ok("fd_close", &[fd]);
    let again = guest.open(b"f", 0, READ | WRITE);
    assert_eq!(again, fd);
    assert_eq!(guest.write(again, b"y"), 1);
}

#[test]
fn the_preopen_is_the_only_one() {
    let mut guest = Guest::new();
    guest.ok("fd_prestat_get", &[3, OUT.into()]);
    assert_eq!((guest.u8(OUT), guest.u32(OUT + 4)), (0, 1));
    guest.ok("fd_prestat_dir_name", &[3, OUT.into(), 1]);
    assert_eq!(guest.u8(OUT), b'/');
    guest.fails("fd_prestat_dir_name", &[3, OUT.into(), 0], Errno::ENAMETOOLONG);
    let fd = guest.open(b"f", 1, READ | WRITE);
    assert_eq!(fd, 4);
    for other in [0, fd, 77] {
        guest.fails("fd_prestat_get", &[other, OUT.into()], Errno::EBADF);
    }
    guest.ok("fd_close", &[3]);
    guest.fails("fd_prestat_get", &[3, OUT.into()], Errno::EBADF);
    guest.path("path_create_directory", b"d", &[]).is(Errno::EBADF);
    assert_eq!(guest.write(fd, b"still"), 5);
}

#[test]
fn closing_twice_is_a_bad_descriptor() {
    let mut guest = Guest::new();
    let fd = guest.open(b"f", 1, READ | WRITE);
    guest.ok("fd_close", &[fd]);
    guest.fails("fd_close", &[fd], Errno::EBADF);
    guest.fails("fd_close", &[u32::MAX.into()], Errno::EBADF);
}

#[test]
fn renumbering_moves_a_descriptor_over_an_open_one() {
    let mut guest = Guest::new();
    guest.file(b"a", b"A");
    guest.file(b"b", b"B");
    let (a, b) = (guest.open(b"a", 0, READ), guest.open(b"b", 0, READ));
    guest.ok("fd_renumber", &[a, b]);
    assert_eq!(guest.read(b, 9), b"A");
    guest.fails("fd_tell", &[a, OUT.into()], Errno::EBADF);
    guest.fails("fd_renumber", &[b, 50], Errno::EBADF);
    guest.fails("fd_renumber", &[50, b], Errno::EBADF);
    guest.ok("fd_renumber", &[b, b]);
}

/// Names of a directory, read with a buffer of `len` bytes.
fn names(guest: &mut Guest, fd: u64, len: u32) -> Vec<Vec<u8>> {
    let (mut names, mut cookie) = (Vec::new(), 0);
    loop {
        guest.ok("fd_readdir", &[fd, BUF.into(), len.into(), cookie, OUT.into()]);
        let used = guest.u32(OUT);
        let mut at = 0;
        while at + 24 <= used {
            let (next, n) = (guest.u64(BUF + at), guest.u32(BUF + at + 16));
            if at + 24 + n > used {
                break;
            }
            let start = (BUF + at + 24) as usize;
            names.push(guest.memory[start..start + n as usize].to_vec());
            cookie = next;
            at += 24 + n;
        }
        if used < len {
            return names;
        }
        assert_eq!(used, len, "a full buffer means more");
        assert!(at > 0, "an entry must fit");
    }
}

#[test]
fn every_entry_is_listed_once_whatever_the_buffer() {
    let mut guest = Guest::new();
    guest.path("path_create_directory", b"d", &[]).ok();
    for i in 0..120 {
        guest.file(format!("d/name{i}").as_bytes(), b"");
    }
    let fd = guest.open(b"d", 2, READ);
    for len in [64, 100, 4096, 0x8000] {
        let mut found = names(&mut guest, fd, len);
        found.retain(|name| name != b"." && name != b"..");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 120, "buffer of {len}");
    }
    guest.ok("fd_readdir", &[3, BUF.into(), 4096, 0, OUT.into()]);
    let file = guest.open(b"d/name1", 0, READ);
    guest.fails("fd_readdir", &[file, BUF.into(), 64, 0, OUT.into()], Errno::ENOTDIR);
    guest.fails("fd_readdir", &[fd, BUF.into(), u32::MAX.into(), 0, OUT.into()], Errno::EFAULT);
}

#[test]
fn a_pipe_carries_bytes_and_has_no_offset() {
    let mut guest = Guest::new();
    guest.ok("fd_pipe", &[OUT.into(), (OUT + 4).into()]);
    let (r, w) = (u64::from(guest.u32(OUT)), u64::from(guest.u32(OUT + 4)));
    assert_eq!((r, w), (4, 5));
    let [iov, n] = guest.element(b"....");
    assert_eq!(guest.call("fd_read", &[r, iov, n, OUT.into()]), Poll::Pending);
    assert_eq!(guest.write(w, b"hey"), 3);
    assert_eq!(guest.read(r, 2), b"he");
    guest.fails("fd_seek", &[r, 0, CUR, OUT.into()], Errno::ESPIPE);
    guest.ok("fd_close", &[w]);
    assert_eq!(guest.read(r, 9), b"y");
    assert_eq!(guest.read(r, 9), b"");
}

#[test]
fn a_non_blocking_read_says_try_again() {
    let mut guest = Guest::new();
    guest.ok("fd_pipe", &[OUT.into(), (OUT + 4).into()]);
    let r = guest.u32(OUT).into();
    guest.ok("fd_fdstat_set_flags", &[r, 4]);
    let [iov, n] = guest.element(b"....");
    guest.fails("fd_read", &[r, iov, n, OUT.into()], Errno::EAGAIN);
}

#[test]
fn standard_output_is_captured() {
    let mut guest = Guest::new();
    guest.write(1, b"out");
    let captured = guest.kernel.take_capture(guest.stdout);
    assert_eq!(&captured.bytes[..], b"out");
}

#[test]
fn an_unlinked_file_lives_while_open() {
    let mut guest = Guest::new();
    guest.file(b"f", b"alive");
    let fd = guest.open(b"f", 0, READ);
    guest.path("path_unlink_file", b"f", &[]).ok();
    assert_eq!(guest.read(fd, 9), b"alive");
    let [at, len] = guest.put(TEXT, b"f");
    guest.fails("path_filestat_get", &[3, 1, at, len, OUT.into()], Errno::ENOENT);
}

/// A guest that finds `/a` open as `first` and `/b` as `second`.
fn with_two_preopens() -> Guest {
    let mut guest = Guest::new();
    for dir in [b"a", b"b"] {
        guest.path("path_create_directory", dir, &[]).ok();
    }
    guest.file(b"a/f", b"in a");
    let preopen = |name: &str, path: &str| Preopen { name: name.into(), path: path.into() };
    guest.state = WasiState::strict(vec![preopen("first", "/a"), preopen("second", "/b")]);
    guest
}

#[test]
fn preopens_have_their_names_and_places() {
    let mut guest = with_two_preopens();
    for (fd, name) in [(3, &b"first"[..]), (4, b"second")] {
        guest.ok("fd_prestat_get", &[fd, OUT.into()]);
        let len = guest.u32(OUT + 4);
        assert_eq!((guest.u8(OUT), len as usize), (0, name.len()));
        guest.ok("fd_prestat_dir_name", &[fd, BUF.into(), len.into()]);
        assert_eq!(&guest.memory[BUF as usize..(BUF + len) as usize], name);
        guest.fails(
            "fd_prestat_dir_name",
            &[fd, BUF.into(), u64::from(len) - 1],
            Errno::ENAMETOOLONG,
        );
    }
    guest.fails("fd_prestat_get", &[5, OUT.into()], Errno::EBADF);
    let fd = guest.open(b"f", 0, READ);
    assert_eq!(fd, 5);
    assert_eq!(guest.read(fd, 9), b"in a");
    let [at, len] = guest.put(TEXT, b"f");
    guest.fails("path_filestat_get", &[4, 1, at, len, OUT.into()], Errno::ENOENT);
    guest.ok("fd_readdir", &[4, BUF.into(), 4096, 0, OUT.into()]);
}

#[test]
fn without_preopens_descriptor_three_is_not_open() {
    let mut guest = Guest::new();
    guest.state = WasiState::strict(Vec::new());
    guest.fails("fd_prestat_get", &[3, OUT.into()], Errno::EBADF);
    guest.fails("sock_shutdown", &[3, 0], Errno::EBADF);
    guest.path("path_create_directory", b"d", &[]).is(Errno::EBADF);
}

#[test]
fn renumbering_reaches_preopens() {
    let mut guest = with_two_preopens();
    let file = guest.open(b"f", 0, READ);
    // A file over a preopen: the file has that number only.
    guest.ok("fd_renumber", &[file, 4]);
    guest.fails("fd_prestat_get", &[4, OUT.into()], Errno::EBADF);
    guest.fails("fd_tell", &[file, OUT.into()], Errno::EBADF);
    assert_eq!(guest.read(4, 2), b"in");
    let other = guest.open(b"f", 0, READ);
    assert_eq!(guest.read(other, 9), b"in a");
    assert_eq!(guest.read(4, 9), b" a");
    // A preopen over a file: an open directory, and none that is announced.
    guest.ok("fd_renumber", &[3, other]);
    guest.fails("fd_filestat_get", &[3, OUT.into()], Errno::EBADF);
    let [at, len] = guest.put(TEXT, b"f");
    guest.ok("path_filestat_get", &[other, 1, at, len, OUT.into()]);
    guest.ok("fd_close", &[4]);
    guest.fails("fd_close", &[4], Errno::EBADF);
    guest.fails("fd_renumber", &[other, 4], Errno::EBADF);
    // A preopen over a preopen.
    let mut guest = with_two_preopens();
    guest.put(TEXT, b"f");
    guest.ok("fd_renumber", &[3, 4]);
    guest.ok("path_filestat_get", &[4, 1, at, len, OUT.into()]);
    guest.fails("fd_prestat_get", &[3, OUT.into()], Errno::EBADF);
}

#[test]
fn a_directory_that_gave_up_rights_cannot_use_them() {
    const CREATE: u64 = 1 << 10;
    const TRUNCATE: u64 = 1 << 19;
    let mut guest = with_two_preopens();
    guest.ok("fd_fdstat_get", &[3, OUT.into()]);
    let (base, inheriting) = (guest.u64(OUT + 8), guest.u64(OUT + 16));
    assert_eq!(base & (1 << 22), 0, "a directory has no size to set");
    guest.ok("fd_fdstat_set_rights", &[3, base & !(CREATE | TRUNCATE), inheriting & !WRITE]);
    let [at, len] = guest.put(TEXT, b"f");
    let open = |oflags| [3, 1, at, len, oflags, READ, 0, 0, OUT.into()];
    for oflags in [1, 8] {
        assert_eq!(guest.value("path_open", &open(oflags)), 76);
    }
    guest.ok("path_open", &open(0));
    // What is opened below inherits.
    let fd = guest.u32(OUT).into();
    guest.ok("fd_fdstat_get", &[fd, OUT.into()]);
    assert_eq!(guest.u64(OUT + 8) & WRITE, 0);
    assert_eq!(guest.value("fd_fdstat_set_rights", &[3, base, inheriting]), 76);
}

#[test]
fn a_strict_guest_knows_no_offset_of_a_directory() {
    let mut guest = with_two_preopens();
    let [at, len] = guest.put(TEXT, b".");
    guest.ok("path_open", &[3, 1, at, len, 2, READ, 0, 0, OUT.into()]);
    let dir = guest.u32(OUT).into();
    guest.fails("fd_tell", &[dir, OUT.into()], Errno::EBADF);
    guest.fails("fd_seek", &[dir, 0, CUR, OUT.into()], Errno::EBADF);
    guest.fails("fd_advise", &[dir, 0, 0, 0], Errno::EBADF);
    let both = [3, 1, at, len, 2, READ | WRITE, 0, 0, OUT.into()];
    guest.fails("path_open", &both, Errno::EISDIR);
}
