//! What a filesystem knows of an inode: `<sys/stat.h>`.

use bitflags::bitflags;

/// An inode's number, unique within its filesystem. Analogous to `ino_t`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ino(pub u64);

/// The type of an inode: the `S_IFMT` part of `st_mode`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FileType {
    /// `S_IFREG`.
    Regular,
    /// `S_IFDIR`.
    Directory,
    /// `S_IFLNK`.
    Symlink,
    /// `S_IFIFO`: a pipe, named or not.
    Fifo,
    /// `S_IFCHR`.
    CharDevice,
    /// `S_IFBLK`.
    BlockDevice,
    /// `S_IFSOCK`.
    Socket,
}

impl FileType {
    /// The `S_IFMT` bits as Linux has them: `0o100000` for a regular file.
    pub const fn mode_bits(self) -> u32 {
        match self {
            FileType::Fifo => 0o010000,
            FileType::CharDevice => 0o020000,
            FileType::Directory => 0o040000,
            FileType::BlockDevice => 0o060000,
            FileType::Regular => 0o100000,
            FileType::Symlink => 0o120000,
            FileType::Socket => 0o140000,
        }
    }
}

bitflags! {
    /// Permission bits with set-user-ID, set-group-ID and sticky: `mode & 0o7777`.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    pub struct Mode: u16 {
        /// Set user ID on execution.
        const ISUID = 0o4000;
        /// Set group ID on execution.
        const ISGID = 0o2000;
        /// Sticky: only an owner unlinks from this directory.
        const ISVTX = 0o1000;
        /// Read, write, execute by owner.
        const IRWXU = 0o700;
        /// Read by owner.
        const IRUSR = 0o400;
        /// Write by owner.
        const IWUSR = 0o200;
        /// Execute by owner.
        const IXUSR = 0o100;
        /// Read, write, execute by group.
        const IRWXG = 0o070;
        /// Read by group.
        const IRGRP = 0o040;
        /// Write by group.
        const IWGRP = 0o020;
        /// Execute by group.
        const IXGRP = 0o010;
        /// Read, write, execute by others.
        const IRWXO = 0o007;
        /// Read by others.
        const IROTH = 0o004;
        /// Write by others.
        const IWOTH = 0o002;
        /// Execute by others.
        const IXOTH = 0o001;
    }
}

impl Mode {
    /// The permission bits of an octal literal: `Mode::new(0o644)`. Other bits are dropped.
    pub const fn new(bits: u32) -> Mode {
        Mode::from_bits_truncate((bits & 0o7777) as u16)
    }
}

/// A point in time: nanoseconds since 1970-01-01 00:00:00 UTC, leap seconds not counted.
///
/// Reaches from 1677 to 2262.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Timestamp {
        Timestamp(nanos)
    }

    /// From seconds since the epoch and nanoseconds within the second; saturates.
    pub const fn new(secs: i64, nanos: u32) -> Timestamp {
        Timestamp(secs.saturating_mul(1_000_000_000).saturating_add(nanos as i64))
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Nanoseconds within the second.
    pub const fn subsec_nanos(self) -> u32 {
        self.0.rem_euclid(1_000_000_000) as u32
    }
}

/// An inode's metadata. Analogous to `struct stat`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    /// Which filesystem: set by the mount table, 0 from a backend.
    pub dev: u64,
    /// The inode's number.
    pub ino: Ino,
    /// The `S_IFMT` part of `st_mode`.
    pub file_type: FileType,
    /// The permission part of `st_mode`.
    pub mode: Mode,
    /// Hard links: directory entries that name the inode.
    pub nlink: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// For a device, which one; see [`makedev`].
    pub rdev: u64,
    /// Bytes of content; for a symbolic link, of its target.
    pub size: u64,
    /// Blocks of 512 bytes that the content takes.
    pub blocks: u64,
    /// Last read.
    pub atime: Timestamp,
    /// Last change of content.
    pub mtime: Timestamp,
    /// Last change of content or metadata.
    pub ctime: Timestamp,
}

impl Stat {
    /// An inode of user 0 with one name, without content, of no time: what is not so is set with
    /// `Stat { size, ..Stat::new(…) }`. A directory that says one link does not count them.
    pub fn new(ino: Ino, file_type: FileType, mode: Mode) -> Stat {
        let time = Timestamp::default();
        Stat {
            dev: 0,
            ino,
            file_type,
            mode,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: 0,
            blocks: 0,
            atime: time,
            mtime: time,
            ctime: time,
        }
    }

    /// `st_mode` with Linux's type bits: `0o100644`.
    pub fn st_mode(&self) -> u32 {
        self.file_type.mode_bits() | u32::from(self.mode.bits())
    }

    /// Whether the inode is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type == FileType::Directory
    }
}

/// A device number from its major and minor number, as Linux's `makedev(3)` joins small ones.
pub const fn makedev(major: u32, minor: u32) -> u64 {
    ((major as u64) << 8) | minor as u64
}

/// Changes of metadata; `None` leaves a member as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SetStat {
    /// New permission bits.
    pub mode: Option<Mode>,
    /// New owner.
    pub uid: Option<u32>,
    /// New group.
    pub gid: Option<u32>,
    /// New size: content is cut, or extended with zeros.
    pub size: Option<u64>,
    /// New time of the last read.
    pub atime: Option<Timestamp>,
    /// New time of the last change of content.
    pub mtime: Option<Timestamp>,
}

/// What a filesystem says of itself. Analogous to `struct statvfs`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StatFs {
    /// Bytes in a block.
    pub block_size: u64,
    /// Blocks in all.
    pub blocks: u64,
    /// Blocks free.
    pub blocks_free: u64,
    /// Inodes in all.
    pub files: u64,
    /// Inodes free.
    pub files_free: u64,
    /// The longest name, in bytes.
    pub name_max: u64,
}
