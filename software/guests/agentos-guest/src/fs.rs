//! What files are beside their content: owners, modes, links. preview1 has none of it.
//!
//! Errors are WASI's numbers, as in [`sys`](crate::sys). Their meaning is POSIX's for the function of
//! the same name.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::wasi::ffi::{OsStrExt, OsStringExt};

#[link(wasm_import_module = "agentos")]
unsafe extern "C" {
    fn path_stat(path: *const u8, len: usize, follow: u32, ret: *mut u8) -> i32;
    fn path_chmod(path: *const u8, len: usize, mode: u32, follow: u32) -> i32;
    fn path_mkfifo(path: *const u8, len: usize, mode: u32) -> i32;
    fn path_access(path: *const u8, len: usize, mode: u32) -> i32;
    fn path_statfs(path: *const u8, len: usize, ret: *mut u8) -> i32;
    #[link_name = "umask"]
    fn set_umask(mask: u32, ret_old: *mut u32) -> i32;
    #[link_name = "uname"]
    fn read_uname(buf: *mut u8, buf_len: usize, ret_len: *mut usize) -> i32;
}

#[link(wasm_import_module = "host_user")]
unsafe extern "C" {
    #[link_name = "getuid"]
    fn user_getuid(ret: *mut u32) -> i32;
    #[link_name = "getgid"]
    fn user_getgid(ret: *mut u32) -> i32;
}

/// The bits of a mode that say what kind of file it is, and the kinds.
pub const S_IFMT: u32 = 0o170_000;
/// A directory.
pub const S_IFDIR: u32 = 0o040_000;
/// A symbolic link.
pub const S_IFLNK: u32 = 0o120_000;

/// `R_OK`, `W_OK` and `X_OK` of access(2).
pub const X_OK: u32 = 1;

/// What stat(2) tells of a file; times in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    /// The filesystem.
    pub dev: u64,
    /// The file in it.
    pub ino: u64,
    /// Names it has.
    pub nlink: u64,
    /// Kind and permissions.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Which device it is, if one.
    pub rdev: u64,
    /// Bytes.
    pub size: u64,
    /// Blocks of 512 bytes.
    pub blocks: u64,
    /// When it was read.
    pub atime: i64,
    /// When it was written.
    pub mtime: i64,
    /// When it was changed.
    pub ctime: i64,
}

impl Stat {
    /// The kind: `S_IFDIR` and so on.
    pub fn kind(&self) -> u32 {
        self.mode & S_IFMT
    }
}

/// Describes a file, or with `follow` what a symbolic link leads to.
///
/// # Errors
/// Those of stat(2).
pub fn stat(path: &OsStr, follow: bool) -> io::Result<Stat> {
    let (path, mut buf) = (path.as_bytes(), [0; 88]);
    // SAFETY: the kernel reads the path within its length and writes 88 bytes.
    check(unsafe { path_stat(path.as_ptr(), path.len(), follow.into(), buf.as_mut_ptr()) })?;
    let long = |at: usize| u64::from_le_bytes(buf[at..at + 8].try_into().unwrap_or_default());
    let word = |at: usize| u32::from_le_bytes(buf[at..at + 4].try_into().unwrap_or_default());
    Ok(Stat {
        dev: long(0),
        ino: long(8),
        nlink: long(16),
        mode: word(24),
        uid: word(28),
        gid: word(32),
        rdev: long(40),
        size: long(48),
        blocks: long(56),
        atime: long(64) as i64,
        mtime: long(72) as i64,
        ctime: long(80) as i64,
    })
}

/// Sets the permissions of what a path leads to.
///
/// # Errors
/// Those of chmod(2).
pub fn chmod(path: &OsStr, mode: u32) -> io::Result<()> {
    let path = path.as_bytes();
    // SAFETY: the kernel reads the path within its length.
    check(unsafe { path_chmod(path.as_ptr(), path.len(), mode, 1) })
}

/// Makes a fifo; the umask applies.
///
/// # Errors
/// Those of mkfifo(3).
pub fn mkfifo(path: &OsStr, mode: u32) -> io::Result<()> {
    let path = path.as_bytes();
    // SAFETY: the kernel reads the path within its length.
    check(unsafe { path_mkfifo(path.as_ptr(), path.len(), mode) })
}

/// Whether this process may do something with a file.
///
/// # Errors
/// Those of access(2).
pub fn access(path: &OsStr, mode: u32) -> io::Result<()> {
    let path = path.as_bytes();
    // SAFETY: the kernel reads the path within its length.
    check(unsafe { path_access(path.as_ptr(), path.len(), mode) })
}

/// What statfs(2) tells of a filesystem.
#[derive(Clone, Copy, Debug)]
pub struct StatFs {
    /// Bytes of a block.
    pub block_size: u64,
    /// Blocks.
    pub blocks: u64,
    /// Free ones.
    pub blocks_free: u64,
    /// Inodes.
    pub files: u64,
    /// Free ones.
    pub files_free: u64,
    /// Longest name.
    pub name_max: u64,
}

/// Describes the filesystem that a path is in.
///
/// # Errors
/// Those of statfs(2).
pub fn statfs(path: &OsStr) -> io::Result<StatFs> {
    let (path, mut buf) = (path.as_bytes(), [0; 48]);
    // SAFETY: the kernel reads the path within its length and writes 48 bytes.
    check(unsafe { path_statfs(path.as_ptr(), path.len(), buf.as_mut_ptr()) })?;
    let long = |at: usize| u64::from_le_bytes(buf[at..at + 8].try_into().unwrap_or_default());
    Ok(StatFs {
        block_size: long(0),
        blocks: long(8),
        blocks_free: long(16),
        files: long(24),
        files_free: long(32),
        name_max: long(40),
    })
}

/// The permissions that new files do not get.
pub fn umask() -> u32 {
    let mut old = 0;
    // SAFETY: the kernel writes one number. It is set back at once: there are no threads.
    let read = unsafe { set_umask(0o022, &raw mut old) };
    if read != 0 {
        return 0o022;
    }
    let mut ignored = 0;
    // SAFETY: as above.
    unsafe { set_umask(old, &raw mut ignored) };
    old
}

/// The user and the group that this process is of.
///
/// # Errors
/// None of Linux's: it is the kernel's answer as it comes.
pub fn ids() -> io::Result<(u32, u32)> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the kernel writes one number.
    check(unsafe { user_getuid(&raw mut uid) })?;
    // SAFETY: the kernel writes one number.
    check(unsafe { user_getgid(&raw mut gid) })?;
    Ok((uid, gid))
}

/// The five texts of uname(2): system, node, release, version, machine.
///
/// # Errors
/// Those of uname(2).
pub fn uname() -> io::Result<[OsString; 5]> {
    let (mut buf, mut len) = ([0; 1024], 0);
    // SAFETY: the kernel writes at most `buf.len()` bytes, and one size.
    check(unsafe { read_uname(buf.as_mut_ptr(), buf.len(), &raw mut len) })?;
    let mut texts = buf[..len.min(buf.len())].split(|byte| *byte == 0);
    Ok([(); 5].map(|()| OsString::from_vec(texts.next().unwrap_or_default().to_vec())))
}

/// The name that a number has in `/etc/passwd` or `/etc/group`.
pub fn name_of(file: &str, id: u32) -> Option<String> {
    let table = std::fs::read_to_string(file).ok()?;
    let mut rows = table.lines().map(|line| line.split(':'));
    rows.find_map(|mut row| {
        let name = row.next()?;
        (row.nth(1)?.parse::<u32>().ok()? == id).then(|| name.to_owned())
    })
}

/// A file's permissions as `ls -l` shows them, the kind first.
pub fn symbolic(mode: u32) -> String {
    let kind = match mode & S_IFMT {
        S_IFDIR => 'd',
        S_IFLNK => 'l',
        0o020_000 => 'c',
        0o060_000 => 'b',
        0o010_000 => 'p',
        0o140_000 => 's',
        _ => '-',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (false, true) => 'x',
            (false, false) => '-',
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
        });
    }
    text
}

/// A date and time as GNU's `stat` shows it, in UTC.
pub fn date(nanoseconds: i64) -> String {
    let seconds = nanoseconds.div_euclid(1_000_000_000);
    let fraction = nanoseconds.rem_euclid(1_000_000_000);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin in March here, so that a leap day is the last of one.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!(
        "{:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{fraction:09} +0000",
        year + era * 400 + next,
        time / 3600,
        time / 60 % 60,
        time % 60
    )
}

fn check(errno: i32) -> io::Result<()> {
    match errno {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}
