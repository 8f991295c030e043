//! Moving up: a stub with the metadata first, the content only when it is written.

use super::{Changed, Data, Layer, OverlayFs, Version, lower_number};
use crate::{Errno, FileSystem, FileType, Ino, NewInode, Result, SetStat, Stat};

/// How much content is moved at once: a chunk of the upper layer's, and what may be a hole.
const CHUNK: usize = 64 * 1024;

/// Under which name the stub of a lower inode is kept in the upper layer's root.
pub(super) fn stub_name(lower: Ino) -> Vec<u8> {
    lower.0.to_string().into_bytes()
}

impl OverlayFs {
    /// The upper directory that takes what is added to `dir`.
    ///
    /// # Errors
    /// - `ENOTDIR`: `dir` is not a directory.
    /// - `ENOENT`: it was removed.
    pub(super) fn raise_dir(&mut self, dir: Ino) -> Result<Ino> {
        let stat = self.stat(dir)?;
        if !stat.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        match Layer::of(dir) {
            Layer::Upper(upper) => Ok(upper),
            Layer::Lower(lower) => {
                let stub = self.raise(lower)?;
                if self.changed.get(&lower).is_some_and(|changed| changed.links == 0) {
                    return Err(Errno::ENOENT);
                }
                Ok(stub)
            }
        }
    }

    /// The stub of a lower inode, made if there is none. What is seen does not change.
    pub(super) fn raise(&mut self, lower: Ino) -> Result<Ino> {
        if let Some(changed) = self.changed.get(&lower) {
            return Ok(changed.upper);
        }
        lower_number(lower)?;
        let stat = self.lower.stat(lower)?;
        let stub = self.make_stub(lower, &stat)?;
        let data = if stat.file_type == FileType::Symlink { Data::Upper } else { Data::Lower };
        let changed = Changed {
            upper: stub,
            data,
            links: stat.nlink,
            moved: false,
            hidden: imbl::OrdMap::new(),
            version: Version::of(&stat),
        };
        self.changed.insert(lower, changed);
        self.origin.insert(stub, lower);
        Ok(stub)
    }

    /// An upper inode with the metadata `stat`; of a symbolic link with its target.
    fn make_stub(&mut self, lower: Ino, stat: &Stat) -> Result<Ino> {
        let (root, name) = (self.upper.root(), stub_name(lower));
        let new = NewInode { mode: stat.mode, uid: stat.uid, gid: stat.gid, now: stat.ctime };
        let stub = match stat.file_type {
            FileType::Directory => self.upper.mkdir(root, &name, &new)?,
            FileType::Symlink => {
                let target = self.lower.read_link(lower)?;
                self.upper.symlink(root, &name, &target, &new)?
            }
            file_type => self.upper.create(root, &name, file_type, stat.rdev, &new)?,
        };
        if let Err(errno) = self.set_times(stub, stat) {
            let _ = match stat.file_type {
                FileType::Directory => self.upper.rmdir(root, &name, stat.ctime),
                _ => self.upper.unlink(root, &name, stat.ctime),
            };
            return Err(errno);
        }
        Ok(stub)
    }

    /// Gives an upper inode the three times of `stat`.
    fn set_times(&mut self, upper: Ino, stat: &Stat) -> Result<()> {
        let times =
            SetStat { atime: Some(stat.atime), mtime: Some(stat.mtime), ..SetStat::default() };
        self.upper.set_stat(upper, &times, stat.ctime)
    }

    /// The stub of a lower inode with its content, which from now on is the stub's. What is not a
    /// regular file has none, and is left to answer for itself.
    pub(super) fn raise_content(&mut self, lower: Ino) -> Result<Ino> {
        self.raise_content_for(lower, u64::MAX, |_, _| Ok(()))
    }

    /// The same with the first `keep` bytes only, if what they are needed for succeeds.
    pub(super) fn raise_content_for(
        &mut self,
        lower: Ino,
        keep: u64,
        change: impl FnOnce(&mut dyn FileSystem, Ino) -> Result<()>,
    ) -> Result<Ino> {
        let stub = self.raise(lower)?;
        let before = self.upper.stat(stub)?;
        let raised = self.changed.get(&lower).is_none_or(|changed| changed.data == Data::Upper);
        if raised || before.file_type != FileType::Regular {
            change(&mut *self.upper, stub)?;
            return Ok(stub);
        }
        let done = self
            .copy_content(lower, stub, keep)
            .and_then(|()| self.set_times(stub, &before))
            .and_then(|()| change(&mut *self.upper, stub));
        if let Err(errno) = done {
            // Never half a file: the content is the lower layer's again.
            let cut = SetStat { size: Some(0), ..SetStat::default() };
            let _ = self
                .upper
                .set_stat(stub, &cut, before.ctime)
                .and_then(|()| self.set_times(stub, &before));
            return Err(errno);
        }
        if let Some(changed) = self.changed.get_mut(&lower) {
            changed.data = Data::Upper;
        }
        Ok(stub)
    }

    /// Copies up to `keep` bytes; pieces of zeros become holes.
    fn copy_content(&mut self, lower: Ino, stub: Ino, keep: u64) -> Result<()> {
        let mut buf = vec![0; CHUNK];
        let mut offset = 0;
        while offset < keep {
            let want = usize::try_from(keep - offset).unwrap_or(CHUNK).min(CHUNK);
            let part = buf.get_mut(..want).unwrap_or_default();
            let len = self.lower.read_at(lower, offset, part)?;
            if len == 0 {
                break;
            }
            let part = part.get(..len).unwrap_or_default();
            if part.iter().any(|&byte| byte != 0) {
                self.write_all(stub, offset, part)?;
            }
            offset += len as u64;
        }
        let size = SetStat { size: Some(offset), ..SetStat::default() };
        self.upper.set_stat(stub, &size, crate::Timestamp::default())
    }

    fn write_all(&mut self, upper: Ino, mut offset: u64, mut part: &[u8]) -> Result<()> {
        while !part.is_empty() {
            let len = self.upper.write_at(upper, offset, part, crate::Timestamp::default())?;
            if len == 0 {
                return Err(Errno::ENOSPC);
            }
            offset += len as u64;
            part = part.get(len..).unwrap_or_default();
        }
        Ok(())
    }
}
