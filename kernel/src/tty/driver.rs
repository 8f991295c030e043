//! The driver's side of a terminal: the keyboard and the screen.

use super::{MAX_OUTPUT, Switch, Tty, TtyId, WindowSize};
use crate::{Kernel, Pid, Signal};

impl Kernel {
    /// Makes a terminal.
    pub fn tty(&mut self, window: WindowSize) -> TtyId {
        let tty = Tty { window, ..Tty::default() };
        TtyId(u32::try_from(self.sys().ttys.insert(tty)).unwrap_or(u32::MAX))
    }

    /// Bytes that were typed. Ignored for what is no terminal.
    pub fn tty_input(&mut self, id: TtyId, typed: &[u8]) {
        let system = self.sys();
        for byte in typed {
            let Some(tty) = system.ttys.get_mut(id.0 as usize) else { return };
            let signal = tty.type_byte(*byte);
            let foreground = tty.foreground;
            if let (Some(signal), Some(pgid)) = (signal, foreground) {
                for pid in system.processes.group(pgid) {
                    system.send_signal(pid, signal);
                }
            }
        }
        system.wake_tty(id);
    }

    /// As [`tty_input`](Kernel::tty_input), but without echo, for what an editor
    /// of the driver's has shown already.
    pub fn tty_input_shown(&mut self, id: TtyId, typed: &[u8]) {
        let Some(tty) = self.sys().ttys.get_mut(id.0 as usize) else { return };
        let echo = core::mem::replace(&mut tty.termios.echo, Switch::Off);
        self.tty_input(id, typed);
        if let Some(tty) = self.sys().ttys.get_mut(id.0 as usize) {
            tty.termios.echo = echo;
        }
    }

    /// Takes what is to be shown.
    pub fn tty_output(&mut self, id: TtyId) -> Vec<u8> {
        let system = self.sys();
        let Some(tty) = system.ttys.get_mut(id.0 as usize) else { return Vec::new() };
        let shown: Vec<u8> = core::mem::take(&mut tty.output).into();
        if !shown.is_empty() {
            system.wake_tty(id);
        }
        shown
    }

    /// Whether somebody in the foreground waits for a line, which is echoed as
    /// it is typed, and nothing of it is typed yet. A driver with a line editor of its own may
    /// then give a whole line at once.
    pub fn tty_awaits_line(&self, id: TtyId) -> bool {
        let system = self.sys_ref();
        let Some(tty) = system.ttys.get(id.0 as usize) else { return false };
        let (lines, echo) = (tty.termios.canonical.is_on(), tty.termios.echo.is_on());
        let waits = |pid: &Pid| {
            system.processes.get(*pid).is_ok_and(|process| {
                Some(process.pgid) == tty.foreground && process.waits_for_terminal()
            })
        };
        lines
            && echo
            && !tty.is_readable()
            && tty.line.is_empty()
            && tty.output.len() < MAX_OUTPUT
            && tty.queue.pids().iter().any(waits)
    }

    /// The terminal is gone. Its session's foreground gets `SIGHUP`, reads
    /// answer end of file, and writes `EIO`.
    pub fn tty_hang_up(&mut self, id: TtyId) {
        let system = self.sys();
        let Some(tty) = system.ttys.get_mut(id.0 as usize) else { return };
        tty.hung_up = true;
        if let Some(pgid) = tty.foreground {
            for pid in system.processes.group(pgid) {
                system.send_signal(pid, Signal::HUP);
                system.send_signal(pid, Signal::CONT);
            }
        }
        system.wake_tty(id);
    }

    /// The window changed; the foreground gets `SIGWINCH`.
    pub fn tty_resize(&mut self, id: TtyId, window: WindowSize) {
        let system = self.sys();
        let Some(tty) = system.ttys.get_mut(id.0 as usize) else { return };
        tty.window = window;
        if let Some(pgid) = tty.foreground {
            for pid in system.processes.group(pgid) {
                system.send_signal(pid, Signal::WINCH);
            }
        }
    }
}
