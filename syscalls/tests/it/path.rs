//! `path_*`.

use vfs::Errno;

use crate::support::{BUF, Guest, OUT, READ, TEXT, WRITE};

/// A second path argument.
const TEXT2: u32 = TEXT + 0x800;

fn two(guest: &mut Guest, name: &str, old: &[u8], new: &[u8]) -> u32 {
    let [old, old_len] = guest.put(TEXT, old);
    let [new, new_len] = guest.put(TEXT2, new);
    match name {
        "path_link" => guest.value(name, &[3, 0, old, old_len, 3, new, new_len]),
        "path_rename" => guest.value(name, &[3, old, old_len, 3, new, new_len]),
        _ => guest.value(name, &[old, old_len, 3, new, new_len]),
    }
}

#[track_caller]
fn two_ok(guest: &mut Guest, name: &str, old: &[u8], new: &[u8]) {
    assert_eq!(two(guest, name, old, new), 0, "{name}");
}

#[track_caller]
fn two_fail(guest: &mut Guest, name: &str, old: &[u8], new: &[u8], errno: Errno) {
    assert_eq!(two(guest, name, old, new), agentos_syscalls::errno_number(errno).into(), "{name}");
}

/// Type and inode of a path.
fn stat(guest: &mut Guest, path: &[u8], follow: u64) -> (u8, u64) {
    let [at, len] = guest.put(TEXT, path);
    guest.ok("path_filestat_get", &[3, follow, at, len, OUT.into()]);
    (guest.u8(OUT + 16), guest.u64(OUT + 8))
}

#[test]
fn directories_are_made_and_removed() {
    let mut guest = Guest::new();
    guest.path("path_create_directory", b"d", &[]).ok();
    guest.path("path_create_directory", b"d", &[]).is(Errno::EEXIST);
    guest.path("path_create_directory", b"d/e/f", &[]).is(Errno::ENOENT);
    guest.path("path_create_directory", b"d/e", &[]).ok();
    guest.path("path_remove_directory", b"d", &[]).is(Errno::ENOTEMPTY);
    guest.path("path_unlink_file", b"d", &[]).is(Errno::EISDIR);
    guest.path("path_remove_directory", b"d/e", &[]).ok();
    guest.path("path_remove_directory", b"d", &[]).ok();
    guest.path("path_remove_directory", b"d", &[]).is(Errno::ENOENT);
    guest.file(b"f", b"");
    guest.path("path_remove_directory", b"f", &[]).is(Errno::ENOTDIR);
}

#[test]
fn opening_creates_truncates_and_excludes() {
    let mut guest = Guest::new();
    guest.try_open(b"f", 0, READ, 0).is(Errno::ENOENT);
    guest.file(b"f", b"long content");
    guest.file(b"f", b"short");
    let fd = guest.open(b"f", 0, READ);
    assert_eq!(guest.read(fd, 99), b"short");
    guest.try_open(b"f", 1 | 4, WRITE, 0).is(Errno::EEXIST);
    guest.try_open(b"f", 2, READ, 0).is(Errno::ENOTDIR);
    guest.try_open(b"f", 0, READ, 64).is(Errno::EINVAL);
    guest.try_open(b"d/f", 1, WRITE, 0).is(Errno::ENOENT);
    guest.try_open(b"f/x", 0, READ, 0).is(Errno::ENOTDIR);
    guest.try_open(b"", 0, READ, 0).is(Errno::ENOENT);
}

#[test]
fn rights_give_the_access_mode() {
    let mut guest = Guest::new();
    guest.file(b"f", b"x");
    // What libc passes for O_RDONLY: all rights but those of writing.
    let fd = guest.open(b"f", 0, 0xfbf_febe);
    let [iov, n] = guest.element(b"y");
    guest.fails("fd_write", &[fd, iov, n, OUT.into()], Errno::EBADF);
    // And for a directory opened without saying so.
    guest.path("path_create_directory", b"d", &[]).ok();
    guest.open(b"d", 0, 0xfff_ffff);
    guest.try_open(b"d", 0, WRITE, 0).is(Errno::EISDIR);
}

#[test]
fn paths_below_a_directory_descriptor_start_there() {
    let mut guest = Guest::new();
    guest.path("path_create_directory", b"d", &[]).ok();
    guest.file(b"d/f", b"inner");
    let dir = guest.open(b"d", 2, READ);
    let [at, len] = guest.put(TEXT, b"f");
    guest.ok("path_open", &[dir, 1, at, len, 0, READ, 0, 0, OUT.into()]);
    let fd = guest.u32(OUT).into();
    assert_eq!(guest.read(fd, 9), b"inner");
    let file = fd;
    guest.fails("path_filestat_get", &[file, 1, at, len, OUT.into()], Errno::ENOTDIR);
    guest.fails("path_filestat_get", &[99, 1, at, len, OUT.into()], Errno::EBADF);
}

#[test]
fn links_are_followed_only_when_asked() {
    let mut guest = Guest::new();
    guest.file(b"f", b"x");
    two_ok(&mut guest, "path_symlink", b"f", b"l");
    two_fail(&mut guest, "path_symlink", b"f", b"l", Errno::EEXIST);
    assert_eq!(stat(&mut guest, b"l", 0).0, 7);
    assert_eq!(stat(&mut guest, b"l", 1), stat(&mut guest, b"f", 1));
    let [at, len] = guest.put(TEXT, b"l");
    guest.fails("path_open", &[3, 0, at, len, 0, READ, 0, 0, OUT.into()], Errno::ELOOP);
    guest.path("path_readlink", b"l", &[BUF.into(), 10, OUT.into()]).ok();
    assert_eq!((guest.u32(OUT), guest.u8(BUF)), (1, b'f'));
    guest.path("path_readlink", b"f", &[BUF.into(), 10, OUT.into()]).is(Errno::EINVAL);
    guest.path("path_readlink", b"no", &[BUF.into(), 10, OUT.into()]).is(Errno::ENOENT);
    two_ok(&mut guest, "path_symlink", b"round", b"round");
    guest.try_open(b"round", 0, READ, 0).is(Errno::ELOOP);
    guest.path("path_readlink", b"round", &[BUF.into(), 2, OUT.into()]).ok();
    assert_eq!(guest.u32(OUT), 2);
}

#[test]
fn hard_links_are_one_inode() {
    let mut guest = Guest::new();
    guest.file(b"f", b"x");
    two_ok(&mut guest, "path_link", b"f", b"g");
    assert_eq!(stat(&mut guest, b"f", 1), stat(&mut guest, b"g", 1));
    assert_eq!(guest.u64(OUT + 24), 2);
    two_fail(&mut guest, "path_link", b"f", b"g", Errno::EEXIST);
    guest.path("path_create_directory", b"d", &[]).ok();
    two_fail(&mut guest, "path_link", b"d", b"h", Errno::EPERM);
    two_fail(&mut guest, "path_link", b"no", b"h", Errno::ENOENT);
}

#[test]
fn renaming_replaces_and_keeps_the_tree_a_tree() {
    let mut guest = Guest::new();
    guest.file(b"a", b"A");
    guest.file(b"b", b"B");
    two_ok(&mut guest, "path_rename", b"a", b"b");
    let fd = guest.open(b"b", 0, READ);
    assert_eq!(guest.read(fd, 9), b"A");
    two_fail(&mut guest, "path_rename", b"a", b"b", Errno::ENOENT);
    guest.path("path_create_directory", b"d", &[]).ok();
    two_fail(&mut guest, "path_rename", b"d", b"d/e", Errno::EINVAL);
    two_fail(&mut guest, "path_rename", b"b", b"d", Errno::EISDIR);
    two_fail(&mut guest, "path_rename", b"d", b"b", Errno::ENOTDIR);
}

#[test]
fn times_of_a_path_are_set() {
    let mut guest = Guest::new();
    guest.file(b"f", b"");
    let [at, len] = guest.put(TEXT, b"f");
    guest.ok("path_filestat_set_times", &[3, 1, at, len, 11, 22, 1 | 4]);
    stat(&mut guest, b"f", 1);
    assert_eq!((guest.u64(OUT + 40), guest.u64(OUT + 48)), (11, 22));
    guest.fails("path_filestat_set_times", &[3, 1, at, len, 0, 0, 4 | 8], Errno::EINVAL);
}

#[test]
fn a_strict_guest_stays_below_its_directory() {
    let mut guest = Guest::new();
    guest.state.strict = true;
    guest.path("path_create_directory", b"d", &[]).ok();
    for path in [&b"/d"[..], b"..", b"d/../.."] {
        guest.try_open(path, 0, READ, 0).is(Errno::EPERM);
    }
    guest.try_open(b"d/../d", 2, READ, 0).ok();
}

#[test]
fn devices_read_as_files_unless_strict() {
    let mut guest = Guest::with_devices();
    assert_eq!(stat(&mut guest, b"dev/null", 1).0, 4);
    guest.state.strict = true;
    assert_eq!(stat(&mut guest, b"dev/null", 1).0, 2);
    let null = guest.open(b"dev/null", 0, READ | WRITE);
    assert_eq!(guest.write(null, b"gone"), 4);
    assert_eq!(guest.read(null, 4), b"");
    let zero = guest.open(b"dev/zero", 0, READ);
    assert_eq!(guest.read(zero, 4), [0; 4]);
    let full = guest.open(b"dev/full", 0, WRITE);
    let [iov, n] = guest.element(b"x");
    guest.fails("fd_write", &[full, iov, n, OUT.into()], Errno::ENOSPC);
}
