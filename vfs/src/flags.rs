//! Flags of the `*at` calls: `<fcntl.h>`.

use bitflags::bitflags;

bitflags! {
    /// How a file is opened. The access mode is two bits here: reading, writing, or both.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct OFlags: u32 {
        /// Reading: `O_RDONLY`, or half of `O_RDWR`.
        const READ = 1 << 0;
        /// Writing: `O_WRONLY`, or half of `O_RDWR`.
        const WRITE = 1 << 1;
        /// `O_RDWR`.
        const RDWR = Self::READ.bits() | Self::WRITE.bits();
        /// `O_CREAT`: create the file if it is absent.
        const CREAT = 1 << 2;
        /// `O_EXCL`: with `CREAT`, fail with `EEXIST` if the name exists, even as a dangling link.
        const EXCL = 1 << 3;
        /// `O_TRUNC`: cut a regular file to length 0.
        const TRUNC = 1 << 4;
        /// `O_APPEND`: each write goes to the end.
        const APPEND = 1 << 5;
        /// `O_DIRECTORY`: fail with `ENOTDIR` unless it is a directory.
        const DIRECTORY = 1 << 6;
        /// `O_NOFOLLOW`: fail with `ELOOP` if the last component is a symbolic link.
        const NOFOLLOW = 1 << 7;
        /// `O_NONBLOCK`: do not wait; `EAGAIN` instead.
        const NONBLOCK = 1 << 8;
        /// `O_CLOEXEC`: close on exec.
        const CLOEXEC = 1 << 9;
        /// `O_SYNC`.
        const SYNC = 1 << 10;
        /// `O_DSYNC`.
        const DSYNC = 1 << 11;
        /// `O_PATH` of Linux: a handle on the inode that neither reads nor writes.
        const PATH = 1 << 12;
    }

    /// Flags of the calls that look a path up.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct AtFlags: u32 {
        /// `AT_SYMLINK_NOFOLLOW`: act on a symbolic link itself.
        const SYMLINK_NOFOLLOW = 1 << 0;
        /// `AT_REMOVEDIR`: `unlinkat` removes a directory.
        const REMOVEDIR = 1 << 1;
        /// `AT_SYMLINK_FOLLOW`: `linkat` follows a symbolic link.
        const SYMLINK_FOLLOW = 1 << 2;
        /// `AT_EACCESS`: `faccessat` checks the effective ids.
        const EACCESS = 1 << 3;
        /// `AT_EMPTY_PATH` of Linux: an empty path names the descriptor itself.
        const EMPTY_PATH = 1 << 4;
    }

    /// Flags of Linux's `renameat2(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct RenameFlags: u32 {
        /// `RENAME_NOREPLACE`: fail with `EEXIST` if the new name exists.
        const NOREPLACE = 1 << 0;
        /// `RENAME_EXCHANGE`: swap the two names.
        const EXCHANGE = 1 << 1;
    }

    /// What is asked for: `R_OK`, `W_OK`, `X_OK` of `access(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct Access: u32 {
        /// `R_OK`.
        const READ = 4;
        /// `W_OK`.
        const WRITE = 2;
        /// `X_OK`: execute, or search a directory.
        const EXEC = 1;
    }
}

/// Where a seek starts: `SEEK_SET`, `SEEK_CUR`, `SEEK_END`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whence {
    /// From the start of the file.
    Set,
    /// From the current offset.
    Cur,
    /// From the end of the file.
    End,
}
