//! Modes, owners and times.

use super::Named;
use super::case::{Case, chmod, link, mkdir, open, rename, symlink, unlink};
use crate::testing::Op;
use crate::{Access, Errno, Follow, Mode, OFlags, SetTime, Timestamp};

pub(super) const CASES: &[Named] = &[
    ("the umask takes bits from what is made", umask),
    ("chmod is for the owner", change_mode),
    ("chown is for root, and drops set-user-ID", change_owner),
    ("a set-group-ID directory hands its group down", inherited_group),
    ("times are set, kept and left alone", times),
    ("changes move the times that POSIX says", time_of_changes),
    ("who may not write may not touch, who does not own may not date", times_of_others),
    ("access is as the bits say", access),
    ("a link's metadata is its own", link_metadata),
    ("an open file's metadata is the name's", through_descriptor),
];

fn umask(t: &mut Case) {
    t.ok(Op::Umask(Mode::new(0o027)));
    let mode = Mode::new(0o777);
    t.ok(Op::Mkdir { spot: "d".into(), mode });
    assert_eq!(t.stat("d").mode, Mode::new(0o750));
    t.ok(Op::Open { slot: 0, spot: "f".into(), flags: OFlags::RDWR | OFlags::CREAT, mode });
    assert_eq!(t.stat("f").mode, Mode::new(0o750));
    t.ok(symlink("x", "l"));
    assert_eq!(t.stat("l").mode, Mode::new(0o777));
    t.ok(Op::Umask(Mode::empty()));
    t.ok(Op::Mkdir { spot: "s".into(), mode: Mode::new(0o1777) });
    assert_eq!(t.stat("s").mode, Mode::new(0o1777));
}

fn change_mode(t: &mut Case) {
    t.file("f", 1, 1);
    for mode in [0o000, 0o777, 0o640, 0o1600] {
        t.ok(chmod("f", mode));
        assert_eq!(t.stat("f").mode, Mode::new(mode));
    }
    t.ok(Op::Become { uid: 1000 });
    t.fails(Errno::EPERM, chmod("f", 0o777));
    t.fails(Errno::ENOENT, chmod("none", 0o777));
}

fn change_owner(t: &mut Case) {
    t.file("f", 1, 1);
    let chown = |uid, gid| Op::Chown { spot: "f".into(), uid, gid, follow: Follow::Yes };
    t.ok(chown(Some(1000), None));
    t.ok(chown(None, Some(1000)));
    assert_eq!((t.stat("f").uid, t.stat("f").gid), (1000, 1000));
    // Where the bit may be set at all.
    let _ = t.try_to(chmod("f", 0o4755));
    t.ok(chown(Some(1001), Some(1001)));
    assert_eq!(t.stat("f").mode & Mode::ISUID, Mode::empty());
    t.ok(Op::Become { uid: 1000 });
    t.fails(Errno::EPERM, chown(Some(1000), None));
    t.fails(Errno::EPERM, chown(None, Some(1000)));
}

fn inherited_group(t: &mut Case) {
    t.mkdir("d");
    t.ok(Op::Chown { spot: "d".into(), uid: None, gid: Some(1001), follow: Follow::Yes });
    t.ok(chmod("d", 0o2777));
    t.file("d/f", 1, 1);
    t.mkdir("d/e");
    assert_eq!((t.stat("d/f").gid, t.stat("d/e").gid), (1001, 1001));
    assert!(t.stat("d/e").mode.contains(Mode::ISGID));
    t.ok(Op::Become { uid: 1000 });
    t.file("d/g", 1, 1);
    assert_eq!((t.stat("d/g").uid, t.stat("d/g").gid), (1000, 1001));
}

fn at(secs: i64, nanos: u32) -> SetTime {
    SetTime::At(Timestamp::new(secs, nanos))
}

fn utimens(path: &str, atime: SetTime, mtime: SetTime) -> Op {
    Op::Utimens { spot: path.into(), atime, mtime, follow: Follow::Yes }
}

fn times(t: &mut Case) {
    t.file("f", 1, 1);
    t.ok(utimens("f", at(1, 2), at(3, 4)));
    assert_eq!(t.stat("f").mtime, Some(Timestamp::new(3, 4)));
    t.ok(utimens("f", at(5, 999_999_999), SetTime::Omit));
    t.ok(utimens("f", SetTime::Omit, at(7, 8)));
    assert_eq!(t.stat("f").mtime, Some(Timestamp::new(7, 8)));
    t.ok(utimens("f", SetTime::Now, SetTime::Omit));
    assert_eq!(t.stat("f").mtime, Some(Timestamp::new(7, 8)));
    t.ok(link("f", "g"));
    t.ok(rename("f", "h"));
    t.ok(chmod("h", 0o600));
    assert_eq!(t.stat("g").mtime, Some(Timestamp::new(7, 8)));
    t.mkdir("d");
    t.ok(utimens("d", at(1, 1), at(1, 1)));
    t.ok(chmod("d", 0o700));
    assert_eq!(t.stat("d").mtime, Some(Timestamp::new(1, 1)));
}

/// Each step's times are the model's.
fn time_of_changes(t: &mut Case) {
    t.mkdir("d");
    for op in [
        mkdir("d/e"),
        open(0, "d/f", OFlags::RDWR | OFlags::CREAT),
        Op::Write { slot: 0, byte: 1, len: 10 },
        Op::Ftruncate { slot: 0, size: 5 },
        link("d/f", "d/g"),
        unlink("d/f"),
        rename("d/g", "d/e/g"),
        Op::Rmdir("d/none".into()),
        symlink("x", "d/l"),
        Op::Fallocate { slot: 0, offset: 0, len: 2 },
    ] {
        let _ = t.try_to(op);
        for path in ["d", "d/e"] {
            let _ = t.try_to(super::case::stat(path));
        }
        let _ = t.try_to(Op::Fstat(0));
    }
}

fn times_of_others(t: &mut Case) {
    t.file("f", 1, 1);
    t.file("g", 1, 1);
    t.ok(chmod("f", 0o666));
    t.ok(Op::Become { uid: 1000 });
    t.ok(utimens("f", SetTime::Now, SetTime::Now));
    t.fails(Errno::EPERM, utimens("f", at(1, 1), at(1, 1)));
    t.fails(Errno::EPERM, utimens("f", SetTime::Now, SetTime::Omit));
    t.fails(Errno::EACCES, utimens("g", SetTime::Now, SetTime::Now));
    t.ok(utimens("g", SetTime::Omit, SetTime::Omit));
}

fn access(t: &mut Case) {
    let access = |path: &str, access| Op::Access { spot: path.into(), access };
    t.file("f", 1, 1);
    t.ok(chmod("f", 0o000));
    t.ok(access("f", Access::READ | Access::WRITE));
    t.fails(Errno::EACCES, access("f", Access::EXEC));
    t.ok(chmod("f", 0o604));
    t.ok(Op::Become { uid: 1000 });
    t.ok(access("f", Access::READ));
    t.ok(access("f", Access::empty()));
    t.fails(Errno::EACCES, access("f", Access::WRITE));
    t.fails(Errno::EACCES, access("f", Access::READ | Access::EXEC));
    t.fails(Errno::ENOENT, access("none", Access::empty()));
}

fn link_metadata(t: &mut Case) {
    t.file("f", 1, 1);
    t.ok(symlink("f", "l"));
    let chown = |follow| Op::Chown { spot: "l".into(), uid: Some(1000), gid: None, follow };
    t.ok(chown(Follow::No));
    assert_eq!((t.stat("l").uid, t.stat("f").uid), (1000, 0));
    t.ok(chown(Follow::Yes));
    assert_eq!(t.stat("f").uid, 1000);
    let (atime, mtime) = (at(1, 1), at(2, 2));
    t.ok(Op::Utimens { spot: "l".into(), atime, mtime, follow: Follow::No });
    assert_eq!(t.stat("l").mtime, Some(Timestamp::new(2, 2)));
    assert_ne!(t.stat("f").mtime, Some(Timestamp::new(2, 2)));
    assert_eq!(t.stat("l").size, 1);
    t.ok(chmod("l", 0o611));
    assert_eq!(t.stat("f").mode, Mode::new(0o611));
}

fn through_descriptor(t: &mut Case) {
    t.file("f", 1, 1);
    t.open(0, "f", OFlags::READ);
    t.ok(rename("f", "g"));
    t.ok(Op::Fchmod { slot: 0, mode: Mode::new(0o601) });
    t.ok(Op::Fchown { slot: 0, uid: Some(1000), gid: None });
    t.ok(Op::Futimens { slot: 0, atime: SetTime::Omit, mtime: at(9, 9) });
    let facts = t.stat("g");
    assert_eq!((facts.mode, facts.uid), (Mode::new(0o601), 1000));
    assert_eq!(facts.mtime, Some(Timestamp::new(9, 9)));
    t.fails(Errno::EBADF, Op::Fchmod { slot: 2, mode: Mode::new(0) });
}
