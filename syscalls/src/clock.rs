//! `clock_*`, `random_get` and `sched_yield`.

use core::task::Poll;

use kernel::ClockId;
use vfs::{Errno, Result};

use crate::context::{Answer, Cx, answer};
use crate::table::words;

/// The clock of a number; threads have the process's.
pub(crate) fn clock_id(id: u32) -> Result<ClockId> {
    match id {
        0 => Ok(ClockId::Realtime),
        1 => Ok(ClockId::Monotonic),
        2 | 3 => Ok(ClockId::ProcessCpu),
        _ => Err(Errno::EINVAL),
    }
}

fn now(cx: &mut Cx<'_>, clock: ClockId) -> Result<u64> {
    match clock {
        ClockId::ProcessCpu => cx.kernel.process_cpu_time(cx.pid),
        clock => Ok(cx.kernel.clock_gettime(clock)),
    }
}

pub(crate) fn clock_res_get(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [id, out] = words(a);
    answer(Poll::Ready(clock_id(id).and_then(|_| cx.memory.set_u64(out, 1))))
}

pub(crate) fn clock_time_get(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [id, _, out] = words(a);
    answer(Poll::Ready((|| {
        let time = now(cx, clock_id(id)?)?;
        cx.memory.set_u64(out, time)
    })()))
}

pub(crate) fn random_get(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [buf, len] = words(a);
    let result = cx.memory.slice_mut(buf, len).map(|buf| cx.kernel.getrandom(buf));
    answer(Poll::Ready(result))
}

pub(crate) fn sched_yield(_: &mut Cx<'_>, _: &[u64]) -> Poll<Answer> {
    answer(Poll::Ready(Ok(())))
}
