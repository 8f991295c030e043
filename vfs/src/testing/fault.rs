//! A filesystem that fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{
    Blob, DirEntry, Errno, FileSystem, FileType, Ino, NewInode, RenameFlags, Result, SetStat, Stat,
    StatFs, Timestamp,
};

/// When a [`FaultFs`] fails: shared with the test that arms it.
#[derive(Debug, Default)]
pub struct Fault {
    /// Calls to go; 0 when disarmed.
    left: AtomicU64,
}

impl Fault {
    /// Lets the `n`-th call from now fail, the first being 1; 0 disarms.
    pub fn arm(&self, n: u64) {
        self.left.store(n, Ordering::Relaxed);
    }

    /// Disarms; whether the call that was to fail has come.
    pub fn disarm(&self) -> bool {
        self.left.swap(0, Ordering::Relaxed) == 0
    }

    pub(crate) fn strikes(&self) -> bool {
        let before = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        before == Ok(1)
    }
}

/// A filesystem of which one call fails with an errno of choice, before it does anything.
///
/// Counted are the calls that may fail; not `unpin` and `touch`, which end things.
pub struct FaultFs<F> {
    inner: F,
    fault: Arc<Fault>,
    errno: Errno,
}

impl<F: FileSystem> FaultFs<F> {
    /// Lets `fault` decide which call on `inner` fails with `errno`.
    pub fn new(inner: F, fault: Arc<Fault>, errno: Errno) -> FaultFs<F> {
        FaultFs { inner, fault, errno }
    }

    /// The filesystem inside.
    pub fn inner(&self) -> &F {
        &self.inner
    }

    fn step(&self) -> Result<&F> {
        if self.fault.strikes() { Err(self.errno) } else { Ok(&self.inner) }
    }

    fn step_mut(&mut self) -> Result<&mut F> {
        if self.fault.strikes() { Err(self.errno) } else { Ok(&mut self.inner) }
    }
}

impl<F: FileSystem> FileSystem for FaultFs<F> {
    fn root(&self) -> Ino {
        self.inner.root()
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn lookup(&self, dir: Ino, name: &[u8]) -> Result<Ino> {
        self.step()?.lookup(dir, name)
    }

    fn lookup_stat(&self, dir: Ino, name: &[u8]) -> Result<Stat> {
        self.step()?.lookup_stat(dir, name)
    }

    fn stat(&self, ino: Ino) -> Result<Stat> {
        self.step()?.stat(ino)
    }

    fn read_at(&self, ino: Ino, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.step()?.read_at(ino, offset, buf)
    }

    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        self.step()?.read_dir(dir, cookie, emit)
    }

    fn read_link(&self, ino: Ino) -> Result<Vec<u8>> {
        self.step()?.read_link(ino)
    }

    fn blob(&self, ino: Ino) -> Option<Arc<dyn Blob>> {
        self.inner.blob(ino)
    }

    fn statfs(&self) -> Result<StatFs> {
        self.step()?.statfs()
    }

    fn parent(&self, dir: Ino) -> Result<Ino> {
        self.step()?.parent(dir)
    }

    fn read_only(&self) -> bool {
        self.inner.read_only()
    }

    fn create(
        &mut self,
        dir: Ino,
        name: &[u8],
        file_type: FileType,
        rdev: u64,
        new: &NewInode,
    ) -> Result<Ino> {
        self.step_mut()?.create(dir, name, file_type, rdev, new)
    }

    fn mkdir(&mut self, dir: Ino, name: &[u8], new: &NewInode) -> Result<Ino> {
        self.step_mut()?.mkdir(dir, name, new)
    }

    fn symlink(&mut self, dir: Ino, name: &[u8], target: &[u8], new: &NewInode) -> Result<Ino> {
        self.step_mut()?.symlink(dir, name, target, new)
    }

    fn link(&mut self, ino: Ino, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        self.step_mut()?.link(ino, dir, name, now)
    }

    fn unlink(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        self.step_mut()?.unlink(dir, name, now)
    }

    fn rmdir(&mut self, dir: Ino, name: &[u8], now: Timestamp) -> Result<()> {
        self.step_mut()?.rmdir(dir, name, now)
    }

    fn rename(
        &mut self,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        flags: RenameFlags,
        now: Timestamp,
    ) -> Result<()> {
        self.step_mut()?.rename(from, to, flags, now)
    }

    fn write_at(&mut self, ino: Ino, offset: u64, buf: &[u8], now: Timestamp) -> Result<usize> {
        self.step_mut()?.write_at(ino, offset, buf, now)
    }

    fn set_stat(&mut self, ino: Ino, changes: &SetStat, now: Timestamp) -> Result<()> {
        self.step_mut()?.set_stat(ino, changes, now)
    }

    fn touch(&mut self, ino: Ino, now: Timestamp) {
        self.inner.touch(ino, now);
    }

    fn allocate(&mut self, ino: Ino, offset: u64, len: u64, now: Timestamp) -> Result<()> {
        self.step_mut()?.allocate(ino, offset, len, now)
    }

    fn sync(&mut self, ino: Ino) -> Result<()> {
        self.step_mut()?.sync(ino)
    }

    fn pin(&mut self, ino: Ino) -> Result<()> {
        self.step_mut()?.pin(ino)
    }

    fn unpin(&mut self, ino: Ino) {
        self.inner.unpin(ino);
    }
}
