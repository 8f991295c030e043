//! A process of random operations on a [`Vfs`].

use super::op::{Answer, At, Op, SLOTS, Spot};
use super::{Model, check_tree};
use crate::{
    Access, AtFlags, Caller, Cred, Errno, FileType, Follow, Location, Mode, OFlags, OpenFile,
    Result, Timestamp, Vfs,
};

/// When the first operation of a session happens, by the kernel's clock.
const START: i64 = 1_000_000_000;

/// A process: a user, a umask, a working directory and [`SLOTS`] open files.
pub struct Session {
    /// The namespace.
    pub vfs: Vfs,
    cred: Cred,
    umask: Mode,
    cwd: Location,
    now: Timestamp,
    slots: [Option<Slot>; SLOTS],
}

struct Slot {
    file: OpenFile,
    cookie: u64,
}

/// The time of the operation after the one at `now`.
pub(super) fn tick(now: Timestamp) -> Timestamp {
    Timestamp::new(now.secs().max(START) + 1, 1)
}

impl Session {
    /// A process of user 0 at the root, with a umask of 022.
    pub fn new(vfs: Vfs) -> Session {
        let cwd = vfs.root();
        Session {
            vfs,
            cred: Cred::ROOT,
            umask: Mode::new(0o022),
            cwd,
            now: Timestamp::default(),
            slots: [const { None }; SLOTS],
        }
    }

    /// Carries one operation out.
    ///
    /// # Errors
    /// What the call answers; `EBADF` for a slot in which nothing is open.
    pub fn apply(&mut self, op: &Op) -> Result<Answer> {
        self.now = tick(self.now);
        match op {
            Op::Become { uid } => self.cred = Cred::user(*uid, *uid),
            Op::Umask(mode) => self.umask = *mode,
            Op::Chdir(spot) => self.chdir(spot)?,
            Op::Open { slot, spot, flags, mode } => {
                let at = self.base(spot)?;
                let file = self.with(|vfs, cx| vfs.openat(cx, at, &spot.path, *flags, *mode))?;
                self.close(*slot);
                self.slots[*slot] = Some(Slot { file, cookie: 0 });
            }
            Op::Close(slot) => {
                self.slot(*slot)?;
                self.close(*slot);
            }
            op => return self.path_call(op),
        }
        Ok(Answer::Done)
    }

    /// Closes all, and leaves the working directory.
    pub fn finish(mut self) -> Vfs {
        for slot in 0..SLOTS {
            self.close(slot);
        }
        self.leave_cwd();
        self.vfs
    }

    fn leave_cwd(&mut self) {
        if self.cwd != self.vfs.root() {
            self.vfs.unpin(self.cwd);
        }
    }

    fn close(&mut self, slot: usize) {
        if let Some(slot) = self.slots[slot].take() {
            self.vfs.close(&slot.file);
        }
    }

    fn slot(&mut self, slot: usize) -> Result<&mut Slot> {
        self.slots[slot].as_mut().ok_or(Errno::EBADF)
    }

    /// Where a path starts. A descriptor is only looked at for a relative one.
    fn base(&self, spot: &Spot) -> Result<Location> {
        match (spot.at, &self.slots) {
            (At::Slot(slot), slots) if spot.path.first() != Some(&b'/') => {
                slots[slot].as_ref().map(|slot| slot.file.location).ok_or(Errno::EBADF)
            }
            _ => Ok(self.cwd),
        }
    }

    fn with<T>(&mut self, call: impl FnOnce(&mut Vfs, &Caller<'_>) -> T) -> T {
        let cx = Caller {
            cred: &self.cred,
            umask: self.umask,
            now: self.now,
            cwd: self.cwd,
            ..self.vfs.superuser(self.now)
        };
        call(&mut self.vfs, &cx)
    }

    fn chdir(&mut self, spot: &Spot) -> Result<()> {
        let at = self.base(spot)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let file = self.with(|vfs, cx| vfs.openat(cx, at, &spot.path, flags, Mode::empty()))?;
        let searched =
            self.vfs.stat(file.location).and_then(|stat| self.cred.check(&stat, Access::EXEC));
        if let Err(errno) = searched {
            self.vfs.close(&file);
            return Err(errno);
        }
        self.leave_cwd();
        self.cwd = file.location;
        if self.cwd == self.vfs.root() {
            self.vfs.close(&file);
        }
        Ok(())
    }

    fn path_call(&mut self, op: &Op) -> Result<Answer> {
        let none = AtFlags::empty();
        match op {
            Op::Mkdir { spot, mode } => {
                self.at(spot, |vfs, cx, at, path| vfs.mkdirat(cx, at, path, *mode))
            }
            Op::Mknod { spot, file_type, mode } => {
                self.at(spot, |vfs, cx, at, path| vfs.mknodat(cx, at, path, *file_type, *mode, 0))
            }
            Op::Symlink { target, spot } => {
                self.at(spot, |vfs, cx, at, path| vfs.symlinkat(cx, target, at, path))
            }
            Op::Unlink(spot) => self.at(spot, |vfs, cx, at, path| vfs.unlinkat(cx, at, path, none)),
            Op::Rmdir(spot) => {
                self.at(spot, |vfs, cx, at, path| vfs.unlinkat(cx, at, path, AtFlags::REMOVEDIR))
            }
            Op::Link { from, to, follow } => {
                let old = self.base(from)?;
                let flags = if *follow == Follow::Yes { AtFlags::SYMLINK_FOLLOW } else { none };
                self.at(to, |vfs, cx, at, path| vfs.linkat(cx, old, &from.path, at, path, flags))
            }
            Op::Rename { from, to, flags } => {
                let old = self.base(from)?;
                self.at(to, |vfs, cx, at, path| {
                    vfs.renameat2(cx, old, &from.path, at, path, *flags)
                })
            }
            Op::Access { spot, access } => {
                self.at(spot, |vfs, cx, at, path| vfs.faccessat(cx, at, path, *access, none))
            }
            Op::Chmod { spot, mode } => {
                self.at(spot, |vfs, cx, at, path| vfs.fchmodat(cx, at, path, *mode, none))
            }
            Op::Chown { spot, uid, gid, follow } => self.at(spot, |vfs, cx, at, path| {
                vfs.fchownat(cx, at, path, *uid, *gid, no_follow(*follow))
            }),
            Op::Utimens { spot, atime, mtime, follow } => self.at(spot, |vfs, cx, at, path| {
                vfs.utimensat(cx, at, path, *atime, *mtime, no_follow(*follow))
            }),
            Op::Truncate { spot, size } => {
                self.at(spot, |vfs, cx, at, path| vfs.truncateat(cx, at, path, *size))
            }
            Op::Stat { spot, follow } => {
                let (at, flags) = (self.base(spot)?, no_follow(*follow));
                let stat = self.with(|vfs, cx| vfs.fstatat(cx, at, &spot.path, flags))?;
                Ok(Answer::Facts((&stat).into()))
            }
            Op::ReadLink(spot) => {
                let at = self.base(spot)?;
                self.with(|vfs, cx| vfs.readlinkat(cx, at, &spot.path)).map(Answer::Bytes)
            }
            op => self.file_call(op),
        }
    }

    fn at(
        &mut self,
        spot: &Spot,
        call: impl FnOnce(&mut Vfs, &Caller<'_>, Location, &[u8]) -> Result<()>,
    ) -> Result<Answer> {
        let at = self.base(spot)?;
        self.with(|vfs, cx| call(vfs, cx, at, &spot.path)).map(|()| Answer::Done)
    }

    fn file_call(&mut self, op: &Op) -> Result<Answer> {
        let (number, io) = op.slot();
        let Some(Slot { file, cookie }) = self.slots[number].as_mut() else {
            return Err(Errno::EBADF);
        };
        if io && !matches!(file.file_type, FileType::Regular | FileType::Directory) {
            return Ok(Answer::Done);
        }
        let cx = &Caller {
            cred: &self.cred,
            umask: self.umask,
            now: self.now,
            cwd: self.cwd,
            ..self.vfs.superuser(self.now)
        };
        let (vfs, now) = (&mut self.vfs, self.now);
        match *op {
            Op::Read { len, .. } => {
                let mut buf = vec![0; len];
                let n = vfs.read(now, file, &mut buf)?;
                buf.truncate(n);
                Ok(Answer::Bytes(buf))
            }
            Op::Pread { offset, len, .. } => {
                let mut buf = vec![0; len];
                let n = vfs.pread(now, file, offset, &mut buf)?;
                buf.truncate(n);
                Ok(Answer::Bytes(buf))
            }
            Op::Write { byte, len, .. } => {
                Ok(Answer::Count(vfs.write(now, file, &vec![byte; len])? as u64))
            }
            Op::Pwrite { offset, byte, len, .. } => {
                Ok(Answer::Count(vfs.pwrite(now, file, offset, &vec![byte; len])? as u64))
            }
            Op::Seek { .. } if file.file_type == FileType::Directory => Ok(Answer::Done),
            Op::Seek { offset, whence, .. } => vfs.lseek(file, offset, whence).map(Answer::Count),
            Op::Ftruncate { size, .. } => vfs.ftruncate(now, file, size).map(|()| Answer::Done),
            Op::Fallocate { offset, len, .. } => {
                vfs.fallocate(now, file, offset, len).map(|()| Answer::Done)
            }
            Op::Fchmod { mode, .. } => vfs.fchmod(cx, file, mode).map(|()| Answer::Done),
            Op::Fchown { uid, gid, .. } => vfs.fchown(cx, file, uid, gid).map(|()| Answer::Done),
            Op::Futimens { atime, mtime, .. } => {
                vfs.futimens(cx, file, atime, mtime).map(|()| Answer::Done)
            }
            Op::Fsync(_) => vfs.fsync(file).map(|()| Answer::Done),
            Op::Rewind(_) => {
                *cookie = 0;
                Ok(Answer::Done)
            }
            Op::ReadDir { take, .. } => {
                let mut names = Vec::new();
                let mut end = true;
                vfs.readdir(file, *cookie, &mut |entry| {
                    if names.len() == take {
                        end = false;
                        return false;
                    }
                    *cookie = entry.next;
                    if entry.name != b"." && entry.name != b".." {
                        names.push((entry.name.to_vec(), entry.file_type));
                    }
                    true
                })?;
                Ok(Answer::Entries { names, end })
            }
            _ => Ok(Answer::Facts((&vfs.fstat(file)?).into())),
        }
    }
}

fn no_follow(follow: Follow) -> AtFlags {
    if follow == Follow::No { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() }
}

impl Op {
    /// The paths of an operation.
    pub(super) fn spots(&self) -> impl Iterator<Item = &Spot> {
        let (one, two) = match self {
            Op::Chdir(spot)
            | Op::Open { spot, .. }
            | Op::Mkdir { spot, .. }
            | Op::Mknod { spot, .. }
            | Op::Symlink { spot, .. }
            | Op::Unlink(spot)
            | Op::Rmdir(spot)
            | Op::Stat { spot, .. }
            | Op::Access { spot, .. }
            | Op::ReadLink(spot)
            | Op::Chmod { spot, .. }
            | Op::Chown { spot, .. }
            | Op::Utimens { spot, .. }
            | Op::Truncate { spot, .. } => (Some(spot), None),
            Op::Link { from, to, .. } | Op::Rename { from, to, .. } => (Some(from), Some(to)),
            _ => (None, None),
        };
        one.into_iter().chain(two)
    }

    /// The slot of an operation on an open file, and whether what it does to a fifo is left open:
    /// that is the kernel's business.
    pub(super) fn slot(&self) -> (usize, bool) {
        match *self {
            Op::Read { slot, .. }
            | Op::Pread { slot, .. }
            | Op::Write { slot, .. }
            | Op::Pwrite { slot, .. }
            | Op::Seek { slot, .. }
            | Op::Ftruncate { slot, .. }
            | Op::Fallocate { slot, .. }
            | Op::Fchmod { slot, .. }
            | Op::Fchown { slot, .. }
            | Op::Futimens { slot, .. }
            | Op::ReadDir { slot, .. }
            | Op::Fsync(slot) => (slot, true),
            Op::Fstat(slot) | Op::Close(slot) | Op::Rewind(slot) | Op::Open { slot, .. } => {
                (slot, false)
            }
            _ => (0, false),
        }
    }
}

/// Carries the operations out on `vfs`, each answer judged by `model`, and the tree in the end.
///
/// Model and filesystem may come from an earlier run; the process is a new one.
///
/// # Panics
/// At the first answer that is not the model's.
#[track_caller]
pub fn run(vfs: Vfs, model: &mut Model, ops: &[Op]) -> Vfs {
    let mut session = Session::new(vfs);
    model.restart();
    for (step, op) in ops.iter().enumerate() {
        let got = session.apply(op);
        let verdict = model.check(op, &got);
        assert_eq!(verdict, Ok(()), "step {step}: {op:?}\nof {:#?}", &ops[..=step]);
    }
    let vfs = session.finish();
    if let Some(fs) = vfs.filesystem(vfs.root().mount) {
        model.check_tree(&check_tree(fs));
    }
    vfs
}
