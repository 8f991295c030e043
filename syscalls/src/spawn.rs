//! `agentos.proc_spawn`: a process from a record in memory, as `posix_spawn` takes it; and
//! `agentos.proc_exec`: another program in this process.
//!
//! The record is 72 bytes, little-endian, numbers of 32 bits unless said otherwise: path, argv,
//! environment and working directory, each as pointer and length; pointer and number of actions;
//! process group; flags; then three sets of signals of 64 bits, signal n at bit n - 1: to be set
//! to their default, to be ignored, and masked.
//!
//! - The path is as `execve` takes it; without one, `argv[0]` is searched for in `PATH`.
//! - Arguments and variables each end in a NUL.
//! - Without a working directory it is the caller's.
//! - A group of 2³² − 1 is the caller's, and 0 one of its own.
//! - The flag 1 says that the mask is given.
//!
//! An action is 24 bytes: kind, two numbers, a path as pointer and length, a mode. Kind 0 makes
//! the second descriptor what the first is, 1 closes the first, 2 opens the path as the first
//! with the second as flags, 3 closes all from the first on.

use core::task::Poll;

use kernel::{Fd, FdAction, Pgid, SigSet, Spawn};
use vfs::{Errno, Mode, OFlags, Result};

use crate::context::{Answer, Cx, answer};
use crate::host::{program, strings};
use crate::table::words;

const RECORD: u32 = 72;
const ACTION: u32 = 24;

/// The most actions of a spawn.
const MAX_ACTIONS: u32 = 1024;

/// The group of the caller.
const NO_GROUP: u32 = u32::MAX;

/// Flags of a record: the mask is given.
const MASK_GIVEN: u32 = 1;

/// Bits of an action's open flags, in this order.
const OPEN_FLAGS: [OFlags; 10] = [
    OFlags::READ,
    OFlags::WRITE,
    OFlags::CREAT,
    OFlags::EXCL,
    OFlags::TRUNC,
    OFlags::APPEND,
    OFlags::DIRECTORY,
    OFlags::NOFOLLOW,
    OFlags::NONBLOCK,
    OFlags::CLOEXEC,
];

/// `proc_spawn(record, ret_pid)`
pub(crate) fn proc_spawn(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [record, ret] = words(a);
    answer(Poll::Ready((|| {
        cx.memory.slice(ret, 4)?;
        let request = decode(cx, record)?;
        let pid = cx.kernel.spawn(cx.pid, request)?;
        cx.memory.set_u32(ret, pid.0)
    })()))
}

/// `proc_exec(path, len, argv, len, env, len)`: as `execve`, and without a path `argv[0]` is
/// searched for in the `PATH` of that environment. Answers only if it fails; then nothing has
/// changed.
pub(crate) fn proc_exec(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [path, path_len, argv, argv_len, env, env_len] = words(a);
    let loaded = (|| {
        let argv = strings(cx.memory.slice(argv, argv_len)?);
        let env = strings(cx.memory.slice(env, env_len)?);
        let mut path = cx.bytes(path, path_len)?;
        if path.is_empty() {
            let name = argv.first().ok_or(Errno::EINVAL)?;
            path = program(cx, name, &env)?;
        }
        cx.kernel.exec(cx.pid, &path, argv, env)
    })();
    match loaded {
        Ok(program) => {
            *cx.next = Some(program);
            Poll::Ready(Answer::Exec)
        }
        Err(errno) => answer(Poll::Ready(Err(errno))),
    }
}

fn decode(cx: &mut Cx<'_>, record: u32) -> Result<Spawn> {
    cx.memory.slice(record, RECORD)?;
    let word = |cx: &Cx<'_>, at: u32| cx.memory.u32(record + at);
    let string = |cx: &Cx<'_>, at: u32| -> Result<Vec<u8>> {
        cx.bytes(cx.memory.u32(record + at)?, cx.memory.u32(record + at + 4)?)
    };
    let list = |cx: &Cx<'_>, at: u32| -> Result<Vec<Vec<u8>>> {
        let bytes = cx.memory.slice(word(cx, at)?, word(cx, at + 4)?)?;
        Ok(strings(bytes))
    };
    let set = |cx: &Cx<'_>, at: u32| -> Result<SigSet> {
        Ok(SigSet(u64::from(word(cx, at)?) | u64::from(word(cx, at + 4)?) << 32))
    };
    let (mut path, argv, env) = (string(cx, 0)?, list(cx, 8)?, list(cx, 16)?);
    let cwd = Some(string(cx, 24)?).filter(|cwd| !cwd.is_empty());
    let actions = actions(cx, word(cx, 32)?, word(cx, 36)?)?;
    let group = word(cx, 40)?;
    let mask = set(cx, 64)?;
    let mask_given = word(cx, 44)? & MASK_GIVEN != 0;
    if path.is_empty() {
        let name = argv.first().ok_or(Errno::EINVAL)?.clone();
        path = program(cx, &name, &env)?;
    }
    Ok(Spawn {
        path,
        argv,
        env,
        actions,
        pgid: (group != NO_GROUP).then_some(Pgid(group)),
        cwd,
        reset_signals: set(cx, 48)?,
        ignore_signals: set(cx, 56)?,
        mask: mask_given.then_some(mask),
    })
}

fn actions(cx: &Cx<'_>, list: u32, count: u32) -> Result<Vec<FdAction>> {
    if count > MAX_ACTIONS {
        return Err(Errno::EINVAL);
    }
    cx.memory.slice(list, count * ACTION)?;
    (0..count).map(|i| action(cx, list + i * ACTION)).collect()
}

fn action(cx: &Cx<'_>, at: u32) -> Result<FdAction> {
    let (kind, first, second) =
        (cx.memory.u32(at)?, cx.memory.u32(at + 4)?, cx.memory.u32(at + 8)?);
    let fd = |fd| cx.fd_or(fd, Errno::EBADF);
    Ok(match kind {
        0 => FdAction::Dup2(fd(first)?, fd(second)?),
        1 => FdAction::Close(fd(first)?),
        2 => {
            let path = cx.bytes(cx.memory.u32(at + 12)?, cx.memory.u32(at + 16)?)?;
            let mode = Mode::new(cx.memory.u32(at + 20)?);
            FdAction::Open { fd: fd(first)?, path, flags: open_flags(second)?, mode }
        }
        // The number of the preopened directory stands for the first behind it.
        3 => FdAction::CloseFrom(cx.fd_or(first, Errno::EBADF).unwrap_or(Fd(3))),
        _ => return Err(Errno::EINVAL),
    })
}

fn open_flags(bits: u32) -> Result<OFlags> {
    if bits >> OPEN_FLAGS.len() != 0 {
        return Err(Errno::EINVAL);
    }
    let set = OPEN_FLAGS.into_iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
    Ok(set.map(|(_, flag)| flag).collect())
}
