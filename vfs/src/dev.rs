//! `/dev`: a filesystem in memory with the devices of a small Linux.
//!
//! The devices are inodes with Linux's numbers; what reading and writing them does is the
//! kernel's. Reference: Linux's `Documentation/admin-guide/devices.txt`.

use crate::{FileSystem, FileType, Limits, MemFs, Mode, NewInode, Result, Timestamp, makedev};

/// Name, major and minor number of each character device.
const DEVICES: &[(&[u8], u32, u32)] = &[
    (b"null", 1, 3),
    (b"zero", 1, 5),
    (b"full", 1, 7),
    (b"random", 1, 8),
    (b"urandom", 1, 9),
    (b"tty", 5, 0),
    (b"console", 5, 1),
];

const LINKS: &[(&[u8], &[u8])] = &[
    (b"fd", b"/proc/self/fd"),
    (b"stdin", b"/proc/self/fd/0"),
    (b"stdout", b"/proc/self/fd/1"),
    (b"stderr", b"/proc/self/fd/2"),
];

/// Makes a filesystem to be mounted at `/dev`.
///
/// # Errors
/// None with the limits used here; the type is that of the operations inside.
pub fn devfs(now: Timestamp) -> Result<MemFs> {
    let mut fs = MemFs::new(Limits { bytes: 64 << 20, ..Limits::default() });
    let root = fs.root();
    let new = |mode| NewInode { mode: Mode::new(mode), uid: 0, gid: 0, now };
    for (name, major, minor) in DEVICES {
        let rdev = makedev(*major, *minor);
        fs.create(root, name, FileType::CharDevice, rdev, &new(0o666))?;
    }
    for (name, target) in LINKS {
        fs.symlink(root, name, target, &new(0o777))?;
    }
    fs.mkdir(root, b"pts", &new(0o755))?;
    fs.mkdir(root, b"shm", &new(0o1777))?;
    Ok(fs)
}
