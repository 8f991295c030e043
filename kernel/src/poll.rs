//! `poll`: readiness of many descriptors, with a deadline.

use core::task::Poll;

use bitflags::bitflags;
use vfs::{OFlags, Result};

use crate::file::File;
use crate::kernel::System;
use crate::wait_queue::WaitOn;
use crate::{Fd, Kernel, Pid};

bitflags! {
    /// What is asked of a descriptor, and what is true of it.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct PollEvents: u16 {
        /// `POLLIN`: a read would not wait.
        const IN = 1 << 0;
        /// `POLLOUT`: a write would not wait.
        const OUT = 1 << 1;
        /// `POLLERR`: the reading end of a pipe is gone. Always reported.
        const ERR = 1 << 2;
        /// `POLLHUP`: the writing end of a pipe is gone. Always reported.
        const HUP = 1 << 3;
        /// `POLLNVAL`: not open. Always reported.
        const NVAL = 1 << 4;
    }
}

/// One descriptor to ask about. Analogous to `struct pollfd`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PollFd {
    /// The descriptor.
    pub fd: Fd,
    /// What is asked.
    pub events: PollEvents,
    /// The answer.
    pub revents: PollEvents,
}

impl PollFd {
    /// A question without an answer yet.
    pub const fn new(fd: Fd, events: PollEvents) -> PollFd {
        PollFd { fd, events, revents: PollEvents::empty() }
    }
}

impl Kernel {
    /// Waits until one of the descriptors is ready, or the monotonic clock shows `deadline`;
    /// how many are ready, 0 after the deadline. Reference: POSIX `poll`.
    ///
    /// # Errors
    /// - `EINTR`: a caught signal is pending.
    /// - `ESRCH`: no such process.
    pub fn poll(
        &mut self,
        pid: Pid,
        fds: &mut [PollFd],
        deadline: Option<u64>,
    ) -> Poll<Result<usize>> {
        let system = self.sys();
        let result = system.poll(pid, fds, deadline);
        system.trace(pid, "poll", &result, |_| format!("{} descriptors, {deadline:?}", fds.len()));
        result
    }
}

impl System {
    fn poll(&mut self, pid: Pid, fds: &mut [PollFd], deadline: Option<u64>) -> Poll<Result<usize>> {
        if self.processes.get(pid)?.is_halted() {
            return Poll::Pending;
        }
        let mut ready = 0;
        for poll in fds.iter_mut() {
            poll.revents = self.readiness(pid, poll.fd, poll.events)?;
            ready += usize::from(!poll.revents.is_empty());
        }
        if ready > 0 || deadline.is_some_and(|d| self.clock.monotonic() >= d) {
            return Poll::Ready(Ok(ready));
        }
        self.sleep_on(pid, fds)?;
        match deadline {
            Some(deadline) => {
                self.block(pid, WaitOn::Time(deadline))?;
                self.set_sleep(pid, deadline);
            }
            None if fds.is_empty() => self.block(pid, WaitOn::Signal)?,
            None => {}
        }
        Poll::Pending
    }

    fn readiness(&self, pid: Pid, fd: Fd, asked: PollEvents) -> Result<PollEvents> {
        let process = self.processes.get(pid)?;
        let Ok(entry) = process.fds.get(fd) else { return Ok(PollEvents::NVAL) };
        let description = self.file(entry.file);
        let (mut now, mut always) = (PollEvents::IN | PollEvents::OUT, PollEvents::empty());
        match &description.file {
            File::Pipe(id, _) => {
                let pipe = &self.pipes[id.0 as usize];
                let (reads, writes) = (
                    description.flags.contains(OFlags::READ),
                    description.flags.contains(OFlags::WRITE),
                );
                now = PollEvents::empty();
                now.set(PollEvents::IN, reads && pipe.len() > 0);
                now.set(PollEvents::OUT, writes && (pipe.is_writable() || !pipe.has_reader()));
                always.set(PollEvents::HUP, reads && !pipe.has_writer());
                always.set(PollEvents::ERR, writes && !pipe.has_reader());
            }
            File::Tty(id, _) => now.set(PollEvents::IN, self.ttys[id.0 as usize].is_readable()),
            File::Inode(_) | File::Device(..) | File::Bytes(_) | File::Capture(_) => {}
        }
        Ok(now & asked | always)
    }

    fn sleep_on(&mut self, pid: Pid, fds: &[PollFd]) -> Result<()> {
        for poll in fds {
            let Ok(entry) = self.processes.get(pid)?.fds.get(poll.fd) else { continue };
            let description = &self.files[entry.file.0 as usize];
            match &description.file {
                File::Pipe(id, _) => {
                    let (pipe, flags) = (&mut self.pipes[id.0 as usize], description.flags);
                    if flags.contains(OFlags::READ) {
                        pipe.read_queue.add(pid);
                    }
                    if flags.contains(OFlags::WRITE) {
                        pipe.write_queue.add(pid);
                    }
                    if flags.contains(OFlags::READ) {
                        self.block(pid, WaitOn::PipeRead(poll.fd))?;
                    }
                    if flags.contains(OFlags::WRITE) {
                        self.block(pid, WaitOn::PipeWrite(poll.fd))?;
                    }
                }
                File::Tty(id, _) => {
                    let id = id.0 as usize;
                    self.ttys[id].queue.add(pid);
                    self.block(pid, WaitOn::Tty(poll.fd))?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
