//! A POSIX-true virtual filesystem.

mod errno;
mod filesystem;
mod flags;
#[cfg(all(feature = "host", target_os = "linux"))]
mod host;
mod overlay;
mod stat;

pub use errno::{Errno, Result};
pub use filesystem::{Blob, DirEntry, FileSystem, NewInode};
pub use flags::{Access, AtFlags, OFlags, RenameFlags, Whence};
#[cfg(all(feature = "host", target_os = "linux"))]
pub use host::HostFs;
pub use overlay::OverlayFs;
pub use stat::{FileType, Ino, Mode, SetStat, Stat, StatFs, Timestamp, makedev};
