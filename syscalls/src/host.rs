//! `host_process`, `host_fs`, `host_user`: the extension ABI of the published Agent OS commands.

use core::task::Poll;

use kernel::{
    ClockId, CloseOnExec, Fd, FdAction, KillTarget, Pid, Signal, Spawn, WaitOptions, WaitStatus,
    WaitTarget,
};
use vfs::{AtFlags, Errno, FileType, Mode, OFlags, Result, Stat};

use crate::context::{Answer, Cx, answer};
use crate::fd::ready;
use crate::table::words;

/// The "no descriptor" of the guests' standard library: `/dev/null`.
const NULL_FD: u32 = u32::MAX;

/// Where a bare name is looked for when the environment has no `PATH`.
const DEFAULT_PATH: &[u8] = b"/usr/local/bin:/usr/bin:/bin";

fn done(result: Result<()>) -> Poll<Answer> {
    answer(Poll::Ready(result))
}

/// Strings that each end in a NUL; empty ones count.
pub(crate) fn strings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|b| *b == 0).map(<[u8]>::to_vec).collect()
}

/// The environment that a guest passed, without what is none; the last of a name counts.
fn environment(bytes: &[u8], cwd: Option<&[u8]>) -> Vec<Vec<u8>> {
    let name = |entry: &Vec<u8>| {
        let end = entry.iter().position(|b| *b == b'=').unwrap_or(entry.len());
        entry.get(..end).unwrap_or_default().to_vec()
    };
    let mut env: Vec<Vec<u8>> = Vec::new();
    let pwd = cwd.map(|cwd| [b"PWD=", cwd].concat());
    let given = strings(bytes).into_iter().filter(|e| e.contains(&b'=') && e[0] != b'=');
    for entry in given.chain(pwd) {
        let key = name(&entry);
        env.retain(|other| name(other) != key);
        env.push(entry);
    }
    env
}

/// Puts three descriptors of the parent into places 0, 1 and 2 of the child, and closes the rest.
fn arrange(cx: &Cx<'_>, stdio: [u32; 3]) -> Result<Vec<FdAction>> {
    let mut actions = Vec::new();
    let staged = stdio.iter().enumerate().any(|(i, fd)| *fd < 3 && *fd as usize != i);
    let base = cx.kernel.limits().descriptors.saturating_sub(3);
    for (fd, place) in stdio.into_iter().zip(0..) {
        if fd == NULL_FD {
            continue;
        }
        let source = cx.fd_or(fd, Errno::EBADF)?;
        let target = Fd(if staged { base + place } else { place });
        if source != target {
            actions.push(FdAction::Dup2(source, target));
        }
    }
    for (fd, place) in stdio.into_iter().zip(0..) {
        if fd == NULL_FD {
            let path = b"/dev/null".to_vec();
            let (flags, mode) = (OFlags::RDWR, Mode::empty());
            actions.push(FdAction::Open { fd: Fd(place), path, flags, mode });
        } else if staged {
            actions.push(FdAction::Dup2(Fd(base + place), Fd(place)));
        }
    }
    actions.push(FdAction::CloseFrom(Fd(3)));
    Ok(actions)
}

/// The program that a guest names: with a slash as it is, else searched for. The published
/// shell puts the first directory of `PATH` before a name without looking there.
pub(crate) fn program(cx: &mut Cx<'_>, name: &[u8], env: &[Vec<u8>]) -> Result<Vec<u8>> {
    let path = env.iter().find_map(|e| e.strip_prefix(b"PATH=")).unwrap_or(DEFAULT_PATH);
    match cx.kernel.find_in_path(cx.pid, name, path) {
        Err(Errno::ENOENT) if name.contains(&b'/') => {
            let at = name.iter().rposition(|b| *b == b'/').unwrap_or(0);
            let (dir, base) = name.split_at(at);
            if !path.split(|b| *b == b':').any(|element| element == dir) {
                return Err(Errno::ENOENT);
            }
            cx.kernel.find_in_path(cx.pid, base.get(1..).unwrap_or_default(), path)
        }
        found => found,
    }
}

pub(crate) fn proc_spawn(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [argv, argv_len, envp, envp_len, stdin, stdout, stderr, cwd, cwd_len, ret] = words(a);
    done((|| {
        cx.memory.slice(ret, 4)?;
        let argv = strings(cx.memory.slice(argv, argv_len)?);
        let cwd = (cwd_len > 0).then(|| cx.bytes(cwd, cwd_len)).transpose()?;
        let env = environment(cx.memory.slice(envp, envp_len)?, cwd.as_deref());
        let name = argv.first().ok_or(Errno::EINVAL)?.clone();
        let stdio = [stdin, stdout, stderr];
        let actions = arrange(cx, stdio)?;
        let path = program(cx, &name, &env)?;
        let mut request = Spawn { path, argv, env, actions, cwd, ..Spawn::default() };
        let mut spawned = cx.kernel.spawn(cx.pid, request.clone());
        if spawned == Err(Errno::ENOEXEC) {
            // As `posix_spawnp` does: a text without `#!` is a script.
            let script = core::mem::replace(&mut request.path, b"/bin/sh".to_vec());
            let rest = request.argv.split_off(1);
            request.argv = vec![b"sh".to_vec(), script];
            request.argv.extend(rest);
            spawned = cx.kernel.spawn(cx.pid, request);
        }
        let pid = spawned?;
        // The guests' standard library relies on it: a descriptor that was passed is gone.
        let mut passed: Vec<u32> =
            stdio.into_iter().filter(|fd| *fd > 3 && *fd != NULL_FD).collect();
        passed.sort_unstable();
        passed.dedup();
        for fd in passed {
            cx.kernel.close(cx.pid, cx.fd_or(fd, Errno::EBADF)?)?;
        }
        cx.memory.set_u32(ret, pid.0)
    })())
}

/// The status word of POSIX. A death by signal is told as an exit with 128 and its number, for
/// which the guests' standard library has words.
fn status_word(status: WaitStatus) -> u32 {
    match status {
        WaitStatus::Exited(code) => u32::from(code) << 8,
        WaitStatus::Signaled(signal) => (128 + u32::from(signal.number())) << 8,
        WaitStatus::Stopped(signal) => 0x7f | (u32::from(signal.number()) << 8),
        WaitStatus::Continued => 0xffff,
    }
}

pub(crate) fn proc_waitpid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [pid, options, status, ret_pid] = words(a);
    let nohang = options & 1 != 0;
    let target = match pid {
        u32::MAX => WaitTarget::Any,
        pid => WaitTarget::Pid(Pid(pid)),
    };
    answer((|| {
        cx.memory.slice(status, 4)?;
        let options = if nohang { WaitOptions::NOHANG } else { WaitOptions::empty() };
        let ended = match cx.kernel.waitpid(cx.pid, target, options) {
            Poll::Ready(Err(Errno::ECHILD)) if pid != u32::MAX => {
                return Poll::Ready(Err(Errno::ESRCH));
            }
            other => ready!(other),
        };
        // The guests take this very number for "still running".
        let Some((pid, ended)) = ended else { return Poll::Ready(Err(Errno::EBUSY)) };
        cx.memory.set_u32(status, status_word(ended))?;
        if a.len() > 3 {
            cx.memory.set_u32(ret_pid, pid.0)?;
        }
        Poll::Ready(Ok(()))
    })())
}

pub(crate) fn proc_kill(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [target, number] = words(a);
    done((|| {
        let signal = match number {
            0 => None,
            number => Some(Signal::from_number(number).ok_or(Errno::EINVAL)?),
        };
        let target = match target.cast_signed() {
            pid @ 1.. => KillTarget::Pid(Pid(pid.unsigned_abs())),
            -1 => KillTarget::All,
            0 => KillTarget::Group(cx.kernel.getpgid(cx.pid)?),
            group => KillTarget::Group(kernel::Pgid(group.unsigned_abs())),
        };
        cx.kernel.kill(cx.pid, target, signal)
    })())
}

pub(crate) fn proc_getpid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [ret] = words(a);
    done(cx.memory.set_u32(ret, cx.pid.0))
}

pub(crate) fn proc_getppid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [ret] = words(a);
    done(cx.kernel.getppid(cx.pid).and_then(|pid| cx.memory.set_u32(ret, pid.0)))
}

pub(crate) fn fd_pipe(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [ret_read, ret_write] = words(a);
    done((|| {
        cx.memory.slice(ret_read, 4)?;
        cx.memory.slice(ret_write, 4)?;
        let (read, write) = cx.kernel.pipe2(cx.pid, OFlags::empty())?;
        let (read, write) = (cx.to_guest(read), cx.to_guest(write));
        cx.memory.set_u32(ret_read, read)?;
        cx.memory.set_u32(ret_write, write)
    })())
}

pub(crate) fn fd_dup(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, ret] = words(a);
    done((|| {
        cx.memory.slice(ret, 4)?;
        let fd = cx.fd_or(fd, Errno::EBADF)?;
        let new = cx.kernel.dup_min(cx.pid, fd, Fd(3), CloseOnExec::No)?;
        let new = cx.to_guest(new);
        cx.memory.set_u32(ret, new)
    })())
}

pub(crate) fn fd_dup2(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [old, new] = words(a);
    done((|| {
        let (old, new) = (cx.fd_or(old, Errno::EBADF)?, cx.fd_or(new, Errno::EBADF)?);
        cx.kernel.dup2(cx.pid, old, new, CloseOnExec::No).map(|_| ())
    })())
}

pub(crate) fn fd_dup_min(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, min, ret] = words(a);
    done((|| {
        cx.memory.slice(ret, 4)?;
        let fd = cx.fd_or(fd, Errno::EBADF)?;
        let min = Fd(if min > 3 { min - 1 } else { min });
        let new = cx.kernel.dup_min(cx.pid, fd, min, CloseOnExec::No)?;
        let new = cx.to_guest(new);
        cx.memory.set_u32(ret, new)
    })())
}

pub(crate) fn sleep_ms(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [ms] = words(a);
    let now = cx.kernel.clock_gettime(ClockId::Monotonic);
    let until = now.saturating_add(u64::from(ms) * 1_000_000);
    let until = *cx.state.deadline.get_or_insert(until);
    let result = cx.kernel.sleep_until(cx.pid, until);
    if result.is_ready() {
        cx.state.deadline = None;
    }
    answer(result)
}

/// `st_mode` with a type that the guests know: devices and fifos are files to read.
fn mode_for_guest(stat: &Stat) -> u32 {
    match stat.file_type {
        FileType::CharDevice | FileType::BlockDevice | FileType::Fifo | FileType::Socket => {
            FileType::Regular.mode_bits() | u32::from(stat.mode.bits())
        }
        _ => stat.st_mode(),
    }
}

pub(crate) fn path_mode(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len, follow] = words(a);
    let flags = if follow == 0 { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
    let stat = cx.bytes(path, len).and_then(|path| cx.kernel.fstatat(cx.pid, None, &path, flags));
    Poll::Ready(Answer::Value(stat.map_or(0, |stat| mode_for_guest(&stat))))
}

pub(crate) fn fd_mode(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    let stat = cx.fd_or(fd, Errno::EBADF).and_then(|fd| cx.kernel.fstat(cx.pid, fd));
    // 0 leaves the guest with what preview1 says, which is right for what has no path.
    let mode = stat.map_or(0, |stat| match stat.file_type {
        FileType::Fifo | FileType::CharDevice => 0,
        _ => stat.st_mode(),
    });
    Poll::Ready(Answer::Value(mode))
}

pub(crate) fn chmod(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, len, mode] = words(a);
    done(cx.bytes(path, len).and_then(|path| {
        cx.kernel.fchmodat(cx.pid, None, &path, Mode::new(mode), AtFlags::empty())
    }))
}

pub(crate) fn isatty(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd, ret] = words(a);
    let open = cx.fd_or(fd, Errno::EBADF);
    let open = open.and_then(|fd| cx.kernel.fcntl_getfl(cx.pid, fd).map(|_| fd));
    let tty = open.is_ok_and(|fd| cx.kernel.isatty(cx.pid, fd));
    done(cx.memory.set_u32(ret, u32::from(tty)).and(open.map(|_| ())))
}

/// The line of `/etc/passwd` for a user; one that is not there is `user<uid>`.
fn passwd(cx: &mut Cx<'_>, uid: u32) -> Vec<u8> {
    let listed = read_file(cx, b"/etc/passwd").ok().and_then(|file| {
        let wanted = uid.to_string();
        let mut lines = file.split(|b| *b == b'\n');
        let line = lines.find(|l| l.split(|b| *b == b':').nth(2) == Some(wanted.as_bytes()));
        line.map(<[u8]>::to_vec)
    });
    listed
        .unwrap_or_else(|| format!("user{uid}:x:{uid}:{uid}::/home/user{uid}:/bin/sh").into_bytes())
}

fn read_file(cx: &mut Cx<'_>, path: &[u8]) -> Result<Vec<u8>> {
    let fd = match cx.kernel.openat(cx.pid, None, path, OFlags::READ, Mode::empty()) {
        Poll::Ready(fd) => fd?,
        Poll::Pending => return Err(Errno::EAGAIN),
    };
    let mut content = vec![0; 64 << 10];
    let n = cx.kernel.pread(cx.pid, fd, 0, &mut content);
    cx.kernel.close(cx.pid, fd)?;
    content.truncate(n?);
    Ok(content)
}

pub(crate) fn getpwuid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [uid, buf, buf_len, ret_len] = words(a);
    let line = passwd(cx, uid);
    done((|| {
        let n = line.len().min(buf_len as usize);
        cx.memory.write(buf, line.get(..n).unwrap_or_default())?;
        cx.memory.set_u32(ret_len, u32::try_from(n).map_err(|_| Errno::EOVERFLOW)?)
    })())
}

pub(crate) fn getuid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [ret] = words(a);
    done(
        cx.kernel
            .credentials(cx.pid)
            .map(|cred| cred.uid)
            .and_then(|uid| cx.memory.set_u32(ret, uid)),
    )
}

pub(crate) fn getgid(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [ret] = words(a);
    done(
        cx.kernel
            .credentials(cx.pid)
            .map(|cred| cred.gid)
            .and_then(|gid| cx.memory.set_u32(ret, gid)),
    )
}

/// An errno's number, for tests of this module's constants.
#[cfg(test)]
pub(crate) fn still_running() -> u16 {
    crate::errno::number(Errno::EBUSY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_keep_empty_ones() {
        assert_eq!(strings(b"a\0\0b\0"), [b"a".to_vec(), Vec::new(), b"b".to_vec()]);
        assert_eq!(strings(b""), Vec::<Vec<u8>>::new());
        assert_eq!(strings(b"a"), [b"a".to_vec()]);
    }

    #[test]
    fn the_last_of_a_name_counts_and_pwd_is_set() {
        let env = environment(b"A=1\0B=2\0A=3\0junk\0=x\0", Some(b"/tmp"));
        assert_eq!(env, [b"B=2".to_vec(), b"A=3".to_vec(), b"PWD=/tmp".to_vec()]);
    }

    #[test]
    fn guests_test_for_the_number_ten() {
        assert_eq!(still_running(), 10);
    }
}
