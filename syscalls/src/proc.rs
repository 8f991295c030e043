//! `proc_exit` and `proc_raise`.

use core::task::Poll;

use kernel::{ExitStatus, Signal};
use vfs::Errno;

use crate::context::{Answer, Cx, answer};
use crate::table::words;

pub(crate) fn proc_exit(_: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [code] = words(a);
    Poll::Ready(Answer::Exit(ExitStatus::Exited((code & 0xff) as u8)))
}

pub(crate) fn proc_raise(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [number] = words(a);
    answer(Poll::Ready(match (number, wasi_signal(number)) {
        (0, _) => Ok(()),
        (_, Some(signal)) => cx.kernel.signal(cx.pid, signal),
        (_, None) => Err(Errno::EINVAL),
    }))
}

/// The signal of a WASI number: as Linux's up to 15, without `STKFLT` from there on.
fn wasi_signal(number: u32) -> Option<Signal> {
    match number {
        1..=15 => Signal::from_number(number),
        16..=30 => Signal::from_number(number + 1),
        _ => None,
    }
}
