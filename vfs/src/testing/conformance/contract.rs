//! The trait itself, below paths: what a backend answers to what a path walk would never ask.

use crate::{
    Errno, FileSystem, FileType, Ino, Mode, NewInode, RenameFlags, Result, SetStat, Timestamp,
};

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);
const NEW: NewInode = NewInode { mode: Mode::new(0o644), uid: 0, gid: 0, now: NOW };
const NONE: RenameFlags = RenameFlags::empty();

#[track_caller]
pub(super) fn check(make: &mut dyn FnMut() -> Box<dyn FileSystem>) {
    let checked =
        types(&mut *make()).and_then(|()| pins(&mut *make())).and_then(|()| fork(&mut *make()));
    assert_eq!(checked, Ok(()), "something that must succeed");
    forged(&mut *make());
}

/// Each method on what it is not for.
#[track_caller]
fn types(fs: &mut dyn FileSystem) -> Result<()> {
    let root = fs.root();
    let dir = fs.mkdir(root, b"d", &NewInode { mode: Mode::new(0o755), ..NEW })?;
    let file = fs.create(root, b"f", FileType::Regular, 0, &NEW)?;
    let link = fs.symlink(root, b"l", b"target", &NEW)?;
    for ino in [root, dir, file, link] {
        assert_eq!(fs.stat(ino)?.ino, ino);
        assert_eq!(fs.stat(ino)?.dev, 0);
    }
    assert_eq!(fs.stat(link)?.size, 6);
    let mut buf = [0; 4];
    assert_eq!(fs.lookup(file, b"x"), Err(Errno::ENOTDIR));
    assert_eq!(fs.lookup(dir, b"x"), Err(Errno::ENOENT));
    assert_eq!(fs.read_at(dir, 0, &mut buf), Err(Errno::EISDIR));
    assert_eq!(fs.read_at(link, 0, &mut buf), Err(Errno::EINVAL));
    assert_eq!(fs.read_dir(file, 0, &mut |_| true), Err(Errno::ENOTDIR));
    assert_eq!(fs.read_link(file), Err(Errno::EINVAL));
    assert_eq!(fs.read_link(dir), Err(Errno::EINVAL));
    assert_eq!(fs.parent(file), Err(Errno::ENOTDIR));
    assert_eq!(fs.parent(root), Ok(root));
    assert_eq!(fs.create(root, b"f", FileType::Regular, 0, &NEW), Err(Errno::EEXIST));
    assert_eq!(fs.create(file, b"x", FileType::Regular, 0, &NEW), Err(Errno::ENOTDIR));
    assert_eq!(fs.mkdir(root, b"l", &NEW), Err(Errno::EEXIST));
    assert_eq!(fs.symlink(root, b"d", b"x", &NEW), Err(Errno::EEXIST));
    assert_eq!(fs.link(dir, root, b"e", NOW), Err(Errno::EPERM));
    assert_eq!(fs.unlink(root, b"d", NOW), Err(Errno::EISDIR));
    assert_eq!(fs.unlink(root, b"x", NOW), Err(Errno::ENOENT));
    assert_eq!(fs.rmdir(root, b"f", NOW), Err(Errno::ENOTDIR));
    assert_eq!(fs.rmdir(root, b"x", NOW), Err(Errno::ENOENT));
    assert_eq!(fs.rename((root, b"d"), (dir, b"x"), NONE, NOW), Err(Errno::EINVAL));
    assert_eq!(fs.rename((root, b"d"), (root, b"f"), NONE, NOW), Err(Errno::ENOTDIR));
    assert_eq!(fs.rename((root, b"f"), (root, b"d"), NONE, NOW), Err(Errno::EISDIR));
    fs.link(file, dir, b"g", NOW)?;
    fs.rename((root, b"f"), (dir, b"g"), NONE, NOW)?;
    assert_eq!((fs.lookup(root, b"f"), fs.lookup(dir, b"g")), (Ok(file), Ok(file)));
    assert_eq!(fs.stat(file)?.nlink, 2);
    assert_eq!(fs.rmdir(root, b"d", NOW), Err(Errno::ENOTEMPTY));
    assert_eq!(fs.write_at(dir, 0, b"x", NOW), Err(Errno::EISDIR));
    assert_eq!(fs.write_at(link, 0, b"x", NOW), Err(Errno::EINVAL));
    let size = SetStat { size: Some(1), ..SetStat::default() };
    assert_eq!(fs.set_stat(dir, &size, NOW), Err(Errno::EISDIR));
    assert_eq!(fs.set_stat(link, &size, NOW), Err(Errno::EINVAL));
    assert_eq!(fs.write_at(file, u64::MAX, b"x", NOW), Err(Errno::EFBIG));
    assert!(fs.statfs()?.name_max <= 255);
    fs.sync(file)?;
    fs.sync(dir)
}

/// What is pinned stays.
#[track_caller]
fn pins(fs: &mut dyn FileSystem) -> Result<()> {
    let root = fs.root();
    let file = fs.create(root, b"f", FileType::Regular, 0, &NEW)?;
    fs.write_at(file, 0, b"content", NOW)?;
    fs.pin(file)?;
    fs.pin(file)?;
    fs.unlink(root, b"f", NOW)?;
    fs.unpin(file);
    let mut buf = [0; 10];
    assert_eq!(fs.read_at(file, 3, &mut buf), Ok(4));
    assert_eq!(fs.stat(file)?.nlink, 0);
    assert_eq!(fs.link(file, root, b"again", NOW), Err(Errno::ENOENT));
    fs.unpin(file);
    assert_eq!(fs.stat(file), Err(Errno::ESTALE));
    assert_eq!(fs.pin(file), Err(Errno::ESTALE));
    Ok(())
}

/// A fork, where there is one, and the original go their own ways.
#[track_caller]
fn fork(fs: &mut dyn FileSystem) -> Result<()> {
    let root = fs.root();
    let file = fs.create(root, b"f", FileType::Regular, 0, &NEW)?;
    fs.write_at(file, 0, b"before", NOW)?;
    let Some(mut fork) = fs.fork() else { return Ok(()) };
    fs.write_at(file, 0, b"AFTER", NOW)?;
    fork.create(root, b"g", FileType::Regular, 0, &NEW)?;
    let mut buf = [0; 6];
    fork.read_at(file, 0, &mut buf)?;
    assert_eq!(&buf, b"before");
    assert_eq!(fs.lookup(root, b"g"), Err(Errno::ENOENT));
    fork.unlink(root, b"f", NOW)?;
    assert_eq!(fs.lookup(root, b"f"), Ok(file));
    Ok(())
}

/// Numbers that were never given out.
#[track_caller]
pub(super) fn forged(fs: &mut dyn FileSystem) {
    let mut buf = [0; 4];
    for number in [0, 0x7777_7777, u64::MAX - 1, u64::MAX] {
        let ino = Ino(number);
        if ino == fs.root() {
            continue;
        }
        assert_eq!(fs.stat(ino), Err(Errno::ESTALE), "stat of {number}");
        assert_eq!(fs.lookup(ino, b"x"), Err(Errno::ESTALE), "lookup in {number}");
        assert_eq!(fs.read_at(ino, 0, &mut buf), Err(Errno::ESTALE), "read of {number}");
        assert_eq!(fs.read_link(ino), Err(Errno::ESTALE), "link of {number}");
        assert_eq!(fs.read_dir(ino, 0, &mut |_| true), Err(Errno::ESTALE), "entries of {number}");
        assert_eq!(fs.pin(ino), Err(Errno::ESTALE), "pin of {number}");
    }
}
