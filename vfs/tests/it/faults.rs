//! Every operation failing at each of its steps: the tree is consistent, and either the error is
//! reported and nothing has changed, or it had no effect and all has.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;
use vfs::testing::{Answer, Fault, FaultFs, Op, Session, Tree, check_tree, fail_host_calls, ops};
use vfs::{
    Errno, FileSystem, FileType, HostFs, MemFs, Mode, NewInode, OverlayFs, RenameFlags, Timestamp,
    Vfs,
};

use crate::kernel::{privileged, scratch};

const MOST: usize = 24;

/// A disk that fails, one that is full, and a process that is out of descriptors.
const ERRNOS: [Errno; 3] = [Errno::EIO, Errno::ENOSPC, Errno::ENFILE];

/// A backend that fails when told to, the same each time that it is made.
type Make<'a> = dyn Fn(Arc<Fault>) -> (Box<dyn FileSystem>, Option<TempDir>) + 'a;

fn only(vfs: &Vfs) -> &dyn FileSystem {
    vfs.filesystem(vfs.root().mount).unwrap()
}

/// A tree without times: a step may have moved one before a later step failed.
fn seen(vfs: &Vfs) -> Tree {
    let mut tree = check_tree(only(vfs));
    for node in tree.values_mut() {
        (node.facts.atime, node.facts.mtime, node.facts.ctime) = (None, None, None);
    }
    tree
}

/// Lets each operation fail at each step, everything before it having gone well.
fn check(make: &Make<'_>, ops: &[Op]) {
    check_with(make, Errno::EIO, ops);
}

/// The same with another error.
fn check_with(make: &Make<'_>, errno: Errno, ops: &[Op]) {
    let mut before = seen(&Vfs::new(make(Arc::default()).0));
    for (index, op) in ops.iter().enumerate() {
        let (fine, after) = attempt(make, &ops[..index], op, 0);
        for step in 1.. {
            let (got, tree) = attempt(make, &ops[..index], op, step);
            let Some(got) = got else { break };
            // What failed without any effect on the whole need not be reported.
            let whole = match &got {
                Err(err) if *err == errno && several_steps(op) => {
                    let tree = without_setid(&tree);
                    tree == without_setid(&before) || tree == without_setid(&after)
                }
                Err(err) if *err == errno => tree == before,
                got => Some(got) == fine.as_ref() && tree == after,
            };
            assert!(
                whole,
                "{op:?} at step {step}: {got:?} {tree:#?}\nbefore: {before:#?}\nof {ops:#?}"
            );
        }
        before = after;
    }
}

/// What has several steps in POSIX too: to create, then to open; to clear a mode, then to write.
fn several_steps(op: &Op) -> bool {
    matches!(op, Op::Open { .. } | Op::Write { .. } | Op::Pwrite { .. } | Op::Fallocate { .. })
}

fn without_setid(tree: &Tree) -> Tree {
    let mut tree = tree.clone();
    for node in tree.values_mut() {
        node.facts.mode -= Mode::ISUID | Mode::ISGID;
    }
    tree
}

/// Carries `before` out, then `op` with the fault at a step (0: none): what it answered, if the
/// step was reached, and the tree after it.
fn attempt(
    make: &Make<'_>,
    before: &[Op],
    op: &Op,
    step: u64,
) -> (Option<Result<Answer, Errno>>, Tree) {
    let fault = Arc::new(Fault::default());
    let (fs, _top) = make(fault.clone());
    let mut session = Session::new(Vfs::new(fs));
    for op in before {
        let _ = session.apply(op);
    }
    fault.arm(step);
    let got = session.apply(op);
    let reached = fault.disarm() || step == 0;
    let tree = seen(&session.finish());
    (reached.then_some(got.map(without_times)), tree)
}

/// An answer that two runs have in common.
fn without_times(mut answer: Answer) -> Answer {
    if let Answer::Facts(facts) = &mut answer {
        (facts.atime, facts.mtime, facts.ctime) = (None, None, None);
    }
    answer
}

/// A filesystem in which `ops` have been carried out.
fn filled(fs: impl FileSystem + 'static, ops: &[Op]) -> Vfs {
    let mut session = Session::new(Vfs::new(Box::new(fs)));
    for op in ops {
        let _ = session.apply(op);
    }
    session.finish()
}

fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { cases: asked.cases.div_ceil(16), failure_persistence: None, ..asked }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn memory(ops in ops(MOST)) {
        let make = |fault| {
            let fs: Box<dyn FileSystem> = Box::new(FaultFs::new(MemFs::default(), fault, Errno::EIO));
            (fs, None)
        };
        check(&make, &ops);
    }

    /// Where each call of the filesystem fails too: at its first call to the host.
    #[test]
    fn calls_to_the_host(ops in ops(MOST / 2), errno in select(&ERRNOS)) {
        if privileged() {
            let make = |fault: Arc<Fault>| {
                let top = scratch();
                fail_host_calls(fault, errno);
                let fs: Box<dyn FileSystem> = Box::new(HostFs::open(top.path()).unwrap());
                (fs, Some(top))
            };
            check_with(&make, errno, &ops);
        }
    }

    #[test]
    fn calls_to_the_host_below_and_above_an_overlay(
        before in ops(MOST / 4), ops in ops(MOST / 6)
    ) {
        if privileged() {
            let make = |fault: Arc<Fault>| {
                let top = scratch();
                let open = |name: &str| {
                    std::fs::create_dir(top.path().join(name)).unwrap();
                    HostFs::open(top.path().join(name)).unwrap()
                };
                fail_host_calls(Arc::default(), Errno::EIO);
                filled(open("lower"), &before);
                fail_host_calls(fault, Errno::EIO);
                let lower = HostFs::open_read_only(top.path().join("lower")).unwrap();
                let fs = OverlayFs::with_upper(Arc::new(lower), open("upper"));
                let fs: Box<dyn FileSystem> = Box::new(fs);
                (fs, Some(top))
            };
            check(&make, &ops);
        }
    }

    #[test]
    fn lower_layer(before in ops(MOST), ops in ops(MOST)) {
        let lower = filled(MemFs::default(), &before);
        let lower: Arc<dyn FileSystem> = only(&lower).fork().unwrap().into();
        let make = |fault| {
            let lower = FaultFs::new(lower.clone(), fault, Errno::EIO);
            let fs: Box<dyn FileSystem> = Box::new(OverlayFs::over(lower));
            (fs, None)
        };
        check(&make, &ops);
    }

    #[test]
    fn upper_layer(before in ops(MOST), ops in ops(MOST)) {
        let lower = filled(MemFs::default(), &before);
        let lower: Arc<dyn FileSystem> = only(&lower).fork().unwrap().into();
        let make = |fault| {
            let upper = FaultFs::new(MemFs::default(), fault, Errno::EIO);
            let fs: Box<dyn FileSystem> = Box::new(OverlayFs::with_upper(lower.clone(), upper));
            (fs, None)
        };
        check(&make, &ops);
    }
}

/// A lower directory that has been renamed once is in the upper layer under its name: not being
/// able to look there is not the same as not being there.
#[test]
fn a_directory_renamed_twice_is_looked_for_where_it_is() {
    let mkdir = Op::Mkdir { spot: "d".into(), mode: Mode::new(0o755) };
    let lower = filled(MemFs::default(), &[mkdir]);
    let lower: Arc<dyn FileSystem> = only(&lower).fork().unwrap().into();
    let make = |fault| {
        let upper = FaultFs::new(MemFs::default(), fault, Errno::EIO);
        let fs: Box<dyn FileSystem> = Box::new(OverlayFs::with_upper(lower.clone(), upper));
        (fs, None)
    };
    let rename = |from: &str, to: &str| Op::Rename {
        from: from.into(),
        to: to.into(),
        flags: RenameFlags::empty(),
    };
    check(&make, &[rename("d", "b"), rename("b", "c")]);
}

/// What the upper layer has stands in front of what the lower layer got later: not being able to
/// look there is no reason to list both.
#[test]
fn a_name_that_both_layers_have_is_listed_once_or_not_at_all() {
    let top = scratch();
    let fault = Arc::new(Fault::default());
    let upper = FaultFs::new(MemFs::default(), fault.clone(), Errno::EIO);
    let lower = Arc::new(HostFs::open(top.path()).unwrap());
    let mut fs = OverlayFs::with_upper(lower, upper);
    let root = fs.root();
    let new = NewInode { mode: Mode::new(0o644), uid: 0, gid: 0, now: Timestamp::default() };
    fs.create(root, b"a", FileType::Regular, 0, &new).unwrap();
    std::fs::write(top.path().join("a"), "later").unwrap();
    std::fs::write(top.path().join("b"), "beside").unwrap();
    let mut failures = 0;
    for step in 1.. {
        fault.arm(step);
        let mut names = Vec::new();
        let read = fs.read_dir(root, 0, &mut |entry| {
            names.push(entry.name.to_vec());
            true
        });
        if !fault.disarm() {
            names.sort();
            assert_eq!((read, names), (Ok(()), vec![b"a".to_vec(), b"b".to_vec()]));
            break;
        }
        assert_eq!(read, Err(Errno::EIO), "at step {step}: {names:?}");
        failures += 1;
    }
    assert_eq!(failures, 3, "listing the upper directory, and looking there for each lower name");
}
