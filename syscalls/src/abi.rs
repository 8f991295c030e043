//! Wire layouts of preview1, and what its numbers mean. Reference: WASI preview1.

use vfs::{FileType, OFlags, Stat};

/// `filetype` numbers.
pub(crate) const UNKNOWN: u8 = 0;
pub(crate) const CHARACTER_DEVICE: u8 = 2;
pub(crate) const DIRECTORY: u8 = 3;
pub(crate) const REGULAR_FILE: u8 = 4;

/// `fdflags`.
pub(crate) const FDFLAGS_APPEND: u16 = 1;
pub(crate) const FDFLAGS_DSYNC: u16 = 2;
pub(crate) const FDFLAGS_NONBLOCK: u16 = 4;
pub(crate) const FDFLAGS_RSYNC: u16 = 8;
pub(crate) const FDFLAGS_SYNC: u16 = 16;
const FDFLAGS_ALL: u16 = 31;

/// `oflags`.
pub(crate) const OFLAGS_CREAT: u32 = 1;
pub(crate) const OFLAGS_DIRECTORY: u32 = 2;
pub(crate) const OFLAGS_EXCL: u32 = 4;
pub(crate) const OFLAGS_TRUNC: u32 = 8;

/// `rights`.
pub(crate) const RIGHT_FD_DATASYNC: u64 = 1 << 0;
pub(crate) const RIGHT_FD_READ: u64 = 1 << 1;
pub(crate) const RIGHT_FD_SEEK: u64 = 1 << 2;
pub(crate) const RIGHT_FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
pub(crate) const RIGHT_FD_SYNC: u64 = 1 << 4;
pub(crate) const RIGHT_FD_TELL: u64 = 1 << 5;
pub(crate) const RIGHT_FD_WRITE: u64 = 1 << 6;
pub(crate) const RIGHT_FD_ADVISE: u64 = 1 << 7;
pub(crate) const RIGHT_FD_ALLOCATE: u64 = 1 << 8;
pub(crate) const RIGHT_PATH_CREATE_DIRECTORY: u64 = 1 << 9;
pub(crate) const RIGHT_PATH_CREATE_FILE: u64 = 1 << 10;
pub(crate) const RIGHT_PATH_LINK_SOURCE: u64 = 1 << 11;
pub(crate) const RIGHT_PATH_LINK_TARGET: u64 = 1 << 12;
pub(crate) const RIGHT_PATH_OPEN: u64 = 1 << 13;
pub(crate) const RIGHT_FD_READDIR: u64 = 1 << 14;
pub(crate) const RIGHT_PATH_READLINK: u64 = 1 << 15;
pub(crate) const RIGHT_PATH_RENAME_SOURCE: u64 = 1 << 16;
pub(crate) const RIGHT_PATH_RENAME_TARGET: u64 = 1 << 17;
pub(crate) const RIGHT_PATH_FILESTAT_GET: u64 = 1 << 18;
pub(crate) const RIGHT_PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
pub(crate) const RIGHT_PATH_FILESTAT_SET_TIMES: u64 = 1 << 20;
pub(crate) const RIGHT_FD_FILESTAT_GET: u64 = 1 << 21;
pub(crate) const RIGHT_FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
pub(crate) const RIGHT_FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
pub(crate) const RIGHT_PATH_SYMLINK: u64 = 1 << 24;
pub(crate) const RIGHT_PATH_REMOVE_DIRECTORY: u64 = 1 << 25;
pub(crate) const RIGHT_PATH_UNLINK_FILE: u64 = 1 << 26;
/// Shutting down and accepting.
const RIGHTS_SOCK: u64 = 0b11 << 28;
/// Every right.
pub(crate) const RIGHTS_ALL: u64 = (1 << 30) - 1;
/// Of a regular file.
pub(crate) const RIGHTS_FILE: u64 = 0b1000_1110_0000_0000_0001_1111_1111;
/// Of a directory: all but what reading, writing, sizes and offsets take, and sockets.
pub(crate) const RIGHTS_DIR: u64 = RIGHTS_ALL
    & !(RIGHT_FD_READ
        | RIGHT_FD_SEEK
        | RIGHT_FD_TELL
        | RIGHT_FD_WRITE
        | RIGHT_FD_ADVISE
        | RIGHT_FD_ALLOCATE
        | RIGHT_FD_FILESTAT_SET_SIZE
        | RIGHTS_SOCK);

/// The `filetype` of an inode; preview1 has none for a fifo.
pub(crate) fn filetype(file_type: FileType) -> u8 {
    match file_type {
        FileType::Fifo => UNKNOWN,
        FileType::BlockDevice => 1,
        FileType::CharDevice => CHARACTER_DEVICE,
        FileType::Directory => DIRECTORY,
        FileType::Regular => REGULAR_FILE,
        FileType::Socket => 6,
        FileType::Symlink => 7,
    }
}

/// `filestat`: 64 bytes. The padding carries the permission bits, as the extension ABI's
/// kernel has it.
pub(crate) fn filestat(stat: &Stat, filetype: u8) -> [u8; 64] {
    let mut out = [0; 64];
    let mut put = |at: usize, value: u64| {
        if let Some(slot) = out.get_mut(at..at + 8) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
    };
    put(0, stat.dev);
    put(8, stat.ino.0);
    put(16, u64::from(filetype) | (u64::from(stat.mode.bits()) << 16));
    put(24, stat.nlink);
    put(32, stat.size);
    put(40, stat.atime.as_nanos().max(0).cast_unsigned());
    put(48, stat.mtime.as_nanos().max(0).cast_unsigned());
    put(56, stat.ctime.as_nanos().max(0).cast_unsigned());
    out
}

/// `fdstat`: 24 bytes.
pub(crate) fn fdstat(filetype: u8, flags: u16, base: u64, inheriting: u64) -> [u8; 24] {
    let mut out = [0; 24];
    out[0] = filetype;
    out[2..4].copy_from_slice(&flags.to_le_bytes());
    out[8..16].copy_from_slice(&base.to_le_bytes());
    out[16..24].copy_from_slice(&inheriting.to_le_bytes());
    out
}

/// The header of a `dirent`: 24 bytes before the name.
pub(crate) fn dirent(next: u64, ino: u64, name_len: u32, filetype: u8) -> [u8; 24] {
    let mut out = [0; 24];
    out[0..8].copy_from_slice(&next.to_le_bytes());
    out[8..16].copy_from_slice(&ino.to_le_bytes());
    out[16..20].copy_from_slice(&name_len.to_le_bytes());
    out[20] = filetype;
    out
}

/// `fdflags` as open flags; none if there are unknown bits.
pub(crate) fn oflags_of_fdflags(flags: u32) -> Option<OFlags> {
    let flags = u16::try_from(flags).ok().filter(|flags| flags & !FDFLAGS_ALL == 0)?;
    let mut out = OFlags::empty();
    out.set(OFlags::APPEND, flags & FDFLAGS_APPEND != 0);
    out.set(OFlags::NONBLOCK, flags & FDFLAGS_NONBLOCK != 0);
    out.set(OFlags::DSYNC, flags & FDFLAGS_DSYNC != 0);
    out.set(OFlags::SYNC, flags & (FDFLAGS_SYNC | FDFLAGS_RSYNC) != 0);
    Some(out)
}

/// Open flags as `fdflags`.
pub(crate) fn fdflags(flags: OFlags) -> u16 {
    let bit = |flag, bit| if flags.contains(flag) { bit } else { 0 };
    bit(OFlags::APPEND, FDFLAGS_APPEND)
        | bit(OFlags::NONBLOCK, FDFLAGS_NONBLOCK)
        | bit(OFlags::DSYNC, FDFLAGS_DSYNC)
        | bit(OFlags::SYNC, FDFLAGS_SYNC)
}
