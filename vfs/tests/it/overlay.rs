//! `OverlayFs`: it behaves as a copy of its lower layer would, and the lower layer stays as it is.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use tempfile::TempDir;
use vfs::{
    Errno, FileSystem, FileType, HostFs, Ino, Mode, OverlayFs, RenameFlags, Result, SetStat,
    Timestamp,
};

use crate::kernel::{open_host, privileged, scratch};
use crate::tree::{NOW, Random, at, cat, content, dump, host_dump, names, new, put, split};

const NONE: RenameFlags = RenameFlags::empty();

/// A tree on the host with a bit of everything.
pub(crate) fn sample() -> TempDir {
    let top = scratch();
    let path = |name: &str| top.path().join(name);
    for dir in ["a", "a/b", "a/b/c", "d", "e"] {
        fs::create_dir(path(dir)).unwrap();
    }
    for file in ["f", "a/f", "a/g", "a/b/f", "a/b/c/f", "d/f", "d/g"] {
        fs::write(path(file), format!("this is {file}\n").repeat(3)).unwrap();
    }
    fs::hard_link(path("a/f"), path("d/hard")).unwrap();
    symlink("../f", path("a/link")).unwrap();
    symlink("/etc/passwd", path("d/abs")).unwrap();
    top
}

/// An overlay over `top`; the directory that the upper layer is in goes last.
pub(crate) fn over(top: &TempDir) -> (OverlayFs, Upper) {
    let upper = Upper::new();
    (OverlayFs::with_upper(Arc::new(open_host(top.path())), upper.fs()), upper)
}

pub(crate) struct Upper(TempDir);

impl Upper {
    fn new() -> Upper {
        Upper(scratch())
    }

    fn fs(&self) -> HostFs {
        open_host(self.0.path())
    }
}

fn chmod(mode: u32) -> SetStat {
    SetStat { mode: Some(Mode::new(mode)), ..SetStat::default() }
}

pub(crate) fn rename(
    fs: &mut dyn FileSystem,
    from: &str,
    to: &str,
    flags: RenameFlags,
) -> Result<()> {
    fs.rename(split(fs, from)?, split(fs, to)?, flags, NOW)
}

pub(crate) fn unlink(fs: &mut dyn FileSystem, path: &str) -> Result<()> {
    let (dir, name) = split(fs, path)?;
    fs.unlink(dir, name, NOW)
}

fn rmdir(fs: &mut dyn FileSystem, path: &str) -> Result<()> {
    let (dir, name) = split(fs, path)?;
    fs.rmdir(dir, name, NOW)
}

fn mkdir(fs: &mut dyn FileSystem, path: &str) -> Result<Ino> {
    let (dir, name) = split(fs, path)?;
    fs.mkdir(dir, name, &new(0o755))
}

#[test]
fn untouched_it_is_the_lower_layer() {
    let top = sample();
    let (over, _upper) = over(&top);
    assert_eq!(dump(&over), dump(&open_host(top.path())));
}

#[test]
fn writing_copies_up_and_keeps_the_number() {
    let top = sample();
    let before = host_dump(top.path());
    let (mut over, _upper) = over(&top);
    let ino = at(&over, "a/f").unwrap();
    assert_eq!(over.write_at(ino, 5, b"WAS", NOW), Ok(3));
    assert_eq!(at(&over, "a/f"), Ok(ino));
    assert_eq!(over.stat(ino).unwrap().size, "this is a/f\n".len() as u64 * 3);
    assert!(cat(&over, "a/f").unwrap().starts_with("this WASa/f\n"));
    assert_eq!(host_dump(top.path()), before);
}

#[test]
fn metadata_moves_up_without_content() {
    let top = sample();
    let (mut over, upper) = over(&top);
    let ino = at(&over, "a/f").unwrap();
    let was = over.stat(ino).unwrap();
    over.set_stat(ino, &chmod(0o600), NOW).unwrap();
    let is = over.stat(ino).unwrap();
    assert_eq!((is.mode, is.size, is.nlink, is.mtime), (Mode::new(0o600), was.size, 2, was.mtime));
    let stubs: Vec<_> = fs::read_dir(upper.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap())
        .collect();
    assert_eq!(stubs.iter().map(fs::Metadata::len).collect::<Vec<_>>(), [0]);
    // The lower layer's content still shows through.
    fs::write(top.path().join("a/f"), "new below").unwrap();
    assert_eq!(cat(&over, "a/f").unwrap(), "new below");
}

#[test]
fn hard_links_stay_one_file() {
    let top = sample();
    let (mut over, _upper) = over(&top);
    let ino = at(&over, "a/f").unwrap();
    put(&mut over, "d/hard", "both").unwrap();
    assert_eq!((at(&over, "d/hard"), cat(&over, "a/f").unwrap().as_str()), (Ok(ino), "both"));
    let e = at(&over, "e").unwrap();
    over.link(ino, e, b"third", NOW).unwrap();
    assert_eq!(over.stat(ino).unwrap().nlink, 3);
    unlink(&mut over, "a/f").unwrap();
    assert_eq!(over.stat(ino).unwrap().nlink, 2);
    assert_eq!(at(&over, "e/third"), Ok(ino));
    unlink(&mut over, "d/hard").unwrap();
    assert_eq!(
        (over.stat(ino).unwrap().nlink, cat(&over, "e/third").unwrap().as_str()),
        (1, "both")
    );
}

#[test]
fn removed_name_can_be_taken_again() {
    let top = sample();
    let (mut over, _upper) = over(&top);
    let old = at(&over, "f").unwrap();
    unlink(&mut over, "f").unwrap();
    assert_eq!(at(&over, "f"), Err(Errno::ENOENT));
    assert_eq!(names(&over, over.root()).unwrap(), ["a", "d", "e"]);
    let ino = put(&mut over, "f", "second").unwrap();
    assert_ne!(ino, old);
    assert_eq!(cat(&over, "f").unwrap(), "second");
    assert_eq!(names(&over, over.root()).unwrap(), ["a", "d", "e", "f"]);
    unlink(&mut over, "f").unwrap();
    assert_eq!(at(&over, "f"), Err(Errno::ENOENT));
}

#[test]
fn directory_made_anew_is_empty() {
    let top = sample();
    let (mut over, _upper) = over(&top);
    assert_eq!(rmdir(&mut over, "d"), Err(Errno::ENOTEMPTY));
    for file in ["d/f", "d/g", "d/hard", "d/abs"] {
        unlink(&mut over, file).unwrap();
    }
    rmdir(&mut over, "d").unwrap();
    let made = mkdir(&mut over, "d").unwrap();
    assert_eq!(names(&over, made).unwrap(), [""; 0]);
    assert_eq!(at(&over, "d/f"), Err(Errno::ENOENT));
}

#[test]
fn lower_directory_moves_with_all_below() {
    let top = sample();
    let before = host_dump(top.path());
    let (mut over, upper) = over(&top);
    let (dir, deep) = (at(&over, "a/b").unwrap(), at(&over, "a/b/c/f").unwrap());
    rename(&mut over, "a/b", "e/moved", NONE).unwrap();
    assert_eq!(at(&over, "a/b"), Err(Errno::ENOENT));
    assert_eq!((at(&over, "e/moved"), at(&over, "e/moved/c/f")), (Ok(dir), Ok(deep)));
    assert_eq!(over.parent(dir), at(&over, "e"));
    assert_eq!(cat(&over, "e/moved/c/f").unwrap(), "this is a/b/c/f\n".repeat(3));
    put(&mut over, "e/moved/c/new", "x").unwrap();
    assert_eq!(names(&over, at(&over, "e/moved/c").unwrap()).unwrap(), ["f", "new"]);
    // Nothing but directories went up.
    let regular = walk_host(upper.0.path())
        .into_iter()
        .filter(|meta| meta.is_file())
        .map(|meta| meta.len())
        .sum::<u64>();
    assert_eq!(regular, 1);
    assert_eq!(host_dump(top.path()), before);
}

fn walk_host(top: &std::path::Path) -> Vec<fs::Metadata> {
    let mut all = Vec::new();
    let mut todo = vec![top.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            if meta.is_dir() {
                todo.push(entry.path());
            }
            all.push(meta);
        }
    }
    all
}

#[test]
fn directory_cannot_move_into_itself_across_layers() {
    let top = sample();
    let (mut over, _upper) = over(&top);
    assert_eq!(rename(&mut over, "a", "a/b/c/x", NONE), Err(Errno::EINVAL));
    rename(&mut over, "a/b", "e/b", NONE).unwrap();
    rename(&mut over, "a", "e/b/c/a", NONE).unwrap();
    assert_eq!(rename(&mut over, "e", "e/b/c/a/e", NONE), Err(Errno::EINVAL));
    mkdir(&mut over, "e/b/c/a/n").unwrap();
    assert_eq!(rename(&mut over, "e/b", "e/b/c/a/n/b", NONE), Err(Errno::EINVAL));
    assert_eq!(rename(&mut over, "e/b/c/a/n", "e", RenameFlags::EXCHANGE), Err(Errno::EINVAL));
}

#[test]
fn exchange_swaps_a_file_and_a_directory() {
    let top = sample();
    let (mut over, _upper) = over(&top);
    rename(&mut over, "f", "a/b", RenameFlags::EXCHANGE).unwrap();
    assert_eq!(cat(&over, "a/b").unwrap(), "this is f\n".repeat(3));
    assert_eq!(cat(&over, "f/c/f").unwrap(), "this is a/b/c/f\n".repeat(3));
    assert_eq!(over.stat(over.root()).unwrap().nlink, 6);
    assert_eq!(over.stat(at(&over, "a").unwrap()).unwrap().nlink, 2);
}

#[test]
fn pinned_inodes_live_on_without_a_name() {
    let top = sample();
    let (mut over, upper) = over(&top);
    let (file, dir) = (at(&over, "f").unwrap(), at(&over, "e").unwrap());
    over.pin(file).unwrap();
    over.pin(dir).unwrap();
    unlink(&mut over, "f").unwrap();
    rmdir(&mut over, "e").unwrap();
    assert_eq!((over.stat(file).unwrap().nlink, over.stat(dir).unwrap().nlink), (0, 0));
    assert_eq!(content(&over, file).unwrap(), "this is f\n".repeat(3).as_bytes());
    assert_eq!(over.write_at(file, 0, b"T", NOW), Ok(1));
    assert_eq!(over.link(file, over.root(), b"back", NOW), Err(Errno::ENOENT));
    assert_eq!(over.create(dir, b"x", FileType::Regular, 0, &new(0o644)), Err(Errno::ENOENT));
    over.unpin(file);
    over.unpin(dir);
    // What is left above is the root's stub.
    assert_eq!(fs::read_dir(upper.0.path()).unwrap().count(), 1);
}

#[test]
fn scan_goes_on_while_entries_move_up_and_away() {
    let top = scratch();
    for n in 0..300 {
        fs::write(top.path().join(format!("{n:03}")), "x").unwrap();
    }
    let (mut over, _upper) = over(&top);
    let root = over.root();
    for n in 300..400 {
        over.create(root, format!("{n:03}").as_bytes(), FileType::Regular, 0, &new(0o644)).unwrap();
    }
    let (mut seen, mut cookie) = (Vec::new(), 0);
    loop {
        let mut batch = Vec::new();
        over.read_dir(root, cookie, &mut |entry| {
            if batch.len() == 7 {
                return false;
            }
            batch.push(entry.name.to_vec());
            cookie = entry.next;
            true
        })
        .unwrap();
        let Some(first) = batch.first() else { break };
        over.unlink(root, first, NOW).unwrap();
        for name in &batch[1..] {
            let ino = over.lookup(root, name).unwrap();
            over.write_at(ino, 0, b"y", NOW).unwrap();
        }
        seen.extend(batch);
    }
    seen.sort();
    assert_eq!(seen, (0..400).map(|n| format!("{n:03}").into_bytes()).collect::<Vec<_>>());
}

#[test]
fn lower_layer_may_change_underneath() {
    let top = sample();
    let (mut over, _upper) = over(&top);
    let (f, deep) = (at(&over, "f").unwrap(), at(&over, "a/b/c/f").unwrap());
    put(&mut over, "d/f", "mine").unwrap();
    put(&mut over, "late", "mine").unwrap();
    fs::write(top.path().join("late"), "theirs").unwrap();
    fs::remove_file(top.path().join("f")).unwrap();
    fs::remove_dir_all(top.path().join("a")).unwrap();
    fs::remove_dir_all(top.path().join("d")).unwrap();
    assert_eq!(over.stat(f), Err(Errno::ESTALE));
    assert_eq!(over.write_at(f, 0, b"x", NOW), Err(Errno::ESTALE));
    assert_eq!(over.set_stat(deep, &chmod(0o600), NOW), Err(Errno::ESTALE));
    assert_eq!(at(&over, "a"), Err(Errno::ENOENT));
    assert_eq!(names(&over, over.root()).unwrap(), ["e", "late"]);
    assert_eq!(cat(&over, "late").unwrap(), "mine");
    assert_eq!(at(&over, "d/f"), Err(Errno::ENOENT));
}

/// One operation, the same on two filesystems; numbers of inodes are not part of the answer.
pub(crate) fn random_op(fs: &mut dyn FileSystem, random: &mut Random) -> Result<()> {
    const NAMES: [&str; 7] = ["a", "b", "c", "d", "f", "g", "hard"];
    let path = |random: &mut Random| {
        let depth = 1 + random.below(4);
        (0..depth).map(|_| NAMES[random.below(NAMES.len())]).collect::<Vec<_>>().join("/")
    };
    let (op, one, two) = (random.below(14), path(random), path(random));
    let (len, offset) = (random.below(300), random.below(200) as u64);
    match op {
        0 | 1 => {
            let (dir, name) = split(fs, &one)?;
            fs.create(dir, name, FileType::Regular, 0, &new(0o644)).map(|_| ())
        }
        2 => mkdir(fs, &one).map(|_| ()),
        3 => {
            let (dir, name) = split(fs, &one)?;
            fs.symlink(dir, name, two.as_bytes(), &new(0o777)).map(|_| ())
        }
        4 => {
            let ino = at(fs, &one)?;
            let (dir, name) = split(fs, &two)?;
            fs.link(ino, dir, name, NOW)
        }
        5 => unlink(fs, &one),
        6 => rmdir(fs, &one),
        7 | 8 => rename(fs, &one, &two, NONE),
        9 => {
            rename(fs, &one, &two, [RenameFlags::NOREPLACE, RenameFlags::EXCHANGE][random.below(2)])
        }
        10 => {
            let ino = at(fs, &one)?;
            fs.write_at(ino, offset, &vec![b'w'; len], NOW).map(|_| ())
        }
        11 => {
            let ino = at(fs, &one)?;
            fs.set_stat(ino, &SetStat { size: Some(offset), ..SetStat::default() }, NOW)
        }
        12 => {
            let ino = at(fs, &one)?;
            let not_link = fs.stat(ino)?.file_type != FileType::Symlink;
            // Who is not user 0 shuts himself out of directories that he cannot search.
            let owner = if privileged() { 0o600 } else { 0o700 };
            if not_link { fs.set_stat(ino, &chmod(owner + len as u32 % 64), NOW) } else { Ok(()) }
        }
        _ => {
            let ino = at(fs, &one)?;
            let times =
                SetStat { mtime: Some(Timestamp::new(len as i64, 0)), ..SetStat::default() };
            fs.set_stat(ino, &times, NOW)
        }
    }
}

/// The longest of the tests: an overlay and a true copy live through the same 10,000 operations.
#[test]
fn ten_thousand_operations_act_as_on_a_copy_and_leave_the_lower_tree_alone() {
    let (top, copy) = (sample(), sample());
    // Old times of last access: the host would be eager to renew them.
    for path in ["f", "a", "a/f", "a/b", "d"] {
        let file = fs::File::open(top.path().join(path)).unwrap();
        file.set_times(fs::FileTimes::new().set_accessed(std::time::UNIX_EPOCH)).unwrap();
    }
    let before = host_dump(top.path());
    let (mut over, _upper) = over(&top);
    let mut model = open_host(copy.path());
    let (mut one, mut two) = (Random(7), Random(7));
    let mut done = 0;
    for step in 0..10_000 {
        let (ours, theirs) = (random_op(&mut over, &mut one), random_op(&mut model, &mut two));
        assert_eq!(ours, theirs, "step {step}");
        done += usize::from(ours.is_ok());
        if step % 500 == 0 {
            assert_eq!(dump(&over), dump(&model), "step {step}");
        }
    }
    assert_eq!(dump(&over), dump(&model));
    assert!(done > 1000, "only {done} operations did anything");
    assert_eq!(host_dump(top.path()), before);
}

#[test]
fn open_files_stay_what_they_are_through_a_commit() {
    let top = sample();
    let (mut over, _upper) = over(&top);
    let [deleted, changed, replaced] = ["a/g", "f", "d/g"].map(|path| at(&over, path).unwrap());
    for ino in [deleted, changed, replaced] {
        over.pin(ino).unwrap();
    }
    unlink(&mut over, "a/g").unwrap();
    put(&mut over, "f", "mine").unwrap();
    rename(&mut over, "d/f", "d/g", NONE).unwrap();
    let mut target = open_host(top.path());
    let done = over.commit(&mut target, vfs::Selection::All, NOW).unwrap();
    assert_eq!(done.conflicts, []);
    for (ino, text) in [
        (deleted, "this is a/g\n".repeat(3)),
        (changed, "mine".into()),
        (replaced, "this is d/g\n".repeat(3)),
    ] {
        assert_eq!(content(&over, ino).as_deref(), Ok(text.as_bytes()), "{text}");
        assert_eq!(over.stat(ino).unwrap().nlink, 0, "{text}");
        assert_eq!(over.write_at(ino, 0, b"THIS", NOW), Ok(4));
        over.unpin(ino);
        assert_eq!(over.stat(ino), Err(Errno::ESTALE), "{text}");
    }
    assert_eq!(over.diff().unwrap(), []);
    assert_eq!(dump(&over), dump(&open_host(top.path())));
}
