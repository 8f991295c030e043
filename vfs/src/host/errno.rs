//! From the host's error numbers to [`Errno`].

use std::io;

use rustix::io::Errno as Host;

use crate::Errno;

/// The same error in our words; one that has none becomes `EIO`.
pub(super) fn from_host(err: Host) -> Errno {
    match err {
        Host::TOOBIG => Errno::E2BIG,
        Host::ACCESS => Errno::EACCES,
        Host::AGAIN => Errno::EAGAIN,
        Host::BADF => Errno::EBADF,
        Host::BUSY => Errno::EBUSY,
        Host::DQUOT => Errno::EDQUOT,
        Host::EXIST => Errno::EEXIST,
        Host::FBIG => Errno::EFBIG,
        Host::ILSEQ => Errno::EILSEQ,
        Host::INTR => Errno::EINTR,
        Host::INVAL => Errno::EINVAL,
        Host::ISDIR => Errno::EISDIR,
        Host::LOOP => Errno::ELOOP,
        // The guest sees a full table: its own descriptors are counted elsewhere.
        Host::MFILE | Host::NFILE => Errno::ENFILE,
        Host::MLINK => Errno::EMLINK,
        Host::NAMETOOLONG => Errno::ENAMETOOLONG,
        Host::NODEV => Errno::ENODEV,
        Host::NOENT => Errno::ENOENT,
        Host::NOLCK => Errno::ENOLCK,
        Host::NOMEM => Errno::ENOMEM,
        Host::NOSPC => Errno::ENOSPC,
        Host::NOSYS => Errno::ENOSYS,
        Host::NOTDIR => Errno::ENOTDIR,
        Host::NOTEMPTY => Errno::ENOTEMPTY,
        Host::OPNOTSUPP => Errno::ENOTSUP,
        Host::NXIO => Errno::ENXIO,
        Host::OVERFLOW => Errno::EOVERFLOW,
        Host::PERM => Errno::EPERM,
        Host::ROFS => Errno::EROFS,
        Host::SPIPE => Errno::ESPIPE,
        Host::STALE => Errno::ESTALE,
        Host::TIMEDOUT => Errno::ETIMEDOUT,
        Host::TXTBSY => Errno::ETXTBSY,
        Host::XDEV => Errno::EXDEV,
        _ => Errno::EIO,
    }
}

/// What a standard-library error says of the host's error number; `EIO` if it has none.
impl From<&io::Error> for Errno {
    fn from(err: &io::Error) -> Errno {
        Host::from_io_error(err).map_or(Errno::EIO, from_host)
    }
}
