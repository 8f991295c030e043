//! The driver's side of descriptors: bytes to read, and pipes to stream through.
//!
//! Not here: what is kept of an output (`capture`).

use bytes::Bytes;
use vfs::{Errno, OFlags, Result};

use crate::file::{Device, File, FileId, PipeId};
use crate::kernel::System;
use crate::pipe::Put;
use crate::process::Run;
use crate::tty::TtyId;
use crate::wait_queue::WaitOn;
use crate::{CaptureId, Kernel};

/// What the driver gives a process as standard input, output or error.
#[derive(Clone, Debug, Default)]
pub enum HostFile {
    /// `/dev/null`.
    #[default]
    Null,
    /// These bytes, then end of file. To be read.
    Bytes(Bytes),
    /// Kept for the driver. To be written.
    Capture(CaptureId),
    /// The other end of a pipe of the driver's.
    Pipe(HostPipeId),
    /// A terminal.
    Tty(TtyId),
}

/// Names a pipe of which the driver holds one end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostPipeId(pub(crate) u32);

/// Which end of a pipe the driver holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HostEnd {
    /// The driver reads what processes write.
    Read,
    /// The driver writes what processes read.
    Write,
}

impl Kernel {
    /// Makes a pipe of which the driver holds one end; [`HostFile::Pipe`] is the other.
    pub fn host_pipe(&mut self, end: HostEnd) -> HostPipeId {
        let system = self.sys();
        let id = system.new_pipe();
        let pipe = &mut system.pipes[id.0 as usize];
        match end {
            HostEnd::Read => pipe.host_reads = true,
            HostEnd::Write => pipe.host_writes = true,
        }
        HostPipeId(id.0)
    }

    /// Reads what processes have written; 0 when no process can write any more.
    ///
    /// # Errors
    /// - `EAGAIN`: nothing there yet.
    /// - `EBADF`: not a reading end of the driver's.
    pub fn host_read(&mut self, id: HostPipeId, buf: &mut [u8]) -> Result<usize> {
        let system = self.sys();
        let pipe = system.pipes.get_mut(id.0 as usize).filter(|p| p.host_reads);
        let pipe = pipe.ok_or(Errno::EBADF)?;
        if pipe.len() == 0 && pipe.has_writer() {
            return Err(Errno::EAGAIN);
        }
        let n = pipe.take(buf);
        system.pipe_total -= n as u64;
        system.wake_queue(|s| &mut s.pipes[id.0 as usize].write_queue);
        Ok(n)
    }

    /// Writes what processes are to read; as much as there is room for.
    ///
    /// # Errors
    /// - `EAGAIN`: no room now.
    /// - `EPIPE`: no process can read any more.
    /// - `EBADF`: not a writing end of the driver's.
    pub fn host_write(&mut self, id: HostPipeId, buf: &[u8]) -> Result<usize> {
        let system = self.sys();
        let pipe = system.pipes.get_mut(id.0 as usize).filter(|p| p.host_writes);
        let pipe = pipe.ok_or(Errno::EBADF)?;
        if !pipe.has_reader() {
            return Err(Errno::EPIPE);
        }
        let fits = buf.len().min(pipe.room());
        match pipe.put(&buf[..fits]) {
            Put::Written(0) if !buf.is_empty() => Err(Errno::EAGAIN),
            Put::Full => Err(Errno::EAGAIN),
            Put::Written(n) => {
                system.pipe_total += n as u64;
                system.wake_queue(|s| &mut s.pipes[id.0 as usize].read_queue);
                Ok(n)
            }
        }
    }

    /// Closes the driver's end: readers see the end, writers `EPIPE`.
    pub fn host_close(&mut self, id: HostPipeId) {
        let system = self.sys();
        let Some(pipe) = system.pipes.get_mut(id.0 as usize) else { return };
        if !pipe.host_reads && !pipe.host_writes {
            return;
        }
        pipe.host_reads = false;
        pipe.host_writes = false;
        system.pipe_end_changed(PipeId(id.0));
    }
}

impl System {
    /// Opens one of the driver's files for a process, to be read or to be written.
    ///
    /// # Errors
    /// - `ENFILE`: too many open files.
    /// - `EINVAL`: bytes to be written, or a capture to be read.
    pub(crate) fn open_host_file(&mut self, host: &HostFile, access: OFlags) -> Result<FileId> {
        let (file, flags) = match host {
            HostFile::Null => (File::Device(Device::Null, None), access),
            HostFile::Bytes(bytes) if access == OFlags::READ => {
                (File::Bytes(bytes.clone()), access)
            }
            HostFile::Capture(id) if access == OFlags::WRITE => (File::Capture(*id), access),
            HostFile::Pipe(id) if self.pipes.contains(id.0 as usize) => {
                (File::Pipe(PipeId(id.0), None), access)
            }
            HostFile::Tty(id) => (File::Tty(*id, None), OFlags::RDWR),
            _ => return Err(Errno::EINVAL),
        };
        self.add_file(file, flags).map_err(|_| Errno::ENFILE)
    }

    /// Whether some blocked process waits for something that only the driver can bring.
    pub(crate) fn awaits_host(&self) -> bool {
        let pipe = self.pipes.iter().any(|(_, pipe)| {
            pipe.host_reads && (pipe.len() > 0 || !pipe.write_queue.is_empty())
                || pipe.host_writes && !pipe.read_queue.is_empty()
        });
        pipe || self
            .processes
            .unordered()
            .any(|p| p.run == Run::Blocked && p.waits.iter().any(|w| matches!(w, WaitOn::Tty(_))))
    }
}
