//! `args_*` and `environ_*`: the strings a process was started with.

use core::task::Poll;

use vfs::{Errno, Result};

use crate::context::{Answer, Cx, answer};

type Args<'a> = &'a [u64];

fn sizes(cx: &mut Cx<'_>, strings: &[usize], count_at: u32, size_at: u32) -> Result<()> {
    let size: usize = strings.iter().map(|len| len + 1).sum();
    cx.memory.set_u32(count_at, u32::try_from(strings.len()).map_err(|_| Errno::EOVERFLOW)?)?;
    cx.memory.set_u32(size_at, u32::try_from(size).map_err(|_| Errno::EOVERFLOW)?)
}

/// Writes the strings with their NULs, and a list of where they are.
fn strings(cx: &mut Cx<'_>, strings: &[Vec<u8>], list: u32, buf: u32) -> Result<()> {
    let (mut slot, mut at) = (list, buf);
    for string in strings {
        cx.memory.set_u32(slot, at)?;
        cx.memory.write(at, string)?;
        let end = u32::try_from(string.len()).ok().and_then(|len| at.checked_add(len));
        let end = end.ok_or(Errno::EFAULT)?;
        cx.memory.write(end, &[0])?;
        at = end.checked_add(1).ok_or(Errno::EFAULT)?;
        slot = slot.checked_add(4).ok_or(Errno::EFAULT)?;
    }
    Ok(())
}

pub(crate) fn args_sizes_get(cx: &mut Cx<'_>, a: Args<'_>) -> Poll<Answer> {
    let [count, size] = crate::table::words(a);
    answer(Poll::Ready((|| {
        let lens: Vec<usize> = cx.kernel.argv(cx.pid)?.iter().map(Vec::len).collect();
        sizes(cx, &lens, count, size)
    })()))
}

pub(crate) fn args_get(cx: &mut Cx<'_>, a: Args<'_>) -> Poll<Answer> {
    let [list, buf] = crate::table::words(a);
    answer(Poll::Ready((|| {
        let argv = cx.kernel.argv(cx.pid)?.to_vec();
        strings(cx, &argv, list, buf)
    })()))
}

pub(crate) fn environ_sizes_get(cx: &mut Cx<'_>, a: Args<'_>) -> Poll<Answer> {
    let [count, size] = crate::table::words(a);
    answer(Poll::Ready((|| {
        let lens: Vec<usize> = cx.kernel.env(cx.pid)?.iter().map(Vec::len).collect();
        sizes(cx, &lens, count, size)
    })()))
}

pub(crate) fn environ_get(cx: &mut Cx<'_>, a: Args<'_>) -> Poll<Answer> {
    let [list, buf] = crate::table::words(a);
    answer(Poll::Ready((|| {
        let env = cx.kernel.env(cx.pid)?.to_vec();
        strings(cx, &env, list, buf)
    })()))
}
