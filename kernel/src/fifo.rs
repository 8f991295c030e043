//! Opening a fifo: each end waits for the other. Reference: POSIX `open`, fifo(7).

use core::task::Poll;

use vfs::{Errno, Location, OFlags, OpenFile, Result};

use crate::file::{File, FileId, PipeId};
use crate::kernel::System;
use crate::pipe::Pipe;
use crate::wait_queue::WaitOn;
use crate::{DirFd, Pid};

/// An `open` that waits: its end counts already, so that the other end's `open` can go on.
#[derive(Debug)]
pub(crate) struct PendingOpen {
    dir: DirFd,
    path: Vec<u8>,
    flags: OFlags,
    file: FileId,
    pipe: PipeId,
    /// How often the other end had been opened before.
    seen: u64,
}

impl PendingOpen {
    pub(crate) fn is_for(&self, dir: DirFd, path: &[u8], flags: OFlags) -> bool {
        self.dir == dir && self.path == path && self.flags == flags
    }
}

impl System {
    /// Opens an end of the fifo in `open`, which this consumes.
    pub(crate) fn open_fifo(
        &mut self,
        pid: Pid,
        (dir, path, flags): (DirFd, &[u8], OFlags),
        open: OpenFile,
    ) -> Poll<Result<FileId>> {
        let id = self.fifo_pipe(open.location);
        let pipe = &mut self.pipes[id.0 as usize];
        let access = flags & OFlags::RDWR;
        if access == OFlags::WRITE && flags.contains(OFlags::NONBLOCK) && !pipe.has_reader() {
            self.vfs.close(&open);
            self.drop_unused_pipe(id);
            return Poll::Ready(Err(Errno::ENXIO));
        }
        pipe.reader_opens += u64::from(access.contains(OFlags::READ));
        pipe.writer_opens += u64::from(access.contains(OFlags::WRITE));
        let (ready, seen) = match access {
            OFlags::READ => {
                (pipe.has_writer() || flags.contains(OFlags::NONBLOCK), pipe.writer_opens)
            }
            OFlags::WRITE => (pipe.has_reader(), pipe.reader_opens),
            _ => (true, 0),
        };
        let kept = open.flags;
        let file = match self.add_file(File::Pipe(id, Some(open)), kept) {
            Ok(file) => file,
            Err(file) => {
                if let Some(open) = file.open_file() {
                    self.vfs.close(open);
                }
                self.drop_unused_pipe(id);
                return Poll::Ready(Err(Errno::ENFILE));
            }
        };
        self.wake_queue(|s| &mut s.pipes[id.0 as usize].open_queue);
        if ready {
            return Poll::Ready(Ok(file));
        }
        let pending = PendingOpen { dir, path: path.to_vec(), flags, file, pipe: id, seen };
        self.processes.get_mut(pid)?.pending_open = Some(Box::new(pending));
        self.continue_open(pid)
    }

    /// The same `open` again: whether the other end has come.
    pub(crate) fn continue_open(&mut self, pid: Pid) -> Poll<Result<FileId>> {
        let process = self.processes.get_mut(pid)?;
        let Some(pending) = process.pending_open.take() else {
            return Poll::Ready(Err(Errno::EINVAL));
        };
        let pipe = &mut self.pipes[pending.pipe.0 as usize];
        let opens = if pending.flags.contains(OFlags::READ) {
            pipe.writer_opens
        } else {
            pipe.reader_opens
        };
        if opens != pending.seen {
            return Poll::Ready(Ok(pending.file));
        }
        pipe.open_queue.add(pid);
        match self.block(pid, WaitOn::FifoOpen) {
            Ok(()) => {
                self.processes.get_mut(pid)?.pending_open = Some(pending);
                Poll::Pending
            }
            Err(errno) => {
                self.release(pending.file);
                Poll::Ready(Err(errno))
            }
        }
    }

    /// The process does something else now: its end is gone.
    pub(crate) fn cancel_pending_open(&mut self, pid: Pid) {
        if let Ok(process) = self.processes.get_mut(pid)
            && let Some(pending) = process.pending_open.take()
        {
            self.release(pending.file);
        }
    }

    fn fifo_pipe(&mut self, location: Location) -> PipeId {
        if let Some(id) = self.fifos.get(&location) {
            return *id;
        }
        let id = self.new_pipe();
        self.fifos.insert(location, id);
        id
    }

    fn drop_unused_pipe(&mut self, id: PipeId) {
        let pipe = &self.pipes[id.0 as usize];
        if !pipe.has_reader() && !pipe.has_writer() {
            self.pipe_end_changed(id);
        }
    }

    pub(crate) fn new_pipe(&mut self) -> PipeId {
        let capacity = usize::try_from(self.limits.pipe_capacity).unwrap_or(usize::MAX).max(1);
        PipeId(u32::try_from(self.pipes.insert(Pipe::new(capacity))).unwrap_or(u32::MAX))
    }
}
