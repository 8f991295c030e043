//! Reading, writing and seeking on a descriptor.
//!
//! Not here: opening (`open`), readiness (`poll`), what a pipe or a terminal does inside.

use core::task::Poll;

use vfs::{Errno, OFlags, Result, Whence};

use crate::file::{Device, File, FileId, PipeId};
use crate::kernel::System;
use crate::pipe::Put;
use crate::trace::quote;
use crate::wait_queue::WaitOn;
use crate::{Fd, Kernel, Pid, Signal};

impl Kernel {
    /// Reads up to `buf.len()` bytes; 0 at the end of the file, or when a pipe is empty and has
    /// no writer.
    ///
    /// Reference: POSIX `read`.
    ///
    /// # Errors
    /// - `EBADF`: not open for reading.
    /// - `EISDIR`: a directory.
    /// - `EAGAIN`: it would wait, and the description has `NONBLOCK`.
    /// - `EINTR`: it would wait, and a caught signal is pending.
    /// - `EIO`: a terminal, from an orphaned background group; or what the filesystem says.
    /// - `ESRCH`: no such process.
    pub fn read(&mut self, pid: Pid, fd: Fd, buf: &mut [u8]) -> Poll<Result<usize>> {
        let system = self.sys();
        let result = system.read(pid, fd, buf);
        system.trace(pid, "read", &result, |_| format!("{}, {}", fd.0, buf.len()));
        result
    }

    /// Writes bytes; how many, which may be fewer than given.
    ///
    /// On a pipe a write of up to [`PIPE_BUF`](crate::PIPE_BUF) bytes goes in as a whole, a larger
    /// one as far as there is room. Reference: POSIX `write`.
    ///
    /// # Errors
    /// - `EBADF`: not open for writing.
    /// - `EPIPE`: a pipe without readers; `SIGPIPE` is sent as well.
    /// - `EAGAIN`, `EINTR`: as [`read`](Kernel::read).
    /// - `ENOSPC`, `EDQUOT`, `EFBIG`, `EROFS`: as the filesystem says; `/dev/full` is full.
    /// - `ESRCH`: no such process.
    pub fn write(&mut self, pid: Pid, fd: Fd, buf: &[u8]) -> Poll<Result<usize>> {
        let system = self.sys();
        let result = system.write(pid, fd, buf);
        system.trace(pid, "write", &result, |_| format!("{}, {}, {}", fd.0, quote(buf), buf.len()));
        result
    }

    /// Reads at an offset; the description's own does not move. Reference: POSIX `pread`.
    ///
    /// # Errors
    /// - `EBADF`: not open for reading.
    /// - `ESPIPE`: not something with offsets.
    /// - `EISDIR`: a directory.
    /// - `ESRCH`: no such process.
    pub fn pread(&mut self, pid: Pid, fd: Fd, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let system = self.sys();
        let result = system.pread(pid, fd, offset, buf);
        system.trace(pid, "pread", &result, |_| format!("{}, {}, {offset}", fd.0, buf.len()));
        result
    }

    /// Writes at an offset; the description's own does not move. Reference: POSIX `pwrite`.
    ///
    /// # Errors
    /// - `EBADF`: not open for writing.
    /// - `ESPIPE`: not something with offsets.
    /// - as [`write`](Kernel::write).
    pub fn pwrite(&mut self, pid: Pid, fd: Fd, offset: u64, buf: &[u8]) -> Result<usize> {
        let system = self.sys();
        let result = system.pwrite(pid, fd, offset, buf);
        system.trace(pid, "pwrite", &result, |_| format!("{}, {}, {offset}", fd.0, quote(buf)));
        result
    }

    /// Moves the offset; answers the new one. Reference: POSIX `lseek`.
    ///
    /// # Errors
    /// - `EBADF`: not open.
    /// - `ESPIPE`: a pipe or a terminal.
    /// - `EINVAL`: the result would be negative.
    /// - `ESRCH`: no such process.
    pub fn lseek(&mut self, pid: Pid, fd: Fd, offset: i64, whence: Whence) -> Result<u64> {
        let system = self.sys();
        let result = system.lseek(pid, fd, offset, whence);
        system.trace(pid, "lseek", &result, |_| format!("{}, {offset}, {whence:?}", fd.0));
        result
    }
}

impl System {
    fn readable(&self, pid: Pid, fd: Fd) -> Result<FileId> {
        let id = self.processes.get(pid)?.fds.get(fd)?.file;
        let flags = self.file(id).flags;
        let allowed = flags.contains(OFlags::READ) && !flags.contains(OFlags::PATH);
        if allowed { Ok(id) } else { Err(Errno::EBADF) }
    }

    fn writable(&self, pid: Pid, fd: Fd) -> Result<FileId> {
        let id = self.processes.get(pid)?.fds.get(fd)?.file;
        let flags = self.file(id).flags;
        let allowed = flags.contains(OFlags::WRITE) && !flags.contains(OFlags::PATH);
        if allowed { Ok(id) } else { Err(Errno::EBADF) }
    }

    fn lseek(&mut self, pid: Pid, fd: Fd, offset: i64, whence: Whence) -> Result<u64> {
        let id = self.processes.get(pid)?.fds.get(fd)?.file;
        match &mut self.files[id.0 as usize].file {
            File::Inode(open) => self.vfs.lseek(open, offset, whence),
            File::Device(..) => Ok(0),
            _ => Err(Errno::ESPIPE),
        }
    }

    fn pread(&mut self, pid: Pid, fd: Fd, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let id = self.readable(pid, fd)?;
        let now = self.now();
        match &mut self.files[id.0 as usize].file {
            File::Inode(open) => self.vfs.pread(now, open, offset, buf),
            File::Device(device, _) => Ok(read_device(*device, buf, &mut *self.entropy)),
            _ => Err(Errno::ESPIPE),
        }
    }

    fn pwrite(&mut self, pid: Pid, fd: Fd, offset: u64, buf: &[u8]) -> Result<usize> {
        let id = self.writable(pid, fd)?;
        let now = self.now();
        match &mut self.files[id.0 as usize].file {
            File::Inode(open) => self.vfs.pwrite(now, open, offset, buf),
            File::Device(device, _) => write_device(*device, buf),
            _ => Err(Errno::ESPIPE),
        }
    }

    fn read(&mut self, pid: Pid, fd: Fd, buf: &mut [u8]) -> Poll<Result<usize>> {
        if self.processes.get(pid)?.is_halted() {
            return Poll::Pending;
        }
        let id = self.readable(pid, fd)?;
        let description = &mut self.files[id.0 as usize];
        let nonblock = description.flags.contains(OFlags::NONBLOCK);
        match &mut description.file {
            File::Pipe(pipe, _) => {
                let pipe = *pipe;
                self.read_pipe(pid, fd, pipe, nonblock, buf)
            }
            File::Inode(_) => Poll::Ready(self.read_inode(id, buf)),
            File::Bytes(content) => {
                let n = buf.len().min(content.len());
                buf[..n].copy_from_slice(&content.split_to(n));
                Poll::Ready(Ok(n))
            }
            File::Device(device, _) => {
                Poll::Ready(Ok(read_device(*device, buf, &mut *self.entropy)))
            }
            File::Tty(tty, _) => {
                let tty = *tty;
                self.read_tty(pid, fd, tty, nonblock, buf)
            }
            File::Capture(_) => Poll::Ready(Err(Errno::EBADF)),
        }
    }

    fn read_inode(&mut self, id: FileId, buf: &mut [u8]) -> Result<usize> {
        let now = self.now();
        match &mut self.files[id.0 as usize].file {
            File::Inode(open) => self.vfs.read(now, open, buf),
            _ => Err(Errno::EBADF),
        }
    }

    fn read_pipe(
        &mut self,
        pid: Pid,
        fd: Fd,
        id: PipeId,
        nonblock: bool,
        buf: &mut [u8],
    ) -> Poll<Result<usize>> {
        let pipe = &mut self.pipes[id.0 as usize];
        if pipe.len() > 0 || buf.is_empty() || !pipe.has_writer() {
            let n = pipe.take(buf);
            if n > 0 {
                self.pipe_total -= n as u64;
                self.wake_queue(|s| &mut s.pipes[id.0 as usize].write_queue);
            }
            return Poll::Ready(Ok(n));
        }
        if nonblock {
            return Poll::Ready(Err(Errno::EAGAIN));
        }
        pipe.read_queue.add(pid);
        self.block(pid, WaitOn::PipeRead(fd))?;
        Poll::Pending
    }

    fn write(&mut self, pid: Pid, fd: Fd, buf: &[u8]) -> Poll<Result<usize>> {
        if self.processes.get(pid)?.is_halted() {
            return Poll::Pending;
        }
        let id = self.writable(pid, fd)?;
        let description = &mut self.files[id.0 as usize];
        let nonblock = description.flags.contains(OFlags::NONBLOCK);
        match &mut description.file {
            File::Pipe(pipe, _) => {
                let pipe = *pipe;
                self.write_pipe(pid, fd, pipe, nonblock, buf)
            }
            File::Inode(_) => Poll::Ready(self.write_inode(id, buf)),
            File::Capture(capture) => {
                let capture = *capture;
                Poll::Ready(Ok(self.write_capture(capture, buf)))
            }
            File::Device(device, _) => Poll::Ready(write_device(*device, buf)),
            File::Tty(tty, _) => {
                let tty = *tty;
                self.write_tty(pid, fd, tty, nonblock, buf)
            }
            File::Bytes(_) => Poll::Ready(Err(Errno::EBADF)),
        }
    }

    fn write_inode(&mut self, id: FileId, buf: &[u8]) -> Result<usize> {
        let now = self.now();
        match &mut self.files[id.0 as usize].file {
            File::Inode(open) => self.vfs.write(now, open, buf),
            _ => Err(Errno::EBADF),
        }
    }

    fn write_pipe(
        &mut self,
        pid: Pid,
        fd: Fd,
        id: PipeId,
        nonblock: bool,
        buf: &[u8],
    ) -> Poll<Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if !self.pipes[id.0 as usize].has_reader() {
            return self.broken_pipe(pid);
        }
        loop {
            let put = self.put_within_limit(id, buf);
            if let Put::Written(n) = put {
                self.pipe_total += n as u64;
                if n > 0 {
                    self.wake_queue(|s| &mut s.pipes[id.0 as usize].read_queue);
                }
                return Poll::Ready(Ok(n));
            }
            if nonblock {
                return Poll::Ready(Err(Errno::EAGAIN));
            }
            if !self.grow_pipe(id, pid) {
                break;
            }
        }
        self.pipes[id.0 as usize].write_queue.add(pid);
        self.block(pid, WaitOn::PipeWrite(fd))?;
        Poll::Pending
    }

    /// A write that keeps all pipes together below their limit.
    fn put_within_limit(&mut self, id: PipeId, buf: &[u8]) -> Put {
        let left = self.limits.pipe_bytes.saturating_sub(self.pipe_total);
        let pipe = &mut self.pipes[id.0 as usize];
        if buf.len() as u64 <= left {
            return pipe.put(buf);
        }
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if left < crate::PIPE_BUF { Put::Full } else { pipe.put(&buf[..left]) }
    }

    /// `SIGPIPE`, which usually ends the process: then the call never returns.
    fn broken_pipe(&mut self, pid: Pid) -> Poll<Result<usize>> {
        self.send_signal(pid, Signal::PIPE);
        match self.processes.get(pid) {
            Ok(process) if !process.is_halted() => Poll::Ready(Err(Errno::EPIPE)),
            _ => Poll::Pending,
        }
    }
}

fn read_device(device: Device, buf: &mut [u8], entropy: &mut dyn crate::Entropy) -> usize {
    match device {
        Device::Null => return 0,
        Device::Zero | Device::Full => buf.fill(0),
        Device::Random => entropy.fill(buf),
    }
    buf.len()
}

fn write_device(device: Device, buf: &[u8]) -> Result<usize> {
    match device {
        Device::Full if !buf.is_empty() => Err(Errno::ENOSPC),
        _ => Ok(buf.len()),
    }
}
