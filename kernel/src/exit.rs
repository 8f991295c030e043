//! The end of a process: closing what it has, zombies, orphans, and reaping.

use std::collections::VecDeque;

use vfs::{Cred, Mode};

use crate::fd::FdTable;
use crate::kernel::System;
use crate::process::{Process, Run};
use crate::signal::SignalState;
use crate::wait_queue::WaitOn;
use crate::{Disposition, ExitStatus, Kernel, Pgid, Pid, Sid, Signal};

impl Kernel {
    /// Ends a process and all its descendants at once, as `SIGKILL` would, and forgets them.
    ///
    /// Of a process that the driver created also those whose parents are gone, and also when
    /// the process itself is gone: nothing that it started escapes. A body in the middle of its
    /// step ends with the step.
    pub fn kill_tree(&mut self, pid: Pid) {
        let system = self.sys();
        for victim in system.descendants(pid) {
            if let Ok(process) = system.processes.get_mut(victim) {
                process.held = false;
            }
            system.terminate(victim, ExitStatus::Signaled(Signal::KILL));
            let zombie = system.processes.get(victim).is_ok_and(Process::is_zombie);
            if zombie {
                system.reap(victim);
            }
        }
    }

    /// Ends every process but init.
    pub fn kill_all(&mut self) {
        let pids = self.sys().processes.pids();
        for pid in pids.into_iter().filter(|pid| *pid != Pid::INIT) {
            self.kill_tree(pid);
        }
    }
}

impl System {
    /// Process 1: adopts orphans. It has no body and is never run.
    pub(crate) fn create_init(&mut self) {
        let pid = self.processes.allocate();
        let root = self.vfs.root();
        self.processes.insert(Process {
            pid,
            ppid: Pid(0),
            pgid: Pgid(pid.0),
            sid: Sid(pid.0),
            children: Vec::new(),
            origin: pid,
            run: Run::Blocked,
            stopped: None,
            woken: false,
            dying: None,
            body: None,
            waits: Vec::new(),
            pending_open: None,
            pending_exec: None,
            fds: FdTable::default(),
            cwd: root,
            root,
            umask: Mode::new(0o022),
            cred: Cred::ROOT,
            signals: SignalState::default(),
            exe: b"/sbin/init".to_vec(),
            argv: vec![b"init".to_vec()],
            env: Vec::new(),
            fuel: 0,
            children_fuel: 0,
            started: 0,
            sleep: None,
            sleep_used: false,
            alarm: None,
            held: false,
            has_execed: false,
            stop_report: None,
            continue_report: false,
        });
    }

    /// A process and its descendants, parents first.
    fn descendants(&self, pid: Pid) -> Vec<Pid> {
        let mut found = vec![pid];
        let all = self.processes.pids();
        let stems = |p: &Pid| *p != pid && self.processes.get(*p).is_ok_and(|p| p.origin == pid);
        found.extend(all.into_iter().filter(stems));
        let mut next = 0;
        while let Some(parent) = found.get(next) {
            if let Ok(process) = self.processes.get(*parent)
                && *parent != Pid::INIT
            {
                let new = process.children.iter().filter(|child| !found.contains(child));
                let new: Vec<Pid> = new.copied().collect();
                found.extend(new);
            }
            next += 1;
        }
        found.retain(|p| *p != Pid::INIT);
        found
    }

    /// Ends a process from outside its body: now, or when the step it is in is over.
    pub(crate) fn terminate(&mut self, pid: Pid, status: ExitStatus) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        if pid == Pid::INIT {
            return;
        }
        match process.run {
            Run::Running => {
                process.dying.get_or_insert(status);
            }
            Run::Zombie(_) => {}
            Run::Embryo | Run::Queued | Run::Blocked => self.exit(pid, status),
        }
    }

    /// `_exit`: everything the process has is released; a zombie remains until it is reaped.
    ///
    /// One end may cause the next (`SIGHUP` to orphaned groups), in chains as long as there are
    /// processes: they wait in a queue, not on the host's stack.
    pub(crate) fn exit(&mut self, pid: Pid, status: ExitStatus) {
        if let Some(queue) = &mut self.exits {
            queue.push_back((pid, status));
            if let Ok(process) = self.processes.get_mut(pid) {
                process.dying.get_or_insert(status);
            }
            return;
        }
        self.exits = Some(VecDeque::new());
        self.exit_one(pid, status);
        while let Some((pid, status)) = self.exits.as_mut().and_then(VecDeque::pop_front) {
            self.exit_one(pid, status);
        }
        self.exits = None;
    }

    fn exit_one(&mut self, pid: Pid, status: ExitStatus) {
        let Ok(process) = self.processes.get_mut(pid) else { return };
        if process.is_zombie() {
            return;
        }
        let parent = process.ppid;
        let children = core::mem::take(&mut process.children);
        self.trace(pid, "exit", &Ok(()), |_| format!("{status:?}"));
        let orphaned_before = self.groups_with_a_parent(pid, &children);
        self.release_resources(pid);
        if let Ok(process) = self.processes.get_mut(pid) {
            process.run = Run::Zombie(status);
            process.stopped = None;
            process.dying = None;
        }
        self.adopt(children);
        self.hang_up_orphaned_groups(orphaned_before);
        self.hang_up_session(pid);
        self.notify_parent(pid, parent);
        self.generation += 1;
    }

    fn release_resources(&mut self, pid: Pid) {
        self.clear_timers(pid);
        self.cancel_pending_open(pid);
        let Ok(process) = self.processes.get_mut(pid) else { return };
        process.body = None;
        process.pending_exec = None;
        process.waits = Vec::new();
        process.env = Vec::new();
        let fds = core::mem::take(&mut process.fds);
        let (cwd, root) = (process.cwd, process.root);
        for (_, entry) in fds.iter() {
            self.release(entry.file);
        }
        self.vfs.unpin(cwd);
        self.vfs.unpin(root);
    }

    fn adopt(&mut self, orphans: Vec<Pid>) {
        for orphan in orphans {
            let Ok(process) = self.processes.get_mut(orphan) else { continue };
            process.ppid = Pid::INIT;
            let reap = process.is_zombie() && !process.held;
            if let Ok(init) = self.processes.get_mut(Pid::INIT) {
                init.children.push(orphan);
            }
            if reap {
                self.reap(orphan);
            }
        }
    }

    fn notify_parent(&mut self, pid: Pid, parent: Pid) {
        if parent == Pid::INIT {
            if self.processes.get(pid).is_ok_and(|p| !p.held) {
                self.reap(pid);
            }
            return;
        }
        let Ok(process) = self.processes.get(parent) else { return };
        // POSIX: who ignores SIGCHLD explicitly has no zombies.
        if process.signals.disposition(Signal::CHLD) == Disposition::Ignore {
            self.reap(pid);
        }
        self.child_changed(parent);
    }

    /// Sends `SIGCHLD` and wakes a parent that waits for a child.
    pub(crate) fn child_changed(&mut self, parent: Pid) {
        self.send_signal(parent, Signal::CHLD);
        let waits = self.processes.get(parent).is_ok_and(|p| {
            p.run == Run::Running || p.waits.iter().any(|w| matches!(w, WaitOn::Child(_)))
        });
        if waits {
            self.wake(parent);
        }
    }

    /// Forgets a zombie.
    pub(crate) fn reap(&mut self, pid: Pid) {
        let Some(process) = self.processes.remove(pid) else { return };
        if let Ok(parent) = self.processes.get_mut(process.ppid) {
            parent.children.retain(|child| *child != pid);
            parent.children_fuel =
                parent.children_fuel.saturating_add(process.fuel + process.children_fuel);
        }
        self.generation += 1;
    }

    /// The status of a process that has ended. One that the driver created is reaped; another
    /// one is left to its parent.
    pub(crate) fn collect(&mut self, pid: Pid) -> Option<ExitStatus> {
        let Run::Zombie(status) = self.processes.get(pid).ok()?.run else { return None };
        if self.processes.get(pid).is_ok_and(|p| p.held) {
            self.reap(pid);
        }
        Some(status)
    }

    /// The groups that the exit of `pid` may orphan and that are not orphaned yet.
    fn groups_with_a_parent(&self, pid: Pid, children: &[Pid]) -> Vec<Pgid> {
        let mut groups = Vec::new();
        let own = self.processes.get(pid).map(|p| p.pgid);
        let of_children = children.iter().map(|c| self.processes.get(*c).map(|p| p.pgid));
        for pgid in core::iter::once(own).chain(of_children).flatten() {
            if !groups.contains(&pgid) && !self.processes.is_orphaned(pgid) {
                groups.push(pgid);
            }
        }
        groups
    }

    /// POSIX `_exit`: a newly orphaned group with a stopped member gets `SIGHUP` and `SIGCONT`.
    fn hang_up_orphaned_groups(&mut self, groups: Vec<Pgid>) {
        for pgid in groups {
            let members = self.processes.group(pgid);
            let stopped = members
                .iter()
                .any(|pid| self.processes.get(*pid).is_ok_and(|p| p.stopped.is_some()));
            if !stopped || !self.processes.is_orphaned(pgid) {
                continue;
            }
            for pid in members {
                self.send_signal(pid, Signal::HUP);
                self.send_signal(pid, Signal::CONT);
            }
        }
    }
}
