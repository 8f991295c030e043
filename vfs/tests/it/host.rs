//! `HostFs` beside what the host itself says of the same directory.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use tempfile::TempDir;
use vfs::{
    Errno, FileSystem, FileType, HostFs, Ino, Mode, NewInode, RenameFlags, SetStat, Timestamp,
};

use crate::kernel::scratch;

const NOW: Timestamp = Timestamp::new(1_000_000, 5);

fn new(mode: u32) -> NewInode {
    NewInode { mode: Mode::new(mode), uid: 0, gid: 0, now: NOW }
}

fn open() -> (TempDir, HostFs, Ino) {
    let dir = scratch();
    let fs = HostFs::open(dir.path()).unwrap();
    let root = fs.root();
    (dir, fs, root)
}

fn read(fs: &HostFs, ino: Ino) -> Result<Vec<u8>, Errno> {
    let mut buf = [0; 64];
    fs.read_at(ino, 0, &mut buf).map(|n| buf[..n].to_vec())
}

fn names(fs: &HostFs, dir: Ino) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    fs.read_dir(dir, 0, &mut |entry| {
        names.push(entry.name.to_vec());
        true
    })
    .unwrap();
    names.sort();
    names
}

#[test]
fn what_is_written_is_on_the_host() {
    let (dir, mut fs, root) = open();
    let ino = fs.create(root, b"a", FileType::Regular, 0, &new(0o640)).unwrap();
    assert_eq!(fs.write_at(ino, 2, b"hello", NOW), Ok(5));
    assert_eq!(fs::read(dir.path().join("a")).unwrap(), b"\0\0hello");
    assert_eq!(read(&fs, ino).unwrap(), b"\0\0hello");
}

#[test]
fn stat_is_the_hosts() {
    let (dir, mut fs, root) = open();
    let sub = fs.mkdir(root, b"d", &new(0o751)).unwrap();
    let file = fs.create(sub, b"f", FileType::Regular, 0, &new(0o604)).unwrap();
    fs.link(file, root, b"g", NOW).unwrap();
    fs.write_at(file, 0, &[1; 5000], NOW).unwrap();
    for (ino, path) in [(sub, "d"), (file, "d/f"), (file, "g"), (root, ".")] {
        let ours = fs.stat(ino).unwrap();
        let host = fs::symlink_metadata(dir.path().join(path)).unwrap();
        assert_eq!(ours.ino, Ino(host.ino()), "{path}");
        assert_eq!(ours.st_mode(), host.mode(), "{path}");
        assert_eq!(
            (ours.nlink, ours.size, ours.blocks),
            (host.nlink(), host.size(), host.blocks()),
            "{path}"
        );
        assert_eq!((ours.uid, ours.gid), (host.uid(), host.gid()), "{path}");
        assert_eq!(ours.mtime, Timestamp::new(host.mtime(), host.mtime_nsec() as u32), "{path}");
        assert_eq!(ours.ctime, Timestamp::new(host.ctime(), host.ctime_nsec() as u32), "{path}");
    }
}

#[test]
fn modes_ignore_the_hosts_umask() {
    let (dir, mut fs, root) = open();
    fs.create(root, b"f", FileType::Regular, 0, &new(0o666)).unwrap();
    fs.mkdir(root, b"d", &new(0o1777)).unwrap();
    fs.create(root, b"p", FileType::Fifo, 0, &new(0o622)).unwrap();
    let mode =
        |name: &str| fs::symlink_metadata(dir.path().join(name)).unwrap().permissions().mode();
    assert_eq!([mode("f"), mode("d"), mode("p")], [0o100666, 0o041777, 0o010622]);
}

#[test]
fn metadata_is_set_on_the_inode_itself() {
    let (dir, mut fs, root) = open();
    fs::write(dir.path().join("f"), "hello").unwrap();
    symlink("f", dir.path().join("l")).unwrap();
    let (file, link) = (fs.lookup(root, b"f").unwrap(), fs.lookup(root, b"l").unwrap());
    let at = Timestamp::new(1234, 567);
    fs.set_stat(link, &SetStat { mtime: Some(at), ..SetStat::default() }, NOW).unwrap();
    assert_eq!(fs.stat(link).unwrap().mtime, at);
    assert_ne!(fs.stat(file).unwrap().mtime, at);
    let all = SetStat {
        mode: Some(Mode::new(0o400)),
        size: Some(2),
        atime: Some(at),
        ..SetStat::default()
    };
    fs.set_stat(file, &all, NOW).unwrap();
    let host = fs::metadata(dir.path().join("f")).unwrap();
    assert_eq!(
        (host.mode(), host.size(), host.atime(), host.atime_nsec()),
        (0o100400, 2, 1234, 567)
    );
    let size = SetStat { size: Some(0), ..SetStat::default() };
    assert_eq!(fs.set_stat(link, &size, NOW), Err(Errno::EINVAL));
    assert_eq!(fs.set_stat(root, &size, NOW), Err(Errno::EISDIR));
}

#[test]
fn set_user_id_and_devices_are_refused() {
    let (dir, mut fs, root) = open();
    let file = fs.create(root, b"f", FileType::Regular, 0, &new(0o755)).unwrap();
    for bits in [0o4755, 0o2755] {
        let mode = SetStat { mode: Some(Mode::new(bits)), ..SetStat::default() };
        assert_eq!(fs.set_stat(file, &mode, NOW), Err(Errno::EPERM));
        assert_eq!(fs.create(root, b"s", FileType::Regular, 0, &new(bits)), Err(Errno::EPERM));
    }
    assert_eq!(fs.create(root, b"c", FileType::CharDevice, 0x103, &new(0o666)), Err(Errno::EPERM));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(fs.stat(file).unwrap().mode, Mode::new(0o755));
}

#[test]
fn pinned_file_outlives_its_name() {
    let (dir, mut fs, root) = open();
    fs::write(dir.path().join("f"), "old").unwrap();
    let ino = fs.lookup(root, b"f").unwrap();
    fs.pin(ino).unwrap();
    fs.unlink(root, b"f", NOW).unwrap();
    fs::write(dir.path().join("f"), "new").unwrap();
    assert_eq!(read(&fs, ino).unwrap(), b"old");
    assert_eq!(fs.write_at(ino, 3, b"er", NOW), Ok(2));
    assert_eq!(read(&fs, ino).unwrap(), b"older");
    assert_eq!(fs.stat(ino).unwrap().nlink, 0);
    fs.unpin(ino);
    assert_eq!(fs.stat(ino), Err(Errno::ESTALE));
    assert_eq!(read(&fs, fs.lookup(root, b"f").unwrap()).unwrap(), b"new");
}

#[test]
fn host_replaces_a_file_between_lookup_and_use() {
    let (dir, fs, root) = open();
    let path = dir.path().join("f");
    fs::write(&path, "old").unwrap();
    let ino = fs.lookup(root, b"f").unwrap();
    fs::write(dir.path().join("g"), "new").unwrap();
    fs::rename(dir.path().join("g"), &path).unwrap();
    assert_eq!(fs.stat(ino), Err(Errno::ESTALE));
    assert_eq!(read(&fs, ino), Err(Errno::ESTALE));
    assert_eq!(read(&fs, fs.lookup(root, b"f").unwrap()).unwrap(), b"new");
}

/// Also where a handle on it happens to be open.
#[test]
fn host_removes_a_directory_that_was_just_used() {
    let (dir, fs, root) = open();
    fs::create_dir(dir.path().join("d")).unwrap();
    let ino = fs.lookup(root, b"d").unwrap();
    assert_eq!(fs.lookup(ino, b"x"), Err(Errno::ENOENT));
    fs::remove_dir(dir.path().join("d")).unwrap();
    assert_eq!(fs.stat(ino), Err(Errno::ESTALE));
    assert_eq!(fs.lookup(ino, b"x"), Err(Errno::ESTALE));
}

#[test]
fn open_for_writing_survives_the_loss_of_permission() {
    let (_dir, mut fs, root) = open();
    let ino = fs.create(root, b"f", FileType::Regular, 0, &new(0o444)).unwrap();
    fs.pin(ino).unwrap();
    assert_eq!(fs.write_at(ino, 0, b"x", NOW), Ok(1));
    fs.unpin(ino);
}

#[test]
fn rename_flags_are_the_hosts() {
    let (dir, mut fs, root) = open();
    for name in ["a", "b"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    let a = fs.lookup(root, b"a").unwrap();
    assert_eq!(
        fs.rename((root, b"a"), (root, b"b"), RenameFlags::NOREPLACE, NOW),
        Err(Errno::EEXIST)
    );
    fs.rename((root, b"a"), (root, b"b"), RenameFlags::EXCHANGE, NOW).unwrap();
    assert_eq!(fs::read(dir.path().join("b")).unwrap(), b"a");
    assert_eq!(read(&fs, a).unwrap(), b"a");
    fs.rename((root, b"b"), (root, b"a"), RenameFlags::empty(), NOW).unwrap();
    assert_eq!(names(&fs, root), [b"a"]);
    assert_eq!(
        fs.rename((root, b"x"), (root, b"a"), RenameFlags::empty(), NOW),
        Err(Errno::ENOENT)
    );
    let sub = fs.mkdir(root, b"d", &new(0o755)).unwrap();
    assert_eq!(fs.rename((root, b"d"), (sub, b"e"), RenameFlags::empty(), NOW), Err(Errno::EINVAL));
    assert_eq!(
        fs.rename((root, b"a"), (root, b"d"), RenameFlags::empty(), NOW),
        Err(Errno::EISDIR)
    );
    assert_eq!(
        fs.rename((root, b"d"), (root, b"a"), RenameFlags::empty(), NOW),
        Err(Errno::ENOTDIR)
    );
}

#[test]
fn directories_answer_as_on_linux() {
    let (_dir, mut fs, root) = open();
    let sub = fs.mkdir(root, b"d", &new(0o755)).unwrap();
    let file = fs.create(sub, b"f", FileType::Regular, 0, &new(0o644)).unwrap();
    assert_eq!(fs.parent(sub), Ok(root));
    assert_eq!(fs.parent(root), Ok(root));
    assert_eq!(fs.parent(file), Err(Errno::ENOTDIR));
    assert_eq!(fs.unlink(root, b"d", NOW), Err(Errno::EISDIR));
    assert_eq!(fs.rmdir(root, b"d", NOW), Err(Errno::ENOTEMPTY));
    assert_eq!(fs.rmdir(sub, b"f", NOW), Err(Errno::ENOTDIR));
    assert_eq!(fs.mkdir(root, b"d", &new(0o755)), Err(Errno::EEXIST));
    assert_eq!(fs.lookup(file, b"x"), Err(Errno::ENOTDIR));
    assert_eq!(fs.lookup(sub, b"x"), Err(Errno::ENOENT));
    assert_eq!(fs.read_at(sub, 0, &mut [0]), Err(Errno::EISDIR));
    assert_eq!(fs.read_link(file), Err(Errno::EINVAL));
    assert_eq!(fs.link(sub, root, b"e", NOW), Err(Errno::EPERM));
    fs.unlink(sub, b"f", NOW).unwrap();
    fs.pin(sub).unwrap();
    fs.rmdir(root, b"d", NOW).unwrap();
    assert_eq!(fs.create(sub, b"f", FileType::Regular, 0, &new(0o644)), Err(Errno::ENOENT));
}

#[test]
fn cookies_resume_a_scan_while_entries_go() {
    let (dir, mut fs, root) = open();
    for n in 0..500 {
        fs::write(dir.path().join(format!("{n:03}")), "").unwrap();
    }
    let (mut seen, mut cookie) = (Vec::new(), 0);
    loop {
        let mut batch = Vec::new();
        fs.read_dir(root, cookie, &mut |entry| {
            if batch.len() == 7 {
                return false;
            }
            batch.push(entry.name.to_vec());
            cookie = entry.next;
            true
        })
        .unwrap();
        if batch.is_empty() {
            break;
        }
        // What was handed out may go without disturbing the rest.
        fs.unlink(root, &batch[0], NOW).unwrap();
        seen.extend(batch);
    }
    seen.sort();
    assert_eq!(seen, (0..500).map(|n| format!("{n:03}").into_bytes()).collect::<Vec<_>>());
}

#[test]
fn entries_of_a_scan_can_be_used_at_once() {
    let (dir, fs, root) = open();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("f"), "x").unwrap();
    symlink("f", dir.path().join("l")).unwrap();
    fs.read_dir(root, 0, &mut |entry| {
        let stat = fs.stat(entry.ino).unwrap();
        assert_eq!((stat.file_type, stat.ino), (entry.file_type, entry.ino));
        assert_eq!(fs.lookup(root, entry.name), Ok(entry.ino));
        true
    })
    .unwrap();
}

#[test]
fn read_only_refuses_every_change() {
    let (dir, _, _) = open();
    fs::write(dir.path().join("f"), "x").unwrap();
    let mut fs = HostFs::open_read_only(dir.path()).unwrap();
    let root = fs.root();
    let ino = fs.lookup(root, b"f").unwrap();
    assert_eq!(read(&fs, ino).unwrap(), b"x");
    let erofs = Err(Errno::EROFS);
    assert_eq!(fs.create(root, b"g", FileType::Regular, 0, &new(0o644)).map(|_| ()), erofs);
    assert_eq!(fs.mkdir(root, b"g", &new(0o755)).map(|_| ()), erofs);
    assert_eq!(fs.symlink(root, b"g", b"f", &new(0o777)).map(|_| ()), erofs);
    assert_eq!(fs.link(ino, root, b"g", NOW), erofs);
    assert_eq!(fs.unlink(root, b"f", NOW), erofs);
    assert_eq!(fs.rmdir(root, b"f", NOW), erofs);
    assert_eq!(fs.rename((root, b"f"), (root, b"g"), RenameFlags::empty(), NOW), erofs);
    assert_eq!(fs.write_at(ino, 0, b"y", NOW).map(|_| ()), erofs);
    assert_eq!(fs.set_stat(ino, &SetStat { size: Some(0), ..SetStat::default() }, NOW), erofs);
    assert_eq!(fs.allocate(ino, 0, 10, NOW), erofs);
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"x");
}

#[test]
fn many_open_and_seen_files_stay_within_the_descriptor_limit() {
    let (dir, fs, root) = open();
    for n in 0..2000 {
        fs::create_dir(dir.path().join(n.to_string())).unwrap();
        fs::write(dir.path().join(format!("{n}/f")), n.to_string()).unwrap();
    }
    for n in 0..2000_u32 {
        let sub = fs.lookup(root, n.to_string().as_bytes()).unwrap();
        let file = fs.lookup(sub, b"f").unwrap();
        assert_eq!(read(&fs, file).unwrap(), n.to_string().as_bytes());
    }
    let is_ours =
        |fd: &fs::DirEntry| fs::read_link(fd.path()).is_ok_and(|to| to.starts_with(dir.path()));
    let open = fs::read_dir("/proc/self/fd").unwrap().filter(|fd| is_ours(fd.as_ref().unwrap()));
    assert!((1..=120).contains(&open.count()));
    let first = fs.lookup(root, b"0").unwrap();
    assert_eq!(read(&fs, fs.lookup(first, b"f").unwrap()).unwrap(), b"0");
}

#[test]
fn owners_can_be_shown_as_the_guests() {
    let (dir, fs, root) = open();
    let mut fs = fs.owned_by(1000, 1001).unwrap();
    let guest = NewInode { uid: 1000, gid: 1001, ..new(0o644) };
    let ino = fs.create(root, b"f", FileType::Regular, 0, &guest).unwrap();
    let stat = fs.stat(ino).unwrap();
    assert_eq!((stat.uid, stat.gid), (1000, 1001));
    let (dir, file) =
        (fs::metadata(dir.path()).unwrap(), fs::metadata(dir.path().join("f")).unwrap());
    assert_eq!((file.uid(), file.gid()), (dir.uid(), dir.gid()));
    let same = SetStat { uid: Some(1000), gid: Some(1001), ..SetStat::default() };
    fs.set_stat(ino, &same, NOW).unwrap();
}

#[test]
fn opening_what_is_not_a_directory_says_so() {
    let (dir, _, _) = open();
    fs::write(dir.path().join("f"), "").unwrap();
    let kind = |path: &Path| HostFs::open(path).err().map(|err| err.kind());
    assert_eq!(kind(&dir.path().join("f")), Some(std::io::ErrorKind::NotADirectory));
    assert_eq!(kind(&dir.path().join("none")), Some(std::io::ErrorKind::NotFound));
}

#[test]
fn a_set_group_id_directory_hands_down_what_the_caller_says() {
    let (dir, mut fs, root) = open();
    let sub = fs.mkdir(root, b"d", &new(0o2775)).unwrap();
    let host = |path: &str| fs::metadata(dir.path().join(path)).unwrap();
    let gid = host("d").gid();
    fs.mkdir(sub, b"plain", &NewInode { gid, ..new(0o755) }).unwrap();
    fs.mkdir(sub, b"also", &NewInode { gid, ..new(0o2755) }).unwrap();
    assert_eq!((host("d/plain").mode(), host("d/also").mode()), (0o40755, 0o42755));
    if crate::kernel::privileged() {
        fs.mkdir(sub, b"other", &NewInode { gid: gid + 1, ..new(0o755) }).unwrap();
        assert_eq!(host("d/other").gid(), gid + 1);
    }
}
