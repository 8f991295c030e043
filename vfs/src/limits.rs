//! What a memory filesystem may grow to.

/// The limits of a [`MemFs`](crate::MemFs), each with the error that meets who exceeds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of content and of symbolic links' targets: `ENOSPC`.
    ///
    /// Holes cost nothing, and content given as a [`Blob`](crate::Blob) costs nothing until
    /// it is written: then the pieces of 64 KiB that were touched.
    pub bytes: u64,
    /// Inodes, and names beyond the first of each: `ENOSPC`. As in Linux's tmpfs, hard links
    /// count so that names cannot be had without end. Each costs the host up to 1 KiB beside its
    /// content.
    pub inodes: u64,
    /// Bytes that the inodes of one user may hold: `EDQUOT`. User 0 has no quota.
    pub bytes_per_user: Option<u64>,
    /// Bytes of a name: `ENAMETOOLONG`. At most 255, which the path walk holds already.
    pub name: usize,
    /// Bytes of a symbolic link's target: `ENAMETOOLONG`.
    pub path: usize,
    /// Names of one inode, subdirectories of one directory: `EMLINK`.
    pub links: u64,
    /// Size of one file, holes included: `EFBIG`.
    pub file_size: u64,
}

impl Default for Limits {
    /// 1 GiB in a million inodes; names and links as Linux's ext4 has them.
    fn default() -> Limits {
        Limits {
            bytes: 1 << 30,
            inodes: 1 << 20,
            bytes_per_user: None,
            name: 255,
            path: 4095,
            links: 65_000,
            file_size: 1 << 44,
        }
    }
}

impl Limits {
    /// No limit but the host's memory: for trees that only the embedder fills.
    pub const fn none() -> Limits {
        Limits {
            bytes: u64::MAX,
            inodes: u64::MAX,
            bytes_per_user: None,
            name: 255,
            path: 4095,
            links: u64::MAX,
            file_size: i64::MAX as u64,
        }
    }
}
