//! Path resolution: from bytes to an inode. Analogous to Linux's `fs/namei.c`.
//!
//! Nothing else follows symbolic links, crosses mounts or interprets `..`;
//! backends see one component at a time. Not here: what is then done with the inode (`vfs`).

use std::borrow::Cow;

use crate::mount::Mounts;
use crate::{Access, Caller, Errno, FileType, Location, Resolve, Result, Stat};

/// Symbolic links that one walk follows. Linux's `MAXSYMLINKS`.
const SYMLOOP_MAX: u32 = 40;

/// Bytes of a path with its NUL. Linux's `PATH_MAX`.
const PATH_MAX: usize = 4096;

/// Bytes of a component. Linux's `NAME_MAX`.
pub(crate) const NAME_MAX: usize = 255;

/// Whether a symbolic link as the last component is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Follow {
    /// Followed.
    Yes,
    /// Returned. One with a slash after it is followed all the same.
    No,
}

/// What a walk is for, which decides about a last component that is a symbolic link or has a
/// slash behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Intent {
    /// The inode. A link with a slash behind it is followed.
    Node(Follow),
    /// The entry, to be made, removed or renamed: never followed. Linux's `LOOKUP_PARENT`.
    Entry,
    /// To be created unless it is there: `EISDIR` at once for a name with a slash behind it.
    Create(Follow),
}

impl Intent {
    fn follows(self, trailing_slash: bool) -> bool {
        match self {
            Intent::Node(follow) => follow == Follow::Yes || trailing_slash,
            Intent::Entry => false,
            Intent::Create(follow) => follow == Follow::Yes,
        }
    }
}

/// Where a path leads.
pub(crate) struct Found<'p> {
    /// The directory that has, or would have, the last component.
    pub(crate) dir: Location,
    pub(crate) dir_stat: Stat,
    /// The last component, unless it is `.`, `..` or there is none.
    pub(crate) name: Last<'p>,
    /// What it names; none if there is no such entry.
    pub(crate) node: Option<(Location, Stat)>,
    /// A slash stands behind the last component.
    pub(crate) trailing_slash: bool,
}

/// The last component of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Last<'p> {
    Name(Cow<'p, [u8]>),
    Dot,
    DotDot,
    Root,
}

impl Last<'_> {
    /// The name of an entry that can be made or removed.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        match self {
            Last::Name(name) => Some(name),
            _ => None,
        }
    }
}

impl Found<'_> {
    /// The inode, which must exist.
    ///
    /// # Errors
    /// - `ENOENT`: there is none.
    /// - `ENOTDIR`: a slash stands behind what is not a directory.
    pub(crate) fn existing(&self) -> Result<(Location, Stat)> {
        let (at, stat) = self.node.ok_or(Errno::ENOENT)?;
        if self.trailing_slash && !stat.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        Ok((at, stat))
    }
}

/// What a walk met on its way that matters to the caller of the call.
#[derive(Default)]
pub(crate) struct Met {
    /// A filesystem that must be fed.
    pub(crate) fed: bool,
    /// The last component was a link of `/proc` to a descriptor: process and descriptor.
    pub(crate) magic: Option<(u32, u32)>,
}

/// Walks a path.
///
/// # Errors
/// - `ENOENT`: the path is empty, or a component before the last does not exist.
/// - `ENOTDIR`: a component before the last is not a directory.
/// - `EACCES`: a directory on the way may not be searched.
/// - `ELOOP`: more than 40 symbolic links.
/// - `ENAMETOOLONG`: the path has 4,096 bytes or more, or a component more than 255.
/// - `EINVAL`: the path has a NUL in it.
/// - `EISDIR`: to be created, and a slash stands behind the last name.
/// - `EPERM`: it leads out of the tree of `start`, in which the caller is held.
pub(crate) fn walk<'p>(
    mounts: &Mounts,
    cx: &Caller<'_>,
    start: Location,
    path: &'p [u8],
    intent: Intent,
    met: &mut Met,
) -> Result<Found<'p>> {
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    if path.len() >= PATH_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    if path.contains(&0) {
        return Err(Errno::EINVAL);
    }
    let origin = if path[0] == b'/' { absolute(cx)? } else { start };
    let stat = stat(mounts, origin)?;
    let mut walk = Walk { mounts, cx, met, links: 0, depth: 0, at: origin, stat };
    if mounts.get(origin.mount)?.fs.is_fed() {
        walk.met.fed = true;
    }
    let mut path: Cow<'p, [u8]> = Cow::Borrowed(path);
    let mut pos = 0;
    let mut last = Last::Root;
    loop {
        let rest = &path[pos..];
        let skipped = rest.iter().take_while(|b| **b == b'/').count();
        let start = pos + skipped;
        let end = path[start..].iter().position(|b| *b == b'/').map_or(path.len(), |n| start + n);
        if start == path.len() {
            return Ok(walk.finish(last, skipped > 0));
        }
        let is_last = path[end..].iter().all(|b| *b == b'/');
        let trailing_slash = is_last && end < path.len();
        walk.check_search()?;
        match &path[start..end] {
            b"." => last = Last::Dot,
            b".." => {
                walk.up()?;
                last = Last::DotDot;
            }
            _ if trailing_slash && matches!(intent, Intent::Create(_)) => {
                return Err(Errno::EISDIR);
            }
            name => match walk.child(name)? {
                Some((link, stat))
                    if stat.file_type == FileType::Symlink
                        && (!is_last || intent.follows(trailing_slash)) =>
                {
                    let target = walk.target(link, is_last)?;
                    if target.first() == Some(&b'/') {
                        walk.restart()?;
                        last = Last::Root;
                    }
                    let mut joined = target;
                    joined.extend_from_slice(&path[end..]);
                    // Each link adds less than PATH_MAX, and 40 are followed at most.
                    path = Cow::Owned(joined);
                    pos = 0;
                    continue;
                }
                node if is_last => {
                    let name = match &path {
                        Cow::Borrowed(path) => Cow::Borrowed(&path[start..end]),
                        Cow::Owned(path) => Cow::Owned(path[start..end].to_vec()),
                    };
                    let (dir, dir_stat) = (walk.at, walk.stat);
                    return Ok(Found {
                        dir,
                        dir_stat,
                        name: Last::Name(name),
                        node,
                        trailing_slash,
                    });
                }
                Some((at, stat)) => walk.down(at, stat),
                None => return Err(Errno::ENOENT),
            },
        }
        pos = end;
    }
}

/// Where absolute paths start.
fn absolute(cx: &Caller<'_>) -> Result<Location> {
    match cx.resolve {
        Resolve::Anywhere => Ok(cx.root),
        Resolve::Beneath => Err(Errno::EPERM),
    }
}

fn stat(mounts: &Mounts, at: Location) -> Result<Stat> {
    let mut stat = mounts.get(at.mount)?.fs.stat(at.ino)?;
    stat.dev = u64::from(at.mount.0);
    Ok(stat)
}

struct Walk<'a> {
    mounts: &'a Mounts,
    cx: &'a Caller<'a>,
    met: &'a mut Met,
    links: u32,
    /// Directories below the one where the walk started, as long as nothing led elsewhere.
    depth: usize,
    at: Location,
    stat: Stat,
}

impl Walk<'_> {
    fn check_search(&self) -> Result<()> {
        if !self.stat.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        self.cx.cred.check(&self.stat, Access::EXEC)
    }

    /// The entry `name` of the directory reached so far.
    fn child(&mut self, name: &[u8]) -> Result<Option<(Location, Stat)>> {
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        let mut found = match self.mounts.get(self.at.mount)?.fs.lookup_stat(self.at.ino, name) {
            Ok(stat) => stat,
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let below = Location { mount: self.at.mount, ino: found.ino };
        let at = self.mounts.cross(below);
        if at != below {
            if self.mounts.get(at.mount)?.fs.is_fed() {
                self.met.fed = true;
            }
            return Ok(Some((at, stat(self.mounts, at)?)));
        }
        found.dev = u64::from(at.mount.0);
        Ok(Some((at, found)))
    }

    fn down(&mut self, at: Location, stat: Stat) {
        (self.at, self.stat) = (at, stat);
        self.depth += 1;
    }

    fn up(&mut self) -> Result<()> {
        self.depth = match self.depth.checked_sub(1) {
            None if self.cx.resolve == Resolve::Beneath => return Err(Errno::EPERM),
            depth => depth.unwrap_or(0),
        };
        if self.at == self.cx.root {
            return Ok(());
        }
        self.at = parent(self.mounts, self.at)?;
        self.stat = stat(self.mounts, self.at)?;
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.at = absolute(self.cx)?;
        self.depth = 0;
        self.stat = stat(self.mounts, self.at)?;
        Ok(())
    }

    /// What a symbolic link says.
    fn target(&mut self, link: Location, is_last: bool) -> Result<Vec<u8>> {
        self.links += 1;
        if self.links > SYMLOOP_MAX {
            return Err(Errno::ELOOP);
        }
        let fs = &self.mounts.get(link.mount)?.fs;
        let magic = fs.magic_fd(link.ino);
        if magic.is_some() && self.cx.resolve == Resolve::Beneath {
            return Err(Errno::EPERM);
        }
        if is_last {
            self.met.magic = magic;
        }
        let target = fs.read_link(link.ino)?;
        if target.is_empty() { Err(Errno::ENOENT) } else { Ok(target) }
    }

    fn finish(self, name: Last<'_>, trailing_slash: bool) -> Found<'_> {
        let node = Some((self.at, self.stat));
        Found { dir: self.at, dir_stat: self.stat, name, node, trailing_slash }
    }
}

/// The directory above one, across mounts; the root of the namespace is its own.
pub(crate) fn parent(mounts: &Mounts, mut at: Location) -> Result<Location> {
    loop {
        let mount = mounts.get(at.mount)?;
        if at.ino != mount.fs.root() {
            break;
        }
        match mount.covers {
            Some(covered) => at = covered,
            None => return Ok(at),
        }
    }
    let ino = mounts.get(at.mount)?.fs.parent(at.ino)?;
    Ok(mounts.cross(Location { mount: at.mount, ino }))
}
