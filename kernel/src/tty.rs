//! Terminals: line discipline, foreground group, window size. Reference: POSIX chapter 11.
//!
//! The driver is the other side: it gives what is typed and takes what is to be shown.

mod driver;

use core::task::Poll;
use std::collections::VecDeque;

use vfs::{Errno, Result};

use crate::file::File;
use crate::kernel::System;
use crate::wait_queue::{WaitOn, WaitQueue};
use crate::{Disposition, Fd, Kernel, Pgid, Pid, Sid, Signal};

/// The longest line in canonical mode; what is typed beyond it is dropped. Linux: 4,096.
const MAX_CANON: usize = 4096;

/// The most bytes that wait to be shown; beyond it writers wait.
const MAX_OUTPUT: usize = 65_536;

/// The most bytes that wait to be read.
const MAX_INPUT: usize = 65_536;

/// Names a terminal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TtyId(pub(crate) u32);

/// The size of a terminal's window, in characters. Analogous to `struct winsize`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub cols: u16,
}

impl Default for WindowSize {
    /// 24 lines of 80.
    fn default() -> WindowSize {
        WindowSize { rows: 24, cols: 80 }
    }
}

/// How a terminal treats what is typed and shown: the part of `struct termios` that matters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Termios {
    /// `ICANON`: input comes in lines that can be edited.
    pub canonical: Switch,
    /// `ECHO`: what is typed is shown.
    pub echo: Switch,
    /// `ISIG`: ^C, ^\ and ^Z send signals.
    pub signals: Switch,
    /// `ICRNL`: the return key is a newline.
    pub map_cr: Switch,
    /// `OPOST | ONLCR`: a newline is shown as carriage return and newline.
    pub map_nl: Switch,
    /// `TOSTOP`: writing from the background sends `SIGTTOU`.
    pub stop_output: Switch,
}

/// Whether a flag of a terminal is set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Switch {
    /// Set.
    On,
    /// Not set.
    Off,
}

impl Switch {
    const fn is_on(self) -> bool {
        matches!(self, Switch::On)
    }
}

impl Default for Termios {
    /// As Linux starts a terminal.
    fn default() -> Termios {
        Termios {
            canonical: Switch::On,
            echo: Switch::On,
            signals: Switch::On,
            map_cr: Switch::On,
            map_nl: Switch::On,
            stop_output: Switch::Off,
        }
    }
}

/// One terminal.
#[derive(Debug, Default)]
pub(crate) struct Tty {
    /// The line that is being edited.
    line: Vec<u8>,
    /// What can be read.
    input: VecDeque<u8>,
    /// Lengths of the lines in `input`; 0 is an end of file.
    lines: VecDeque<usize>,
    output: VecDeque<u8>,
    termios: Termios,
    window: WindowSize,
    /// The driver's side is gone.
    hung_up: bool,
    pub(crate) session: Option<Sid>,
    pub(crate) foreground: Option<Pgid>,
    pub(crate) queue: WaitQueue,
}

impl Tty {
    /// Whether a read would not wait.
    pub(crate) fn is_readable(&self) -> bool {
        self.hung_up
            || if self.termios.canonical.is_on() {
                !self.lines.is_empty()
            } else {
                !self.input.is_empty()
            }
    }

    fn show(&mut self, byte: u8) {
        if byte == b'\n' && self.termios.map_nl.is_on() {
            self.output.push_back(b'\r');
        }
        self.output.push_back(byte);
    }

    fn echo(&mut self, byte: u8) {
        if self.termios.echo.is_on() {
            match byte {
                b'\n' | b'\t' => self.show(byte),
                control if control < 0x20 || control == 0x7f => {
                    self.output.extend([b'^', control ^ 0x40]);
                }
                _ => self.show(byte),
            }
        }
    }

    fn erase(&mut self) {
        // A character is one or several bytes in UTF-8.
        while self.line.last().is_some_and(|b| b & 0xc0 == 0x80) {
            self.line.pop();
        }
        if self.line.pop().is_some() && self.termios.echo.is_on() {
            self.output.extend(b"\x08 \x08");
        }
    }

    fn finish_line(&mut self) {
        self.lines.push_back(self.line.len());
        self.input.extend(self.line.drain(..));
    }

    /// One typed byte; the signal that it sends to the foreground.
    fn type_byte(&mut self, byte: u8) -> Option<Signal> {
        let byte = if byte == b'\r' && self.termios.map_cr.is_on() { b'\n' } else { byte };
        if self.termios.signals.is_on() {
            let signal = match byte {
                0x03 => Some(Signal::INT),
                0x1c => Some(Signal::QUIT),
                0x1a => Some(Signal::TSTP),
                _ => None,
            };
            if signal.is_some() {
                self.echo(byte);
                self.line.clear();
                self.input.clear();
                self.lines.clear();
                return signal;
            }
        }
        if !self.termios.canonical.is_on() {
            if self.input.len() < MAX_INPUT {
                self.input.push_back(byte);
                self.echo(byte);
            }
            return None;
        }
        match byte {
            0x7f | 0x08 => self.erase(),
            0x15 => {
                while !self.line.is_empty() {
                    self.erase();
                }
            }
            0x04 => self.finish_line(),
            b'\n' => {
                self.line.push(b'\n');
                self.echo(b'\n');
                self.finish_line();
            }
            _ if self.line.len() < MAX_CANON - 1 && self.input.len() < MAX_INPUT => {
                self.line.push(byte);
                self.echo(byte);
            }
            _ => {}
        }
        None
    }

    fn read(&mut self, buf: &mut [u8]) -> usize {
        let available = if self.termios.canonical.is_on() {
            self.lines.front().copied().unwrap_or(0)
        } else {
            self.input.len()
        };
        let n = available.min(buf.len());
        for (to, from) in buf.iter_mut().zip(self.input.drain(..n)) {
            *to = from;
        }
        if let Some(line) = self.lines.front_mut() {
            *line = line.saturating_sub(n);
            if *line == 0 {
                self.lines.pop_front();
            }
        }
        n
    }
}

impl Kernel {
    /// The size of a terminal's window: `TIOCGWINSZ`.
    ///
    /// # Errors
    /// - `EBADF`: not open. `ENOTTY`: not a terminal. `ESRCH`: no such process.
    pub fn window_size(&self, pid: Pid, fd: Fd) -> Result<WindowSize> {
        let system = self.sys_ref();
        Ok(system.ttys[system.tty_at(pid, fd)?.0 as usize].window)
    }

    /// How a terminal treats input and output: `tcgetattr`.
    ///
    /// # Errors
    /// - `EBADF`: not open. `ENOTTY`: not a terminal. `ESRCH`: no such process.
    pub fn tcgetattr(&self, pid: Pid, fd: Fd) -> Result<Termios> {
        let system = self.sys_ref();
        Ok(system.ttys[system.tty_at(pid, fd)?.0 as usize].termios)
    }

    /// Changes how a terminal treats input and output: `tcsetattr`. A line half typed becomes
    /// readable when lines end.
    ///
    /// # Errors
    /// - `EBADF`: not open. `ENOTTY`: not a terminal. `ESRCH`: no such process.
    pub fn tcsetattr(&mut self, pid: Pid, fd: Fd, termios: Termios) -> Result<()> {
        let system = self.sys();
        let id = system.tty_at(pid, fd)?;
        let tty = &mut system.ttys[id.0 as usize];
        match (tty.termios.canonical.is_on(), termios.canonical.is_on()) {
            (true, false) => {
                tty.lines.clear();
                tty.input.extend(tty.line.drain(..));
            }
            (false, true) if !tty.input.is_empty() => tty.lines.push_back(tty.input.len()),
            _ => {}
        }
        tty.termios = termios;
        system.wake_tty(id);
        Ok(())
    }

    /// The foreground group of the caller's terminal.
    ///
    /// # Errors
    /// - `EBADF`: not open. `ENOTTY`: not the caller's terminal. `ESRCH`: no such process.
    pub fn tcgetpgrp(&self, pid: Pid, fd: Fd) -> Result<Pgid> {
        let system = self.sys_ref();
        let tty = &system.ttys[system.tty_at(pid, fd)?.0 as usize];
        if tty.session != Some(system.processes.get(pid)?.sid) {
            return Err(Errno::ENOTTY);
        }
        tty.foreground.ok_or(Errno::ENOTTY)
    }

    /// Makes a group of the caller's session the foreground of its terminal. From the background
    /// it sends `SIGTTOU` to the caller's group, unless that is ignored or masked.
    ///
    /// # Errors
    /// - `EBADF`: not open. `ENOTTY`: not the caller's terminal. `ESRCH`: no such process.
    /// - `EPERM`: the group is not of this session.
    /// - `EINTR`: the caller is in the background and catches `SIGTTOU`.
    pub fn tcsetpgrp(&mut self, pid: Pid, fd: Fd, pgid: Pgid) -> Result<()> {
        let system = self.sys();
        let id = system.tty_at(pid, fd)?;
        let session = system.processes.get(pid)?.sid;
        if system.ttys[id.0 as usize].session != Some(session) {
            return Err(Errno::ENOTTY);
        }
        if system.processes.session_of(pgid) != Some(session) {
            return Err(Errno::EPERM);
        }
        if system.signal_background(pid, id, Signal::TTOU)? {
            return Err(Errno::EINTR);
        }
        system.ttys[id.0 as usize].foreground = Some(pgid);
        Ok(())
    }
}

impl System {
    fn tty_at(&self, pid: Pid, fd: Fd) -> Result<TtyId> {
        match &self.file(self.processes.get(pid)?.fds.get(fd)?.file).file {
            File::Tty(id, _) => Ok(*id),
            _ => Err(Errno::ENOTTY),
        }
    }

    fn wake_tty(&mut self, id: TtyId) {
        if self.ttys.contains(id.0 as usize) {
            self.wake_queue(|s| &mut s.ttys[id.0 as usize].queue);
        }
    }

    /// A session leader without a terminal gets this one, if it is nobody's.
    pub(crate) fn adopt_terminal(&mut self, pid: Pid, id: TtyId) {
        let Ok(process) = self.processes.get(pid) else { return };
        let Some(tty) = self.ttys.get_mut(id.0 as usize) else { return };
        if tty.session.is_none() && process.sid.0 == pid.0 {
            tty.session = Some(process.sid);
            tty.foreground = Some(process.pgid);
        }
    }

    /// `/dev/tty` and `/dev/console`: the terminal of the process's session.
    pub(crate) fn terminal_of(&self, pid: Pid, rdev: u64) -> Option<TtyId> {
        if rdev != vfs::makedev(5, 0) && rdev != vfs::makedev(5, 1) {
            return None;
        }
        let session = self.processes.get(pid).ok()?.sid;
        let (key, _) = self.ttys.iter().find(|(_, tty)| tty.session == Some(session))?;
        u32::try_from(key).ok().map(TtyId)
    }

    /// Sends a signal to the group of a process in the background of its terminal; whether it
    /// did. Who ignores or masks it is treated as in the foreground.
    ///
    /// # Errors
    /// - `EIO`: nobody could continue the group.
    fn signal_background(&mut self, pid: Pid, id: TtyId, signal: Signal) -> Result<bool> {
        let process = self.processes.get(pid)?;
        let tty = &self.ttys[id.0 as usize];
        if tty.session != Some(process.sid) || tty.foreground == Some(process.pgid) {
            return Ok(false);
        }
        let deaf = process.signals.mask.contains(signal)
            || process.signals.disposition(signal) == Disposition::Ignore;
        let pgid = process.pgid;
        if deaf {
            return if signal == Signal::TTIN { Err(Errno::EIO) } else { Ok(false) };
        }
        if self.processes.is_orphaned(pgid) {
            return Err(Errno::EIO);
        }
        for member in self.processes.group(pgid) {
            self.send_signal(member, signal);
        }
        Ok(true)
    }

    pub(crate) fn read_tty(
        &mut self,
        pid: Pid,
        fd: Fd,
        id: TtyId,
        nonblock: bool,
        buf: &mut [u8],
    ) -> Poll<Result<usize>> {
        if self.signal_background(pid, id, Signal::TTIN)? {
            return self.after_background_signal(pid);
        }
        let tty = &mut self.ttys[id.0 as usize];
        if tty.is_readable() {
            return Poll::Ready(Ok(tty.read(buf)));
        }
        if nonblock {
            return Poll::Ready(Err(Errno::EAGAIN));
        }
        tty.queue.add(pid);
        self.block(pid, WaitOn::Tty(fd))?;
        Poll::Pending
    }

    /// Stopped or ended by the signal it sent itself: the call never returns, or comes again.
    fn after_background_signal(&self, pid: Pid) -> Poll<Result<usize>> {
        match self.processes.get(pid) {
            Ok(process) if process.is_interrupted() => Poll::Ready(Err(Errno::EINTR)),
            _ => Poll::Pending,
        }
    }

    pub(crate) fn write_tty(
        &mut self,
        pid: Pid,
        fd: Fd,
        id: TtyId,
        nonblock: bool,
        buf: &[u8],
    ) -> Poll<Result<usize>> {
        let stops = self.ttys[id.0 as usize].termios.stop_output.is_on();
        if stops && self.signal_background(pid, id, Signal::TTOU)? {
            return self.after_background_signal(pid);
        }
        let tty = &mut self.ttys[id.0 as usize];
        if tty.hung_up {
            return Poll::Ready(Err(Errno::EIO));
        }
        let room = MAX_OUTPUT.saturating_sub(tty.output.len());
        if room == 0 && !buf.is_empty() {
            if nonblock {
                return Poll::Ready(Err(Errno::EAGAIN));
            }
            tty.queue.add(pid);
            self.block(pid, WaitOn::Tty(fd))?;
            return Poll::Pending;
        }
        let n = buf.len().min(room);
        for byte in &buf[..n] {
            tty.show(*byte);
        }
        Poll::Ready(Ok(n))
    }
}
