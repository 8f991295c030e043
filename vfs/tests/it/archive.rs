//! Trees as tar streams, judged by GNU tar, and archives that want harm.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use tempfile::TempDir;
use vfs::testing::{Op, Session, Tree, check_tree, ops};
use vfs::{
    Errno, FileSystem, FileType, HostFs, Limits, MemFs, Timestamp, Vfs, export_tar, import_tar,
};

use crate::kernel::privileged;
use crate::tree::{NOW, at, cat, put};

/// A tree without what archives do not keep, and without owners if those are not ours to give.
fn kept(fs: &dyn FileSystem) -> Tree {
    let mut tree = check_tree(fs);
    tree.retain(|_, node| node.facts.file_type != FileType::Socket);
    for node in tree.values_mut() {
        (node.facts.atime, node.facts.ctime) = (None, None);
        if !privileged() {
            (node.facts.uid, node.facts.gid) = (0, 0);
        }
        if node.facts.file_type == FileType::Symlink {
            // GNU tar keeps them, the format's own rules do not say so.
            node.facts.mtime = node.facts.mtime.map(|time| Timestamp::new(time.secs(), 0));
        }
    }
    tree
}

fn imported(archive: &[u8]) -> MemFs {
    let mut fs = MemFs::default();
    let root = fs.root();
    import_tar(&mut fs, root, archive, NOW).unwrap();
    fs
}

fn exported(fs: &dyn FileSystem) -> Vec<u8> {
    let mut archive = Vec::new();
    export_tar(fs, fs.root(), &mut archive).unwrap();
    archive
}

fn sample() -> TempDir {
    let top = tempfile::tempdir().unwrap();
    let path = |name: &str| top.path().join(name);
    let long = format!("d/{}/{}", "long".repeat(40), "name".repeat(50));
    fs::create_dir_all(path(&long)).unwrap();
    fs::write(path(&format!("{long}/{}", "f".repeat(255))), "deep").unwrap();
    fs::write(path("plain"), "text\n").unwrap();
    fs::write(path("big"), vec![7; 200_001]).unwrap();
    fs::write(path("empty"), "").unwrap();
    fs::hard_link(path("plain"), path("d/hard")).unwrap();
    fs::hard_link(path("plain"), path(&format!("{long}/hard"))).unwrap();
    symlink("plain", path("link")).unwrap();
    symlink("x".repeat(300), path("d/longlink")).unwrap();
    symlink("../../outside", path("d/dangling")).unwrap();
    fs::set_permissions(path("plain"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(path("d"), fs::Permissions::from_mode(0o1751)).unwrap();
    let sparse = fs::File::create(path("sparse")).unwrap();
    sparse.set_len(3_000_000).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"in the middle", 1_500_000).unwrap();
    assert!(Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
    let file = fs::File::open(path("empty")).unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::new(1, 234_567_891);
    file.set_times(fs::FileTimes::new().set_modified(old)).unwrap();
    top
}

/// What GNU tar makes of a directory.
fn gnu_tar(top: &Path, options: &[&str]) -> Vec<u8> {
    let output = Command::new("tar")
        .args(["--numeric-owner", "-c"])
        .args(options)
        .arg("-C")
        .arg(top)
        .arg(".")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn gnu_untar(archive: &[u8]) -> TempDir {
    use std::io::Write;
    let top = tempfile::tempdir().unwrap();
    let mut tar = Command::new("tar")
        .args(["--numeric-owner", "-xp", "-C"])
        .arg(top.path())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tar.stdin.take().unwrap().write_all(archive).unwrap();
    let output = tar.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    top
}

fn whole_seconds(mut tree: Tree) -> Tree {
    for node in tree.values_mut() {
        node.facts.mtime = node.facts.mtime.map(|time| Timestamp::new(time.secs(), 0));
    }
    tree
}

#[test]
fn what_gnu_tar_packs_is_unpacked() {
    let top = sample();
    let expected = kept(&HostFs::open(top.path()).unwrap());
    let pax = imported(&gnu_tar(top.path(), &["--format=pax"]));
    assert!(kept(&pax) == expected);
    for options in [&["--format=gnu"][..], &["--format=gnu", "--sparse"]] {
        let gnu = imported(&gnu_tar(top.path(), options));
        assert!(whole_seconds(kept(&gnu)) == whole_seconds(expected.clone()), "{options:?}");
    }
    // The hole is one again.
    assert!(pax.stat(at(&pax, "sparse").unwrap()).unwrap().blocks < 1000);
}

#[test]
fn gnu_tar_unpacks_what_is_packed() {
    let top = sample();
    let fs = imported(&gnu_tar(top.path(), &["--format=pax"]));
    let out = gnu_untar(&exported(&fs));
    assert!(kept(&HostFs::open(out.path()).unwrap()) == kept(&fs));
}

#[test]
fn the_same_tree_is_the_same_stream() {
    let top = sample();
    let fs = imported(&gnu_tar(top.path(), &["--format=pax"]));
    let archive = exported(&fs);
    assert!(archive == exported(&imported(&archive)));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.div_ceil(4), failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_tree_comes_back(ops in ops(200)) {
        let fs = after(&ops);
        prop_assert!(kept(&imported(&exported(&*fs))) == kept(&*fs));
    }

    #[test]
    fn a_damaged_archive_is_an_error_or_a_tree(
        ops in ops(60),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut archive = exported(&*after(&ops));
        for (index, byte) in damage {
            let index = index.index(archive.len());
            archive[index] = byte;
        }
        archive.truncate(cut.index(archive.len()));
        let mut fs = MemFs::new(Limits { bytes: 1 << 24, ..Limits::default() });
        let root = fs.root();
        let _ = import_tar(&mut fs, root, archive.as_slice(), NOW);
        check_tree(&fs);
    }
}

fn after(ops: &[Op]) -> Box<dyn FileSystem> {
    let mut session = Session::new(Vfs::new(Box::new(MemFs::default())));
    for op in ops {
        let _ = session.apply(op);
    }
    let vfs = session.finish();
    vfs.filesystem(vfs.root().mount).unwrap().fork().unwrap()
}

/// An archive of entries: type, path, target or content.
fn archive(entries: &[(tar::EntryType, &str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (entry_type, path, text) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*entry_type);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        let content = if *entry_type == tar::EntryType::Regular { *text } else { "" };
        if content.is_empty() {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

#[track_caller]
fn refused(entries: &[(tar::EntryType, &str, &str)], kind: ErrorKind, says: &str) {
    let mut fs = MemFs::default();
    let root = fs.root();
    put(&mut fs, "mine", "safe").unwrap();
    let error = import_tar(&mut fs, root, archive(entries).as_slice(), NOW).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(says), "{error}");
    assert_eq!(cat(&fs, "mine").unwrap(), "safe");
    check_tree(&fs);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    use tar::EntryType::{Link, Regular, Symlink};
    let invalid = ErrorKind::InvalidData;
    refused(&[(Regular, "../mine", "x")], invalid, "../mine: `..` in a path");
    refused(&[(Regular, "a/../../mine", "x")], invalid, "`..` in a path");
    refused(&[(Regular, "/mine", "x")], invalid, "/mine: an absolute path");
    refused(&[(Symlink, "d", "/"), (Regular, "d/mine", "x")], ErrorKind::Other, "d/mine: ");
    refused(&[(Symlink, "d", "."), (Regular, "d/mine", "x")], ErrorKind::Other, "d/mine: ");
    refused(&[(Link, "a", "../mine")], invalid, "`..` in a path");
    refused(&[(Link, "a", "none")], invalid, "a: a hard link to what is not in the archive");
    refused(&[(Regular, "", "x")], invalid, "only a directory can be the root");
    refused(&[(tar::EntryType::new(b'Q'), "a", "")], invalid, "a: an entry of an unknown type");
}

#[test]
fn a_link_replaced_by_a_file_is_not_written_through() {
    use tar::EntryType::{Regular, Symlink};
    let mut fs = MemFs::default();
    let root = fs.root();
    put(&mut fs, "mine", "safe").unwrap();
    let entries = [(Symlink, "a", "mine"), (Regular, "a", "new")];
    import_tar(&mut fs, root, archive(&entries).as_slice(), NOW).unwrap();
    assert_eq!((cat(&fs, "mine").unwrap(), cat(&fs, "a").unwrap()), ("safe".into(), "new".into()));
}

#[test]
fn a_cut_archive_says_where() {
    let whole = archive(&[(tar::EntryType::Regular, "a", &"x".repeat(5000))]);
    for len in [100, 511, 512, 600, 5511] {
        let mut fs = MemFs::default();
        let root = fs.root();
        let error = import_tar(&mut fs, root, &whole[..len], NOW).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{len}: {error}");
    }
    let mut fs = MemFs::default();
    let root = fs.root();
    let error = import_tar(&mut fs, root, &[b'x'; 2000][..], NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[test]
fn limits_hold_and_are_named() {
    let entries = [(tar::EntryType::Regular, "a", "0123456789")];
    let mut fs = MemFs::new(Limits { bytes: 5, ..Limits::default() });
    let root = fs.root();
    let error = import_tar(&mut fs, root, archive(&entries).as_slice(), NOW).unwrap_err();
    assert_eq!(error.to_string(), format!("a: {}", Errno::ENOSPC));
    check_tree(&fs);
}

#[test]
fn what_is_mostly_holes_is_not_written_out() {
    let mut fs = MemFs::default();
    let ino = put(&mut fs, "a", "x").unwrap();
    fs.write_at(ino, 1 << 40, b"x", NOW).unwrap();
    let error = export_tar(&fs, fs.root(), std::io::sink()).unwrap_err();
    assert_eq!(error.to_string(), format!("./a: {}", Errno::EFBIG));
}

#[test]
fn times_before_1970_and_between_seconds_are_kept() {
    let mut fs = MemFs::default();
    for (name, nanos) in [("a", -1), ("b", -1_250_000_000), ("c", 1_000_000_001), ("d", 1 << 62)] {
        let ino = put(&mut fs, name, "").unwrap();
        let mtime = Some(Timestamp::from_nanos(nanos));
        fs.set_stat(ino, &vfs::SetStat { mtime, ..vfs::SetStat::default() }, NOW).unwrap();
    }
    assert!(kept(&imported(&exported(&fs))) == kept(&fs));
}
