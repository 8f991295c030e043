//! Operations of a process on files, and what they answer, comparable between filesystems.

use std::fmt;

use crate::{
    Access, FileType, Follow, Mode, OFlags, RenameFlags, Result, SetTime, Stat, Timestamp, Whence,
};

/// How many files a process of random operations has open at once.
pub const SLOTS: usize = 4;

/// Where a relative path starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// At the working directory: `AT_FDCWD`.
    Cwd,
    /// At the open file in this slot.
    Slot(usize),
}

/// A path and where it starts.
#[derive(Clone, PartialEq, Eq)]
pub struct Spot {
    /// Where.
    pub at: At,
    /// The path.
    pub path: Vec<u8>,
}

impl fmt::Debug for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let At::Slot(slot) = self.at {
            write!(f, "{slot}:")?;
        }
        let path = String::from_utf8_lossy(&self.path);
        match path.char_indices().nth(40) {
            Some((end, _)) => write!(f, "{:?} and so on", &path[..end]),
            None => write!(f, "{path:?}"),
        }
    }
}

/// A path from the working directory.
impl From<&str> for Spot {
    fn from(path: &str) -> Spot {
        Spot { at: At::Cwd, path: path.as_bytes().to_vec() }
    }
}

/// One operation of a process. Open files are named by slot, of which there are [`SLOTS`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the members are the arguments of the call that the variant names")]
pub enum Op {
    /// Goes on as user and group 0, or as user and group 1000: `seteuid`.
    Become { uid: u32 },
    /// `umask`.
    Umask(Mode),
    /// `chdir`, to what `open` with `O_DIRECTORY | O_PATH` finds.
    Chdir(Spot),
    /// `openat`. What was open in the slot is closed if that succeeds.
    Open { slot: usize, spot: Spot, flags: OFlags, mode: Mode },
    /// `mkdirat`.
    Mkdir { spot: Spot, mode: Mode },
    /// `mknodat`: a regular file, a fifo or a socket.
    Mknod { spot: Spot, file_type: FileType, mode: Mode },
    /// `symlinkat`.
    Symlink { target: Vec<u8>, spot: Spot },
    /// `linkat`.
    Link { from: Spot, to: Spot, follow: Follow },
    /// `unlinkat`.
    Unlink(Spot),
    /// `unlinkat` with `AT_REMOVEDIR`.
    Rmdir(Spot),
    /// `renameat2`.
    Rename { from: Spot, to: Spot, flags: RenameFlags },
    /// `fstatat`.
    Stat { spot: Spot, follow: Follow },
    /// `faccessat` with `AT_EACCESS`.
    Access { spot: Spot, access: Access },
    /// `readlinkat`.
    ReadLink(Spot),
    /// `fchmodat`.
    Chmod { spot: Spot, mode: Mode },
    /// `fchownat`.
    Chown { spot: Spot, uid: Option<u32>, gid: Option<u32>, follow: Follow },
    /// `utimensat`.
    Utimens { spot: Spot, atime: SetTime, mtime: SetTime, follow: Follow },
    /// `truncate`.
    Truncate { spot: Spot, size: u64 },
    /// `close`.
    Close(usize),
    /// `read`.
    Read { slot: usize, len: usize },
    /// `pread`.
    Pread { slot: usize, offset: u64, len: usize },
    /// `write`, of so many equal bytes.
    Write { slot: usize, byte: u8, len: usize },
    /// `pwrite`, of so many equal bytes.
    Pwrite { slot: usize, offset: u64, byte: u8, len: usize },
    /// `lseek`.
    Seek { slot: usize, offset: i64, whence: Whence },
    /// `ftruncate`.
    Ftruncate { slot: usize, size: u64 },
    /// `fallocate`.
    Fallocate { slot: usize, offset: u64, len: u64 },
    /// `fstat`.
    Fstat(usize),
    /// `fchmod`.
    Fchmod { slot: usize, mode: Mode },
    /// `fchown`.
    Fchown { slot: usize, uid: Option<u32>, gid: Option<u32> },
    /// `futimens`.
    Futimens { slot: usize, atime: SetTime, mtime: SetTime },
    /// `fsync`.
    Fsync(usize),
    /// Goes on with reading the directory, for so many entries: `getdents`.
    ReadDir { slot: usize, take: usize },
    /// Starts anew with reading the directory: `rewinddir`.
    Rewind(usize),
}

/// What an operation answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Nothing but that it was done.
    Done,
    /// A number of bytes, or an offset.
    Count(u64),
    /// Content, or the target of a link.
    Bytes(Vec<u8>),
    /// Metadata.
    Facts(Facts),
    /// Entries of a directory without `.` and `..`, and whether these were the last.
    Entries {
        /// Name and type.
        names: Vec<(Vec<u8>, FileType)>,
        /// Nothing came after them.
        end: bool,
    },
}

/// Metadata, as far as filesystems agree about it. A time of `None` is one that nobody can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The type.
    pub file_type: FileType,
    /// The permission bits.
    pub mode: Mode,
    /// Names.
    pub nlink: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes; 0 of a directory.
    pub size: u64,
    /// Time of the last read.
    pub atime: Option<Timestamp>,
    /// Time of the last change of content.
    pub mtime: Option<Timestamp>,
    /// Time of the last change of all.
    pub ctime: Option<Timestamp>,
}

impl From<&Stat> for Facts {
    fn from(stat: &Stat) -> Facts {
        Facts {
            file_type: stat.file_type,
            mode: stat.mode,
            nlink: stat.nlink,
            uid: stat.uid,
            gid: stat.gid,
            size: if stat.is_dir() { 0 } else { stat.size },
            atime: Some(stat.atime),
            mtime: Some(stat.mtime),
            ctime: Some(stat.ctime),
        }
    }
}

impl Facts {
    /// Whether `other` is the same, as far as the times are known here.
    pub fn agree(&self, other: &Facts) -> bool {
        let known = |ours: Option<Timestamp>, theirs| if ours.is_none() { None } else { theirs };
        *self
            == Facts {
                atime: known(self.atime, other.atime),
                mtime: known(self.mtime, other.mtime),
                ctime: known(self.ctime, other.ctime),
                ..*other
            }
    }
}

/// Whether an answer is as expected, of directory entries only that there are some.
pub(super) fn agree(expected: &Result<Answer>, got: &Result<Answer>) -> bool {
    match (expected, got) {
        (Ok(Answer::Facts(expected)), Ok(Answer::Facts(got))) => expected.agree(got),
        (Ok(Answer::Entries { .. }), Ok(Answer::Entries { .. })) => true,
        (expected, got) => expected == got,
    }
}
