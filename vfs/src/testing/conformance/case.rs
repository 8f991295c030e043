//! One case: a process, the model beside it, and words for what cases do often.

use crate::testing::{Answer, Facts, Model, Op, Session, Spot, check_tree};
use crate::{Errno, FileSystem, FileType, Follow, Mode, OFlags, RenameFlags, Result, Vfs};

/// A case that runs.
pub(super) struct Case {
    name: &'static str,
    session: Session,
    model: Model,
}

impl Case {
    pub(super) fn new(name: &'static str, fs: Box<dyn FileSystem>, mut model: Model) -> Case {
        model.restart();
        Case { name, session: Session::new(Vfs::new(fs)), model }
    }

    /// Ends the case: nothing is open any more, and the tree is as it should be.
    #[track_caller]
    pub(super) fn finish(self) {
        let vfs = self.session.finish();
        if let Some(fs) = vfs.filesystem(vfs.root().mount) {
            self.model.check_tree(&check_tree(fs));
        }
    }

    /// Does something, and what it answers.
    #[track_caller]
    pub(super) fn try_to(&mut self, op: Op) -> Result<Answer> {
        let got = self.session.apply(&op);
        let verdict = self.model.check(&op, &got);
        assert_eq!(verdict, Ok(()), "{}: {op:?}", self.name);
        got
    }

    /// Does something that succeeds.
    #[track_caller]
    pub(super) fn ok(&mut self, op: Op) -> Answer {
        let text = format!("{op:?}");
        let got = self.try_to(op);
        assert!(got.is_ok(), "{}: {text}: {got:?}", self.name);
        got.unwrap_or(Answer::Done)
    }

    /// Does something that fails.
    #[track_caller]
    pub(super) fn fails(&mut self, errno: Errno, op: Op) {
        let text = format!("{op:?}");
        assert_eq!(self.try_to(op).map(|_| ()), Err(errno), "{}: {text}", self.name);
    }

    #[track_caller]
    pub(super) fn mkdir(&mut self, path: &str) {
        self.ok(mkdir(path));
    }

    /// A file with so many equal bytes.
    #[track_caller]
    pub(super) fn file(&mut self, path: &str, byte: u8, len: usize) {
        let flags = OFlags::RDWR | OFlags::CREAT | OFlags::TRUNC;
        self.ok(Op::Open { slot: 3, spot: path.into(), flags, mode: Mode::new(0o644) });
        self.ok(Op::Write { slot: 3, byte, len });
        self.ok(Op::Close(3));
    }

    #[track_caller]
    pub(super) fn open(&mut self, slot: usize, path: &str, flags: OFlags) {
        self.ok(open(slot, path, flags));
    }

    /// What is read from the open file.
    #[track_caller]
    pub(super) fn read(&mut self, slot: usize, offset: u64, len: usize) -> Vec<u8> {
        match self.ok(Op::Pread { slot, offset, len }) {
            Answer::Bytes(bytes) => bytes,
            _ => Vec::new(),
        }
    }

    /// The metadata of what a path names, links not followed.
    #[track_caller]
    pub(super) fn stat(&mut self, path: &str) -> Facts {
        let answer = self.ok(stat(path));
        self.facts(answer)
    }

    /// The metadata of an open file.
    #[track_caller]
    pub(super) fn fstat(&mut self, slot: usize) -> Facts {
        let answer = self.ok(Op::Fstat(slot));
        self.facts(answer)
    }

    #[track_caller]
    fn facts(&self, answer: Answer) -> Facts {
        let Answer::Facts(facts) = answer else {
            assert!(self.name.is_empty(), "{}: no metadata", self.name);
            return Facts {
                file_type: FileType::Regular,
                mode: Mode::empty(),
                nlink: 0,
                uid: 0,
                gid: 0,
                size: 0,
                atime: None,
                mtime: None,
                ctime: None,
            };
        };
        facts
    }

    /// The names that are left to read, sorted, so many at a time.
    #[track_caller]
    pub(super) fn names(&mut self, slot: usize, take: usize) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        while let Answer::Entries { names, end } = self.ok(Op::ReadDir { slot, take }) {
            all.extend(names.into_iter().map(|(name, _)| name));
            if end {
                break;
            }
        }
        all.sort();
        all
    }
}

pub(super) fn mkdir(path: &str) -> Op {
    Op::Mkdir { spot: path.into(), mode: Mode::new(0o755) }
}

pub(super) fn open(slot: usize, path: &str, flags: OFlags) -> Op {
    Op::Open { slot, spot: path.into(), flags, mode: Mode::new(0o644) }
}

pub(super) fn stat(path: &str) -> Op {
    Op::Stat { spot: path.into(), follow: Follow::No }
}

pub(super) fn symlink(target: &str, path: &str) -> Op {
    Op::Symlink { target: target.as_bytes().to_vec(), spot: path.into() }
}

pub(super) fn link(from: &str, to: &str) -> Op {
    Op::Link { from: from.into(), to: to.into(), follow: Follow::No }
}

pub(super) fn unlink(path: &str) -> Op {
    Op::Unlink(path.into())
}

pub(super) fn rmdir(path: &str) -> Op {
    Op::Rmdir(path.into())
}

pub(super) fn rename(from: &str, to: &str) -> Op {
    rename2(from, to, RenameFlags::empty())
}

pub(super) fn rename2(from: &str, to: &str, flags: RenameFlags) -> Op {
    Op::Rename { from: from.into(), to: to.into(), flags }
}

pub(super) fn chmod(path: &str, mode: u32) -> Op {
    Op::Chmod { spot: Spot::from(path), mode: Mode::new(mode) }
}
