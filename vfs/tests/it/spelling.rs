//! Every call with every spelling of a path: the host's kernel, the model and `Vfs` say the same.
//!
//! What matters is the order in which errors are found, the slash behind a name and the link
//! before it, so all of these meet. Needs user 0, who alone may confine himself and be others.

use vfs::testing::{Model, Op, Session, Spot, Traits};
use vfs::{Access, FileType, Follow, MemFs, Mode, OFlags, RenameFlags, SetTime, Timestamp, Vfs};

use crate::kernel::{Kernel, confined, host_traits, privileged, scratch};

/// What is there before each call.
fn fixture(user: &[Op]) -> Vec<Op> {
    let mode = Mode::new(0o755);
    let mut ops = vec![
        Op::Mkdir { spot: "d".into(), mode },
        Op::Mkdir { spot: "e".into(), mode },
        Op::Mkdir { spot: "closed".into(), mode: Mode::new(0o700) },
        Op::Mknod { spot: "f".into(), file_type: FileType::Regular, mode },
        Op::Mknod { spot: "d/f".into(), file_type: FileType::Regular, mode },
        Op::Mknod { spot: "p".into(), file_type: FileType::Fifo, mode },
        Op::Mknod { spot: "s".into(), file_type: FileType::Socket, mode },
        Op::Link { from: "f".into(), to: "h".into(), follow: Follow::No },
    ];
    for (name, target) in LINKS {
        ops.push(Op::Symlink { target: target.into(), spot: name.into() });
    }
    ops.extend_from_slice(user);
    ops
}

const LINKS: [(&str, &str); 11] = [
    ("lf", "f"),
    ("ld", "d"),
    ("le", "e/"),
    ("lnone", "none"),
    ("lnew", "none/"),
    ("loop", "loop"),
    ("ldot", "."),
    ("lup", "d/.."),
    ("lroot", "/"),
    ("lfslash", "f/"),
    ("ldeep", "ld/f"),
];

fn spellings(ends: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    let names = ["d", "e", "closed", "f", "h", "p", "s", "none"].into_iter();
    for name in names.chain(LINKS.map(|(name, _)| name)) {
        all.extend(ends.iter().map(|end| format!("{name}{end}")));
    }
    all
}

fn more_spellings() -> Vec<String> {
    let long = "n".repeat(256);
    let path = "d/".repeat(2047);
    let mut all: Vec<String> =
        ["", ".", "./", "..", "/", "//", "/.", "/..", "./f", ".//d/.//f", "d/../e/../f/"]
            .map(str::to_owned)
            .to_vec();
    all.extend([
        format!("{long}/"),
        format!("{long}/x"),
        format!("f/{long}"),
        format!("ld/{long}/"),
    ]);
    all.extend([
        long,
        format!("{path}f"),
        format!("{path}ff"),
        format!("./{}", "d/../".repeat(300)),
    ]);
    all
}

/// The calls that take one path.
fn calls(spot: &Spot) -> Vec<Op> {
    let spot = || spot.clone();
    let (mode, follow) = (Mode::new(0o640), [Follow::Yes, Follow::No]);
    let mut ops = vec![
        Op::Chdir(spot()),
        Op::Mkdir { spot: spot(), mode },
        Op::Symlink { target: b"f".to_vec(), spot: spot() },
        Op::Symlink { target: Vec::new(), spot: spot() },
        Op::Unlink(spot()),
        Op::Rmdir(spot()),
        Op::ReadLink(spot()),
        Op::Chmod { spot: spot(), mode },
        Op::Truncate { spot: spot(), size: 3 },
    ];
    for file_type in [FileType::Regular, FileType::Fifo] {
        ops.push(Op::Mknod { spot: spot(), file_type, mode });
    }
    for access in [Access::empty(), Access::WRITE, Access::EXEC] {
        ops.push(Op::Access { spot: spot(), access });
    }
    for follow in follow {
        ops.push(Op::Stat { spot: spot(), follow });
        for (uid, gid) in [(Some(1000), None), (None, Some(1000)), (None, None)] {
            ops.push(Op::Chown { spot: spot(), uid, gid, follow });
        }
        let time = SetTime::At(Timestamp::new(5, 5));
        for (atime, mtime) in
            [(time, SetTime::Omit), (SetTime::Now, SetTime::Now), (SetTime::Omit, SetTime::Omit)]
        {
            ops.push(Op::Utimens { spot: spot(), atime, mtime, follow });
        }
    }
    let access = [OFlags::READ, OFlags::WRITE, OFlags::READ | OFlags::TRUNC, OFlags::PATH];
    for access in access {
        for more in 0..16 {
            let mut flags = access;
            flags.set(OFlags::CREAT, more & 1 != 0);
            flags.set(OFlags::EXCL, more & 2 != 0);
            flags.set(OFlags::DIRECTORY, more & 4 != 0);
            flags.set(OFlags::NOFOLLOW, more & 8 != 0);
            ops.push(Op::Open { slot: 0, spot: spot(), flags, mode });
        }
    }
    ops
}

/// The calls that take two paths.
fn pairs(from: &Spot, to: &Spot) -> Vec<Op> {
    let (from, to) = (|| from.clone(), || to.clone());
    let flags = [RenameFlags::empty(), RenameFlags::NOREPLACE, RenameFlags::EXCHANGE];
    let renames = flags.map(|flags| Op::Rename { from: from(), to: to(), flags });
    let follow = [Follow::Yes, Follow::No];
    let links = follow.map(|follow| Op::Link { from: from(), to: to(), follow });
    renames.into_iter().chain(links).collect()
}

fn users() -> Vec<Vec<Op>> {
    let mode = |spot: &str, mode| Op::Chmod { spot: spot.into(), mode: Mode::new(mode) };
    let user = Op::Become { uid: 1000 };
    vec![
        vec![],
        vec![user.clone()],
        vec![mode("/", 0o1777), mode("d", 0o777), user.clone()],
        vec![mode("/", 0o777), mode("f", 0o666), user],
    ]
}

/// Holds each call against all three, one after the other on a new fixture.
#[track_caller]
fn check(calls: impl Fn(&mut dyn FnMut(&Op)) + Sync) {
    if !privileged() {
        return;
    }
    let mut complaints = Vec::new();
    for user in users() {
        let before = fixture(&user);
        complaints.extend(on_kernel(&before, &calls).into_iter().map(|c| format!("kernel: {c}")));
        complaints.extend(on_memory(&before, &calls).into_iter().map(|c| format!("vfs: {c}")));
    }
    let (count, first) =
        (complaints.len(), complaints.iter().take(40).cloned().collect::<Vec<_>>());
    assert!(complaints.is_empty(), "{count} answers differ, as these do:\n{}", first.join("\n"));
}

fn model(before: &[Op], traits: Traits) -> Model {
    let mut model = Model::new(traits);
    for op in before {
        model.check(op, &Ok(vfs::testing::Answer::Done)).unwrap();
    }
    model
}

fn on_kernel(before: &[Op], calls: &(impl Fn(&mut dyn FnMut(&Op)) + Sync)) -> Vec<String> {
    let traits = host_traits();
    let top = scratch();
    confined(top.path(), || {
        let mut complaints = Vec::new();
        let mut ready = None;
        calls(&mut |op| {
            let (kernel, model) = ready.get_or_insert_with(|| {
                let mut kernel = Kernel::default();
                kernel.apply(&Op::Become { uid: 0 }).unwrap();
                rustix::process::chdir("/").unwrap();
                empty_dir(std::path::Path::new("/"));
                kernel.apply(&Op::Chmod { spot: "/".into(), mode: Mode::new(0o755) }).unwrap();
                kernel
                    .apply(&Op::Chown {
                        spot: "/".into(),
                        uid: Some(0),
                        gid: Some(0),
                        follow: Follow::No,
                    })
                    .unwrap();
                for op in before {
                    kernel.apply(op).unwrap();
                }
                (kernel, model(before, traits))
            });
            let got = kernel.apply(op);
            let verdict = model.check(op, &got);
            if (got.is_ok() && changes(op)) || verdict.is_err() {
                ready = None;
            }
            if let Err(complaint) = verdict {
                complaints.push(format!("{op:?}: {complaint}"));
            }
        });
        complaints
    })
}

/// Whether the operation leaves something else behind than it found.
fn changes(op: &Op) -> bool {
    match op {
        Op::Open { flags, .. } => flags.intersects(OFlags::CREAT | OFlags::TRUNC),
        op => !matches!(op, Op::Stat { .. } | Op::Access { .. } | Op::ReadLink(_)),
    }
}

fn empty_dir(dir: &std::path::Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        } else {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
}

fn on_memory(before: &[Op], calls: &impl Fn(&mut dyn FnMut(&Op))) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut ready = None;
    calls(&mut |op| {
        let (session, model) = ready.get_or_insert_with(|| {
            let mut session = Session::new(Vfs::new(Box::new(MemFs::default())));
            for op in before {
                session.apply(op).unwrap();
            }
            (session, model(before, Traits::default()))
        });
        let got = session.apply(op);
        let verdict = model.check(op, &got);
        if (got.is_ok() && changes(op)) || verdict.is_err() {
            ready = None;
        }
        if let Err(complaint) = verdict {
            complaints.push(format!("{op:?}: {complaint}"));
        }
    });
    complaints
}

#[test]
fn one_path() {
    let mut paths = spellings(&["", "/", "//", "/.", "/..", "/x", "/f", "/f/", "/../f"]);
    paths.extend(more_spellings());
    check(|each| {
        for path in &paths {
            calls(&path.as_str().into()).iter().for_each(&mut *each);
        }
    });
}

#[test]
fn two_paths() {
    let mut paths = spellings(&["", "/"]);
    paths.extend(
        ["", ".", "..", "/", "d/f", "d/f/", "d/x", "d/.", "none/x", "closed/x", "d/x/"]
            .map(str::to_owned),
    );
    check(|each| {
        for from in &paths {
            for to in &paths {
                pairs(&from.as_str().into(), &to.as_str().into()).iter().for_each(&mut *each);
            }
        }
    });
}
