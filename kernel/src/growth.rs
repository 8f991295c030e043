//! When a pipe grows instead of making its writer wait.
//!
//! A program may fill a pipe before it starts the reader, or wait for a child to end before it
//! reads what the child writes. With a bounded pipe both would hang for ever. So a full pipe
//! grows when every process that could read waits, directly or through others, for
//! the writer itself; `yes | head` keeps its back-pressure, since `head` can run.

use vfs::OFlags;

use crate::file::{File, PipeId};
use crate::kernel::System;
use crate::process::Run;
use crate::wait_queue::WaitOn;
use crate::{Fd, Limit, PIPE_BUF, Pid};

/// With more processes than these only an idle kernel looks at all of them: a write that waits
/// must stay cheap.
const FEW: usize = 64;

impl System {
    /// A write finds the pipe full: grows it if its readers wait for `writer`; whether it did.
    pub(crate) fn grow_pipe(&mut self, id: PipeId, writer: Pid) -> bool {
        if self.pipes_are_full() {
            return false;
        }
        let grows = self.is_only_reader(id, writer)
            || self.processes.len() <= FEW && self.only_waiting_readers(id, writer);
        if grows {
            self.double(id);
        }
        grows
    }

    /// Nothing is runnable: grows each pipe whose writer waits for readers that wait for it.
    /// Ends the run if the limit keeps such a writer from going on.
    pub(crate) fn grow_pipes(&mut self) -> bool {
        let mut grown = false;
        for (id, pid) in self.blocked_writers() {
            if !self.only_waiting_readers(id, pid) {
                continue;
            }
            if self.pipes_are_full() {
                self.end_by_limit(Limit::PipeBytes);
                return false;
            }
            grown = true;
            self.double(id);
            self.wake_queue(|s| &mut s.pipes[id.0 as usize].write_queue);
        }
        grown
    }

    fn double(&mut self, id: PipeId) {
        let pipe = &mut self.pipes[id.0 as usize];
        pipe.capacity = pipe.capacity.saturating_mul(2);
    }

    /// Whether nobody but the writer itself has the reading end.
    fn is_only_reader(&self, id: PipeId, writer: Pid) -> bool {
        let pipe = &self.pipes[id.0 as usize];
        let Ok(process) = self.processes.get(writer) else { return false };
        if pipe.readers != 1 || pipe.host_reads {
            return false;
        }
        let mut own = 0;
        let mut shared = 0;
        for (_, entry) in process.fds.iter() {
            let description = self.file(entry.file);
            let reads = description.flags.contains(OFlags::READ);
            if reads && matches!(&description.file, File::Pipe(other, _) if *other == id) {
                own += 1;
                shared = description.refs;
            }
        }
        own == shared && own > 0
    }

    /// Whether the limit of all pipes has no room for one more atomic write.
    fn pipes_are_full(&self) -> bool {
        self.limits.pipe_bytes.saturating_sub(self.pipe_total) < PIPE_BUF as u64
    }

    /// Each pipe that somebody waits to write to, with one of those: if readers wait for one of
    /// several writers, then through the pipe for all of them.
    fn blocked_writers(&self) -> Vec<(PipeId, Pid)> {
        let mut found = Vec::new();
        for (_, pipe) in self.pipes.iter().filter(|(_, p)| !p.write_queue.is_empty()) {
            for pid in pipe.write_queue.pids() {
                found.extend(self.pipes_waited_for(*pid, OFlags::WRITE).map(|id| (id, *pid)));
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|(id, _)| *id);
        found
    }

    /// The pipes that a blocked process waits to read from, or to write to.
    fn pipes_waited_for(&self, pid: Pid, end: OFlags) -> impl Iterator<Item = PipeId> + '_ {
        let process = self.processes.get(pid).ok().filter(|p| p.run == Run::Blocked);
        process.into_iter().flat_map(move |process| {
            process.waits.iter().filter_map(move |wait| {
                let fd: Fd = match wait {
                    WaitOn::PipeRead(fd) if end == OFlags::READ => *fd,
                    WaitOn::PipeWrite(fd) if end == OFlags::WRITE => *fd,
                    _ => return None,
                };
                match &self.file(process.fds.get(fd).ok()?.file).file {
                    File::Pipe(id, _) => Some(*id),
                    _ => None,
                }
            })
        })
    }

    /// Whether the pipe has readers among the processes, and all of them wait for `writer`.
    fn only_waiting_readers(&self, id: PipeId, writer: Pid) -> bool {
        if self.pipes[id.0 as usize].host_reads {
            return false;
        }
        let mut seen = vec![writer];
        let mut next = 0;
        if !self.expect_end(id, OFlags::READ, &mut seen) {
            return false;
        }
        // Everybody in `seen` but the writer must in turn be unable to go on by itself.
        while let Some(pid) = seen.get(next).copied() {
            next += 1;
            if pid != writer && !self.waits_only_for(pid, &mut seen) {
                return false;
            }
        }
        true
    }

    /// Adds those on whom a process waits to `seen`; false if it can go on, or something other
    /// than a process can let it.
    fn waits_only_for(&self, pid: Pid, seen: &mut Vec<Pid>) -> bool {
        let Ok(process) = self.processes.get(pid) else { return true };
        if process.run != Run::Blocked || process.stopped.is_some() || process.waits.is_empty() {
            return false;
        }
        for wait in &process.waits {
            match wait {
                WaitOn::Child(target) => {
                    for child in &process.children {
                        let matches = self.processes.get(*child).is_ok_and(|c| target.matches(c));
                        if matches && !seen.contains(child) {
                            seen.push(*child);
                        }
                    }
                }
                WaitOn::PipeRead(fd) | WaitOn::PipeWrite(fd) => {
                    let Ok(entry) = process.fds.get(*fd) else { return false };
                    let File::Pipe(id, _) = &self.file(entry.file).file else { return false };
                    let pipe = &self.pipes[id.0 as usize];
                    let (other, host) = match wait {
                        WaitOn::PipeRead(_) => (OFlags::WRITE, pipe.host_writes),
                        _ => (OFlags::READ, pipe.host_reads),
                    };
                    if host || !self.expect_end(*id, other, seen) {
                        return false;
                    }
                }
                _ => return false,
            }
        }
        true
    }

    /// Adds every process that holds this end of the pipe to `seen`; false if a runnable one does.
    fn expect_end(&self, id: PipeId, end: OFlags, seen: &mut Vec<Pid>) -> bool {
        for process in self.processes.unordered() {
            let pid = process.pid;
            if seen.contains(&pid) || !self.holds_end(pid, id, end) {
                continue;
            }
            if matches!(process.run, Run::Queued | Run::Running | Run::Embryo) {
                return false;
            }
            seen.push(pid);
        }
        true
    }
}
