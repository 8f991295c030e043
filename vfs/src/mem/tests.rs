use super::*;

const NOW: Timestamp = Timestamp::new(1_700_000_000, 0);

fn owned_by(uid: u32) -> NewInode {
    NewInode { mode: Mode::new(0o644), uid, gid: uid, now: NOW }
}

fn limited(limits: Limits) -> (MemFs, Ino) {
    let fs = MemFs::new(limits);
    let root = fs.root();
    (fs, root)
}

fn file(fs: &mut MemFs, name: &[u8], uid: u32) -> Ino {
    let root = fs.root();
    fs.create(root, name, FileType::Regular, 0, &owned_by(uid)).unwrap()
}

fn content(fs: &MemFs, ino: Ino) -> Vec<u8> {
    let mut buf = vec![0; fs.stat(ino).unwrap().size as usize];
    assert_eq!(fs.read_at(ino, 0, &mut buf).unwrap(), buf.len());
    buf
}

#[test]
fn names_beyond_the_first_count_as_inodes() {
    let (mut fs, root) = limited(Limits { inodes: 4, ..Limits::default() });
    let ino = file(&mut fs, b"a", 0);
    fs.link(ino, root, b"b", NOW).unwrap();
    fs.link(ino, root, b"c", NOW).unwrap();
    assert_eq!(fs.link(ino, root, b"d", NOW), Err(Errno::ENOSPC));
    assert_eq!(fs.statfs().unwrap().files_free, 0);
    fs.unlink(root, b"a", NOW).unwrap();
    fs.link(ino, root, b"d", NOW).unwrap();
    for name in [b"b", b"c", b"d"] {
        fs.unlink(root, name, NOW).unwrap();
    }
    assert_eq!(fs.statfs().unwrap().files_free, 3);
}

#[test]
fn a_user_has_a_quota_and_root_has_none() {
    let limits = Limits { bytes: 1000, bytes_per_user: Some(100), ..Limits::default() };
    let (mut fs, root) = limited(limits);
    let mine = file(&mut fs, b"mine", 7);
    assert_eq!(fs.write_at(mine, 0, &[1; 150], NOW), Ok(100));
    assert_eq!(fs.write_at(mine, 100, &[1], NOW), Err(Errno::EDQUOT));
    assert_eq!(fs.symlink(root, b"l", b"target", &owned_by(7)), Err(Errno::EDQUOT));
    let roots = file(&mut fs, b"roots", 0);
    assert_eq!(fs.write_at(roots, 0, &[1; 500], NOW), Ok(500));
    let give = SetStat { uid: Some(7), ..SetStat::default() };
    assert_eq!(fs.set_stat(roots, &give, NOW), Err(Errno::EDQUOT));
    fs.unlink(root, b"mine", NOW).unwrap();
    let again = file(&mut fs, b"again", 7);
    assert_eq!(fs.write_at(again, 0, &[1; 60], NOW), Ok(60));
}

#[test]
fn the_limit_of_bytes_is_met_exactly_and_given_back() {
    let (mut fs, root) = limited(Limits { bytes: 100_000, ..Limits::default() });
    let ino = file(&mut fs, b"a", 0);
    assert_eq!(fs.write_at(ino, 0, &vec![1; 200_000], NOW), Ok(100_000));
    assert_eq!(fs.write_at(ino, 100_000, &[1], NOW), Err(Errno::ENOSPC));
    fs.set_stat(ino, &SetStat { size: Some(10), ..SetStat::default() }, NOW).unwrap();
    assert_eq!(fs.write_at(ino, 10, &[2; 20], NOW), Ok(20));
    fs.unlink(root, b"a", NOW).unwrap();
    assert_eq!(fs.bytes, 0);
}

#[test]
fn allocated_room_is_there_later() {
    let (mut fs, _) = limited(Limits { bytes: 200_000, ..Limits::default() });
    let (a, b) = (file(&mut fs, b"a", 0), file(&mut fs, b"b", 0));
    fs.allocate(a, 0, 150_000, NOW).unwrap();
    assert_eq!(fs.stat(a).unwrap().size, 150_000);
    assert_eq!(fs.write_at(b, 0, &vec![1; 150_000], NOW), Ok(50_000));
    assert_eq!(fs.write_at(a, 0, &vec![1; 150_000], NOW), Ok(150_000));
    assert_eq!(fs.allocate(a, 150_000, 1, NOW), Err(Errno::ENOSPC));
}

#[test]
fn allocating_takes_no_memory() {
    let (mut fs, _) = limited(Limits::none());
    let ino = file(&mut fs, b"a", 0);
    fs.write_at(ino, 100_000, b"x", NOW).unwrap();
    fs.allocate(ino, 1000, 1 << 61, NOW).unwrap();
    assert_eq!(fs.stat(ino).unwrap().size, (1 << 61) + 1000);
    let before = fs.bytes;
    fs.write_at(ino, 1 << 60, &[1; 200_000], NOW).unwrap();
    assert_eq!(fs.bytes, before);
    fs.set_stat(ino, &SetStat { size: Some(100_001), ..SetStat::default() }, NOW).unwrap();
    assert_eq!(fs.bytes, 100_001);
    assert_eq!(fs.allocate(ino, 0, u64::MAX, NOW), Err(Errno::EFBIG));
}

#[test]
fn a_hole_takes_no_room_and_reads_as_zeros() {
    let (mut fs, _) = limited(Limits::default());
    let ino = file(&mut fs, b"a", 0);
    fs.write_at(ino, 1 << 40, b"end", NOW).unwrap();
    let stat = fs.stat(ino).unwrap();
    assert_eq!(stat.size, (1 << 40) + 3);
    assert!(stat.blocks <= 128);
    let mut buf = [9; 16];
    assert_eq!(fs.read_at(ino, (1 << 40) - 8, &mut buf), Ok(11));
    assert_eq!(&buf[..11], b"\0\0\0\0\0\0\0\0end");
}

#[test]
fn a_blob_is_shared_until_it_is_written() {
    let (mut fs, root) = limited(Limits { bytes: 70_000, ..Limits::default() });
    let bytes = bytes::Bytes::from((0..200_000u32).map(|n| n as u8).collect::<Vec<u8>>());
    let blob: Arc<dyn Blob> = Arc::new(bytes.clone());
    let ino = fs.add_blob(root, b"tool", blob.clone(), &owned_by(0)).unwrap();
    assert_eq!(fs.bytes, 0);
    assert!(Arc::ptr_eq(&fs.blob(ino).unwrap(), &blob));
    assert_eq!(fs.write_at(ino, 70_000, b"XY", NOW), Ok(2));
    assert!(fs.blob(ino).is_none());
    assert!(fs.bytes <= 64 << 10);
    let mut expected = bytes.to_vec();
    expected[70_000..70_002].copy_from_slice(b"XY");
    assert_eq!(content(&fs, ino), expected);
    assert_eq!(fs.write_at(ino, 0, b"Z", NOW), Err(Errno::ENOSPC));
}

#[test]
fn a_fork_keeps_what_the_original_changes() {
    let (mut fs, root) = limited(Limits::default());
    let ino = file(&mut fs, b"a", 0);
    fs.write_at(ino, 0, b"before", NOW).unwrap();
    let mut fork = fs.snapshot();
    fs.write_at(ino, 0, b"after!", NOW).unwrap();
    fs.unlink(root, b"a", NOW).unwrap();
    assert_eq!(content(&fork, ino), b"before");
    fork.write_at(ino, 6, b"-fork", NOW).unwrap();
    assert_eq!(content(&fork, ino), b"before-fork");
    assert_eq!(fs.lookup(root, b"a"), Err(Errno::ENOENT));
}

#[test]
fn a_fork_has_no_open_files() {
    let (mut fs, root) = limited(Limits::default());
    let ino = file(&mut fs, b"a", 0);
    fs.write_at(ino, 0, b"open", NOW).unwrap();
    fs.pin(ino).unwrap();
    fs.unlink(root, b"a", NOW).unwrap();
    let fork = fs.snapshot();
    assert_eq!(fork.stat(ino), Err(Errno::ESTALE));
    assert_eq!(fork.bytes, 0);
    assert_eq!(content(&fs, ino), b"open");
    fs.unpin(ino);
    assert_eq!(fs.stat(ino), Err(Errno::ESTALE));
}

#[test]
fn a_directory_that_moves_takes_its_link_along() {
    let (mut fs, root) = limited(Limits::default());
    let a = fs.mkdir(root, b"a", &owned_by(0)).unwrap();
    let b = fs.mkdir(root, b"b", &owned_by(0)).unwrap();
    let sub = fs.mkdir(a, b"sub", &owned_by(0)).unwrap();
    fs.rename((a, b"sub"), (b, b"sub"), RenameFlags::empty(), NOW).unwrap();
    assert_eq!((fs.stat(a).unwrap().nlink, fs.stat(b).unwrap().nlink), (2, 3));
    assert_eq!(fs.parent(sub), Ok(b));
    let below = (sub, &b"b"[..]);
    assert_eq!(fs.rename((root, b"b"), below, RenameFlags::empty(), NOW), Err(Errno::EINVAL));
}
