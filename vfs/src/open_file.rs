//! The open file description: what `open` makes and `dup` shares.
//!
//! Not here: descriptors (the kernel's), and reading or writing (`vfs::io`).

use bytes::Bytes;

use crate::{Cred, FileType, Location, OFlags};

/// An open file description. It keeps its inode alive until [`Vfs::close`](crate::Vfs::close).
///
/// Analogous to Linux's `struct file`.
#[derive(Debug)]
pub struct OpenFile {
    /// The inode.
    pub location: Location,
    /// The directory in which it was found, for its name in `/proc/self/fd`.
    pub dir: Location,
    /// How it was opened, without the flags that only matter to `open` itself.
    pub flags: OFlags,
    /// Where the next read or write happens.
    pub offset: u64,
    /// The inode's type: the kernel gives fifos and devices their behaviour.
    pub file_type: FileType,
    /// Which device.
    pub rdev: u64,
    /// Who opened it, unless root did: writing then clears set-user-ID and set-group-ID.
    pub(crate) opener: Option<Cred>,
    /// What a file of `/proc` said when it was opened.
    pub(crate) text: Option<Bytes>,
}
