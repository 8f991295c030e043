//! WASI's error numbers. Reference: WASI preview1, `errno`.

use vfs::Errno;

/// The number of an errno in WASI preview1.
pub const fn number(errno: Errno) -> u16 {
    match errno {
        Errno::E2BIG => 1,
        Errno::EACCES => 2,
        Errno::EAGAIN => 6,
        Errno::EBADF => 8,
        Errno::EBUSY => 10,
        Errno::ECHILD => 12,
        Errno::ECONNRESET => 15,
        Errno::EDEADLK => 16,
        Errno::EDOM => 18,
        Errno::EDQUOT => 19,
        Errno::EEXIST => 20,
        Errno::EFAULT => 21,
        Errno::EFBIG => 22,
        Errno::EILSEQ => 25,
        Errno::EINTR => 27,
        Errno::EINVAL => 28,
        Errno::EIO => 29,
        Errno::EISDIR => 31,
        Errno::ELOOP => 32,
        Errno::EMFILE => 33,
        Errno::EMLINK => 34,
        Errno::ENAMETOOLONG => 37,
        Errno::ENFILE => 41,
        Errno::ENODEV => 43,
        Errno::ENOENT => 44,
        Errno::ENOEXEC => 45,
        Errno::ENOLCK => 46,
        Errno::ENOMEM => 48,
        Errno::ENOSPC => 51,
        Errno::ENOSYS => 52,
        Errno::ENOTCONN => 53,
        Errno::ENOTDIR => 54,
        Errno::ENOTEMPTY => 55,
        Errno::ENOTSOCK => 57,
        Errno::ENOTSUP => 58,
        Errno::ENOTTY => 59,
        Errno::ENXIO => 60,
        Errno::EOVERFLOW => 61,
        Errno::EPERM => 63,
        Errno::EPIPE => 64,
        Errno::ERANGE => 68,
        Errno::EROFS => 69,
        Errno::ESPIPE => 70,
        Errno::ESRCH => 71,
        Errno::ESTALE => 72,
        Errno::ETIMEDOUT => 73,
        Errno::ETXTBSY => 74,
        Errno::EXDEV => 75,
    }
}

/// `ENOTCAPABLE`, which only rights answer.
pub(crate) const NOTCAPABLE: u16 = 76;
