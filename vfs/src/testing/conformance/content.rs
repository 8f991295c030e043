//! Content: reading, writing, cutting, and reading directories.

use super::Named;
use super::case::{Case, mkdir, open, rename, stat, symlink, unlink};
use crate::testing::{Answer, Op};
use crate::{Errno, FileType, Mode, OFlags, Whence};

pub(super) const CASES: &[Named] = &[
    ("what is written is read, in parts and past the end", write_and_read),
    ("a gap reads as zeros", gaps),
    ("content goes over the edges of pieces and pages", edges),
    ("O_APPEND writes at the end, whoever moved it", append),
    ("O_TRUNC cuts", truncating_open),
    ("truncate cuts and extends with zeros", truncate),
    ("fallocate extends and keeps what is there", fallocate),
    ("seeking goes anywhere but before the start", seek),
    ("a file that is not open for it is neither read nor written", wrong_access),
    ("an O_PATH handle has metadata and nothing else", path_handles),
    ("what is no file has no content", not_a_file),
    ("a directory is read whole, in steps of any size", scan),
    ("a scan goes on while entries come and go", scan_changes),
    ("reading a directory again finds what is new", rewind),
];

fn write_and_read(t: &mut Case) {
    t.open(0, "f", OFlags::RDWR | OFlags::CREAT);
    t.ok(Op::Write { slot: 0, byte: b'a', len: 10 });
    t.ok(Op::Write { slot: 0, byte: b'b', len: 10 });
    assert_eq!(t.read(0, 8, 4), b"aabb");
    assert_eq!(t.read(0, 15, 100), b"bbbbb");
    assert_eq!(t.read(0, 20, 1), b"");
    assert_eq!(t.read(0, 1 << 40, 1), b"");
    assert_eq!(t.read(0, 0, 0), b"");
    t.ok(Op::Pwrite { slot: 0, offset: 5, byte: b'c', len: 10 });
    assert_eq!(t.read(0, 0, 20), b"aaaaaccccccccccbbbbb");
    assert_eq!(t.ok(Op::Read { slot: 0, len: 5 }), Answer::Bytes(Vec::new()));
    t.open(1, "f", OFlags::READ);
    assert_eq!(t.ok(Op::Read { slot: 1, len: 6 }), Answer::Bytes(b"aaaaac".to_vec()));
    assert_eq!(t.ok(Op::Read { slot: 1, len: 6 }), Answer::Bytes(b"cccccc".to_vec()));
    t.ok(Op::Fsync(0));
}

fn gaps(t: &mut Case) {
    t.open(0, "f", OFlags::RDWR | OFlags::CREAT);
    t.ok(Op::Pwrite { slot: 0, offset: 200_000, byte: b'x', len: 2 });
    assert_eq!(t.fstat(0).size, 200_002);
    assert!(t.read(0, 0, 200_000).iter().all(|byte| *byte == 0));
    t.ok(Op::Pwrite { slot: 0, offset: 100_000, byte: b'y', len: 1 });
    assert_eq!(t.read(0, 99_998, 4), b"\0\0y\0");
    assert_eq!(t.read(0, 199_999, 10), b"\0xx");
    t.ok(Op::Pwrite { slot: 0, offset: 300_000, byte: b'x', len: 0 });
    assert_eq!(t.fstat(0).size, 200_002);
}

fn edges(t: &mut Case) {
    t.open(0, "f", OFlags::RDWR | OFlags::CREAT);
    for edge in [4096_u64, 65_536, 131_072] {
        t.ok(Op::Pwrite { slot: 0, offset: edge - 3, byte: edge as u8 | 1, len: 6 });
        assert_eq!(t.read(0, edge - 4, 8)[1..7], [edge as u8 | 1; 6]);
    }
    t.ok(Op::Pwrite { slot: 0, offset: 1, byte: 9, len: 140_000 });
    t.read(0, 0, 150_000);
}

fn append(t: &mut Case) {
    t.open(0, "f", OFlags::WRITE | OFlags::CREAT | OFlags::APPEND);
    t.open(1, "f", OFlags::RDWR | OFlags::APPEND);
    t.ok(Op::Write { slot: 0, byte: b'a', len: 2 });
    t.ok(Op::Write { slot: 1, byte: b'b', len: 2 });
    t.ok(Op::Seek { slot: 0, offset: 0, whence: Whence::Set });
    t.ok(Op::Write { slot: 0, byte: b'c', len: 2 });
    // Linux: also at the end, whatever the offset says.
    t.ok(Op::Pwrite { slot: 1, offset: 0, byte: b'd', len: 2 });
    assert_eq!(t.read(1, 0, 20), b"aabbccdd");
}

fn truncating_open(t: &mut Case) {
    t.file("f", b'x', 70_000);
    t.open(0, "f", OFlags::RDWR);
    t.open(1, "f", OFlags::WRITE | OFlags::TRUNC);
    assert_eq!(t.fstat(0).size, 0);
    assert_eq!(t.read(0, 0, 10), b"");
    t.mkdir("d");
    t.fails(Errno::EISDIR, open(2, "d", OFlags::READ | OFlags::TRUNC));
}

fn truncate(t: &mut Case) {
    t.file("f", b'x', 70_000);
    t.open(0, "f", OFlags::RDWR);
    for size in [66_000, 65_536, 10, 0, 5, 100_000] {
        t.ok(Op::Truncate { spot: "f".into(), size });
        assert_eq!(t.fstat(0).size, size);
        t.read(0, 0, 200_000);
    }
    t.ok(Op::Pwrite { slot: 0, offset: 0, byte: b'y', len: 100 });
    t.ok(Op::Ftruncate { slot: 0, size: 50 });
    t.ok(Op::Ftruncate { slot: 0, size: 60 });
    // What was cut off does not come back.
    assert_eq!(t.read(0, 48, 20), b"yy\0\0\0\0\0\0\0\0\0\0");
    t.mkdir("d");
    t.fails(Errno::EISDIR, Op::Truncate { spot: "d".into(), size: 0 });
    t.ok(Op::Mknod { spot: "p".into(), file_type: FileType::Fifo, mode: Mode::new(0o666) });
    t.fails(Errno::EINVAL, Op::Truncate { spot: "p".into(), size: 0 });
    t.open(1, "f", OFlags::READ);
    t.fails(Errno::EINVAL, Op::Ftruncate { slot: 1, size: 0 });
}

fn fallocate(t: &mut Case) {
    t.open(0, "f", OFlags::RDWR | OFlags::CREAT);
    t.ok(Op::Write { slot: 0, byte: b'x', len: 10 });
    t.ok(Op::Fallocate { slot: 0, offset: 5, len: 100_000 });
    assert_eq!(t.fstat(0).size, 100_005);
    assert_eq!(t.read(0, 8, 4), b"xx\0\0");
    t.ok(Op::Fallocate { slot: 0, offset: 0, len: 10 });
    t.fails(Errno::EINVAL, Op::Fallocate { slot: 0, offset: 0, len: 0 });
    t.ok(Op::Pwrite { slot: 0, offset: 50_000, byte: b'y', len: 20_000 });
    t.ok(Op::Ftruncate { slot: 0, size: 60_000 });
    t.ok(Op::Fallocate { slot: 0, offset: 55_000, len: 50_000 });
    t.read(0, 0, 200_000);
    t.open(1, "f", OFlags::READ);
    t.fails(Errno::EBADF, Op::Fallocate { slot: 1, offset: 0, len: 1 });
}

fn seek(t: &mut Case) {
    t.file("f", b'x', 10);
    t.open(0, "f", OFlags::RDWR);
    let seek = |offset, whence| Op::Seek { slot: 0, offset, whence };
    assert_eq!(t.ok(seek(3, Whence::Set)), Answer::Count(3));
    assert_eq!(t.ok(seek(4, Whence::Cur)), Answer::Count(7));
    assert_eq!(t.ok(seek(-1, Whence::End)), Answer::Count(9));
    t.fails(Errno::EINVAL, seek(-1, Whence::Set));
    t.fails(Errno::EINVAL, seek(-10, Whence::Cur));
    assert_eq!(t.ok(seek(100, Whence::End)), Answer::Count(110));
    t.ok(Op::Write { slot: 0, byte: b'y', len: 1 });
    assert_eq!(t.fstat(0).size, 111);
}

fn wrong_access(t: &mut Case) {
    t.file("f", b'x', 10);
    t.open(0, "f", OFlags::READ);
    t.open(1, "f", OFlags::WRITE);
    t.fails(Errno::EBADF, Op::Write { slot: 0, byte: 0, len: 1 });
    t.fails(Errno::EBADF, Op::Read { slot: 1, len: 1 });
    t.fails(Errno::EBADF, Op::Pread { slot: 1, offset: 0, len: 1 });
    t.ok(Op::Chmod { spot: "f".into(), mode: Mode::new(0o040) });
    t.ok(Op::Become { uid: 1000 });
    t.fails(Errno::EACCES, open(2, "f", OFlags::READ));
    t.fails(Errno::EACCES, open(2, "f", OFlags::READ | OFlags::TRUNC));
    // What is open stays open.
    t.ok(Op::Read { slot: 0, len: 1 });
}

fn path_handles(t: &mut Case) {
    t.file("f", b'x', 10);
    t.ok(symlink("f", "l"));
    t.open(0, "l", OFlags::PATH | OFlags::NOFOLLOW);
    assert_eq!(t.fstat(0).file_type, FileType::Symlink);
    t.open(0, "f", OFlags::PATH);
    assert_eq!(t.fstat(0).size, 10);
    t.fails(Errno::EBADF, Op::Read { slot: 0, len: 1 });
    t.fails(Errno::EBADF, Op::Write { slot: 0, byte: 0, len: 1 });
    t.fails(Errno::EBADF, Op::Fchmod { slot: 0, mode: Mode::new(0) });
    t.mkdir("d");
    t.open(0, "d", OFlags::PATH);
    t.fails(Errno::EBADF, Op::ReadDir { slot: 0, take: 1 });
}

fn not_a_file(t: &mut Case) {
    t.mkdir("d");
    t.open(0, "d", OFlags::READ);
    t.fails(Errno::EISDIR, Op::Read { slot: 0, len: 1 });
    t.fails(Errno::EISDIR, open(1, "d", OFlags::WRITE));
    t.fails(Errno::EBADF, Op::Write { slot: 0, byte: 0, len: 1 });
    t.file("f", 1, 1);
    t.open(1, "f", OFlags::READ);
    t.fails(Errno::ENOTDIR, Op::ReadDir { slot: 1, take: 1 });
    t.fails(Errno::ENOTDIR, open(2, "f", OFlags::READ | OFlags::DIRECTORY));
}

fn fill(t: &mut Case, count: usize) -> Vec<Vec<u8>> {
    t.mkdir("d");
    (0..count)
        .map(|n| {
            let name = format!("{n:03}");
            t.ok(mkdir(&format!("d/{name}")));
            name.into_bytes()
        })
        .collect()
}

fn scan(t: &mut Case) {
    let all = fill(t, 60);
    for take in [1, 2, 7, 59, 60, 1000] {
        t.open(0, "d", OFlags::READ);
        assert_eq!(t.names(0, take), all);
    }
    t.mkdir("empty");
    t.open(0, "empty", OFlags::READ);
    assert_eq!(t.names(0, 3), Vec::<Vec<u8>>::new());
}

fn scan_changes(t: &mut Case) {
    fill(t, 40);
    t.open(0, "d", OFlags::READ);
    let mut step = 0;
    // The model knows what must come, what may, and what must not.
    while let Answer::Entries { names, end: false } = t.ok(Op::ReadDir { slot: 0, take: 3 }) {
        step += 1;
        for (n, (name, _)) in names.iter().enumerate() {
            let path = format!("d/{}", String::from_utf8_lossy(name));
            match n {
                0 => t.ok(Op::Rmdir(path.as_str().into())),
                1 if step % 2 == 0 => t.ok(rename(&path, &format!("d/new{step}"))),
                _ => t.ok(stat(&path)),
            };
        }
        if step > 60 {
            break;
        }
    }
}

fn rewind(t: &mut Case) {
    t.mkdir("d");
    t.file("d/a", 1, 1);
    t.open(0, "d", OFlags::READ);
    assert_eq!(t.names(0, 10), [b"a"]);
    t.file("d/b", 1, 1);
    t.ok(unlink("d/a"));
    t.ok(Op::Rewind(0));
    assert_eq!(t.names(0, 10), [b"b"]);
}
