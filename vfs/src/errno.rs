//! Error numbers, as POSIX `<errno.h>` names them.
//!
//! An [`Errno`] has no number of its own: numbers differ between ABIs, and the one
//! place that has WASI's is `syscalls::errno`.

/// The result of a filesystem or kernel operation.
pub type Result<T, E = Errno> = core::result::Result<T, E>;

macro_rules! errnos {
    ($($name:ident $text:literal,)*) => {
        /// What went wrong, in POSIX's words. `Display` is the text of `strerror(3)`.
        ///
        /// The set is closed on purpose: adding a member must break each exhaustive
        /// translation to an ABI's numbers.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Errno {
            $(#[doc = $text] $name,)*
        }

        impl Errno {
            /// Every error number, in alphabetical order.
            pub const ALL: &[Errno] = &[$(Errno::$name,)*];

            /// The name as POSIX spells it: `"ENOENT"`.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name),)* }
            }

            /// The text of `strerror(3)`, as glibc has it.
            pub const fn message(self) -> &'static str {
                match self { $(Errno::$name => $text,)* }
            }
        }
    };
}

errnos! {
    E2BIG "Argument list too long",
    EACCES "Permission denied",
    EAGAIN "Resource temporarily unavailable",
    EBADF "Bad file descriptor",
    EBUSY "Device or resource busy",
    ECHILD "No child processes",
    ECONNRESET "Connection reset by peer",
    EDEADLK "Resource deadlock avoided",
    EDOM "Numerical argument out of domain",
    EDQUOT "Disk quota exceeded",
    EEXIST "File exists",
    EFAULT "Bad address",
    EFBIG "File too large",
    EILSEQ "Invalid or incomplete multibyte or wide character",
    EINTR "Interrupted system call",
    EINVAL "Invalid argument",
    EIO "Input/output error",
    EISDIR "Is a directory",
    ELOOP "Too many levels of symbolic links",
    EMFILE "Too many open files",
    EMLINK "Too many links",
    ENAMETOOLONG "File name too long",
    ENFILE "Too many open files in system",
    ENODEV "No such device",
    ENOENT "No such file or directory",
    ENOEXEC "Exec format error",
    ENOLCK "No locks available",
    ENOMEM "Cannot allocate memory",
    ENOSPC "No space left on device",
    ENOSYS "Function not implemented",
    ENOTCONN "Transport endpoint is not connected",
    ENOTDIR "Not a directory",
    ENOTEMPTY "Directory not empty",
    ENOTSOCK "Socket operation on non-socket",
    ENOTSUP "Operation not supported",
    ENOTTY "Inappropriate ioctl for device",
    ENXIO "No such device or address",
    EOVERFLOW "Value too large for defined data type",
    EPERM "Operation not permitted",
    EPIPE "Broken pipe",
    ERANGE "Numerical result out of range",
    EROFS "Read-only file system",
    ESPIPE "Illegal seek",
    ESRCH "No such process",
    ESTALE "Stale file handle",
    ETIMEDOUT "Connection timed out",
    ETXTBSY "Text file busy",
    EXDEV "Invalid cross-device link",
}

impl core::fmt::Display for Errno {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Errno {}
