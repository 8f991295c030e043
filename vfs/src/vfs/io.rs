//! Reading and writing open files. An open file stays what it is whatever happens to its name.

use super::{Vfs, attr};
use crate::{
    DirEntry, Errno, FileType, Location, MountFlags, OFlags, OpenFile, Result, SetStat, Stat,
    Timestamp, Whence,
};

/// A day in nanoseconds: how old an atime may get although nothing was written.
const DAY: i64 = 86_400 * 1_000_000_000;

/// The largest offset: `off_t` is signed.
const OFFSET_MAX: u64 = i64::MAX as u64;

/// Cookies of `.` and `..`; those of the backend follow, moved up by the second.
const DOT: u64 = 1;
const DOT_DOT: u64 = 2;

impl Vfs {
    /// Reads at the file's offset and moves it. Reference: POSIX `read`.
    ///
    /// The time of the last read is kept as Linux's `relatime` does: when it is not after the
    /// last change, or a day old.
    ///
    /// # Errors
    /// - `EBADF`: not open for reading.
    /// - `EISDIR`: a directory.
    /// - `EINVAL`, `EIO`: as the filesystem says.
    pub fn read(&mut self, now: Timestamp, file: &mut OpenFile, buf: &mut [u8]) -> Result<usize> {
        let n = self.pread(now, file, file.offset, buf)?;
        file.offset += n as u64;
        Ok(n)
    }

    /// Reads at an offset. Reference: POSIX `pread`.
    ///
    /// # Errors
    /// As [`read`](Vfs::read).
    pub fn pread(
        &mut self,
        now: Timestamp,
        file: &OpenFile,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<usize> {
        if !file.flags.contains(OFlags::READ) || file.flags.contains(OFlags::PATH) {
            return Err(Errno::EBADF);
        }
        if let Some(text) = &file.text {
            let rest = text.get(offset as usize..).unwrap_or_default();
            let n = rest.len().min(buf.len());
            buf[..n].copy_from_slice(&rest[..n]);
            return Ok(n);
        }
        let ino = file.location.ino;
        let mount = self.mounts.get_mut(file.location.mount)?;
        let n = mount.fs.read_at(ino, offset, buf)?;
        if n > 0 && !mount.flags.intersects(MountFlags::NOATIME | MountFlags::RDONLY) {
            let stat = mount.fs.stat(ino)?;
            // A process sets any time it likes: the distance may not fit.
            let age = now.as_nanos().saturating_sub(stat.atime.as_nanos());
            if stat.atime <= stat.mtime || stat.atime <= stat.ctime || age > DAY {
                mount.fs.touch(ino, now);
            }
        }
        Ok(n)
    }

    /// Writes at the file's offset, or at its end with `APPEND`, and moves the offset.
    /// Reference: POSIX `write`.
    ///
    /// # Errors
    /// - `EBADF`: not open for writing.
    /// - `EFBIG`, `ENOSPC`, `EDQUOT`: no byte fits.
    /// - `EIO`: as the filesystem says.
    pub fn write(&mut self, now: Timestamp, file: &mut OpenFile, buf: &[u8]) -> Result<usize> {
        let append = file.flags.contains(OFlags::APPEND);
        let offset = if append { self.stat(file.location)?.size } else { file.offset };
        let n = self.put(now, file, offset, buf)?;
        if n > 0 {
            file.offset = offset + n as u64;
        }
        Ok(n)
    }

    /// Writes at an offset; with `APPEND` at the end, as Linux does. Reference: POSIX `pwrite`.
    ///
    /// # Errors
    /// As [`write`](Vfs::write).
    pub fn pwrite(
        &mut self,
        now: Timestamp,
        file: &OpenFile,
        offset: u64,
        buf: &[u8],
    ) -> Result<usize> {
        let append = file.flags.contains(OFlags::APPEND);
        let offset = if append { self.stat(file.location)?.size } else { offset };
        self.put(now, file, offset, buf)
    }

    fn put(&mut self, now: Timestamp, file: &OpenFile, offset: u64, buf: &[u8]) -> Result<usize> {
        if !file.flags.contains(OFlags::WRITE) || file.flags.contains(OFlags::PATH) {
            return Err(Errno::EBADF);
        }
        if !buf.is_empty() {
            self.drop_privileges(now, file)?;
        }
        let Location { mount, ino } = file.location;
        self.mounts.get_mut(mount)?.fs.write_at(ino, offset, buf, now)
    }

    /// Takes set-user-ID away before somebody else than root changes the content: never after,
    /// when it might fail.
    fn drop_privileges(&mut self, now: Timestamp, file: &OpenFile) -> Result<()> {
        let Some(opener) = &file.opener else { return Ok(()) };
        let Location { mount, ino } = file.location;
        let fs = &mut self.mounts.get_mut(mount)?.fs;
        let mode = attr::without_privileges(&fs.stat(ino)?, opener);
        if mode.is_some() {
            fs.set_stat(ino, &SetStat { mode, ..SetStat::default() }, now)?;
        }
        Ok(())
    }

    /// Moves the offset. Reference: POSIX `lseek`.
    ///
    /// # Errors
    /// - `EINVAL`: it would be negative.
    /// - `EOVERFLOW`: it would be more than 2⁶³ − 1.
    /// - `EBADF`: opened with `PATH`.
    pub fn lseek(&self, file: &mut OpenFile, offset: i64, whence: Whence) -> Result<u64> {
        if file.flags.contains(OFlags::PATH) {
            return Err(Errno::EBADF);
        }
        let base = match whence {
            Whence::Set => 0,
            Whence::Cur => file.offset,
            Whence::End => self.stat(file.location)?.size,
        };
        if offset < 0 && offset.unsigned_abs() > base {
            return Err(Errno::EINVAL);
        }
        let target = base.checked_add_signed(offset).filter(|target| *target <= OFFSET_MAX);
        file.offset = target.ok_or(Errno::EOVERFLOW)?;
        Ok(file.offset)
    }

    /// The metadata of an open file.
    ///
    /// # Errors
    /// - `EIO`: as the filesystem says.
    pub fn fstat(&self, file: &OpenFile) -> Result<Stat> {
        self.stat(file.location)
    }

    /// Cuts or extends an open file. Reference: POSIX `ftruncate`.
    ///
    /// # Errors
    /// - `EBADF`: opened with `PATH`.
    /// - `EINVAL`: not a regular file, or not open for writing.
    /// - `EFBIG`, `ENOSPC`: too large.
    pub fn ftruncate(&mut self, now: Timestamp, file: &OpenFile, size: u64) -> Result<()> {
        if file.flags.contains(OFlags::PATH) {
            return Err(Errno::EBADF);
        }
        if file.file_type != FileType::Regular || !file.flags.contains(OFlags::WRITE) {
            return Err(Errno::EINVAL);
        }
        let Location { mount, ino } = file.location;
        let fs = &mut self.mounts.get_mut(mount)?.fs;
        let mode = match &file.opener {
            Some(opener) => attr::without_privileges(&fs.stat(ino)?, opener),
            None => None,
        };
        fs.set_stat(ino, &SetStat { size: Some(size), mode, ..SetStat::default() }, now)
    }

    /// Makes room. Reference: POSIX `posix_fallocate`.
    ///
    /// # Errors
    /// - `EBADF`: not open for writing.
    /// - `EINVAL`: `len` is 0.
    /// - `ENODEV`: not a regular file.
    /// - `EFBIG`, `ENOSPC`: no room.
    pub fn fallocate(
        &mut self,
        now: Timestamp,
        file: &OpenFile,
        offset: u64,
        len: u64,
    ) -> Result<()> {
        if len == 0 && !file.flags.contains(OFlags::PATH) {
            return Err(Errno::EINVAL);
        }
        if !file.flags.contains(OFlags::WRITE) {
            return Err(Errno::EBADF);
        }
        if file.file_type != FileType::Regular {
            return Err(Errno::ENODEV);
        }
        let Location { mount, ino } = file.location;
        self.drop_privileges(now, file)?;
        self.mounts.get_mut(mount)?.fs.allocate(ino, offset, len, now)
    }

    /// Brings a file to where it survives. Reference: POSIX `fsync`.
    ///
    /// # Errors
    /// - `EBADF`: opened with `PATH`.
    /// - `EIO`: as the filesystem says.
    pub fn fsync(&mut self, file: &OpenFile) -> Result<()> {
        if file.flags.contains(OFlags::PATH) {
            return Err(Errno::EBADF);
        }
        let Location { mount, ino } = file.location;
        self.mounts.get_mut(mount)?.fs.sync(ino)
    }

    /// Hands out the entries of an open directory after `cookie` (0: from the start), `.` and
    /// `..` first, until `emit` answers `false`.
    ///
    /// # Errors
    /// - `EBADF`: opened with `PATH`.
    /// - `ENOTDIR`: not a directory.
    /// - `ENOENT`: it was removed.
    pub fn readdir(
        &self,
        file: &OpenFile,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        if file.flags.contains(OFlags::PATH) {
            return Err(Errno::EBADF);
        }
        if file.file_type != FileType::Directory {
            return Err(Errno::ENOTDIR);
        }
        let at = file.location;
        if self.stat(at)?.nlink == 0 {
            return Err(Errno::ENOENT);
        }
        let file_type = FileType::Directory;
        if cookie < DOT && !emit(DirEntry { name: b".", ino: at.ino, file_type, next: DOT }) {
            return Ok(());
        }
        if cookie < DOT_DOT {
            let ino = crate::namei::parent(&self.mounts, at)?.ino;
            if !emit(DirEntry { name: b"..", ino, file_type, next: DOT_DOT }) {
                return Ok(());
            }
        }
        let fs = &self.mounts.get(at.mount)?.fs;
        fs.read_dir(at.ino, cookie.saturating_sub(DOT_DOT), &mut |mut entry| {
            entry.next = entry.next.saturating_add(DOT_DOT);
            emit(entry)
        })
    }
}
