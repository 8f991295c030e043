//! `sock_*`: there are no sockets, and each call says which mistake was made first.

use core::task::Poll;

use vfs::Errno;

use crate::context::{Answer, Cx, GuestFd, answer};
use crate::table::words;

/// `EBADF` for what is not open, `ENOTSOCK` for what is.
fn not_a_socket(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    let [fd] = words(a);
    let errno = match cx.guest_fd(fd) {
        Ok(GuestFd::Preopen(_)) => Errno::ENOTSOCK,
        Ok(GuestFd::Fd(fd)) => match cx.kernel.fcntl_getfl(cx.pid, fd) {
            Ok(_) => Errno::ENOTSOCK,
            Err(errno) => errno,
        },
        Err(errno) => errno,
    };
    answer(Poll::Ready(Err(errno)))
}

pub(crate) fn sock_accept(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    not_a_socket(cx, a)
}

pub(crate) fn sock_recv(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    not_a_socket(cx, a)
}

pub(crate) fn sock_send(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    not_a_socket(cx, a)
}

pub(crate) fn sock_shutdown(cx: &mut Cx<'_>, a: &[u64]) -> Poll<Answer> {
    not_a_socket(cx, a)
}
