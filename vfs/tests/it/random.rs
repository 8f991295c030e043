//! Random operations on every backend, and on the host's kernel, against the naive model.
//!
//! Some 100 operations a case: `PROPTEST_CASES=1000` is 100,000 operations on each backend.
//!
//! What differs from the model, and why, is in [`Traits`]: times by the host's clock cannot be
//! told; times of the last read depend on the mount; `HostFs` refuses set-user-ID bits, which
//! would act outside of the sandbox; a write takes such bits away by who opened the file, since
//! an open file is all that a write is given; the host's administrator may protect hard links; tmpfs repeats
//! entries of a directory that changes while it is read. And, in
//! the drawing itself: what a fifo does when it is read is the kernel's business, not the
//! filesystem's, and offsets in directories are the filesystem's own.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use vfs::testing::{Model, Op, Traits, Tree, check_tree, ops, run, tree};
use vfs::{FileSystem, FileType, HostFs, Ino, MemFs, Mode, OverlayFs, Timestamp, Vfs};

use crate::kernel::{Kernel, confined, host_traits, open_host, privileged, scratch};

const MOST: usize = 200;

fn vfs(fs: impl FileSystem + 'static) -> Vfs {
    Vfs::new(Box::new(fs))
}

/// What a `HostFs` is known to do differently, which any layer on top of one inherits.
pub(crate) fn of_host() -> Traits {
    Traits {
        host_clock: true,
        no_atime: true,
        no_setid: true,
        loose_scans: true,
        ..Traits::default()
    }
}

/// `HostFs` on an empty directory; its root as the model's is.
pub(crate) fn host(top: &Path) -> HostFs {
    let fs = open_host(top);
    std::fs::set_permissions(top, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs
}

/// The mode that an operation gives to a file, if it gives one.
fn mode_of(op: &mut Op) -> Option<&mut Mode> {
    match op {
        Op::Mkdir { mode, .. }
        | Op::Mknod { mode, .. }
        | Op::Open { mode, .. }
        | Op::Chmod { mode, .. }
        | Op::Fchmod { mode, .. } => Some(mode),
        _ => None,
    }
}

/// Without privileges on the host, nobody else can own a file, and modes hold for us too.
fn for_host(mut ops: Vec<Op>) -> Vec<Op> {
    if privileged() {
        return ops;
    }
    ops.retain(|op| {
        !matches!(op, Op::Become { .. } | Op::Chown { .. } | Op::Fchown { .. } | Op::Umask(_))
    });
    ops.iter_mut().filter_map(mode_of).for_each(|mode| *mode |= Mode::new(0o700));
    ops
}

/// Without what a host's directory refuses: set-user-ID bits.
fn for_commit(ops: Vec<Op>) -> Vec<Op> {
    let mut ops = for_host(ops);
    ops.iter_mut().filter_map(mode_of).for_each(|mode| *mode -= Mode::ISUID | Mode::ISGID);
    ops
}

/// The filesystem of a namespace with one.
fn only(vfs: &Vfs) -> &dyn FileSystem {
    vfs.filesystem(vfs.root().mount).unwrap()
}

fn in_memory(before: &[Op]) -> (MemFs, Model) {
    let mut model = Model::new(Traits::default());
    let vfs = run(vfs(MemFs::default()), &mut model, before);
    let any: &dyn std::any::Any = only(&vfs);
    (any.downcast_ref::<MemFs>().unwrap().snapshot(), model)
}

/// Empties a directory.
fn remove_all(fs: &mut dyn FileSystem, dir: Ino) {
    let mut entries = Vec::new();
    fs.read_dir(dir, 0, &mut |entry| {
        entries.push((entry.name.to_vec(), entry.ino, entry.file_type));
        true
    })
    .unwrap();
    for (name, ino, file_type) in entries {
        if file_type == FileType::Directory {
            remove_all(fs, ino);
            fs.rmdir(dir, &name, Timestamp::default()).unwrap();
        } else {
            fs.unlink(dir, &name, Timestamp::default()).unwrap();
        }
    }
}

/// A filesystem in which operations have been carried out.
fn after_ops(fs: impl FileSystem + 'static, ops: &[Op]) -> Vfs {
    let mut session = vfs::testing::Session::new(vfs(fs));
    for op in ops {
        let _ = session.apply(op);
    }
    session.finish()
}

/// A tree without times, a consistent one.
fn seen(fs: &dyn FileSystem) -> Tree {
    without_times(check_tree(fs))
}

fn without_times(mut tree: Tree) -> Tree {
    for node in tree.values_mut() {
        (node.facts.atime, node.facts.mtime, node.facts.ctime) = (None, None, None);
    }
    tree
}

/// What two trees do not have alike.
fn unlike(a: &Tree, b: &Tree) -> Vec<String> {
    let paths: BTreeSet<&Vec<u8>> = a.keys().chain(b.keys()).collect();
    paths
        .into_iter()
        .filter(|path| a.get(*path) != b.get(*path))
        .map(|path| {
            let name = String::from_utf8_lossy(path);
            format!("{name}: {:?} is not {:?}", a.get(path), b.get(path))
        })
        .collect()
}

/// Names that come, go and move, of files and directories that belong to all.
fn of_entries(ops: Vec<Op>) -> Vec<Op> {
    let moves = |op: &Op| {
        matches!(
            op,
            Op::Open { .. }
                | Op::Mkdir { .. }
                | Op::Symlink { .. }
                | Op::Link { .. }
                | Op::Unlink(_)
                | Op::Rmdir(_)
                | Op::Rename { .. }
                | Op::Write { .. }
                | Op::Truncate { .. }
        )
    };
    ops.into_iter().filter(moves).collect()
}

/// A tree in which each name is a file of its own.
fn apart_from_links(mut tree: Tree) -> Tree {
    for node in tree.values_mut() {
        node.first.clear();
        if node.facts.file_type != FileType::Directory {
            node.facts.nlink = 1;
        }
    }
    tree
}

/// A quarter of the usual cases unless `PROPTEST_CASES` says how many: each is a hundred
/// operations.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { cases: asked.cases.div_ceil(4), failure_persistence: None, ..asked }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn memory(ops in ops(MOST)) {
        let vfs = run(vfs(MemFs::default()), &mut Model::new(Traits::default()), &ops);
        let mut fs = only(&vfs).fork().unwrap();
        let root = fs.root();
        remove_all(&mut *fs, root);
        // Nothing is counted that is not there.
        let free = fs.statfs().unwrap();
        prop_assert_eq!((free.files_free, free.blocks_free), (free.files - 1, free.blocks));
    }

    #[test]
    fn fork_of_memory(before in ops(MOST / 2), after in ops(MOST / 2)) {
        let (fs, mut model) = in_memory(&before);
        let original = vfs(fs);
        run(original.fork().unwrap(), &mut model, &after);
        // The original has not noticed.
        let (_, untouched) = in_memory(&before);
        untouched.check_tree(&check_tree(only(&original)));
    }

    #[test]
    fn host_directory(ops in ops(MOST).prop_map(for_host)) {
        let top = scratch();
        run(vfs(host(top.path())), &mut Model::new(of_host()), &ops);
    }

    #[test]
    fn overlay_over_memory(before in ops(MOST / 2), after in ops(MOST)) {
        let (lower, mut model) = in_memory(&before);
        let lower: Arc<dyn FileSystem> = Arc::new(lower);
        let was = tree(&*lower).unwrap();
        model.relax(Traits { no_atime: true, ..Traits::default() });
        run(vfs(OverlayFs::new(lower.clone())), &mut model, &after);
        prop_assert!(tree(&*lower).unwrap() == was, "the lower layer was changed");
    }

    #[test]
    fn overlay_discarded_and_saved(
        before in ops(MOST / 2),
        after in prop_oneof![ops(MOST), ops(MOST * 4).prop_map(of_entries)],
    ) {
        let (lower, _) = in_memory(&before);
        let lower: Arc<dyn FileSystem> = Arc::new(lower);
        let overlay = after_ops(OverlayFs::new(lower.clone()), &after);
        let any: Box<dyn std::any::Any> = only(&overlay).fork().unwrap();
        let mut overlay = *any.downcast::<OverlayFs>().unwrap();
        let mut saved = Vec::new();
        overlay.save(&mut saved).unwrap();
        let loaded = OverlayFs::load(lower.clone(), vfs::Limits::default(), saved.as_slice());
        let (loaded, lost) = loaded.unwrap();
        prop_assert_eq!(lost, Vec::<Vec<u8>>::new());
        prop_assert_eq!(unlike(&seen(&loaded), &seen(&overlay)), Vec::<String>::new());
        overlay.discard(vfs::Selection::All, Timestamp::default()).unwrap();
        prop_assert_eq!(seen(&overlay), seen(&*lower));
        prop_assert_eq!(overlay.diff().unwrap(), vec![]);
    }

    #[test]
    fn overlay_committed(
        before in ops(MOST / 2).prop_map(for_host),
        after in prop_oneof![ops(MOST), ops(MOST * 4).prop_map(of_entries)].prop_map(for_host),
    ) {
        let top = scratch();
        after_ops(host(top.path()), &before);
        let overlay = after_ops(OverlayFs::over(open_host(top.path())), &after);
        let any: Box<dyn std::any::Any> = only(&overlay).fork().unwrap();
        let mut overlay = *any.downcast::<OverlayFs>().unwrap();
        let with_times = check_tree(&overlay);
        let expected = without_times(with_times.clone());
        let mut target = open_host(top.path());
        let done = overlay.commit(&mut target, vfs::Selection::All, Timestamp::default()).unwrap();
        // What the host refuses: set-user-ID, devices, others' files without privileges. The
        // rest may be linked to it.
        if !done.conflicts.is_empty() {
            check_tree(&target);
            let (is, was) = (without_times(tree(&overlay).unwrap()), expected);
            let differing = unlike(&apart_from_links(is), &apart_from_links(was));
            prop_assert_eq!(differing, Vec::<String>::new());
            return Ok(());
        }
        prop_assert_eq!(unlike(&seen(&overlay), &expected), Vec::<String>::new());
        prop_assert_eq!(unlike(&seen(&target), &expected), Vec::<String>::new());
        // The time of the last access is moved by this very look at a symbolic link.
        let all = |fs: &dyn FileSystem| {
            let mut tree = check_tree(fs);
            tree.values_mut().for_each(|node| node.facts.atime = None);
            tree
        };
        let host_tree = all(&target);
        prop_assert_eq!(unlike(&all(&overlay), &host_tree), Vec::<String>::new());
        let written = |change: &&vfs::Change| {
            let kind = matches!(change.kind, vfs::ChangeKind::Added | vfs::ChangeKind::Modified);
            kind && change.file_type != FileType::Directory
        };
        for change in done.applied.iter().filter(written) {
            let (is, was) = (&host_tree[&change.path], &with_times[&change.path]);
            // One more name of a file is no reason to change its times.
            if is.facts.nlink == 1 {
                prop_assert_eq!(is.facts.mtime, was.facts.mtime, "{:?}", change);
            }
        }
        prop_assert_eq!(overlay.diff().unwrap(), vec![]);
    }

    #[test]
    fn overlay_committed_in_two_steps(
        before in ops(MOST / 2).prop_map(for_commit),
        after in prop_oneof![ops(MOST), ops(MOST * 4).prop_map(of_entries)].prop_map(for_commit),
        chosen in any::<u64>(),
    ) {
        let top = scratch();
        after_ops(host(top.path()), &before);
        let overlay = after_ops(OverlayFs::over(open_host(top.path())), &after);
        let any: Box<dyn std::any::Any> = only(&overlay).fork().unwrap();
        let mut overlay = *any.downcast::<OverlayFs>().unwrap();
        let expected = apart_from_links(seen(&overlay));
        let changes = overlay.diff().unwrap();
        let is_chosen = |index: usize| chosen >> (index % 64) & 1 == 1;
        let paths: Vec<&[u8]> =
            (0..).zip(&changes).filter(|(index, _)| is_chosen(*index)).map(|(_, change)| &change.path[..]).collect();
        for selection in [vfs::Selection::Paths(&paths), vfs::Selection::All] {
            let mut target = open_host(top.path());
            let done = overlay.commit(&mut target, selection, Timestamp::default()).unwrap();
            check_tree(&target);
            let (is, was) = (without_times(tree(&overlay).unwrap()), expected.clone());
            prop_assert_eq!(unlike(&apart_from_links(is), &was), Vec::<String>::new(), "{:?}", selection);
            if matches!(selection, vfs::Selection::All) {
                prop_assert_eq!(done.conflicts, vec![], "after {:?}", paths);
            }
        }
        prop_assert_eq!(unlike(&apart_from_links(seen(&open_host(top.path()))), &expected), Vec::<String>::new());
        prop_assert_eq!(overlay.diff().unwrap(), vec![]);
    }

    #[test]
    fn overlay_over_host(before in ops(MOST / 2).prop_map(for_host), after in ops(MOST)) {
        let top = scratch();
        let mut model = Model::new(of_host());
        run(vfs(host(top.path())), &mut model, &before);
        let was = crate::tree::host_dump(top.path());
        model.relax(Traits { no_setid: false, ..of_host() });
        run(vfs(OverlayFs::over(open_host(top.path()))), &mut model, &after);
        prop_assert!(crate::tree::host_dump(top.path()) == was, "the host's tree was changed");
    }

    #[test]
    fn overlay_between_host_directories(
        before in ops(MOST / 2).prop_map(for_host), after in ops(MOST).prop_map(for_host)
    ) {
        let (below, above) = (scratch(), scratch());
        let mut model = Model::new(of_host());
        run(vfs(host(below.path())), &mut model, &before);
        let lower = Arc::new(open_host(below.path()));
        run(vfs(OverlayFs::with_upper(lower, host(above.path()))), &mut model, &after);
    }

    #[test]
    fn overlay_over_overlay_and_its_fork(
        one in ops(MOST / 3), two in ops(MOST / 3), three in ops(MOST / 3)
    ) {
        let (lowest, mut model) = in_memory(&one);
        model.relax(Traits { no_atime: true, ..Traits::default() });
        let lower = run(vfs(OverlayFs::over(lowest)), &mut model, &two);
        let fork = lower.fork().unwrap();
        let lower: Arc<dyn FileSystem> = only(&fork).fork().unwrap().into();
        run(vfs(OverlayFs::new(lower)), &mut model, &three);
    }

    #[test]
    fn kernel(ops in ops(MOST)) {
        if privileged() {
            let top = scratch();
            std::fs::set_permissions(top.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            let traits = host_traits();
            confined(top.path(), || {
                let mut kernel = Kernel::default();
                let mut model = Model::new(traits);
                for (step, op) in ops.iter().enumerate() {
                    let verdict = model.check(op, &kernel.apply(op));
                    assert_eq!(verdict, Ok(()), "step {step}: {op:?}\nof {:#?}", &ops[..=step]);
                }
            });
        }
    }
}
