//! The calls on paths, each in the order in which Linux asks its questions.

use super::walk::{Final, Found, Last};
use super::{Kind, Model, ROOT};
use crate::testing::op::{Answer, Op, Spot};
use crate::{Access, Errno, FileType, Follow, Mode, OFlags, RenameFlags, Result, SetTime};

const WRITE_SEARCH: Access = Access::WRITE.union(Access::EXEC);

fn last(follow: Follow) -> Final {
    if follow == Follow::Yes { Final::Follow } else { Final::NoFollow }
}

impl Model {
    pub(super) fn path_call(&mut self, op: &Op) -> Result<Answer> {
        match op {
            Op::Mkdir { spot, mode } => {
                let (dir, name) = self.new_entry(spot, FileType::Directory)?;
                let new = self.make(dir, &name, Kind::Dir(Default::default()), *mode, dir)?;
                let inherited = self.inodes[dir].mode & Mode::ISGID;
                self.inodes[new].mode -= Mode::ISUID | Mode::ISGID;
                self.inodes[new].mode |= inherited;
            }
            Op::Mknod { spot, file_type, mode } => {
                let kind = match file_type {
                    FileType::Regular => Kind::File(Vec::new()),
                    other => Kind::Special(*other),
                };
                let (dir, name) = self.new_entry(spot, *file_type)?;
                self.make(dir, &name, kind, *mode, dir)?;
            }
            Op::Symlink { target, spot } => {
                if target.is_empty() {
                    return Err(Errno::ENOENT);
                }
                let (dir, name) = self.new_entry(spot, FileType::Symlink)?;
                self.make(dir, &name, Kind::Link(target.clone()), Mode::new(0o777), dir)?;
            }
            Op::Link { from, to, follow } => self.link(from, to, *follow)?,
            Op::Unlink(spot) => self.unlink(spot)?,
            Op::Rmdir(spot) => self.rmdir(spot)?,
            Op::Rename { from, to, flags } => self.rename(from, to, *flags)?,
            Op::Stat { spot, follow } => {
                return Ok(Answer::Facts(self.facts(self.find(spot, last(*follow))?)));
            }
            Op::Access { spot, access } => {
                let ino = self.find(spot, Final::Follow)?;
                self.permits(ino, *access)?;
            }
            Op::ReadLink(spot) => {
                let ino = self.find(spot, Final::NoFollow)?;
                return match &self.inodes[ino].kind {
                    Kind::Link(target) => Ok(Answer::Bytes(target.clone())),
                    _ => Err(Errno::EINVAL),
                };
            }
            Op::Chmod { spot, mode } => {
                let ino = self.find(spot, Final::Follow)?;
                self.chmod(ino, *mode)?;
            }
            Op::Chown { spot, uid, gid, follow } => {
                let ino = self.find(spot, last(*follow))?;
                self.chown(ino, *uid, *gid)?;
            }
            // Linux: "Nothing to do, we must not even check the path."
            Op::Utimens { atime: SetTime::Omit, mtime: SetTime::Omit, .. } => {}
            Op::Utimens { spot, atime, mtime, follow } => {
                let ino = self.find(spot, last(*follow))?;
                self.utimens(ino, *atime, *mtime)?;
            }
            Op::Truncate { spot, size } => {
                let ino = self.find(spot, Final::Follow)?;
                match self.file_type(ino) {
                    FileType::Regular => {}
                    FileType::Directory => return Err(Errno::EISDIR),
                    _ => return Err(Errno::EINVAL),
                }
                self.permits(ino, Access::WRITE)?;
                self.resize(ino, *size, self.who);
            }
            op => return self.file_call(op),
        }
        Ok(Answer::Done)
    }

    /// `filename_create`: where a new entry is to go.
    fn new_entry(&self, spot: &Spot, file_type: FileType) -> Result<(usize, Vec<u8>)> {
        let found = self.walk(spot, Final::Entry)?;
        let Last::Name(name) = found.last else { return Err(Errno::EEXIST) };
        if found.ino.is_some() {
            return Err(Errno::EEXIST);
        }
        if found.slash && file_type != FileType::Directory {
            return Err(Errno::ENOENT);
        }
        Ok((found.dir, name))
    }

    /// `may_create`, and then the new inode.
    fn make(
        &mut self,
        dir: usize,
        name: &[u8],
        kind: Kind,
        mode: Mode,
        parent: usize,
    ) -> Result<usize> {
        self.may_create(dir)?;
        let is_link = matches!(kind, Kind::Link(_));
        let mut mode = if is_link { mode } else { mode - (self.umask & Mode::new(0o777)) };
        let setgid = self.inodes[dir].mode.contains(Mode::ISGID);
        let gid = if setgid { self.inodes[dir].gid } else { self.who.gid };
        // `mode_strip_sgid`: nobody makes what runs as a group that he is not in.
        let outsider = self.who.uid != 0 && self.who.gid != gid;
        if setgid && outsider && mode.contains(Mode::ISGID | Mode::IXGRP) {
            mode -= Mode::ISGID;
        }
        let setid = mode.intersects(Mode::ISUID | Mode::ISGID);
        if self.traits.no_setid && setid && !matches!(kind, Kind::Dir(_)) {
            return Err(Errno::EPERM);
        }
        let new = self.new_inode(kind, mode, gid, parent);
        self.enter(dir, name, new);
        self.modified(dir);
        Ok(new)
    }

    fn may_create(&self, dir: usize) -> Result<()> {
        if self.is_dead(dir) {
            return Err(Errno::ENOENT);
        }
        self.permits(dir, WRITE_SEARCH)
    }

    /// `may_delete`: whether the entry `ino` of `dir` may go, as a directory or as a file.
    fn may_delete(&self, dir: usize, ino: usize, as_dir: bool) -> Result<()> {
        self.permits(dir, WRITE_SEARCH)?;
        let sticky = self.inodes[dir].mode.contains(Mode::ISVTX);
        if sticky && !self.owns(dir) && !self.owns(ino) {
            return Err(Errno::EPERM);
        }
        match (as_dir, self.is_dir(ino)) {
            (true, false) => Err(Errno::ENOTDIR),
            (false, true) => Err(Errno::EISDIR),
            _ => Ok(()),
        }
    }

    pub(super) fn open_inode(&mut self, spot: &Spot, flags: OFlags, mode: Mode) -> Result<usize> {
        let creates = flags.contains(OFlags::CREAT);
        if creates && flags.contains(OFlags::DIRECTORY) {
            return Err(Errno::EINVAL);
        }
        let no_follow =
            flags.contains(OFlags::NOFOLLOW) || flags.contains(OFlags::CREAT | OFlags::EXCL);
        let found = self.walk(
            spot,
            match (creates, no_follow) {
                (true, true) => Final::CreateNoFollow,
                (true, false) => Final::Create,
                (false, true) => Final::NoFollow,
                (false, false) => Final::Follow,
            },
        )?;
        let Some(ino) = found.ino else {
            let Last::Name(name) = &found.last else { return Err(Errno::ENOENT) };
            if !creates {
                return Err(Errno::ENOENT);
            }
            return self.make(found.dir, name, Kind::File(Vec::new()), mode, found.dir);
        };
        if creates && flags.contains(OFlags::EXCL) {
            return Err(Errno::EEXIST);
        }
        if creates && self.is_dir(ino) {
            return Err(Errno::EISDIR);
        }
        if creates && self.traits.protected_sticky && self.is_protected(found.dir, ino) {
            return Err(Errno::EACCES);
        }
        let needs_dir = found.slash || flags.contains(OFlags::DIRECTORY);
        if needs_dir && !self.is_dir(ino) {
            // A link that was not followed is no directory either, but is named first.
            return Err(Errno::ENOTDIR);
        }
        if flags.contains(OFlags::PATH) {
            return Ok(ino);
        }
        let writes = flags.intersects(OFlags::WRITE | OFlags::TRUNC);
        match self.file_type(ino) {
            FileType::Symlink => return Err(Errno::ELOOP),
            FileType::Directory if writes => return Err(Errno::EISDIR),
            _ => {}
        }
        let mut access = Access::empty();
        access.set(Access::READ, flags.contains(OFlags::READ));
        access.set(Access::WRITE, writes);
        self.permits(ino, access)?;
        if self.file_type(ino) == FileType::Socket {
            return Err(Errno::ENXIO);
        }
        if flags.contains(OFlags::TRUNC) && self.file_type(ino) == FileType::Regular {
            self.resize(ino, 0, self.who);
        }
        Ok(ino)
    }

    /// `may_create_in_sticky`, for what is neither a regular file nor a fifo.
    fn is_protected(&self, dir: usize, ino: usize) -> bool {
        let (above, inode) = (&self.inodes[dir], &self.inodes[ino]);
        let special = !matches!(self.file_type(ino), FileType::Regular | FileType::Fifo);
        let mine = inode.uid == above.uid || inode.uid == self.who.uid;
        special && !mine && above.mode.contains(Mode::ISVTX | Mode::IWOTH)
    }

    fn link(&mut self, from: &Spot, to: &Spot, follow: Follow) -> Result<()> {
        let ino = self.find(from, last(follow))?;
        let (dir, name) = self.new_entry(to, FileType::Regular)?;
        if self.traits.protected_hardlinks && !self.owns(ino) {
            let mode = self.inodes[ino].mode;
            let setid = mode.contains(Mode::ISUID) || mode.contains(Mode::ISGID | Mode::IXGRP);
            let plain = self.file_type(ino) == FileType::Regular && !setid;
            if !plain || self.permits(ino, Access::READ | Access::WRITE).is_err() {
                return Err(Errno::EPERM);
            }
        }
        self.may_create(dir)?;
        if self.is_dir(ino) {
            return Err(Errno::EPERM);
        }
        if self.nlink(ino) == 0 {
            return Err(Errno::ENOENT);
        }
        self.enter(dir, &name, ino);
        self.changed(ino);
        self.modified(dir);
        Ok(())
    }

    fn unlink(&mut self, spot: &Spot) -> Result<()> {
        let found = self.walk(spot, Final::Entry)?;
        let Last::Name(name) = &found.last else { return Err(Errno::EISDIR) };
        let ino = found.ino.ok_or(Errno::ENOENT)?;
        if found.slash {
            return Err(if self.is_dir(ino) { Errno::EISDIR } else { Errno::ENOTDIR });
        }
        self.may_delete(found.dir, ino, false)?;
        self.leave(found.dir, name);
        self.changed(ino);
        self.modified(found.dir);
        Ok(())
    }

    fn rmdir(&mut self, spot: &Spot) -> Result<()> {
        let found = self.walk(spot, Final::Entry)?;
        let name = match &found.last {
            Last::Name(name) => name,
            Last::Dot => return Err(Errno::EINVAL),
            Last::DotDot => return Err(Errno::ENOTEMPTY),
            Last::Root => return Err(Errno::EBUSY),
        };
        let ino = found.ino.ok_or(Errno::ENOENT)?;
        self.may_delete(found.dir, ino, true)?;
        if !self.entries(ino).is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.leave(found.dir, name);
        self.changed(ino);
        self.modified(found.dir);
        Ok(())
    }

    /// Whether `dir` is `above`, or somewhere below it.
    fn is_within(&self, mut dir: usize, above: usize) -> bool {
        loop {
            if dir == above {
                return true;
            }
            if dir == ROOT {
                return false;
            }
            dir = self.inodes[dir].parent;
        }
    }

    fn rename(&mut self, from: &Spot, to: &Spot, flags: RenameFlags) -> Result<()> {
        let (replaces, exchange) =
            (!flags.contains(RenameFlags::NOREPLACE), flags.contains(RenameFlags::EXCHANGE));
        if !replaces && exchange {
            return Err(Errno::EINVAL);
        }
        let (old, new) = (self.walk(from, Final::Entry)?, self.walk(to, Final::Entry)?);
        let Last::Name(old_name) = &old.last else { return Err(Errno::EBUSY) };
        let Last::Name(new_name) = &new.last else {
            return Err(if replaces { Errno::EBUSY } else { Errno::EEXIST });
        };
        let ino = old.ino.ok_or(Errno::ENOENT)?;
        match new.ino {
            Some(_) if !replaces => return Err(Errno::EEXIST),
            // Also of a removed directory, in which nothing can be looked up.
            None if exchange || self.is_dead(new.dir) => return Err(Errno::ENOENT),
            Some(target) if exchange && new.slash && !self.is_dir(target) => {
                return Err(Errno::ENOTDIR);
            }
            _ => {}
        }
        if !self.is_dir(ino) && (old.slash || (!exchange && new.slash)) {
            return Err(Errno::ENOTDIR);
        }
        if self.is_dir(ino) && self.is_within(new.dir, ino) && new.dir != old.dir {
            return Err(Errno::EINVAL);
        }
        if let Some(target) = new.ino
            && self.is_dir(target)
            && self.is_within(old.dir, target)
            && new.dir != old.dir
        {
            return Err(if exchange { Errno::EINVAL } else { Errno::ENOTEMPTY });
        }
        if new.ino == Some(ino) {
            return Ok(());
        }
        self.may_rename((&old, ino), &new, exchange)?;
        if !exchange && new.ino.is_some_and(|target| !self.entries(target).is_empty()) {
            return Err(Errno::ENOTEMPTY);
        }
        self.leave(old.dir, old_name);
        if let Some(target) = new.ino {
            self.changed(target);
            if exchange {
                self.enter(old.dir, old_name, target);
            }
        }
        self.enter(new.dir, new_name, ino);
        self.changed(ino);
        self.modified(old.dir);
        self.modified(new.dir);
        Ok(())
    }

    fn may_rename(&self, (old, ino): (&Found, usize), new: &Found, exchange: bool) -> Result<()> {
        self.may_delete(old.dir, ino, self.is_dir(ino))?;
        match new.ino {
            None => self.may_create(new.dir)?,
            Some(target) => {
                let as_dir = if exchange { self.is_dir(target) } else { self.is_dir(ino) };
                self.may_delete(new.dir, target, as_dir)?;
            }
        }
        // A directory that moves has its `..` rewritten.
        if old.dir != new.dir {
            if self.is_dir(ino) {
                self.permits(ino, Access::WRITE)?;
            }
            if let Some(target) = new.ino.filter(|target| exchange && self.is_dir(*target)) {
                self.permits(target, Access::WRITE)?;
            }
        }
        Ok(())
    }

    pub(super) fn chmod(&mut self, ino: usize, mode: Mode) -> Result<()> {
        if !self.owns(ino) {
            return Err(Errno::EPERM);
        }
        let outsider = self.who.uid != 0 && self.who.gid != self.inodes[ino].gid;
        let mode = if outsider { mode - Mode::ISGID } else { mode };
        let setid = mode.intersects(Mode::ISUID | Mode::ISGID);
        if self.traits.no_setid && setid && !self.is_dir(ino) {
            return Err(Errno::EPERM);
        }
        self.inodes[ino].mode = mode;
        self.changed(ino);
        Ok(())
    }

    pub(super) fn chown(&mut self, ino: usize, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
        let inode = &self.inodes[ino];
        let mode = self.without_setid(ino, self.who);
        if self.who.uid != 0 {
            let owner = self.who.uid == inode.uid;
            let keeps_uid = uid.is_none_or(|uid| owner && uid == inode.uid);
            let keeps_gid =
                gid.is_none_or(|gid| owner && (gid == self.who.gid || gid == inode.gid));
            if !keeps_uid || !keeps_gid || (!owner && mode != inode.mode) {
                return Err(Errno::EPERM);
            }
        }
        let inode = &mut self.inodes[ino];
        inode.mode = mode;
        inode.uid = uid.unwrap_or(inode.uid);
        inode.gid = gid.unwrap_or(inode.gid);
        self.changed(ino);
        Ok(())
    }

    pub(super) fn utimens(&mut self, ino: usize, atime: SetTime, mtime: SetTime) -> Result<()> {
        if !self.owns(ino) {
            if (atime, mtime) != (SetTime::Now, SetTime::Now) {
                return Err(Errno::EPERM);
            }
            self.permits(ino, Access::WRITE)?;
        }
        let now = self.now();
        let inode = &mut self.inodes[ino];
        for (member, set) in [(&mut inode.atime, atime), (&mut inode.mtime, mtime)] {
            match set {
                SetTime::Now => *member = now,
                SetTime::Omit => {}
                SetTime::At(time) => *member = Some(time),
            }
        }
        self.changed(ino);
        Ok(())
    }
}
