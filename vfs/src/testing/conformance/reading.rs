//! What can be asked of every backend, read-only ones too: files by path, listed, read, refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::testing::{check_tree, tree};
use crate::{
    AtFlags, Errno, FileSystem, FileType, Mode, NewInode, OFlags, RenameFlags, Result, SetStat,
    Timestamp, Vfs,
};

type Make<'a> = dyn FnMut(&[(&str, &[u8])]) -> Box<dyn FileSystem> + 'a;

/// The files of each case.
const FILES: [(&str, &[u8]); 7] = [
    ("a", b"the first"),
    ("dir/b", b"the second"),
    ("dir/sub/c", b""),
    ("dir/sub/deeper/d", &[7; 100_000]),
    ("dir/\u{fc}ml\u{e4}ut", b"\0\xff"),
    ("other/a", b"another a"),
    ("z", b"last"),
];

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);
const NEW: NewInode = NewInode { mode: Mode::new(0o755), uid: 0, gid: 0, now: NOW };

/// Puts files into an empty filesystem.
pub(super) fn filled(mut fs: Box<dyn FileSystem>, files: &[(&str, &[u8])]) -> Box<dyn FileSystem> {
    let done = files.iter().try_for_each(|(path, content)| put(&mut *fs, path, content));
    assert_eq!(done, Ok(()), "the files cannot be made");
    fs
}

fn put(fs: &mut dyn FileSystem, path: &str, content: &[u8]) -> Result<()> {
    let mut dir = fs.root();
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    for name in above.split('/').filter(|name| !name.is_empty()) {
        dir = match fs.lookup(dir, name.as_bytes()) {
            Err(Errno::ENOENT) => fs.mkdir(dir, name.as_bytes(), &NEW)?,
            found => found?,
        };
    }
    let new = NewInode { mode: Mode::new(0o644), ..NEW };
    let ino = fs.create(dir, name.as_bytes(), FileType::Regular, 0, &new)?;
    let mut done = 0;
    while done < content.len() {
        done += fs.write_at(ino, done as u64, content.get(done..).unwrap_or_default(), NOW)?;
    }
    Ok(())
}

#[track_caller]
pub(super) fn check(make: &mut Make<'_>) {
    whole(&*make(&FILES));
    empty(&*make(&[]));
    parts(&*make(&FILES));
    wrong_types(&*make(&FILES));
    super::contract::forged(&mut *make(&FILES));
    by_path(&mut Vfs::new(make(&FILES)));
}

/// The tree is that of the files, and consistent.
#[track_caller]
fn whole(fs: &dyn FileSystem) {
    let tree = check_tree(fs);
    let mut expected: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    let mut dirs: BTreeSet<&[u8]> = BTreeSet::from([&b""[..]]);
    for (path, content) in FILES {
        expected.insert(path.as_bytes(), content);
        dirs.extend(path.match_indices('/').map(|(slash, _)| &path.as_bytes()[..slash]));
    }
    for (path, node) in &tree {
        let name = String::from_utf8_lossy(path);
        match node.facts.file_type {
            FileType::Directory => assert!(dirs.remove(path.as_slice()), "{name}: a directory?"),
            FileType::Regular => {
                let content = expected.remove(path.as_slice());
                assert!(content == Some(&node.content), "{name}: other content");
            }
            other => assert_eq!(other, FileType::Regular, "{name}"),
        }
    }
    assert!(dirs.is_empty() && expected.is_empty(), "missing: {dirs:?} {:?}", expected.keys());
}

#[track_caller]
fn empty(fs: &dyn FileSystem) {
    assert_eq!(check_tree(fs).len(), 1, "nothing but the root");
    assert_eq!(fs.lookup(fs.root(), b"a"), Err(Errno::ENOENT));
}

/// Content is read from anywhere to anywhere.
#[track_caller]
fn parts(fs: &dyn FileSystem) {
    let ino = ["dir", "sub", "deeper", "d"]
        .iter()
        .try_fold(fs.root(), |dir, name| fs.lookup(dir, name.as_bytes()));
    let mut buf = vec![0; 70_000];
    for (offset, len, expected) in [
        (0, 70_000, 70_000),
        (50_000, 70_000, 50_000),
        (99_999, 10, 1),
        (100_000, 10, 0),
        (u64::MAX, 10, 0),
        (5, 0, 0),
    ] {
        buf.fill(0);
        let read = ino.and_then(|ino| fs.read_at(ino, offset, &mut buf[..len]));
        assert_eq!(read, Ok(expected), "{len} bytes at {offset}");
        assert!(buf[..expected].iter().all(|byte| *byte == 7), "{len} bytes at {offset}");
        assert!(buf[expected..].iter().all(|byte| *byte == 0), "more than was read");
    }
}

#[track_caller]
fn wrong_types(fs: &dyn FileSystem) {
    let root = fs.root();
    let (file, dir) = (fs.lookup(root, b"a"), fs.lookup(root, b"dir"));
    let mut buf = [0; 4];
    assert_eq!(file.and_then(|file| fs.lookup(file, b"x")), Err(Errno::ENOTDIR));
    assert_eq!(file.and_then(|file| fs.read_dir(file, 0, &mut |_| true)), Err(Errno::ENOTDIR));
    assert_eq!(file.and_then(|file| fs.read_link(file)), Err(Errno::EINVAL));
    assert_eq!(file.and_then(|file| fs.parent(file)), Err(Errno::ENOTDIR));
    assert_eq!(dir.and_then(|dir| fs.read_at(dir, 0, &mut buf)), Err(Errno::EISDIR));
    assert_eq!(dir.and_then(|dir| fs.read_link(dir)), Err(Errno::EINVAL));
    assert_eq!(dir.and_then(|dir| fs.parent(dir)), Ok(root));
}

/// Through a namespace.
#[track_caller]
fn by_path(vfs: &mut Vfs) {
    let root = vfs.superuser(NOW);
    let none = AtFlags::empty();
    let mut stat = |path: &str| vfs.fstatat(&root, root.cwd, path.as_bytes(), none);
    assert_eq!(stat("/dir/sub/../b").map(|stat| stat.size), Ok(10));
    assert_eq!(stat("dir/").map(|stat| stat.file_type), Ok(FileType::Directory));
    assert_eq!(stat("a/").map(|stat| stat.size), Err(Errno::ENOTDIR));
    assert_eq!(stat("a/b").map(|stat| stat.size), Err(Errno::ENOTDIR));
    assert_eq!(stat("dir/none").map(|stat| stat.size), Err(Errno::ENOENT));
    let opened = vfs.openat(&root, root.cwd, b"dir/b", OFlags::READ, Mode::empty());
    assert!(opened.is_ok(), "{opened:?}");
    let Ok(mut file) = opened else { return };
    let mut buf = [0; 6];
    assert_eq!(vfs.read(NOW, &mut file, &mut buf), Ok(6));
    assert_eq!((&buf, vfs.read(NOW, &mut file, &mut buf.clone())), (b"the se", Ok(4)));
    assert_eq!(vfs.path_of_file(&file), Ok(b"/dir/b".to_vec()));
    vfs.close(&file);
}

/// Everything that would change something is refused, and changes nothing.
#[track_caller]
pub(super) fn check_read_only(make: &mut Make<'_>) {
    let mut fs = make(&FILES);
    let before = tree(&*fs);
    let root = fs.root();
    let file = fs.lookup(root, b"a").unwrap_or(root);
    let erofs = Err(Errno::EROFS);
    assert!(fs.read_only(), "it says that it can be written");
    assert_eq!(fs.create(root, b"x", FileType::Regular, 0, &NEW).map(drop), erofs);
    assert_eq!(fs.mkdir(root, b"x", &NEW).map(drop), erofs);
    assert_eq!(fs.symlink(root, b"x", b"y", &NEW).map(drop), erofs);
    assert_eq!(fs.link(file, root, b"x", NOW), erofs);
    assert_eq!(fs.unlink(root, b"a", NOW), erofs);
    assert_eq!(fs.rmdir(root, b"dir", NOW), erofs);
    assert_eq!(fs.rename((root, b"a"), (root, b"x"), RenameFlags::empty(), NOW), erofs);
    assert_eq!(fs.write_at(file, 0, b"x", NOW).map(drop), erofs);
    let mode = SetStat { mode: Some(Mode::new(0)), ..SetStat::default() };
    assert_eq!(fs.set_stat(file, &mode, NOW), erofs);
    assert_eq!(fs.allocate(file, 0, 10, NOW), erofs);
    fs.touch(file, NOW);
    assert_eq!(tree(&*fs), before, "something changed");
    let mut vfs = Vfs::new(fs);
    let root = vfs.superuser(NOW);
    let mut open = |path: &str, flags| {
        let opened = vfs.openat(&root, root.cwd, path.as_bytes(), flags, Mode::new(0o644));
        opened.map(|file| vfs.close(&file))
    };
    assert_eq!(open("a", OFlags::READ), Ok(()));
    assert_eq!(open("a", OFlags::RDWR), erofs);
    assert_eq!(open("a", OFlags::READ | OFlags::TRUNC), erofs);
    assert_eq!(open("a", OFlags::READ | OFlags::CREAT), Ok(()));
    assert_eq!(open("new", OFlags::READ | OFlags::CREAT), erofs);
    let mkdir = |vfs: &mut Vfs, path: &[u8]| vfs.mkdirat(&root, root.cwd, path, Mode::new(0o755));
    assert_eq!(mkdir(&mut vfs, b"new"), erofs);
    // What is there is the more telling answer.
    assert_eq!(mkdir(&mut vfs, b"dir"), Err(Errno::EEXIST));
    assert_eq!(vfs.unlinkat(&root, root.cwd, b"a", AtFlags::empty()), erofs);
}
