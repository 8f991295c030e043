//! The path walk: `namei`, as a loop over names.

use super::{Kind, Model, ROOT};
use crate::testing::op::{At, Spot};
use crate::{Access, Errno, Result};

/// Linux's `MAXSYMLINKS`.
const LINKS_MAX: usize = 40;

/// Linux's `PATH_MAX`, with the NUL.
const PATH_MAX: usize = 4096;

/// What becomes of the last component of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Final {
    /// Followed if it is a link.
    Follow,
    /// Not followed, but with a slash behind it.
    NoFollow,
    /// Never followed: `LOOKUP_PARENT`.
    Entry,
    /// Followed, but a slash behind a name is an error: `O_CREAT`.
    Create,
    /// The same, not followed: `O_EXCL`, `O_NOFOLLOW`.
    CreateNoFollow,
}

pub(super) struct Found {
    pub(super) dir: usize,
    pub(super) last: Last,
    pub(super) ino: Option<usize>,
    pub(super) slash: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Last {
    Name(Vec<u8>),
    Dot,
    DotDot,
    Root,
}

impl Model {
    /// Where a path starts. A descriptor is only looked at for a relative one.
    pub(super) fn start(&self, spot: &Spot) -> Result<usize> {
        match spot.at {
            At::Slot(slot) if spot.path.first() != Some(&b'/') => {
                self.slots[slot].as_ref().map(|open| open.ino).ok_or(Errno::EBADF)
            }
            _ => Ok(self.cwd),
        }
    }

    /// The path walk: `namei`.
    pub(super) fn walk(&self, spot: &Spot, what: Final) -> Result<Found> {
        if spot.path.is_empty() {
            return Err(Errno::ENOENT);
        }
        if spot.path.len() >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        if spot.path.contains(&0) {
            // No system call can say this.
            return Err(Errno::EINVAL);
        }
        let mut dir = self.start(spot)?;
        let mut path = spot.path.clone();
        let mut links = 0;
        let mut last = Last::Root;
        'path: loop {
            if path.first() == Some(&b'/') {
                (dir, last) = (ROOT, Last::Root);
            }
            let names: Vec<Vec<u8>> = path
                .split(|byte| *byte == b'/')
                .filter(|name| !name.is_empty())
                .map(<[u8]>::to_vec)
                .collect();
            let slash = path.last() == Some(&b'/');
            for (n, name) in names.iter().enumerate() {
                let is_last = n + 1 == names.len();
                if !self.is_dir(dir) {
                    return Err(Errno::ENOTDIR);
                }
                self.permits(dir, Access::EXEC)?;
                match name.as_slice() {
                    b"." => {
                        last = Last::Dot;
                        continue;
                    }
                    b".." => {
                        last = Last::DotDot;
                        dir = self.inodes[dir].parent;
                        continue;
                    }
                    _ => last = Last::Name(name.clone()),
                }
                let create = matches!(what, Final::Create | Final::CreateNoFollow);
                if is_last && slash && create {
                    return Err(Errno::EISDIR);
                }
                if name.len() > 255 {
                    return Err(Errno::ENAMETOOLONG);
                }
                let ino = self.entries(dir).get(name).map(|(ino, _)| *ino);
                let Some(ino) = ino else {
                    if is_last {
                        return Ok(Found { dir, last, ino: None, slash });
                    }
                    return Err(Errno::ENOENT);
                };
                let follows = match what {
                    _ if !is_last => true,
                    Final::Follow | Final::Create => true,
                    Final::NoFollow => slash,
                    Final::Entry | Final::CreateNoFollow => false,
                };
                if let Kind::Link(target) = &self.inodes[ino].kind
                    && follows
                {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(Errno::ELOOP);
                    }
                    let mut rest = target.clone();
                    for name in &names[n + 1..] {
                        rest.push(b'/');
                        rest.extend_from_slice(name);
                    }
                    if slash {
                        rest.push(b'/');
                    }
                    path = rest;
                    continue 'path;
                }
                if is_last {
                    return Ok(Found { dir, last, ino: Some(ino), slash });
                }
                dir = ino;
            }
            return Ok(Found { dir, last, ino: Some(dir), slash });
        }
    }

    /// What a path names.
    pub(super) fn find(&self, spot: &Spot, what: Final) -> Result<usize> {
        let found = self.walk(spot, what)?;
        let ino = found.ino.ok_or(Errno::ENOENT)?;
        if found.slash && !self.is_dir(ino) {
            return Err(Errno::ENOTDIR);
        }
        Ok(ino)
    }
}
