//! Making, removing and renaming directory entries.

use super::{Vfs, not_an_entry};
use crate::namei::{Found, Intent, Last};
use crate::{
    Access, AtFlags, Caller, Errno, FileType, Follow, Location, Mode, RenameFlags, Result, Stat,
};

impl Vfs {
    /// Looks up where something new is to be made.
    fn find_new<'p>(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &'p [u8],
    ) -> Result<Found<'p>> {
        let found = self.walk(cx, dir, path, Intent::Entry)?;
        if found.node.is_some() || found.name.name().is_none() {
            return Err(Errno::EEXIST);
        }
        Ok(found)
    }

    /// Makes a directory. Reference: POSIX `mkdirat`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve), of all but the last component;
    /// - `EEXIST`: the name exists.
    /// - `EACCES`: the directory may not be written.
    /// - `EMLINK`, `ENOSPC`, `EDQUOT`: a limit of the filesystem.
    /// - `EROFS`: a read-only mount.
    pub fn mkdirat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        mode: Mode,
    ) -> Result<()> {
        let found = self.find_new(cx, dir, path)?;
        let mut new = self.check_create(cx, found.dir, &found.dir_stat, mode)?;
        // mkdir(2): the set-user-ID bit means nothing here, set-group-ID is inherited.
        new.mode -= Mode::ISUID | Mode::ISGID;
        new.mode |= found.dir_stat.mode & Mode::ISGID;
        let name = found.name.name().ok_or(Errno::EEXIST)?;
        self.mounts.get_mut(found.dir.mount)?.fs.mkdir(found.dir.ino, name, &new)?;
        Ok(())
    }

    /// Makes a regular file, a fifo, a socket or a device. Reference: POSIX `mknodat`.
    ///
    /// # Errors
    /// - as [`mkdirat`](Vfs::mkdirat);
    /// - `ENOENT`: a slash stands behind the name.
    /// - `EPERM`: a device, by another user than 0.
    /// - `EINVAL`: a directory or a symbolic link.
    pub fn mknodat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        file_type: FileType,
        mode: Mode,
        rdev: u64,
    ) -> Result<()> {
        match file_type {
            FileType::Directory | FileType::Symlink => return Err(Errno::EINVAL),
            FileType::CharDevice | FileType::BlockDevice if !cx.cred.is_root() => {
                return Err(Errno::EPERM);
            }
            _ => {}
        }
        let found = self.find_new(cx, dir, path)?;
        if found.trailing_slash {
            return Err(Errno::ENOENT);
        }
        let new = self.check_create(cx, found.dir, &found.dir_stat, mode)?;
        let name = found.name.name().ok_or(Errno::EEXIST)?;
        let fs = &mut self.mounts.get_mut(found.dir.mount)?.fs;
        fs.create(found.dir.ino, name, file_type, rdev, &new)?;
        Ok(())
    }

    /// Makes a symbolic link. Reference: POSIX `symlinkat`.
    ///
    /// # Errors
    /// - as [`mkdirat`](Vfs::mkdirat);
    /// - `ENOENT`: the target is empty, or a slash stands behind the name.
    /// - `ENAMETOOLONG`: the target is.
    pub fn symlinkat(
        &mut self,
        cx: &Caller<'_>,
        target: &[u8],
        dir: Location,
        path: &[u8],
    ) -> Result<()> {
        if target.is_empty() {
            return Err(Errno::ENOENT);
        }
        let found = self.find_new(cx, dir, path)?;
        if found.trailing_slash {
            return Err(Errno::ENOENT);
        }
        let new = self.check_create(cx, found.dir, &found.dir_stat, Mode::new(0o777))?;
        let name = found.name.name().ok_or(Errno::EEXIST)?;
        let fs = &mut self.mounts.get_mut(found.dir.mount)?.fs;
        fs.symlink(found.dir.ino, name, target, &new)?;
        Ok(())
    }

    /// Gives an inode one more name. Reference: POSIX `linkat`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve), of the old path; as [`mkdirat`](Vfs::mkdirat), of the new;
    /// - `EPERM`: a directory.
    /// - `EXDEV`: two mounts.
    pub fn linkat(
        &mut self,
        cx: &Caller<'_>,
        old_dir: Location,
        old: &[u8],
        new_dir: Location,
        new: &[u8],
        flags: AtFlags,
    ) -> Result<()> {
        let follow = flags.contains(AtFlags::SYMLINK_FOLLOW);
        let follow = if follow { Follow::Yes } else { Follow::No };
        let (at, stat) = if old.is_empty() && flags.contains(AtFlags::EMPTY_PATH) {
            (old_dir, self.stat(old_dir)?)
        } else {
            self.find(cx, old_dir, old, follow)?.existing()?
        };
        let found = self.find_new(cx, new_dir, new)?;
        if found.trailing_slash {
            return Err(Errno::ENOENT);
        }
        if at.mount != found.dir.mount {
            return Err(Errno::EXDEV);
        }
        let created = self.check_create(cx, found.dir, &found.dir_stat, Mode::empty())?;
        if stat.is_dir() {
            return Err(Errno::EPERM);
        }
        let name = found.name.name().ok_or(Errno::EEXIST)?;
        self.mounts.get_mut(at.mount)?.fs.link(at.ino, found.dir.ino, name, created.now)
    }

    /// Removes a name; with `REMOVEDIR` that of an empty directory. Reference: POSIX `unlinkat`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve);
    /// - `EISDIR`: a directory, without `REMOVEDIR`.
    /// - `ENOTDIR`: `REMOVEDIR`, and it is none; or a slash stands behind what is no directory,
    ///   be it a link to one.
    /// - `ENOTEMPTY`: the directory has entries, or the path ends in `..`.
    /// - `EINVAL`: the path ends in `.`.
    /// - `EBUSY`: a mount point, or the root.
    /// - `EACCES`: the directory may not be written.
    /// - `EPERM`: the directory is sticky, and neither it nor the file is the caller's.
    /// - `EROFS`: a read-only mount.
    pub fn unlinkat(
        &mut self,
        cx: &Caller<'_>,
        dir: Location,
        path: &[u8],
        flags: AtFlags,
    ) -> Result<()> {
        let removes_dir = flags.contains(AtFlags::REMOVEDIR);
        let found = self.walk(cx, dir, path, Intent::Entry)?;
        let Last::Name(name) = &found.name else {
            return Err(if removes_dir { not_an_entry(&found.name) } else { Errno::EISDIR });
        };
        self.writable(found.dir.mount)?;
        let (at, stat) = found.node.ok_or(Errno::ENOENT)?;
        if found.trailing_slash && !removes_dir {
            return Err(if stat.is_dir() { Errno::EISDIR } else { Errno::ENOTDIR });
        }
        self.check_remove(cx, &found.dir_stat, &stat)?;
        check_type(&stat, removes_dir)?;
        if at.mount != found.dir.mount || self.mounts.is_covered(at) {
            return Err(Errno::EBUSY);
        }
        let fs = &mut self.mounts.get_mut(at.mount)?.fs;
        if removes_dir {
            fs.rmdir(found.dir.ino, name, cx.now)
        } else {
            fs.unlink(found.dir.ino, name, cx.now)
        }
    }

    /// Checks that an entry may be taken out of a directory.
    fn check_remove(&self, cx: &Caller<'_>, dir: &Stat, entry: &Stat) -> Result<()> {
        cx.cred.check(dir, Access::WRITE | Access::EXEC)?;
        if dir.mode.contains(Mode::ISVTX) && !cx.cred.owns(dir) && !cx.cred.owns(entry) {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    /// Renames. Reference: POSIX `renameat`, Linux `renameat2(2)`.
    ///
    /// # Errors
    /// - as [`resolve`](Vfs::resolve), of either path;
    /// - `EXDEV`: two mounts.
    /// - `EEXIST`: `NOREPLACE`, and the new name exists.
    /// - `EBUSY`: a path ends in `.` or `..`, or names a mount point or the root.
    /// - `EINVAL`: a directory would come to be below itself; or contradictory flags.
    /// - `EISDIR`, `ENOTDIR`, `ENOTEMPTY`: what the new name stands for cannot be replaced.
    /// - `EACCES`, `EPERM`: as [`unlinkat`](Vfs::unlinkat), for both directories.
    /// - `EMLINK`, `ENOSPC`, `EDQUOT`: a limit of the filesystem.
    /// - `EROFS`: a read-only mount.
    pub fn renameat2(
        &mut self,
        cx: &Caller<'_>,
        old_dir: Location,
        old: &[u8],
        new_dir: Location,
        new: &[u8],
        flags: RenameFlags,
    ) -> Result<()> {
        if flags.contains(RenameFlags::NOREPLACE | RenameFlags::EXCHANGE) {
            return Err(Errno::EINVAL);
        }
        let from = self.walk(cx, old_dir, old, Intent::Entry)?;
        let to = self.walk(cx, new_dir, new, Intent::Entry)?;
        if from.dir.mount != to.dir.mount {
            return Err(Errno::EXDEV);
        }
        let Last::Name(old_name) = &from.name else { return Err(Errno::EBUSY) };
        let Last::Name(new_name) = &to.name else {
            let replaces = !flags.contains(RenameFlags::NOREPLACE);
            return Err(if replaces { Errno::EBUSY } else { Errno::EEXIST });
        };
        self.writable(from.dir.mount)?;
        let (at, stat) = from.node.ok_or(Errno::ENOENT)?;
        self.check_targets(&from, &to, (at, &stat), flags)?;
        if to.node.is_some_and(|(target, _)| target == at) {
            return Ok(());
        }
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        self.check_remove(cx, &from.dir_stat, &stat)?;
        match to.node {
            Some((_, target)) => {
                self.check_remove(cx, &to.dir_stat, &target)?;
                check_type(&target, if exchange { target.is_dir() } else { stat.is_dir() })?;
            }
            None => cx.cred.check(&to.dir_stat, Access::WRITE | Access::EXEC)?,
        }
        // A directory that moves has its `..` rewritten.
        if from.dir != to.dir {
            if stat.is_dir() {
                cx.cred.check(&stat, Access::WRITE)?;
            }
            if let Some((_, target)) = to.node.filter(|(_, target)| exchange && target.is_dir()) {
                cx.cred.check(&target, Access::WRITE)?;
            }
        }
        let busy =
            |vfs: &Vfs, at: Location| at.mount != from.dir.mount || vfs.mounts.is_covered(at);
        if busy(self, at) || to.node.is_some_and(|(target, _)| busy(self, target)) {
            return Err(Errno::EBUSY);
        }
        let fs = &mut self.mounts.get_mut(from.dir.mount)?.fs;
        fs.rename((from.dir.ino, old_name), (to.dir.ino, new_name), flags, cx.now)
    }

    /// Whether `above` is a directory above `dir`, or is `dir`, on the same mount.
    fn is_above(&self, above: Location, mut dir: Location) -> Result<bool> {
        if above.mount != dir.mount {
            return Ok(false);
        }
        let fs = &self.mounts.get(dir.mount)?.fs;
        loop {
            if dir == above {
                return Ok(true);
            }
            match fs.parent(dir.ino)? {
                ino if ino == dir.ino => return Ok(false),
                ino => dir.ino = ino,
            }
        }
    }

    /// What the names themselves forbid, before anybody's rights matter. In Linux's order.
    fn check_targets(
        &self,
        from: &Found<'_>,
        to: &Found<'_>,
        (at, stat): (Location, &Stat),
        flags: RenameFlags,
    ) -> Result<()> {
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        match &to.node {
            Some(_) if flags.contains(RenameFlags::NOREPLACE) => return Err(Errno::EEXIST),
            // Also of a removed directory, in which nothing can be looked up.
            None if exchange || to.dir_stat.nlink == 0 => return Err(Errno::ENOENT),
            Some((_, target)) if exchange && to.trailing_slash && !target.is_dir() => {
                return Err(Errno::ENOTDIR);
            }
            _ => {}
        }
        if !stat.is_dir() && (from.trailing_slash || (to.trailing_slash && !exchange)) {
            return Err(Errno::ENOTDIR);
        }
        if stat.is_dir() && self.is_above(at, to.dir)? {
            return Err(Errno::EINVAL);
        }
        match to.node {
            Some((target, stat)) if stat.is_dir() && self.is_above(target, from.dir)? => {
                Err(if exchange { Errno::EINVAL } else { Errno::ENOTEMPTY })
            }
            _ => Ok(()),
        }
    }
}

/// Whether an entry that is to go, as a directory or as something else, is that.
fn check_type(entry: &Stat, as_dir: bool) -> Result<()> {
    match (entry.is_dir(), as_dir) {
        (true, false) => Err(Errno::EISDIR),
        (false, true) => Err(Errno::ENOTDIR),
        _ => Ok(()),
    }
}
