//! A POSIX-true virtual filesystem: inodes, paths, mounts, and backends to mount.
//!
//! A backend implements [`FileSystem`]: inode numbers and single names. A [`Vfs`] mounts
//! backends into one tree and has the calls on paths and open files, errno by errno as POSIX
//! and Linux have them. What the calling process is comes in as a [`Caller`].
//!
//! ```
//! use agentos_vfs::{AtFlags, Cred, Errno, MemFs, Mode, OFlags, Timestamp, Vfs};
//!
//! let mut vfs = Vfs::new(Box::new(MemFs::default()));
//! let root = vfs.superuser(Timestamp::new(1_700_000_000, 0));
//! vfs.mkdirat(&root, root.cwd, b"/tmp", Mode::new(0o1777))?;
//! let flags = OFlags::CREAT | OFlags::WRITE;
//! let mut file = vfs.openat(&root, root.cwd, b"/tmp/a", flags, Mode::new(0o600))?;
//! vfs.write(root.now, &mut file, b"hello")?;
//! // The name goes; the open file stays.
//! vfs.unlinkat(&root, root.cwd, b"/tmp/a", AtFlags::empty())?;
//! assert_eq!(vfs.fstat(&file)?.size, 5);
//! assert_eq!(vfs.fstat(&file)?.nlink, 0);
//! vfs.close(&file);
//! assert_eq!(vfs.fstatat(&root, root.cwd, b"/tmp/a", AtFlags::empty()), Err(Errno::ENOENT));
//! # Ok::<(), Errno>(())
//! ```
//!
//! Not here: processes and descriptors, pipes behind fifos, what devices do, locks (the
//! kernel's); extended attributes, quotas by directory, file leases (nobody's).

mod archive;
mod cred;
mod dev;
mod errno;
mod filesystem;
mod flags;
#[cfg(all(feature = "host", target_os = "linux"))]
mod host;
mod limits;
mod mem;
mod mount;
mod namei;
mod open_file;
mod overlay;
mod proc;
mod stat;
#[cfg(feature = "testing")]
pub mod testing;
mod vfs;

pub use archive::{export_tar, import_tar};
pub use cred::{Caller, Cred, Resolve};
pub use dev::devfs;
pub use errno::{Errno, Result};
pub use filesystem::{Blob, DirEntry, FileSystem, NewInode};
pub use flags::{Access, AtFlags, OFlags, RenameFlags, Whence};
#[cfg(all(feature = "host", target_os = "linux"))]
pub use host::HostFs;
pub use limits::Limits;
pub use mem::MemFs;
pub use mount::{Location, MountFlags, MountId, MountInfo};
pub use namei::Follow;
pub use open_file::OpenFile;
pub use overlay::{Change, ChangeKind, Commit, Conflict, OverlayFs, Refusal, Selection};
pub use proc::{ProcFs, ProcProcess, ProcState};
pub use stat::{FileType, Ino, Mode, SetStat, Stat, StatFs, Timestamp, makedev};
pub use vfs::{SetTime, Vfs};
