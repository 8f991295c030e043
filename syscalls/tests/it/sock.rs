//! `sock_*`: there are no sockets.

use crate::support::Guest;
use vfs::Errno;

#[test]
fn nothing_is_a_socket() {
    let mut guest = Guest::new();
    let calls: [(&str, usize); 4] =
        [("sock_accept", 3), ("sock_recv", 6), ("sock_send", 5), ("sock_shutdown", 2)];
    for (name, len) in calls {
        for (fd, errno) in [(0, Errno::ENOTSOCK), (3, Errno::ENOTSOCK), (9, Errno::EBADF)] {
            let mut args = vec![0; len];
            args[0] = fd;
            guest.fails(name, &args, errno);
        }
    }
}
