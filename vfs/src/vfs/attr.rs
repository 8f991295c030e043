//! Metadata: modes, owners, times and sizes, by path and by open file.

use super::Vfs;
use super::follow;
use crate::{
    Access, AtFlags, Caller, Cred, Errno, FileType, Follow, Location, Mode, OFlags, OpenFile,
    Result, SetStat, Stat, Timestamp,
};

/// What `utimensat` does with one of the two times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetTime {
    /// `UTIME_NOW`.
    Now,
    /// `UTIME_OMIT`.
    Omit,
    /// This time.
    At(Timestamp),
}

impl SetTime {
    fn at(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            SetTime::Now => Some(now),
            SetTime::Omit => None,
            SetTime::At(time) => Some(time),
        }
    }
}

/// The mode of a file that `cred` has written or given away, if it changes: without set-user-ID,
/// and without set-group-ID where that means execution or the group is not one of `cred`'s.
pub(super) fn without_privileges(stat: &Stat, cred: &Cred) -> Option<Mode> {
    let mut mode = stat.mode - Mode::ISUID;
    if mode.contains(Mode::IXGRP) || !(cred.is_root() || cred.in_group(stat.gid)) {
        mode -= Mode::ISGID;
    }
    (mode != stat.mode && !stat.is_dir()).then_some(mode)
}

impl Vfs {
    /// The metadata of an open file that are about to be changed.
    fn stat_for_change(&self, file: &OpenFile) -> Result<Stat> {
        if file.flags.contains(OFlags::PATH) {
            return Err(Errno::EBADF);
        }
        self.stat(file.location)
    }

    fn change(&mut self, cx: &Caller<'_>, at: Location, change: &SetStat) -> Result<()> {
        self.mounts.get_mut(at.mount)?.fs.set_stat(at.ino, change, cx.now)
    }

    /// Sets permission bits. Reference: POSIX `fchmodat`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve);
    /// - `EPERM`: not the caller's.
    /// - `ENOTSUP`: of a symbolic link itself.
    /// - `EROFS`: a read-only mount.
    pub fn fchmodat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        mode: Mode,
        flags: AtFlags,
    ) -> Result<()> {
        let (at, stat) = self.find(cx, dir, path, follow(flags))?.existing()?;
        self.chmod(cx, at, &stat, mode)
    }

    /// As [`fchmodat`](Vfs::fchmodat), of an open file.
    ///
    /// # Errors
    /// - `EBADF`: opened with `PATH`.
    /// - `EPERM`, `EROFS`: as there.
    pub fn fchmod(&mut self, cx: &Caller<'_>, file: &OpenFile, mode: Mode) -> Result<()> {
        let stat = self.stat_for_change(file)?;
        self.chmod(cx, file.location, &stat, mode)
    }

    fn chmod(&mut self, cx: &Caller<'_>, at: Location, stat: &Stat, mode: Mode) -> Result<()> {
        self.writable(at.mount)?;
        if stat.file_type == FileType::Symlink {
            return Err(Errno::ENOTSUP);
        }
        if !cx.cred.owns(stat) {
            return Err(Errno::EPERM);
        }
        let outsider = !cx.cred.is_root() && !cx.cred.in_group(stat.gid);
        let mode = if outsider { mode - Mode::ISGID } else { mode };
        self.change(cx, at, &SetStat { mode: Some(mode), ..SetStat::default() })
    }

    /// Sets owner and group; `None` leaves one as it is. Reference: POSIX `fchownat`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve);
    /// - `EPERM`: another owner, by another user than 0; a group that is not the caller's.
    /// - `EROFS`: a read-only mount.
    pub fn fchownat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        uid: Option<u32>,
        gid: Option<u32>,
        flags: AtFlags,
    ) -> Result<()> {
        let (at, stat) = self.find(cx, dir, path, follow(flags))?.existing()?;
        self.chown(cx, at, &stat, uid, gid)
    }

    /// As [`fchownat`](Vfs::fchownat), of an open file.
    ///
    /// # Errors
    /// - `EBADF`: opened with `PATH`.
    /// - `EPERM`, `EROFS`: as there.
    pub fn fchown(
        &mut self,
        cx: &Caller<'_>,
        file: &OpenFile,
        uid: Option<u32>,
        gid: Option<u32>,
    ) -> Result<()> {
        let stat = self.stat_for_change(file)?;
        self.chown(cx, file.location, &stat, uid, gid)
    }

    fn chown(
        &mut self,
        cx: &Caller<'_>,
        at: Location,
        stat: &Stat,
        uid: Option<u32>,
        gid: Option<u32>,
    ) -> Result<()> {
        self.writable(at.mount)?;
        // chown(2): cleared whoever asks, root included.
        let mode = without_privileges(stat, cx.cred);
        if !cx.cred.is_root() {
            let owner = cx.cred.uid == stat.uid;
            let keeps_owner = uid.is_none_or(|uid| owner && uid == stat.uid);
            let own_group =
                gid.is_none_or(|gid| owner && (gid == stat.gid || cx.cred.in_group(gid)));
            // To change neither is everybody's right, unless it changes the mode.
            if !keeps_owner || !own_group || (mode.is_some() && !owner) {
                return Err(Errno::EPERM);
            }
        }
        self.change(cx, at, &SetStat { uid, gid, mode, ..SetStat::default() })
    }

    /// Sets times. Reference: POSIX `utimensat`.
    ///
    /// To set neither is nothing to do: then Linux does not even look at the path.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve);
    /// - `EACCES`: both to now, by who may neither write it nor owns it.
    /// - `EPERM`: other times, by who does not own it.
    /// - `EROFS`: a read-only mount.
    pub fn utimensat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        atime: SetTime,
        mtime: SetTime,
        flags: AtFlags,
    ) -> Result<()> {
        if (atime, mtime) == (SetTime::Omit, SetTime::Omit) {
            return Ok(());
        }
        let (at, stat) = self.find(cx, dir, path, follow(flags))?.existing()?;
        self.utimens(cx, at, &stat, atime, mtime)
    }

    /// As [`utimensat`](Vfs::utimensat), of an open file.
    ///
    /// # Errors
    /// - `EBADF`: opened with `PATH`.
    /// - `EACCES`, `EPERM`, `EROFS`: as there.
    pub fn futimens(
        &mut self,
        cx: &Caller<'_>,
        file: &OpenFile,
        atime: SetTime,
        mtime: SetTime,
    ) -> Result<()> {
        if (atime, mtime) == (SetTime::Omit, SetTime::Omit) {
            return Ok(());
        }
        let stat = self.stat_for_change(file)?;
        self.utimens(cx, file.location, &stat, atime, mtime)
    }

    fn utimens(
        &mut self,
        cx: &Caller<'_>,
        at: Location,
        stat: &Stat,
        atime: SetTime,
        mtime: SetTime,
    ) -> Result<()> {
        self.writable(at.mount)?;
        if !cx.cred.owns(stat) {
            if (atime, mtime) != (SetTime::Now, SetTime::Now) {
                return Err(Errno::EPERM);
            }
            cx.cred.check(stat, Access::WRITE)?;
        }
        let change =
            SetStat { atime: atime.at(cx.now), mtime: mtime.at(cx.now), ..SetStat::default() };
        self.change(cx, at, &change)
    }

    /// Cuts or extends a regular file. Reference: POSIX `truncate`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve);
    /// - `EISDIR`, `EINVAL`: not a regular file.
    /// - `EACCES`: it may not be written.
    /// - `EFBIG`, `ENOSPC`: too large.
    /// - `EROFS`: a read-only mount.
    pub fn truncateat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        size: u64,
    ) -> Result<()> {
        let (at, stat) = self.find(cx, dir, path, Follow::Yes)?.existing()?;
        match stat.file_type {
            FileType::Regular => {}
            FileType::Directory => return Err(Errno::EISDIR),
            _ => return Err(Errno::EINVAL),
        }
        self.writable(at.mount)?;
        cx.cred.check(&stat, Access::WRITE)?;
        let mode = if cx.cred.is_root() { None } else { without_privileges(&stat, cx.cred) };
        self.change(cx, at, &SetStat { size: Some(size), mode, ..SetStat::default() })
    }
}
