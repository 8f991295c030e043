//! `poll_oneoff`: waiting for clocks and descriptors.

use core::task::Poll;

use kernel::{ClockId, PollEvents, PollFd};
use vfs::{Errno, FileType, Result, Whence};

use crate::clock::clock_id;
use crate::context::{Answer, Cx, GuestFd, answer};
use crate::errno;
use crate::fd::ready;
use crate::table::words;

/// The most subscriptions of a call.
const MAX_SUBSCRIPTIONS: u32 = 4096;
const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;

const EVENT_CLOCK: u8 = 0;
const EVENT_READ: u8 = 1;
const EVENT_WRITE: u8 = 2;

/// One subscription, decoded.
struct Subscription {
    userdata: [u8; 8],
    kind: u8,
    what: Result<What>,
}

enum What {
    /// When, on the monotonic clock.
    Clock(u64),
    /// Index into the list of descriptors to poll; none for what is always ready.
    Fd(Option<usize>),
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// A clock's deadline on the monotonic clock; a relative one counts from `start`.
fn deadline(cx: &mut Cx<'_>, raw: &[u8], start: u64) -> Result<u64> {
    let clock = clock_id(u64_at(raw, 16) as u32)?;
    let timeout = u64_at(raw, 24);
    let absolute = u64_at(raw, 40) & 1 != 0;
    if !absolute {
        return Ok(start.saturating_add(timeout));
    }
    let monotonic = cx.kernel.clock_gettime(ClockId::Monotonic);
    let now = cx.kernel.clock_gettime(clock);
    Ok(monotonic.saturating_add(timeout.saturating_sub(now)))
}

fn decode(cx: &mut Cx<'_>, at: u32, start: u64, fds: &mut Vec<PollFd>) -> Result<Subscription> {
    let mut raw = [0; SUBSCRIPTION as usize];
    raw.copy_from_slice(cx.memory.slice(at, SUBSCRIPTION)?);
    let mut userdata = [0; 8];
    userdata.copy_from_slice(&raw[..8]);
    let kind = raw[8];
    let what = match kind {
        EVENT_CLOCK => deadline(cx, &raw, start).map(What::Clock),
        EVENT_READ | EVENT_WRITE => {
            let events = if kind == EVENT_READ { PollEvents::IN } else { PollEvents::OUT };
            match cx.guest_fd(u64_at(&raw, 16) as u32) {
                Ok(GuestFd::Fd(fd)) => match cx.kernel.fcntl_getfl(cx.pid, fd) {
                    Ok(_) => {
                        fds.push(PollFd::new(fd, events));
                        Ok(What::Fd(Some(fds.len() - 1)))
                    }
                    Err(errno) => Err(errno),
                },
                Ok(GuestFd::Preopen(_)) => Ok(What::Fd(None)),
                Err(errno) => Err(errno),
            }
        }
        _ => return Err(Errno::EINVAL),
    };
    Ok(Subscription { userdata, kind, what })
}

/// Bytes that can be read at once, and whether the other end is gone.
fn readable(cx: &mut Cx<'_>, poll: &PollFd) -> (u64, u16) {
    let hangup = u16::from(poll.revents.contains(PollEvents::HUP));
    let Ok(stat) = cx.kernel.fstat(cx.pid, poll.fd) else { return (0, hangup) };
    let bytes = match stat.file_type {
        FileType::Regular => {
            let at = cx.kernel.lseek(cx.pid, poll.fd, 0, Whence::Cur).unwrap_or(0);
            stat.size.saturating_sub(at)
        }
        FileType::Fifo => stat.size.max(1),
        _ => 1,
    };
    (bytes, hangup)
}

fn event(userdata: [u8; 8], errno: u16, kind: u8, bytes: u64, flags: u16) -> [u8; EVENT as usize] {
    let mut out = [0; EVENT as usize];
    out[..8].copy_from_slice(&userdata);
    out[8..10].copy_from_slice(&errno.to_le_bytes());
    out[10] = kind;
    out[16..24].copy_from_slice(&bytes.to_le_bytes());
    out[24..26].copy_from_slice(&flags.to_le_bytes());
    out
}

pub(crate) fn poll_oneoff(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [subscriptions, events, count, out] = words(a);
    let result = poll(cx, subscriptions, events, count, out);
    if result.is_ready() {
        cx.state.deadline = None;
    }
    answer(result)
}

fn poll(cx: &mut Cx<'_>, list: u32, events: u32, count: u32, out: u32) -> Poll<Result<()>> {
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Poll::Ready(Err(Errno::EINVAL));
    }
    cx.memory.slice(events, count.saturating_mul(EVENT))?;
    cx.memory.slice(list, count.saturating_mul(SUBSCRIPTION))?;
    // Relative timeouts count from the first time the call was made, not from its repetition.
    let now = cx.kernel.clock_gettime(ClockId::Monotonic);
    let start = *cx.state.deadline.get_or_insert(now);
    let mut fds = Vec::new();
    let mut all = Vec::new();
    for i in 0..count {
        all.push(decode(cx, list + i * SUBSCRIPTION, start, &mut fds)?);
    }
    let clocks = all.iter().filter_map(|s| match s.what {
        Ok(What::Clock(deadline)) => Some(deadline),
        _ => None,
    });
    let earliest = clocks.min();
    // Something that is wrong, or always ready, is told at once.
    let at_once = all.iter().any(|s| matches!(s.what, Err(_) | Ok(What::Fd(None))));
    let until = if at_once { Some(0) } else { earliest.filter(|at| *at != u64::MAX) };
    ready!(cx.kernel.poll(cx.pid, &mut fds, until));
    let now = cx.kernel.clock_gettime(ClockId::Monotonic);
    let mut told = 0;
    for subscription in &all {
        let Subscription { userdata, kind, what } = subscription;
        let event = match what {
            Err(errno) => event(*userdata, errno::number(*errno), *kind, 0, 0),
            Ok(What::Clock(deadline)) if *deadline > now => continue,
            Ok(What::Clock(_)) => event(*userdata, 0, *kind, 0, 0),
            Ok(What::Fd(None)) => event(*userdata, 0, *kind, 0, 0),
            Ok(What::Fd(Some(index))) => match fds.get(*index) {
                Some(poll) if !poll.revents.is_empty() => {
                    let (bytes, flags) =
                        if *kind == EVENT_READ { readable(cx, poll) } else { (1, 0) };
                    event(*userdata, 0, *kind, bytes, flags)
                }
                _ => continue,
            },
        };
        cx.memory.write(events + told * EVENT, &event)?;
        told += 1;
    }
    Poll::Ready(cx.memory.set_u32(out, told))
}
