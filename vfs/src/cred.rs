//! Who asks: user, groups, umask, time, and where paths start.
//!
//! Here are the permission checks as well, since they compare a [`Cred`] with a [`Stat`].
//! Not here: which check an operation needs (`vfs`).

use crate::{Access, Errno, FileType, Location, Mode, Result, Stat, Timestamp};

/// Whose rights an operation has. User 0 passes every check but execution without any `x` bit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cred {
    /// The user.
    pub uid: u32,
    /// The group, given to what is created.
    pub gid: u32,
    /// Further groups.
    pub groups: Vec<u32>,
}

impl Cred {
    /// User 0, group 0.
    pub const ROOT: Cred = Cred { uid: 0, gid: 0, groups: Vec::new() };

    /// A user with one group.
    pub const fn user(uid: u32, gid: u32) -> Cred {
        Cred { uid, gid, groups: Vec::new() }
    }

    /// Whether this is user 0, who bypasses checks.
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Whether `gid` is one of the groups.
    pub fn in_group(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }

    /// Whether this is the owner or root.
    pub fn owns(&self, stat: &Stat) -> bool {
        self.is_root() || self.uid == stat.uid
    }

    /// Checks the permission bits of an inode: the owner's, the group's or the others' three.
    ///
    /// # Errors
    /// - `EACCES`: something of `access` is not granted.
    pub fn check(&self, stat: &Stat, access: Access) -> Result<()> {
        let bits = u32::from(stat.mode.bits());
        let granted = if self.is_root() {
            let search = stat.file_type == FileType::Directory || bits & 0o111 != 0;
            0o6 | u32::from(search)
        } else if self.uid == stat.uid {
            bits >> 6
        } else if self.in_group(stat.gid) {
            bits >> 3
        } else {
            bits
        };
        if access.bits() & !granted & 0o7 == 0 { Ok(()) } else { Err(Errno::EACCES) }
    }
}

/// The circumstances of one operation: what the kernel knows of the calling process.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// Whose rights.
    pub cred: &'a Cred,
    /// Permission bits that new inodes do not get.
    pub umask: Mode,
    /// The time that new timestamps get.
    pub now: Timestamp,
    /// The working directory.
    pub cwd: Location,
    /// Where absolute paths start, and above which `..` does not lead.
    pub root: Location,
    /// Where paths may lead.
    pub resolve: Resolve,
}

/// Where the walk of a path may lead. Analogous to `resolve` of Linux's openat2(2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Resolve {
    /// Anywhere below the root.
    #[default]
    Anywhere,
    /// Not out of the tree of the directory where it starts: an absolute path, a link with an
    /// absolute target, a link of `/proc` to an open file, and `..` there, are `EPERM`.
    ///
    /// Linux's `RESOLVE_BENEATH`, whose errno is `EXDEV`; preview1 says `perm`.
    Beneath,
}
