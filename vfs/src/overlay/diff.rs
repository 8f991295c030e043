//! What differs between the lower layer and what is seen: as data and as a unified diff.
//!
//! The two trees are walked side by side; a part that has no change is only listed. Not here:
//! doing anything about it (`commit.rs`, `discard.rs`).

use std::collections::{BTreeMap, BTreeSet};

use super::whiteout::Version;
use super::{Changed, Layer, OverlayFs, lower_number};
use crate::{Errno, FileSystem, FileType, Ino, Result, Stat};

/// The largest file of which a line-by-line difference is made.
const TEXT_MAX: u64 = 1 << 20;

/// One difference between the lower layer and what is seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// From the root, without a leading slash; `.` for the root itself.
    pub path: Vec<u8>,
    /// What happened.
    pub kind: ChangeKind,
    /// The type of what is there now; of what was there if it was deleted.
    pub file_type: FileType,
}

/// What happened at a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ChangeKind {
    /// What was there is gone. Each entry of a deleted directory is listed too.
    Deleted,
    /// It was at another path of the lower layer. What is below came along and is not listed.
    Renamed {
        /// Where it was.
        from: Vec<u8>,
    },
    /// The lower layer has nothing there, or something of another type.
    Added,
    /// The content differs, or a symbolic link's target; perhaps the mode too. Or which other
    /// names are the same file.
    Modified,
    /// Only the mode or the owner differs.
    ModeChanged,
}

/// A change and what it takes to carry it out or take it back.
#[derive(Clone)]
pub(super) struct Delta {
    pub(super) change: Change,
    /// What is there now.
    pub(super) ino: Option<Ino>,
    /// The lower inode that was at this path, or that was renamed.
    pub(super) lower: Option<Ino>,
    /// The path that the lower layer has it under.
    pub(super) lower_path: Vec<u8>,
    /// The path at which the lower layer would have it: that of the change but in what was renamed.
    pub(super) place: Vec<u8>,
    /// What the lower layer had when it was changed here; `None`: nothing.
    pub(super) base: Option<Version>,
    /// What a renamed entry was put in the place of, and the path that the lower layer has it under.
    pub(super) replaced: Option<(Vec<u8>, Version)>,
    /// The new path of the renamed directory that it is in.
    pub(super) under: Option<Vec<u8>>,
    /// The directory that it is seen in.
    pub(super) seen_dir: Option<Ino>,
    /// The lower directory that had it, or something else in its place.
    pub(super) lower_dir: Option<Ino>,
    /// Its name in both.
    pub(super) name: Vec<u8>,
    /// The lower directory and the name that it was renamed from.
    pub(super) source: Option<(Ino, Vec<u8>)>,
}

/// A directory of the upper layer alone that stands where the lower layer has one too, or
/// anything else of the upper layer that differs in nothing from what it stands in front of.
#[derive(Clone)]
pub(super) struct Opaque {
    pub(super) path: Vec<u8>,
    /// The path that the lower layer has its own under.
    pub(super) lower_path: Vec<u8>,
    pub(super) seen_dir: Ino,
    pub(super) lower_dir: Option<Ino>,
    pub(super) name: Vec<u8>,
}

impl OverlayFs {
    /// Everything that differs from the lower layer, by path. Times alone are no difference.
    ///
    /// # Errors
    /// What the layers answer while they are read.
    pub fn diff(&self) -> Result<Vec<Change>> {
        Ok(self.deltas()?.0.into_iter().map(|delta| delta.change).collect())
    }

    /// The differences in the order in which they can be shown: by path, then by kind.
    pub(super) fn deltas(&self) -> Result<(Vec<Delta>, Vec<Opaque>)> {
        if self.changed.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut walk = Walk::new(self)?;
        walk.run()?;
        let mut deltas = walk.out;
        deltas.sort_by(|a, b| {
            (&a.change.path, &a.change.kind).cmp(&(&b.change.path, &b.change.kind))
        });
        Ok((deltas, walk.opaque))
    }

    /// A change as text that `patch -p1` and `git apply` read. `None` if it has no content.
    ///
    /// What is not text (a NUL among the first 8,000 bytes) or has more than a mebibyte is only
    /// said to differ.
    ///
    /// # Errors
    /// What the layers answer while they are read.
    pub fn unified_diff(&self, change: &Change) -> Result<Option<Vec<u8>>> {
        let (deltas, _) = self.deltas()?;
        match deltas.iter().find(|delta| delta.change == *change) {
            Some(delta) => self.unified(delta),
            None => Err(Errno::ENOENT),
        }
    }

    /// All changes as one text, in the order of [`diff`](OverlayFs::diff).
    ///
    /// # Errors
    /// What the layers answer while they are read.
    pub fn unified_diffs(&self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        for delta in self.deltas()?.0 {
            all.extend(self.unified(&delta)?.unwrap_or_default());
        }
        Ok(all)
    }

    fn unified(&self, delta: &Delta) -> Result<Option<Vec<u8>>> {
        let Change { path, kind, file_type } = &delta.change;
        if *file_type != FileType::Regular {
            return Ok(None);
        }
        let old = |fs: &OverlayFs| fs.lower_text(delta.lower);
        let new = |fs: &OverlayFs| delta.ino.map_or(Ok(Some(Vec::new())), |ino| text(fs, ino));
        let (before, after) = match kind {
            ChangeKind::Renamed { .. } | ChangeKind::ModeChanged => return Ok(None),
            ChangeKind::Added => (Some(Vec::new()), new(self)?),
            ChangeKind::Deleted => (old(self)?, Some(Vec::new())),
            ChangeKind::Modified => (old(self)?, new(self)?),
        };
        let name = |side: &[u8], path: &[u8]| [side, path].concat();
        let (a, b) = match kind {
            ChangeKind::Added => (b"/dev/null".to_vec(), name(b"b/", path)),
            ChangeKind::Deleted => (name(b"a/", path), b"/dev/null".to_vec()),
            _ => (name(b"a/", &delta.lower_path), name(b"b/", path)),
        };
        let (Some(before), Some(after)) = (before, after) else {
            return Ok(Some(
                [b"Binary files ".as_slice(), &a, b" and ", &b, b" differ\n"].concat(),
            ));
        };
        let mut out = Vec::new();
        let lines = similar::TextDiff::from_lines(before.as_slice(), after.as_slice());
        for hunk in lines.unified_diff().iter_hunks() {
            if out.is_empty() {
                out = [b"--- ".as_slice(), &a, b"\n+++ ", &b, b"\n"].concat();
            }
            hunk.to_writer(&mut out).map_err(|_| Errno::EIO)?;
        }
        Ok(Some(out))
    }

    fn lower_text(&self, lower: Option<Ino>) -> Result<Option<Vec<u8>>> {
        match lower {
            Some(lower) => text(self.lower.as_ref(), lower),
            None => Ok(Some(Vec::new())),
        }
    }
}

/// The content if it is text of a size to be shown.
fn text(fs: &dyn FileSystem, ino: Ino) -> Result<Option<Vec<u8>>> {
    let stat = fs.stat(ino)?;
    if stat.file_type != FileType::Regular || stat.size > TEXT_MAX {
        return Ok(None);
    }
    let mut bytes = vec![0; usize::try_from(stat.size).map_err(|_| Errno::EFBIG)?];
    let mut len = 0;
    while let Some(rest) = bytes.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match fs.read_at(ino, len as u64, rest)? {
            0 => break,
            more => len += more,
        }
    }
    bytes.truncate(len);
    let is_text = !bytes.iter().take(8000).any(|&byte| byte == 0);
    Ok(is_text.then_some(bytes))
}

/// Whether two regular files have the same bytes.
pub(super) fn same_content(a: (&dyn FileSystem, Ino), b: (&dyn FileSystem, Ino)) -> Result<bool> {
    let (mut left, mut right) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut offset = 0;
    loop {
        let (one, two) = (fill(a, offset, &mut left)?, fill(b, offset, &mut right)?);
        if left.get(..one) != right.get(..two) {
            return Ok(false);
        }
        if one == 0 {
            return Ok(true);
        }
        offset += one as u64;
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(from: (&dyn FileSystem, Ino), offset: u64, buf: &mut [u8]) -> Result<usize> {
    let mut len = 0;
    while let Some(rest) = buf.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match from.0.read_at(from.1, offset + len as u64, rest)? {
            0 => break,
            more => len += more,
        }
    }
    Ok(len)
}

/// Two directories to compare: what is seen, and the lower one that it stands for.
struct Pair {
    path: Vec<u8>,
    seen: Option<Ino>,
    lower: Option<Ino>,
    lower_path: Vec<u8>,
    under: Option<Vec<u8>>,
}

/// An entry of a pair; the path is its own.
struct Entry<'a> {
    pair: &'a Pair,
    name: &'a [u8],
    path: Vec<u8>,
    lower_path: Vec<u8>,
}

/// A lower entry that is no longer seen although its inode is.
struct Source {
    path: Vec<u8>,
    dir: Ino,
    name: Vec<u8>,
}

struct Walk<'a> {
    fs: &'a OverlayFs,
    /// Lower inodes that are seen elsewhere than the lower layer has them: under which lower
    /// paths they are no longer seen.
    sources: BTreeMap<Ino, Vec<Source>>,
    /// Lower paths that are the source of a rename.
    taken: BTreeSet<Vec<u8>>,
    /// What is missing although its inode is seen elsewhere: deleted unless its path is taken.
    missing: Vec<Delta>,
    todo: Vec<Pair>,
    opaque: Vec<Opaque>,
    out: Vec<Delta>,
}

impl<'a> Walk<'a> {
    fn new(fs: &'a OverlayFs) -> Result<Walk<'a>> {
        let mut sources: BTreeMap<Ino, Vec<Source>> = BTreeMap::new();
        let hidden = fs.changed.iter().map(|(dir, changed)| (dir, &changed.hidden));
        for (dir, hidden) in hidden.chain(&fs.buried) {
            for (name, hidden) in hidden {
                let lower = hidden.version.ino;
                // It may have come back to where it was, under this name of several.
                if fs.changed.contains_key(dir)
                    && fs.lookup(lower_number(*dir)?, name) == lower_number(lower)
                {
                    continue;
                }
                if fs.changed.get(&lower).is_some_and(|changed| is_listed(fs, changed)) {
                    let path = join(&fs.lower_path(*dir)?, name);
                    let source = Source { path, dir: *dir, name: name.to_vec() };
                    sources.entry(lower).or_default().push(source);
                }
            }
        }
        let (seen, lower) = (Some(fs.root()), Some(fs.lower.root()));
        let root = Pair { path: Vec::new(), seen, lower, lower_path: Vec::new(), under: None };
        Ok(Walk {
            fs,
            sources,
            taken: BTreeSet::new(),
            missing: Vec::new(),
            todo: vec![root],
            opaque: Vec::new(),
            out: Vec::new(),
        })
    }

    fn run(&mut self) -> Result<()> {
        self.root()?;
        while let Some(pair) = self.todo.pop() {
            self.pair(&pair)?;
        }
        let taken = std::mem::take(&mut self.taken);
        let missing = std::mem::take(&mut self.missing);
        self.out.extend(missing.into_iter().filter(|delta| !taken.contains(&delta.lower_path)));
        Ok(())
    }

    fn root(&mut self) -> Result<()> {
        let lower = self.fs.lower.root();
        if let Some(changed) = self.fs.changed.get(&lower) {
            let (seen, below) = (self.fs.stat(self.fs.root())?, self.fs.lower.stat(lower)?);
            if attributes(&seen) != attributes(&below) {
                self.out.push(Delta {
                    change: Change {
                        path: b".".to_vec(),
                        kind: ChangeKind::ModeChanged,
                        file_type: seen.file_type,
                    },
                    ino: Some(seen.ino),
                    lower: Some(lower),
                    lower_path: b".".to_vec(),
                    place: b".".to_vec(),
                    base: Some(changed.version),
                    replaced: None,
                    under: None,
                    seen_dir: None,
                    lower_dir: None,
                    name: Vec::new(),
                    source: None,
                });
            }
        }
        Ok(())
    }

    fn pair(&mut self, pair: &Pair) -> Result<()> {
        let mut entries: BTreeMap<Vec<u8>, (Option<Ino>, Option<Ino>)> = BTreeMap::new();
        if let Some(lower) = pair.lower {
            let same =
                pair.seen == lower_number(lower).ok() && !self.fs.changed.contains_key(&lower);
            self.fs.lower.read_dir(lower, 0, &mut |entry| {
                let seen = if same { lower_number(entry.ino).ok() } else { None };
                // What neither has nor is a change is not worth remembering.
                let dull = same
                    && entry.file_type != FileType::Directory
                    && !self.fs.changed.contains_key(&entry.ino);
                if !dull {
                    entries.insert(entry.name.to_vec(), (seen, Some(entry.ino)));
                }
                true
            })?;
            if same {
                return self.entries(pair, entries);
            }
        }
        if let Some(seen) = pair.seen {
            self.fs.read_dir(seen, 0, &mut |entry| {
                entries.entry(entry.name.to_vec()).or_default().0 = Some(entry.ino);
                true
            })?;
        }
        self.entries(pair, entries)
    }

    fn entries(
        &mut self,
        pair: &Pair,
        entries: BTreeMap<Vec<u8>, (Option<Ino>, Option<Ino>)>,
    ) -> Result<()> {
        for (name, (seen, lower)) in entries {
            let (path, lower_path) = (join(&pair.path, &name), join(&pair.lower_path, &name));
            let entry = Entry { pair, name: &name, path, lower_path };
            match (seen, lower) {
                (None, Some(lower)) => self.gone(&entry, lower)?,
                (Some(seen), None) => self.came(&entry, seen, None)?,
                (Some(seen), Some(lower)) => self.both(&entry, seen, lower)?,
                (None, None) => {}
            }
        }
        Ok(())
    }

    fn both(&mut self, entry: &Entry<'_>, seen: Ino, lower: Ino) -> Result<()> {
        if Ok(seen) == lower_number(lower) {
            return match self.fs.changed.get(&lower) {
                Some(changed) => self.compare(
                    entry,
                    seen,
                    lower,
                    Some(changed.version),
                    entry.pair.under.clone(),
                ),
                None if self.fs.lower.stat(lower)?.is_dir() => {
                    self.descend(
                        entry,
                        Some(seen),
                        Some(lower),
                        &entry.lower_path,
                        entry.pair.under.clone(),
                    );
                    Ok(())
                }
                None => Ok(()),
            };
        }
        let (is, was) = (self.fs.stat(seen)?, self.fs.lower.stat(lower)?);
        let moved_away = self.sources.contains_key(&lower);
        let moved_here = matches!(Layer::of(seen), Layer::Lower(from) if self.has_source(from));
        if is.file_type != was.file_type || moved_away || (moved_here && was.is_dir()) {
            self.gone(entry, lower)?;
            return self.came(entry, seen, None);
        }
        if moved_here {
            let version = self.version(entry, lower)?;
            return self.came(entry, seen, version);
        }
        if is.is_dir() {
            self.stands(entry);
        }
        let version = self.version(entry, lower)?;
        if !is.is_dir() && (is.nlink > 1 || was.nlink > 1) {
            // Even with the same content: other names are, or were, one file with it.
            let kind = ChangeKind::Modified;
            let delta = self.delta(entry, kind, is.file_type, Some(seen), Some(lower), version);
            self.out.push(delta);
            return Ok(());
        }
        let before = self.out.len();
        self.compare(entry, seen, lower, version, entry.pair.under.clone())?;
        if !is.is_dir() && self.out.len() == before {
            self.stands(entry);
        }
        Ok(())
    }

    fn stands(&mut self, entry: &Entry<'_>) {
        if let Some(seen_dir) = entry.pair.seen {
            let (lower_dir, name) = (entry.pair.lower, entry.name.to_vec());
            let (path, lower_path) = (entry.path.clone(), entry.lower_path.clone());
            self.opaque.push(Opaque { path, lower_path, seen_dir, lower_dir, name });
        }
    }

    /// The lower layer's entry is not seen.
    fn gone(&mut self, entry: &Entry<'_>, lower: Ino) -> Result<()> {
        let file_type = self.fs.lower.stat(lower)?.file_type;
        let base = self.version(entry, lower)?;
        let delta = self.delta(entry, ChangeKind::Deleted, file_type, None, Some(lower), base);
        if self.sources.contains_key(&lower) {
            self.missing.push(delta);
            return Ok(());
        }
        self.out.push(delta);
        if file_type == FileType::Directory {
            self.descend(entry, None, Some(lower), &entry.lower_path, entry.pair.under.clone());
        }
        Ok(())
    }

    /// An entry is seen that the lower layer does not have there.
    fn came(&mut self, entry: &Entry<'_>, seen: Ino, replaced: Option<Version>) -> Result<()> {
        let stat = self.fs.stat(seen)?;
        if let Layer::Lower(lower) = Layer::of(seen)
            && let Some(source) = self.sources.get_mut(&lower).and_then(Vec::pop)
        {
            return self.renamed(entry, &stat, lower, source, replaced);
        }
        let delta = self.delta(entry, ChangeKind::Added, stat.file_type, Some(seen), None, None);
        self.out.push(delta);
        if stat.is_dir() {
            self.descend(entry, Some(seen), None, &entry.lower_path, entry.pair.under.clone());
        }
        Ok(())
    }

    /// An entry is seen that the lower layer has elsewhere.
    fn renamed(
        &mut self,
        entry: &Entry<'_>,
        stat: &Stat,
        lower: Ino,
        source: Source,
        replaced: Option<Version>,
    ) -> Result<()> {
        let Source { path: from, dir, name } = source;
        let base = self.fs.changed.get(&lower).map(|changed| changed.version);
        self.taken.insert(from.clone());
        let mut under = entry.pair.under.clone();
        // Its directory may have left the path that it is at again.
        if from != entry.path || entry.pair.lower != Some(dir) {
            let kind = ChangeKind::Renamed { from: from.clone() };
            let mut delta =
                self.delta(entry, kind, stat.file_type, Some(stat.ino), Some(lower), base);
            (delta.lower_path, delta.replaced, delta.source) = (
                from.clone(),
                replaced.map(|version| (entry.lower_path.clone(), version)),
                Some((dir, name)),
            );
            self.out.push(delta);
            under = Some(entry.path.clone());
        }
        let moved = Entry { lower_path: from, path: entry.path.clone(), ..*entry };
        self.compare(&moved, stat.ino, lower, base, under)
    }

    /// Compares two inodes of one type, and goes on with their entries.
    fn compare(
        &mut self,
        entry: &Entry<'_>,
        seen: Ino,
        lower: Ino,
        base: Option<Version>,
        under: Option<Vec<u8>>,
    ) -> Result<()> {
        // A file that the lower layer lost meanwhile is seen as it was changed.
        let below = self.fs.lower.stat(lower);
        let stat = match (self.fs.stat(seen), &below) {
            (Err(_), Err(_)) => return Ok(()),
            (stat, _) => stat?,
        };
        if stat.is_dir() {
            self.descend(entry, Some(seen), Some(lower), &entry.lower_path, under);
        }
        let kind = match below {
            Err(_) => ChangeKind::Modified,
            Ok(below) if !self.same(&stat, lower, &below)? => ChangeKind::Modified,
            Ok(below) if attributes(&stat) != attributes(&below) => ChangeKind::ModeChanged,
            Ok(_) => return Ok(()),
        };
        let mut delta = self.delta(entry, kind, stat.file_type, Some(seen), Some(lower), base);
        delta.lower_path = entry.lower_path.clone();
        self.out.push(delta);
        Ok(())
    }

    /// Whether two inodes of one type have the same content.
    fn same(&self, seen: &Stat, lower: Ino, below: &Stat) -> Result<bool> {
        let fs = self.fs;
        match seen.file_type {
            FileType::Regular if seen.size != below.size => Ok(false),
            FileType::Regular => {
                let shared = std::ptr::addr_eq(fs.content(seen.ino).0, fs.lower.as_ref());
                Ok(shared && fs.content(seen.ino).1 == lower
                    || same_content((fs, seen.ino), (fs.lower.as_ref(), lower))?)
            }
            FileType::Symlink => Ok(fs.read_link(seen.ino)? == fs.lower.read_link(lower)?),
            _ => Ok(seen.rdev == below.rdev),
        }
    }

    fn has_source(&self, lower: Ino) -> bool {
        self.sources.get(&lower).is_some_and(|paths| !paths.is_empty())
    }

    /// The version of a lower entry: as it was when it was hidden here, or else as it is.
    ///
    /// `None`: it was not there when its name was taken here, so somebody else made it since.
    fn version(&self, entry: &Entry<'_>, lower: Ino) -> Result<Option<Version>> {
        let known = entry.pair.lower.and_then(|dir| self.fs.hidden(dir, entry.name));
        if known.is_none() && self.is_late(entry, lower) {
            return Ok(None);
        }
        match known.or_else(|| self.fs.changed.get(&lower).map(|changed| changed.version)) {
            Some(version) => Ok(Some(version)),
            None => Ok(Some(Version::of(&self.fs.lower.stat(lower)?))),
        }
    }

    /// Whether a merged directory lists something else under the name of a lower entry that it
    /// does not hide.
    fn is_late(&self, entry: &Entry<'_>, lower: Ino) -> bool {
        let (Some(seen_dir), Some(lower_dir)) = (entry.pair.seen, entry.pair.lower) else {
            return false;
        };
        Ok(seen_dir) == lower_number(lower_dir)
            && self
                .fs
                .lookup(seen_dir, entry.name)
                .is_ok_and(|seen| Ok(seen) != lower_number(lower))
    }

    fn descend(
        &mut self,
        entry: &Entry<'_>,
        seen: Option<Ino>,
        lower: Option<Ino>,
        lower_path: &[u8],
        under: Option<Vec<u8>>,
    ) {
        self.todo.push(Pair {
            path: entry.path.clone(),
            seen,
            lower,
            lower_path: lower_path.to_vec(),
            under,
        });
    }

    fn delta(
        &self,
        entry: &Entry<'_>,
        kind: ChangeKind,
        file_type: FileType,
        ino: Option<Ino>,
        lower: Option<Ino>,
        base: Option<Version>,
    ) -> Delta {
        Delta {
            change: Change { path: entry.path.clone(), kind, file_type },
            ino,
            lower,
            lower_path: entry.lower_path.clone(),
            place: entry.lower_path.clone(),
            base,
            replaced: None,
            under: entry.pair.under.clone(),
            seen_dir: entry.pair.seen,
            lower_dir: entry.pair.lower,
            name: entry.name.to_vec(),
            source: None,
        }
    }
}

/// Whether an upper directory lists the stub: then it may be seen elsewhere than below.
fn is_listed(fs: &OverlayFs, changed: &Changed) -> bool {
    changed.moved
        || changed.version.file_type != FileType::Directory
            && fs.upper.stat(changed.upper).is_ok_and(|stat| stat.nlink > 1)
}

fn attributes(stat: &Stat) -> (u32, u32, u32) {
    (stat.st_mode(), stat.uid, stat.gid)
}

/// A path and one more component.
pub(super) fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}

impl OverlayFs {
    /// The version of a lower entry when it was hidden, be its directory still there or not.
    fn hidden(&self, dir: Ino, name: &[u8]) -> Option<Version> {
        let changed = self.changed.get(&dir).map(|changed| &changed.hidden);
        let hidden = changed.and_then(|hidden| hidden.get(name));
        hidden.or_else(|| self.buried.get(&dir)?.get(name)).map(|hidden| hidden.version)
    }

    /// The path that the lower layer has a directory under.
    fn lower_path(&self, dir: Ino) -> Result<Vec<u8>> {
        let mut names = Vec::new();
        let mut at = dir;
        while at != self.lower.root() {
            let parent = self.lower.parent(at)?;
            let mut found = None;
            self.lower.read_dir(parent, 0, &mut |entry| {
                if entry.ino == at {
                    found = Some(entry.name.to_vec());
                }
                found.is_none()
            })?;
            names.push(found.ok_or(Errno::ESTALE)?);
            if parent == at || names.len() > super::number::DEPTH_MAX {
                return Err(Errno::ELOOP);
            }
            at = parent;
        }
        names.reverse();
        Ok(names.join(&b'/'))
    }
}
