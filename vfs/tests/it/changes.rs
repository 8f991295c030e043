//! What an overlay says of its changes, applying them, and taking them back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use vfs::{
    ChangeKind, Errno, FileSystem, Limits, Mode, OverlayFs, Refusal, RenameFlags, Selection,
    SetStat,
};

use crate::kernel::open_host;
use crate::overlay::{random_op, rename, sample, unlink};
use crate::tree::{NOW, Random, at, cat, dump, host_dump, names, put, split};

fn over(top: &TempDir) -> OverlayFs {
    OverlayFs::over(open_host(top.path()))
}

/// The changes as one line each, as `git status` has them.
fn summary(over: &OverlayFs) -> Vec<String> {
    let line = |change: vfs::Change| {
        let path = String::from_utf8_lossy(&change.path).into_owned();
        match change.kind {
            ChangeKind::Added => format!("A {path}"),
            ChangeKind::Modified => format!("M {path}"),
            ChangeKind::Deleted => format!("D {path}"),
            ChangeKind::ModeChanged => format!("T {path}"),
            ChangeKind::Renamed { from } => format!("R {} {path}", String::from_utf8_lossy(&from)),
        }
    };
    over.diff().unwrap().into_iter().map(line).collect()
}

fn mv(over: &mut OverlayFs, from: &str, to: &str) {
    rename(over, from, to, RenameFlags::empty()).unwrap();
}

fn mkdir(over: &mut OverlayFs, path: &str) {
    let (dir, name) = split(over, path).unwrap();
    over.mkdir(dir, name, &crate::tree::new(0o755)).unwrap();
}

fn rm_r(over: &mut OverlayFs, path: &str) {
    let ino = at(over, path).unwrap();
    if !over.stat(ino).unwrap().is_dir() {
        return unlink(over, path).unwrap();
    }
    for name in names(over, ino).unwrap() {
        rm_r(over, &format!("{path}/{name}"));
    }
    let (dir, name) = split(over, path).unwrap();
    over.rmdir(dir, name, NOW).unwrap();
}

fn chmod(over: &mut OverlayFs, path: &str, mode: u32) {
    let ino = at(over, path).unwrap();
    over.set_stat(ino, &SetStat { mode: Some(Mode::new(mode)), ..SetStat::default() }, NOW)
        .unwrap();
}

fn commit(over: &mut OverlayFs, top: &TempDir, selection: Selection<'_>) -> vfs::Commit {
    over.commit(&mut open_host(top.path()), selection, NOW).unwrap()
}

/// Committing all leaves the host with what was seen, and the overlay without a change.
#[track_caller]
fn check_commit(over: &mut OverlayFs, top: &TempDir) {
    let seen = dump(over);
    let commit = commit(over, top, Selection::All);
    assert_eq!(commit.conflicts, []);
    assert_eq!(dump(&open_host(top.path())), seen);
    assert_eq!(summary(over), [""; 0]);
    assert_eq!(dump(over), seen);
}

#[test]
fn nothing_changed_is_no_difference() {
    let top = sample();
    let mut over = over(&top);
    assert_eq!(summary(&over), [""; 0]);
    // Neither is the same content again, nor a time, nor what came and went.
    let f = fs::read_to_string(top.path().join("f")).unwrap();
    put(&mut over, "f", &f).unwrap();
    put(&mut over, "new", "x").unwrap();
    unlink(&mut over, "new").unwrap();
    mv(&mut over, "a", "b");
    mv(&mut over, "b", "a");
    assert_eq!(summary(&over), [""; 0]);
}

#[test]
fn each_kind_of_change_is_named() {
    let top = sample();
    let mut over = over(&top);
    put(&mut over, "f", "changed\n").unwrap();
    put(&mut over, "new", "x\n").unwrap();
    unlink(&mut over, "d/g").unwrap();
    chmod(&mut over, "a/g", 0o755);
    mv(&mut over, "a/b", "e/b");
    put(&mut over, "e/b/f", "also changed\n").unwrap();
    mkdir(&mut over, "dir");
    put(&mut over, "dir/x", "").unwrap();
    assert_eq!(
        summary(&over),
        ["T a/g", "D d/g", "A dir", "A dir/x", "R a/b e/b", "M e/b/f", "M f", "A new"]
    );
    check_commit(&mut over, &top);
}

#[test]
fn a_file_written_anew_and_renamed_over_is_a_modification() {
    let top = sample();
    let mut over = over(&top);
    put(&mut over, "f.tmp", "new\n").unwrap();
    mv(&mut over, "f.tmp", "f");
    assert_eq!(summary(&over), ["M f"]);
    check_commit(&mut over, &top);
}

#[test]
fn renames_that_cross_are_found_and_applied() {
    let top = sample();
    let mut over = over(&top);
    rename(&mut over, "a/g", "d/g", RenameFlags::EXCHANGE).unwrap();
    mv(&mut over, "a/b/c", "c");
    mv(&mut over, "a/b", "c/b");
    mv(&mut over, "f", "a/b");
    assert_eq!(summary(&over), ["R f a/b", "R d/g a/g", "R a/b/c c", "R a/b c/b", "R a/g d/g"]);
    check_commit(&mut over, &top);
}

#[test]
fn a_directory_made_anew_shows_what_differs_in_it() {
    let top = sample();
    let mut over = over(&top);
    rm_r(&mut over, "a");
    mkdir(&mut over, "a");
    put(&mut over, "a/g", &"this is a/g\n".repeat(3)).unwrap();
    put(&mut over, "a/f", "other\n").unwrap();
    assert_eq!(summary(&over), ["D a/b", "D a/b/c", "D a/b/c/f", "D a/b/f", "M a/f", "D a/link"]);
    check_commit(&mut over, &top);
}

#[test]
fn types_that_change_are_deletion_and_addition() {
    let top = sample();
    let mut over = over(&top);
    rm_r(&mut over, "a/b");
    put(&mut over, "a/b", "a file now\n").unwrap();
    unlink(&mut over, "f").unwrap();
    mkdir(&mut over, "f");
    put(&mut over, "f/x", "x").unwrap();
    assert_eq!(
        summary(&over),
        ["D a/b", "A a/b", "D a/b/c", "D a/b/c/f", "D a/b/f", "D f", "A f", "A f/x"]
    );
    check_commit(&mut over, &top);
}

#[test]
fn unified_diff_is_what_patch_applies() {
    let top = sample();
    let mut over = over(&top);
    let long: String = (0..100).map(|n| format!("line {n}\n")).collect();
    fs::write(top.path().join("long"), &long).unwrap();
    put(&mut over, "long", &(long.replace("line 50\n", "fifty\n") + "no newline")).unwrap();
    put(&mut over, "a/new", "one\ntwo\n").unwrap();
    unlink(&mut over, "d/g").unwrap();
    let text = over.unified_diffs().unwrap();
    let seen = dump(&over);
    let patch = tempfile::NamedTempFile::new().unwrap();
    fs::write(patch.path(), &text).unwrap();
    let args = ["apply", "--unsafe-paths", "--whitespace=nowarn"];
    let run =
        Command::new("git").args(args).arg(patch.path()).current_dir(top.path()).output().unwrap();
    assert!(
        run.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&run.stderr),
        String::from_utf8_lossy(&text)
    );
    assert_eq!(dump(&open_host(top.path())), seen);
}

#[test]
fn binary_files_only_differ() {
    let top = sample();
    let mut over = over(&top);
    put(&mut over, "f", "a\0b").unwrap();
    let text = over.unified_diffs().unwrap();
    assert_eq!(String::from_utf8_lossy(&text), "Binary files a/f and b/f differ\n");
}

#[test]
fn conflicts_are_refused_path_by_path() {
    let top = sample();
    let mut over = over(&top);
    let path = |name: &str| top.path().join(name);
    put(&mut over, "f", "mine\n").unwrap();
    put(&mut over, "a/f", "mine\n").unwrap();
    put(&mut over, "new", "mine\n").unwrap();
    unlink(&mut over, "d/g").unwrap();
    mv(&mut over, "a/g", "a/h");
    // Meanwhile on the host.
    fs::write(path("f"), "theirs, of another length\n").unwrap();
    fs::write(path("new"), "theirs\n").unwrap();
    fs::write(path("d/g"), "theirs\n").unwrap();
    fs::write(path("a/g"), "theirs\n").unwrap();
    let commit = commit(&mut over, &top, Selection::All);
    let refused: Vec<_> =
        commit.conflicts.iter().map(|conflict| (&*conflict.change.path, conflict.reason)).collect();
    let changed = Refusal::ChangedMeanwhile;
    assert_eq!(
        refused,
        [(&b"a/h"[..], changed), (b"d/g", changed), (b"f", changed), (b"new", changed)]
    );
    // One file under two names.
    assert_eq!(commit.applied.len(), 2);
    assert_eq!(fs::read_to_string(path("a/f")).unwrap(), "mine\n");
    for name in ["new", "d/g", "a/g"] {
        assert_eq!(fs::read_to_string(path(name)).unwrap(), "theirs\n");
    }
    assert_eq!(fs::read_to_string(path("f")).unwrap(), "theirs, of another length\n");
    // Nothing is lost here either.
    assert_eq!(cat(&over, "f").unwrap(), "mine\n");
    assert_eq!(cat(&over, "new").unwrap(), "mine\n");
}

#[test]
fn chosen_paths_are_applied_and_the_rest_stays() {
    let top = sample();
    let mut over = over(&top);
    put(&mut over, "f", "mine\n").unwrap();
    put(&mut over, "a/f", "mine\n").unwrap();
    mkdir(&mut over, "n");
    mkdir(&mut over, "n/m");
    put(&mut over, "n/m/x", "x\n").unwrap();
    put(&mut over, "n/other", "x\n").unwrap();
    let commit = commit(&mut over, &top, Selection::Paths(&[b"n/m", b"f"]));
    assert_eq!(commit.conflicts, []);
    assert_eq!(fs::read_to_string(top.path().join("n/m/x")).unwrap(), "x\n");
    assert_eq!(fs::read_to_string(top.path().join("f")).unwrap(), "mine\n");
    assert_ne!(fs::read_to_string(top.path().join("a/f")).unwrap(), "mine\n");
    assert!(!top.path().join("n/other").exists());
    assert_eq!(cat(&over, "n/other").unwrap(), "x\n");
    assert_eq!(summary(&over), ["M a/f", "M d/hard", "A n/other"]);
}

#[test]
fn modes_and_times_are_kept_and_files_are_replaced_whole() {
    let top = sample();
    let mut over = over(&top);
    let held = fs::read(top.path().join("f")).unwrap();
    let open = fs::File::open(top.path().join("f")).unwrap();
    put(&mut over, "f", "mine\n").unwrap();
    chmod(&mut over, "f", 0o751);
    check_commit(&mut over, &top);
    let meta = fs::metadata(top.path().join("f")).unwrap();
    assert_eq!((meta.permissions().mode() & 0o7777, meta.mtime()), (0o751, NOW.secs()));
    // Whoever had the old one open still has it, all of it.
    assert_eq!(std::io::read_to_string(open).unwrap().into_bytes(), held);
    let left: Vec<_> = host_dump(top.path())
        .into_keys()
        .filter(|path| path.windows(8).any(|w| w == b".agentos"))
        .collect();
    assert_eq!(left, [b""; 0]);
}

#[test]
fn names_of_one_file_are_applied_as_one_file() {
    let top = sample();
    let mut over = over(&top);
    put(&mut over, "a/f", "both\n").unwrap();
    assert_eq!(summary(&over), ["M a/f", "M d/hard"]);
    check_commit(&mut over, &top);
    let ino = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(ino(&top.path().join("a/f")), ino(&top.path().join("d/hard")));
}

#[test]
fn discard_takes_back_each_kind() {
    let top = sample();
    let mut over = over(&top);
    let before = dump(&over);
    put(&mut over, "f", "changed\n").unwrap();
    mkdir(&mut over, "dir");
    put(&mut over, "dir/x", "").unwrap();
    rm_r(&mut over, "d");
    chmod(&mut over, "a/g", 0o755);
    mv(&mut over, "a/b", "dir/b");
    put(&mut over, "dir/b/f", "also changed\n").unwrap();
    assert_eq!(over.discard(Selection::Paths(&[b"f"]), NOW).unwrap().len(), 1);
    assert_eq!(cat(&over, "f").unwrap(), "this is f\n".repeat(3));
    assert!(cat(&over, "dir/b/f").unwrap().starts_with("also"));
    over.discard(Selection::All, NOW).unwrap();
    assert_eq!(summary(&over), [""; 0]);
    assert_eq!(dump(&over), before);
}

#[test]
fn discard_brings_a_directory_made_anew_back() {
    let top = sample();
    let mut over = over(&top);
    let before = dump(&over);
    rm_r(&mut over, "a");
    mkdir(&mut over, "a");
    put(&mut over, "a/f", "other\n").unwrap();
    over.discard(Selection::All, NOW).unwrap();
    assert_eq!(dump(&over), before);
}

#[test]
fn a_fork_goes_its_own_way() {
    let top = sample();
    let mut over = over(&top);
    put(&mut over, "f", "one\n").unwrap();
    let mut fork = over.fork().unwrap();
    put(fork.as_mut(), "f", "two\n").unwrap();
    put(fork.as_mut(), "a/g", "two\n").unwrap();
    assert_eq!(cat(&over, "f").unwrap(), "one\n");
    assert_eq!(cat(fork.as_ref(), "f").unwrap(), "two\n");
    assert_eq!(summary(&over), ["M f"]);
}

/// Saves an overlay and loads it again, as another process would.
fn reload(over: &OverlayFs, top: &TempDir) -> OverlayFs {
    let mut saved = Vec::new();
    over.save(&mut saved).unwrap();
    let lower = Arc::new(open_host(top.path()));
    let (loaded, lost) = OverlayFs::load(lower, Limits::default(), saved.as_slice()).unwrap();
    assert_eq!(lost, [b""; 0]);
    loaded
}

#[test]
fn a_saved_overlay_still_knows_what_the_host_had() {
    let top = sample();
    let mut one = over(&top);
    put(&mut one, "f", "mine\n").unwrap();
    put(&mut one, "new", "mine\n").unwrap();
    unlink(&mut one, "d/g").unwrap();
    put(&mut one, "a/g", "mine\n").unwrap();
    for name in ["f", "new", "d/g"] {
        fs::write(top.path().join(name), "theirs\n").unwrap();
    }
    let mut loaded = reload(&one, &top);
    assert_eq!(cat(&loaded, "f").unwrap(), "mine\n");
    let commit = commit(&mut loaded, &top, Selection::All);
    let refused: Vec<_> = commit.conflicts.iter().map(|conflict| &*conflict.change.path).collect();
    assert_eq!(refused, [&b"d/g"[..], b"f", b"new"]);
    assert_eq!(fs::read_to_string(top.path().join("a/g")).unwrap(), "mine\n");
    for name in ["f", "new", "d/g"] {
        assert_eq!(fs::read_to_string(top.path().join(name)).unwrap(), "theirs\n");
    }
}

#[test]
fn any_name_survives_being_saved() {
    let top = sample();
    fs::write(top.path().join("old\n%0A"), "old").unwrap();
    let mut over = over(&top);
    put(&mut over, "new\nname %25 \n", "x").unwrap();
    mv(&mut over, "old\n%0A", "%\n");
    let mut saved = Vec::new();
    over.save(&mut saved).unwrap();
    let lower = Arc::new(open_host(top.path()));
    let (again, lost) = OverlayFs::load(lower, Limits::default(), saved.as_slice()).unwrap();
    assert_eq!(lost, Vec::<Vec<u8>>::new());
    assert_eq!(dump(&again), dump(&over));
}

#[test]
fn what_is_not_a_saved_overlay_is_refused() {
    let top = sample();
    let load = |bytes: &[u8]| {
        let lower = Arc::new(open_host(top.path()));
        OverlayFs::load(lower, Limits::default(), bytes).map(|_| ()).map_err(|err| err.kind())
    };
    assert_eq!(load(b""), Ok(()));
    assert!(load(&[b'x'; 2000]).is_err());
    let mut one = over(&top);
    put(&mut one, "f", &"mine\n".repeat(1000)).unwrap();
    let mut saved = Vec::new();
    one.save(&mut saved).unwrap();
    assert!(load(&saved[..saved.len() / 2]).is_err());
    let at = saved.windows(6).position(|part| part == b"path=f").unwrap();
    saved[at + 5] = b'.';
    let evil: Vec<u8> = saved.clone();
    assert_ne!(load(&evil), Ok(()));
}

#[test]
fn overlays_stack() {
    let top = sample();
    let mut first = over(&top);
    put(&mut first, "f", "first").unwrap();
    mv(&mut first, "a", "z");
    let mut second = OverlayFs::over(first);
    assert_eq!(cat(&second, "f").unwrap(), "first");
    put(&mut second, "z/f", "second").unwrap();
    unlink(&mut second, "f").unwrap();
    assert_eq!(cat(&second, "d/hard").unwrap(), "second");
    assert_eq!(names(&second, second.root()).unwrap(), ["d", "e", "z"]);
    assert_eq!(cat(second.lower().as_ref(), "f").unwrap(), "first");
}

/// Whatever the upper layer's limits cut off, what is seen is whole: each operation happened or
/// did not, and with room again everything can still be taken back.
#[test]
fn limits_of_the_upper_layer_leave_everything_whole() {
    for inodes in 1..40 {
        let (top, copy) = (sample(), sample());
        let lower = Arc::new(open_host(top.path()));
        let before = dump(lower.as_ref());
        let limits = Limits { inodes, ..Limits::default() };
        let mut over = OverlayFs::with_limits(lower, limits);
        let mut model = open_host(copy.path());
        let (mut one, mut two) = (Random(inodes), Random(inodes));
        for step in 0..60 {
            let random = one.0;
            let ours = random_op(&mut over, &mut one);
            if matches!(ours, Err(Errno::ENOSPC)) {
                // It did not happen: so not in the model either.
                two.0 = one.0;
            } else {
                two.0 = random;
                assert_eq!(ours, random_op(&mut model, &mut two), "{inodes} inodes, step {step}");
            }
            assert_eq!(
                differences(&dump(&over), &dump(&model)),
                [""; 0],
                "{inodes} inodes, step {step}"
            );
        }
        assert_eq!(dump(over.lower().as_ref()), before);
    }
}

#[test]
fn content_that_does_not_fit_above_stays_below() {
    let top = sample();
    fs::write(top.path().join("big"), [b'b'; 5000]).unwrap();
    let lower = Arc::new(open_host(top.path()));
    let limits = Limits { bytes: 3000, ..Limits::default() };
    let mut over = OverlayFs::with_limits(lower, limits);
    let big = at(&over, "big").unwrap();
    let before = dump(&over);
    assert_eq!(over.write_at(big, 0, b"x", NOW), Err(Errno::ENOSPC));
    assert_eq!(dump(&over), before);
    // What is cut off need not be copied, and the failed copy holds no room.
    over.set_stat(big, &SetStat { size: Some(2000), ..SetStat::default() }, NOW).unwrap();
    assert_eq!(over.write_at(big, 1999, b"x", NOW), Ok(1));
    assert_eq!(cat(&over, "big").unwrap(), "b".repeat(1999) + "x");
}

/// The lines of two dumps that differ.
fn differences(is: &BTreeMap<String, String>, should: &BTreeMap<String, String>) -> Vec<String> {
    let paths: BTreeSet<&String> = is.keys().chain(should.keys()).collect();
    let differ = paths.into_iter().filter(|path| is.get(*path) != should.get(*path));
    differ
        .map(|path| format!("{path}: {:?} instead of {:?}", is.get(path), should.get(path)))
        .collect()
}

/// Whatever happened, a commit makes the host what was seen, and a discard makes us the host.
#[test]
fn random_changes_are_applied_and_taken_back_whole() {
    for seed in [1, 8, 17, 45, 60, 77, 130, 154, 208, 253, 280] {
        let (top, other) = (sample(), sample());
        let (mut one, mut two) = (over(&top), over(&other));
        let before = dump(&two);
        for fs in [&mut one, &mut two] {
            let mut random = Random(seed);
            for _ in 0..20 + 3 * seed {
                let _ = random_op(fs, &mut random);
            }
        }
        let seen = dump(&one);
        let said = summary(&one);
        let mut one = reload(&one, &top);
        assert_eq!(differences(&dump(&one), &seen), [""; 0], "seed {seed}: {said:#?}");
        assert_eq!(summary(&one), said, "seed {seed}");
        let commit = commit(&mut one, &top, Selection::All);
        assert_eq!(commit.conflicts, [], "seed {seed}: {said:#?}");
        assert_eq!(
            differences(&dump(&open_host(top.path())), &seen),
            [""; 0],
            "seed {seed}: {said:#?}"
        );
        assert_eq!(differences(&dump(&one), &seen), [""; 0], "seed {seed}: {said:#?}");
        assert_eq!(summary(&one), [""; 0], "seed {seed}");
        two.discard(Selection::All, NOW).unwrap();
        assert_eq!(differences(&dump(&two), &before), [""; 0], "seed {seed}: {said:#?}");
        assert_eq!(summary(&two), [""; 0], "seed {seed}");
    }
}
