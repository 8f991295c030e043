//! What a process should see: maps and vectors, Linux's rules in Linux's order, nothing clever.
//!
//! Written from what the kernel's manual and sources say and held against the host's kernel; it
//! shares no code with [`Vfs`](crate::Vfs) beside the words of the interface. Here is the tree;
//! the path walk is in `model/walk.rs`, calls on paths are in `model/paths.rs`, on open files in
//! `model/files.rs`.

mod files;
mod paths;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use super::op::{Answer, Facts, Op, SLOTS, agree};
use super::session::tick;
use super::walker::{Node, Tree};
use crate::{Access, Errno, FileType, Mode, OFlags, Result, Timestamp};

/// What a filesystem does differently from the model, and is known to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traits {
    /// Times come from the host's clock: only those that were set are known.
    pub host_clock: bool,
    /// Times of the last read are not kept, or by other rules.
    pub no_atime: bool,
    /// Set-user-ID and set-group-ID on what is not a directory answer `EPERM`, as a host's
    /// directory does: they would act outside.
    pub no_setid: bool,
    /// Whether a write takes set-user-ID away depends on who writes, as on Linux, and not on who
    /// opened the file.
    pub writer_drops: bool,
    /// Linux's `fs.protected_hardlinks`: no link to what is another user's, unless it is a
    /// regular file that may be read and written.
    pub protected_hardlinks: bool,
    /// Reading a directory that changes meanwhile may repeat entries and leave some out, as
    /// Linux's tmpfs does.
    pub loose_scans: bool,
    /// Linux's `O_CREAT` in a sticky directory that others may write refuses another user's
    /// links and sockets, whatever `fs.protected_regular` says.
    pub protected_sticky: bool,
}

/// Who a process is. User 0 may do everything.
#[derive(Clone, Copy)]
struct Who {
    uid: u32,
    gid: u32,
}

#[derive(Clone, Debug)]
enum Kind {
    File(Vec<u8>),
    /// Names: the inode, and which entry of all that ever were.
    Dir(BTreeMap<Vec<u8>, (usize, u64)>),
    Link(Vec<u8>),
    Special(FileType),
}

#[derive(Clone, Debug)]
struct Inode {
    kind: Kind,
    mode: Mode,
    uid: u32,
    gid: u32,
    /// Of a directory: where it is, or was.
    parent: usize,
    atime: Option<Timestamp>,
    mtime: Option<Timestamp>,
    ctime: Option<Timestamp>,
}

#[derive(Clone)]
struct Open {
    ino: usize,
    flags: OFlags,
    offset: u64,
    /// Who opened it.
    opener: Who,
    scan: Scan,
}

/// How far a directory has been read.
#[derive(Clone, Default)]
struct Scan {
    started: bool,
    /// Entries that were there at the start.
    due: BTreeSet<u64>,
    seen: BTreeSet<u64>,
}

/// A process and the filesystem that it works on.
pub struct Model {
    traits: Traits,
    inodes: Vec<Inode>,
    entries_made: u64,
    slots: [Option<Open>; SLOTS],
    cwd: usize,
    who: Who,
    umask: Mode,
    clock: Timestamp,
}

const ROOT: usize = 0;

impl Model {
    /// An empty filesystem whose root has the mode 755 and belongs to user 0, who the process is.
    pub fn new(traits: Traits) -> Model {
        let mut model = Model {
            traits,
            inodes: Vec::new(),
            entries_made: 0,
            slots: [const { None }; SLOTS],
            cwd: ROOT,
            who: Who { uid: 0, gid: 0 },
            umask: Mode::new(0o022),
            clock: Timestamp::default(),
        };
        model.new_inode(Kind::Dir(BTreeMap::new()), Mode::new(0o755), 0, ROOT);
        // Who made it, and when, is not known here.
        let root = &mut model.inodes[ROOT];
        (root.atime, root.mtime, root.ctime) = (None, None, None);
        model
    }

    /// Goes on with a filesystem of other traits, on top of the one so far.
    pub fn relax(&mut self, traits: Traits) {
        self.traits = traits;
    }

    /// Goes on with a new process, as [`Model::new`] starts with one.
    pub fn restart(&mut self) {
        self.slots = [const { None }; SLOTS];
        self.cwd = ROOT;
        self.who = Who { uid: 0, gid: 0 };
        self.umask = Mode::new(0o022);
        self.clock = Timestamp::default();
    }

    /// Carries `op` out here too, and says what is wrong with what it answered elsewhere.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&mut self, op: &Op, got: &Result<Answer>) -> Result<(), String> {
        let expected = self.apply(op);
        if !agree(&expected, got) {
            return Err(format!("{got:?}, where {expected:?} is right"));
        }
        match (op, got) {
            (Op::ReadDir { slot, .. }, Ok(Answer::Entries { names, end })) => {
                self.check_entries(*slot, names, *end)
            }
            _ => Ok(()),
        }
    }

    /// Judges a whole tree.
    ///
    /// # Panics
    /// It is not the model's.
    #[track_caller]
    pub fn check_tree(&self, got: &Tree) {
        let expected = self.tree();
        let names: Vec<_> = got.keys().collect();
        assert_eq!(names, expected.keys().collect::<Vec<_>>(), "the paths of the tree");
        for (path, node) in got {
            let right = &expected[path];
            let path = String::from_utf8_lossy(path);
            assert!(
                right.facts.agree(&node.facts),
                "{path:?}: {:?}: {:?}",
                node.facts,
                right.facts
            );
            assert!(right.content == node.content, "content of {path:?}");
            assert_eq!(right.first, node.first, "hard links of {path:?}");
        }
    }

    /// Everything there is.
    fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        let mut todo = vec![(Vec::new(), ROOT)];
        let mut first: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        let mut paths = Vec::new();
        while let Some((path, ino)) = todo.pop() {
            let content = match &self.inodes[ino].kind {
                Kind::File(content) | Kind::Link(content) => content.clone(),
                Kind::Dir(entries) => {
                    for (name, (child, _)) in entries {
                        let slash: &[u8] = if path.is_empty() { b"" } else { b"/" };
                        todo.push(([&path, slash, name].concat(), *child));
                    }
                    Vec::new()
                }
                Kind::Special(_) => Vec::new(),
            };
            let smallest = first.entry(ino).or_insert_with(|| path.clone());
            *smallest = path.clone().min(smallest.clone());
            tree.insert(path.clone(), Node { facts: self.facts(ino), content, first: Vec::new() });
            paths.push((path, ino));
        }
        for (path, ino) in paths {
            if let Some(node) = tree.get_mut(&path) {
                node.first.clone_from(&first[&ino]);
            }
        }
        tree
    }

    /// Now, as far as it can be told.
    fn now(&self) -> Option<Timestamp> {
        if self.traits.host_clock { None } else { Some(self.clock) }
    }

    fn apply(&mut self, op: &Op) -> Result<Answer> {
        self.clock = tick(self.clock);
        // A descriptor is looked at before anything is done.
        for spot in op.spots() {
            self.start(spot)?;
        }
        match op {
            Op::Become { uid } => self.who = Who { uid: *uid, gid: *uid },
            Op::Umask(mode) => self.umask = *mode,
            Op::Chdir(spot) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY;
                let dir = self.open_inode(spot, flags, Mode::empty())?;
                self.permits(dir, Access::EXEC)?;
                self.cwd = dir;
            }
            Op::Open { slot, spot, flags, mode } => {
                let flags = if flags.contains(OFlags::PATH) {
                    *flags & (OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW)
                } else {
                    *flags
                };
                let ino = self.open_inode(spot, flags, *mode)?;
                let opener = self.who;
                let scan = Scan::default();
                self.slots[*slot] = Some(Open { ino, flags, offset: 0, opener, scan });
            }
            Op::Close(slot) => {
                self.slots[*slot].take().ok_or(Errno::EBADF)?;
            }
            op => return self.path_call(op),
        }
        Ok(Answer::Done)
    }

    fn new_inode(&mut self, kind: Kind, mode: Mode, gid: u32, parent: usize) -> usize {
        let now = self.now();
        let uid = self.who.uid;
        self.inodes.push(Inode {
            kind,
            mode,
            uid,
            gid,
            parent,
            atime: now,
            mtime: now,
            ctime: now,
        });
        self.inodes.len() - 1
    }

    fn file_type(&self, ino: usize) -> FileType {
        match &self.inodes[ino].kind {
            Kind::File(_) => FileType::Regular,
            Kind::Dir(_) => FileType::Directory,
            Kind::Link(_) => FileType::Symlink,
            Kind::Special(file_type) => *file_type,
        }
    }

    fn is_dir(&self, ino: usize) -> bool {
        matches!(self.inodes[ino].kind, Kind::Dir(_))
    }

    fn entries(&self, dir: usize) -> &BTreeMap<Vec<u8>, (usize, u64)> {
        static NONE: BTreeMap<Vec<u8>, (usize, u64)> = BTreeMap::new();
        match &self.inodes[dir].kind {
            Kind::Dir(entries) => entries,
            _ => &NONE,
        }
    }

    /// Gives `dir` the entry `name`, instead of what it had under that name.
    fn enter(&mut self, dir: usize, name: &[u8], ino: usize) {
        self.entries_made += 1;
        let serial = self.entries_made;
        if let Kind::Dir(entries) = &mut self.inodes[dir].kind {
            entries.insert(name.to_vec(), (ino, serial));
        }
        if self.is_dir(ino) {
            self.inodes[ino].parent = dir;
        }
    }

    fn leave(&mut self, dir: usize, name: &[u8]) {
        if let Kind::Dir(entries) = &mut self.inodes[dir].kind {
            entries.remove(name);
        }
    }

    /// Whether the inode has no name any more.
    fn is_dead(&self, ino: usize) -> bool {
        self.nlink(ino) == 0
    }

    fn nlink(&self, ino: usize) -> u64 {
        let dirs = || {
            self.inodes.iter().filter_map(|inode| match &inode.kind {
                Kind::Dir(entries) => Some(entries),
                _ => None,
            })
        };
        let names = dirs().flat_map(BTreeMap::values).filter(|(child, _)| *child == ino).count();
        if !self.is_dir(ino) {
            return names as u64;
        }
        if names == 0 && ino != ROOT {
            return 0;
        }
        let below = self.entries(ino).values().filter(|(child, _)| self.is_dir(*child)).count();
        2 + below as u64
    }

    fn facts(&self, ino: usize) -> Facts {
        let inode = &self.inodes[ino];
        let size = match &inode.kind {
            Kind::File(content) | Kind::Link(content) => content.len() as u64,
            _ => 0,
        };
        Facts {
            file_type: self.file_type(ino),
            mode: inode.mode,
            nlink: self.nlink(ino),
            uid: inode.uid,
            gid: inode.gid,
            size,
            atime: if self.traits.no_atime { None } else { inode.atime },
            mtime: inode.mtime,
            ctime: if self.traits.host_clock { None } else { inode.ctime },
        }
    }

    /// The permission bits of an inode against the process.
    fn permits(&self, ino: usize, access: Access) -> Result<()> {
        let inode = &self.inodes[ino];
        let bits = u32::from(inode.mode.bits());
        let granted = if self.who.uid == 0 {
            0o6 | u32::from(self.is_dir(ino) || bits & 0o111 != 0)
        } else if self.who.uid == inode.uid {
            bits >> 6
        } else if self.who.gid == inode.gid {
            bits >> 3
        } else {
            bits
        };
        if access.bits() & !granted == 0 { Ok(()) } else { Err(Errno::EACCES) }
    }

    fn owns(&self, ino: usize) -> bool {
        self.who.uid == 0 || self.who.uid == self.inodes[ino].uid
    }

    /// Metadata changed.
    fn changed(&mut self, ino: usize) {
        self.inodes[ino].ctime = self.now();
    }

    /// Content changed.
    fn modified(&mut self, ino: usize) {
        self.inodes[ino].mtime = self.now();
        self.changed(ino);
    }
}
