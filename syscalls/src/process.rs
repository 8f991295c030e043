//! `agentos`: processes, signals, groups and terminals as POSIX has them. Spawning is in `spawn`.

use core::task::Poll;

use kernel::{
    ClockId, CloseOnExec, Disposition, LockOp, Pgid, Pid, SigSet, Signal, WaitOptions, WaitStatus,
    WaitTarget,
};
use vfs::{Errno, Mode, OFlags, Result};

use crate::context::{Answer, Cx, answer};
use crate::fd::{done, ready};
use crate::table::{wide, words};

/// The status word of `waitpid`, as `<sys/wait.h>` takes it apart.
fn status_word(status: WaitStatus) -> u32 {
    match status {
        WaitStatus::Exited(code) => u32::from(code) << 8,
        WaitStatus::Signaled(signal) => u32::from(signal.number()),
        WaitStatus::Stopped(signal) => 0x7f | (u32::from(signal.number()) << 8),
        WaitStatus::Continued => 0xffff,
    }
}

/// `proc_wait(pid, options, ret_status, ret_pid)`: pid 2³² − 1 is any child, 0 one of the caller's
/// group, a negative one of that group. Options: `WNOHANG` 1, `WUNTRACED` 2, `WCONTINUED` 8.
/// Without a report the pid is 0.
pub(crate) fn proc_wait(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [pid, options, ret_status, ret_pid] = words(a);
    answer((|| {
        cx.memory.slice(ret_status, 4)?;
        cx.memory.slice(ret_pid, 4)?;
        let target = match pid.cast_signed() {
            -1 => WaitTarget::Any,
            0 => WaitTarget::Group(cx.kernel.getpgid(cx.pid)?),
            group @ ..0 => WaitTarget::Group(Pgid(group.unsigned_abs())),
            _ => WaitTarget::Pid(Pid(pid)),
        };
        if options & !(1 | 2 | 8) != 0 {
            return Poll::Ready(Err(Errno::EINVAL));
        }
        let mut flags = WaitOptions::empty();
        flags.set(WaitOptions::NOHANG, options & 1 != 0);
        flags.set(WaitOptions::UNTRACED, options & 2 != 0);
        flags.set(WaitOptions::CONTINUED, options & 8 != 0);
        let reported = ready!(cx.kernel.waitpid(cx.pid, target, flags));
        let (pid, status) = reported.map_or((0, 0), |(pid, status)| (pid.0, status_word(status)));
        cx.memory.set_u32(ret_status, status)?;
        Poll::Ready(cx.memory.set_u32(ret_pid, pid))
    })())
}

/// `host_process.proc_sigaction(signal, action, mask_lo, mask_hi, flags)`: action 0 is the
/// default, 1 ignores, 2 calls the module's `__wasi_signal_trampoline` after the call during
/// which the signal came. The handler runs with its own signal masked; mask and flags are those
/// of the guest's libc, which masks what it wants in the handler.
pub(crate) fn proc_sigaction(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [number, action] = words(a);
    done((|| {
        let signal = Signal::from_number(number).ok_or(Errno::EINVAL)?;
        let disposition = match action {
            0 => Disposition::Default,
            1 => Disposition::Ignore,
            2 if cx.state.runs_handlers => Disposition::Catch,
            2 => return Err(Errno::ENOTSUP),
            _ => return Err(Errno::EINVAL),
        };
        cx.kernel.sigaction(cx.pid, signal, disposition).map(|_| ())
    })())
}

/// `proc_sigprocmask(how, set, ret_old)`: how 0 blocks, 1 unblocks, 2 sets; signal n at bit n - 1.
pub(crate) fn proc_sigprocmask(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [how] = words(a);
    let (set, ret) = (wide(a, 1), wide(a, 2) as u32);
    done((|| {
        cx.memory.slice(ret, 8)?;
        let old = cx.kernel.sigmask(cx.pid)?;
        let new = match how {
            0 => old.0 | set,
            1 => old.0 & !set,
            2 => set,
            _ => return Err(Errno::EINVAL),
        };
        cx.kernel.sigprocmask(cx.pid, SigSet(new))?;
        cx.memory.set_u64(ret, old.0)
    })())
}

/// `proc_pause()`: waits for a signal; `EINTR`.
pub(crate) fn proc_pause(cx: &mut Cx<'_>, _: &[u64]) -> Poll<Answer> {
    answer(cx.kernel.pause(cx.pid))
}

/// `proc_alarm(nanoseconds, ret_left)`: `SIGALRM` after a time; 0 takes an earlier one back.
pub(crate) fn proc_alarm(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let (after, ret) = (wide(a, 0), wide(a, 1) as u32);
    done((|| {
        cx.memory.slice(ret, 8)?;
        let now = cx.kernel.clock_gettime(ClockId::Monotonic);
        let deadline = (after > 0).then(|| now.saturating_add(after));
        let old = cx.kernel.alarm(cx.pid, deadline)?;
        cx.memory.set_u64(ret, old.map_or(0, |old| old.saturating_sub(now)))
    })())
}

/// `proc_setsid(ret_sid)`
pub(crate) fn proc_setsid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [ret] = words(a);
    done((|| {
        cx.memory.slice(ret, 4)?;
        let sid = cx.kernel.setsid(cx.pid)?;
        cx.memory.set_u32(ret, sid.0)
    })())
}

/// `proc_getsid(pid, ret_sid)`; pid 0 is the caller.
pub(crate) fn proc_getsid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [pid, ret] = words(a);
    let target = if pid == 0 { cx.pid } else { Pid(pid) };
    done(cx.kernel.getsid(target).and_then(|sid| cx.memory.set_u32(ret, sid.0)))
}

/// `proc_getrusage(ret)`: nanoseconds of CPU time, two of 64 bits: the caller's, and those of the
/// children that it has waited for.
pub(crate) fn proc_getrusage(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [ret] = words(a);
    done((|| {
        cx.memory.slice(ret, 16)?;
        let usage = cx.kernel.rusage(cx.pid)?;
        cx.memory.set_u64(ret, usage.own)?;
        cx.memory.set_u64(ret + 8, usage.children)
    })())
}

/// `fd_pipe2(flags, ret_read, ret_write)`: flags 1 closes on exec, 2 does not wait.
pub(crate) fn fd_pipe2(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [bits, ret_read, ret_write] = words(a);
    done((|| {
        cx.memory.slice(ret_read, 4)?;
        cx.memory.slice(ret_write, 4)?;
        if bits > 3 {
            return Err(Errno::EINVAL);
        }
        let mut flags = OFlags::empty();
        flags.set(OFlags::CLOEXEC, bits & 1 != 0);
        flags.set(OFlags::NONBLOCK, bits & 2 != 0);
        let (read, write) = cx.kernel.pipe2(cx.pid, flags)?;
        let (read, write) = (cx.to_guest(read), cx.to_guest(write));
        cx.memory.set_u32(ret_read, read)?;
        cx.memory.set_u32(ret_write, write)
    })())
}

/// `fd_cloexec(fd, action, ret_old)`: action 0 asks, 1 sets, 2 clears; the old state is 0 or 1.
pub(crate) fn fd_cloexec(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, action, ret] = words(a);
    done((|| {
        cx.memory.slice(ret, 4)?;
        let fd = cx.fd_or(fd, Errno::EBADF)?;
        let old = cx.kernel.fcntl_getfd(cx.pid, fd)?;
        match action {
            0 => {}
            1 => cx.kernel.fcntl_setfd(cx.pid, fd, CloseOnExec::Yes)?,
            2 => cx.kernel.fcntl_setfd(cx.pid, fd, CloseOnExec::No)?,
            _ => return Err(Errno::EINVAL),
        }
        cx.memory.set_u32(ret, u32::from(old.is_yes()))
    })())
}

/// `fd_flock(fd, operation)`: shared 1, exclusive 2, unlock 8; with 4 it does not wait.
pub(crate) fn fd_flock(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, operation] = words(a);
    answer((|| {
        let operation = match operation {
            1 => LockOp::Shared,
            2 => LockOp::Exclusive,
            5 => LockOp::TryShared,
            6 => LockOp::TryExclusive,
            8 | 12 => LockOp::Unlock,
            _ => return Poll::Ready(Err(Errno::EINVAL)),
        };
        let fd = cx.fd_or(fd, Errno::EBADF)?;
        cx.kernel.flock(cx.pid, fd, operation)
    })())
}

/// `fd_chdir(fd)`
pub(crate) fn fd_chdir(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    done(match cx.fd_or(fd, Errno::EBADF) {
        Ok(fd) => cx.kernel.fchdir(cx.pid, fd),
        Err(errno) => Err(errno),
    })
}

/// `fd_chmod(fd, mode)`
pub(crate) fn fd_chmod(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, mode] = words(a);
    let open: Result<_> = cx.fd_or(fd, Errno::EBADF);
    done(open.and_then(|fd| cx.kernel.fchmod(cx.pid, fd, Mode::new(mode))))
}

/// `fd_chown(fd, uid, gid)`; an id of 2³² − 1 leaves it as it is.
pub(crate) fn fd_chown(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, uid, gid] = words(a);
    let id = |id: u32| (id != u32::MAX).then_some(id);
    let open = cx.fd_or(fd, Errno::EBADF);
    done(open.and_then(|fd| cx.kernel.fchown(cx.pid, fd, id(uid), id(gid))))
}

/// `fd_tcgetpgrp(fd, ret_pgid)`
pub(crate) fn fd_tcgetpgrp(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, ret] = words(a);
    let open = cx.fd_or(fd, Errno::EBADF);
    let group = open.and_then(|fd| cx.kernel.tcgetpgrp(cx.pid, fd));
    done(group.and_then(|pgid| cx.memory.set_u32(ret, pgid.0)))
}

/// `fd_tcsetpgrp(fd, pgid)`
pub(crate) fn fd_tcsetpgrp(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, pgid] = words(a);
    let open = cx.fd_or(fd, Errno::EBADF);
    done(open.and_then(|fd| cx.kernel.tcsetpgrp(cx.pid, fd, Pgid(pgid))))
}

/// `fd_winsize(fd, ret_rows, ret_cols)`
pub(crate) fn fd_winsize(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, rows, cols] = words(a);
    done((|| {
        let fd = cx.fd_or(fd, Errno::EBADF)?;
        let window = cx.kernel.window_size(cx.pid, fd)?;
        cx.memory.set_u32(rows, window.rows.into())?;
        cx.memory.set_u32(cols, window.cols.into())
    })())
}
