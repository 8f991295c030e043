//! A POSIX-true virtual filesystem.

mod errno;
mod filesystem;
mod flags;
mod stat;

pub use errno::{Errno, Result};
pub use filesystem::{Blob, DirEntry, FileSystem, NewInode};
pub use flags::{Access, AtFlags, OFlags, RenameFlags, Whence};
pub use stat::{FileType, Ino, Mode, SetStat, Stat, StatFs, Timestamp, makedev};
