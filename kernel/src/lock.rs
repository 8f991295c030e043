//! `flock`: advisory locks of whole files, held by open file descriptions.

use core::task::Poll;

use vfs::{Errno, Location, Result};

use crate::file::FileId;
use crate::kernel::System;
use crate::wait_queue::{WaitOn, WaitQueue};
use crate::{Fd, Kernel, Pid};

/// What `flock` is to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LockOp {
    /// `LOCK_SH`: with others that share.
    Shared,
    /// `LOCK_EX`: alone.
    Exclusive,
    /// `LOCK_SH | LOCK_NB`.
    TryShared,
    /// `LOCK_EX | LOCK_NB`.
    TryExclusive,
    /// `LOCK_UN`.
    Unlock,
}

/// Who holds the lock of an inode.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    exclusive: Option<FileId>,
    shared: Vec<FileId>,
    queue: WaitQueue,
}

impl Lock {
    fn is_free_for(&self, file: FileId, exclusive: bool) -> bool {
        let others_exclude = self.exclusive.is_some_and(|f| f != file);
        let others_share = self.shared.iter().any(|f| *f != file);
        !(others_exclude || exclusive && others_share)
    }
}

impl Kernel {
    /// Locks or unlocks the file of a descriptor. Reference: flock(2).
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `EAGAIN`: held by another, and the operation does not wait.
    /// - `EINVAL`: not a file with an inode.
    /// - `EINTR`: a caught signal is pending.
    /// - `ESRCH`: no such process.
    pub fn flock(&mut self, pid: Pid, fd: Fd, op: LockOp) -> Poll<Result<()>> {
        let system = self.sys();
        let result = system.flock(pid, fd, op);
        system.trace(pid, "flock", &result, |_| format!("{}, {op:?}", fd.0));
        result
    }
}

impl System {
    fn flock(&mut self, pid: Pid, fd: Fd, op: LockOp) -> Poll<Result<()>> {
        let process = self.processes.get(pid)?;
        if process.is_halted() {
            return Poll::Pending;
        }
        let file = process.fds.get(fd)?.file;
        let location = self.file(file).file.open_file().ok_or(Errno::EINVAL)?.location;
        let (exclusive, waits) = match op {
            LockOp::Unlock => {
                self.unlock(location, file);
                return Poll::Ready(Ok(()));
            }
            LockOp::Shared => (false, true),
            LockOp::TryShared => (false, false),
            LockOp::Exclusive => (true, true),
            LockOp::TryExclusive => (true, false),
        };
        let lock = self.locks.entry(location).or_default();
        if lock.is_free_for(file, exclusive) {
            self.take_lock(location, file, exclusive);
            return Poll::Ready(Ok(()));
        }
        if !waits {
            return Poll::Ready(Err(Errno::EAGAIN));
        }
        lock.queue.add(pid);
        self.block(pid, WaitOn::Lock(fd))?;
        Poll::Pending
    }

    fn take_lock(&mut self, location: Location, file: FileId, exclusive: bool) {
        let lock = self.locks.entry(location).or_default();
        lock.shared.retain(|f| *f != file);
        lock.exclusive = exclusive.then_some(file);
        if !exclusive {
            lock.shared.push(file);
            // From exclusive to shared: others may share now.
            self.wake_lock(location);
        }
        self.files[file.0 as usize].locked = Some(location);
    }

    fn wake_lock(&mut self, location: Location) {
        let Some(lock) = self.locks.get_mut(&location) else { return };
        let sleepers = lock.queue.take();
        for pid in sleepers.pids() {
            self.wake(*pid);
        }
    }

    /// Ends the lock that an open file description holds, if it holds one.
    pub(crate) fn unlock(&mut self, location: Location, file: FileId) {
        if let Some(description) = self.files.get_mut(file.0 as usize) {
            description.locked = None;
        }
        let Some(lock) = self.locks.get_mut(&location) else { return };
        lock.shared.retain(|f| *f != file);
        lock.exclusive = lock.exclusive.filter(|f| *f != file);
        self.wake_lock(location);
        if let Some(lock) = self.locks.get(&location)
            && lock.exclusive.is_none()
            && lock.shared.is_empty()
        {
            self.locks.remove(&location);
        }
    }
}
