//! Applying changes to the directory that they were made over.
//!
//! Everything is compared with the version that was first seen before anything is done. Then
//! renamed entries step aside, deleted ones go, and the rest is put in place from the root down:
//! a file is written under a name of its own and renamed, so that nobody ever sees half of it.
//! What is compared is in `commit/check.rs`.

mod check;

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Change, ChangeKind, Delta, same_content};
use super::{Data, Layer, OverlayFs};
use crate::{
    Errno, FileSystem, FileType, Ino, NewInode, RenameFlags, Result, SetStat, Stat, Timestamp,
};
use check::is_in;

/// Which of the changes.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// Every one.
    All,
    /// Those at these paths and below them. What they stand in, if it is new, comes along.
    Paths(&'a [&'a [u8]]),
}

impl Selection<'_> {
    /// Whether the path was chosen.
    pub(super) fn has(&self, path: &[u8]) -> bool {
        match self {
            Selection::All => true,
            Selection::Paths(paths) => paths.iter().any(|chosen| is_below(path, chosen)),
        }
    }
}

/// Whether `path` is `top` or below it.
pub(super) fn is_below(path: &[u8], top: &[u8]) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
}

/// What became of a commit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Commit {
    /// The changes that were applied.
    pub applied: Vec<Change>,
    /// Those that were not. What stood at their paths is as it was.
    pub conflicts: Vec<Conflict>,
}

/// A change that was not applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// Which.
    pub change: Change,
    /// Why.
    pub reason: Refusal,
}

/// Why a change was not applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// What is there is not what was there when it was changed here; or something is, and
    /// nothing was.
    ChangedMeanwhile,
    /// It could not be done.
    Failed(Errno),
}

/// The changes of `all` that were chosen, with the new directories that they stand in.
pub(super) fn select(
    all: Vec<Delta>,
    selection: Selection<'_>,
    with: fn(&ChangeKind) -> bool,
) -> Vec<Delta> {
    let chosen: Vec<Vec<u8>> = all
        .iter()
        .map(|delta| &delta.change.path)
        .filter(|path| selection.has(path))
        .cloned()
        .collect();
    let needed = |delta: &Delta| {
        let path = &delta.change.path;
        selection.has(path)
            || with(&delta.change.kind) && chosen.iter().any(|below| is_below(below, path))
    };
    all.into_iter().filter(needed).collect()
}

impl OverlayFs {
    /// Applies changes to `target`: the directory of the lower layer, opened for writing. What was
    /// applied is then no change any more.
    ///
    /// A path is refused, and left alone, if `target` has another version of it than the lower
    /// layer had when it was first changed here: told by inode, size and times. Each file is
    /// replaced as a whole. Modes and times of change are kept, owners where `target` lets us.
    ///
    /// Once no change is left, all is as `target` has it, times and numbers of links too. As long as
    /// one is left in a new directory, that directory stays the upper layer's, and names in it of
    /// files that are linked elsewhere are files of their own. Open files stay what they are.
    ///
    /// # Errors
    /// What the layers answer while the changes are looked for. What goes wrong with one path is
    /// in the [`Commit`].
    pub fn commit(
        &mut self,
        target: &mut dyn FileSystem,
        selection: Selection<'_>,
        now: Timestamp,
    ) -> Result<Commit> {
        let structural =
            |kind: &ChangeKind| matches!(kind, ChangeKind::Added | ChangeKind::Renamed { .. });
        self.keep_open()?;
        let (all, opaque) = self.deltas()?;
        let chosen = select(all.clone(), selection, structural);
        let mut apply = Apply {
            fs: self,
            target,
            now,
            staged: BTreeMap::new(),
            written: BTreeMap::new(),
            serial: 0,
        };
        let as_noted = apply.as_noted(&all);
        let (sound, mut conflicts) = apply.check(chosen);
        let (applied, failed) = apply.run(&sound);
        conflicts.extend(failed);
        let left: Vec<Delta> = all
            .into_iter()
            .filter(|delta| !applied.iter().any(|done| done.change == delta.change))
            .collect();
        self.settle(&applied, &opaque, &left, now);
        let retimed = |delta: &&Delta| delta.change.kind == ChangeKind::ModeChanged;
        let retimed = applied.iter().filter(retimed).filter_map(|delta| delta.lower).collect();
        self.note_again(&as_noted, &retimed);
        let applied = applied.into_iter().map(|delta| delta.change).collect();
        Ok(Commit { applied, conflicts })
    }

    /// Takes the content of what is open but has no name: below it is about to go.
    fn keep_open(&mut self) -> Result<()> {
        let nameless = |lower: &Ino| self.changed.get(lower).is_some_and(|it| it.links == 0);
        let open: Vec<Ino> = self.pins.keys().copied().filter(nameless).collect();
        open.into_iter().try_for_each(|lower| self.raise_content(lower).map(drop))
    }
}

struct Apply<'a> {
    fs: &'a OverlayFs,
    target: &'a mut dyn FileSystem,
    now: Timestamp,
    /// Renamed entries that have stepped aside, by the path that they left.
    staged: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Files that were written, by our number: their further names are links.
    written: BTreeMap<Ino, Ino>,
    serial: u64,
}

impl Apply<'_> {
    fn run(&mut self, deltas: &[Delta]) -> (Vec<Delta>, Vec<Conflict>) {
        let mut results: Vec<Result<()>> = vec![Ok(()); deltas.len()];
        let is = |index: usize, test: fn(&ChangeKind) -> bool| {
            deltas.get(index).is_some_and(|d| test(&d.change.kind))
        };
        let mut order: Vec<usize> = (0..deltas.len()).collect();
        // What is renamed steps aside, the deepest first; then what is deleted goes.
        order.sort_by(|&a, &b| lower_path(deltas, b).cmp(lower_path(deltas, a)));
        let renamed: Vec<usize> = order
            .iter()
            .copied()
            .filter(|&n| is(n, |kind| matches!(kind, ChangeKind::Renamed { .. })))
            .collect();
        let deleted: Vec<usize> = order
            .into_iter()
            .filter(|&n| is(n, |kind| matches!(kind, ChangeKind::Deleted)))
            .collect();
        let placed: Vec<usize> = (0..deltas.len())
            .filter(|&n| !is(n, |kind| matches!(kind, ChangeKind::Deleted)))
            .collect();
        let steps = renamed.into_iter().map(|n| (n, Step::Aside));
        // Where the lower layer has them: so before a renamed directory above is put in place,
        // but after it stepped aside. Those inside one go while it is aside.
        let steps = steps.chain(deleted.into_iter().map(|n| (n, Step::Delete)));
        for (index, step) in steps {
            let (Some(delta), Some(result)) = (deltas.get(index), results.get_mut(index)) else {
                continue;
            };
            if result.is_ok() {
                *result = match step {
                    Step::Aside => self.step_aside(&delta.lower_path),
                    Step::Delete => self.delete(delta),
                };
            }
        }
        let mut missing = self.make_way(deltas, &mut results);
        for index in placed {
            let (Some(delta), Some(result)) = (deltas.get(index), results.get_mut(index)) else {
                continue;
            };
            if result.is_ok() {
                let lost = is_in(delta, &missing);
                *result = if lost { Err(Errno::ENOENT) } else { self.place(delta) };
            }
            if result.is_err() && delta.comes() {
                missing.insert(delta.change.path.clone());
            }
        }
        for from in self.staged.keys().cloned().collect::<Vec<_>>() {
            self.give_back(&from);
        }
        let (mut applied, mut failed) = (Vec::new(), Vec::new());
        for (delta, result) in deltas.iter().zip(results) {
            match result {
                Ok(()) => applied.push(delta.clone()),
                Err(errno) => {
                    failed.push(Conflict {
                        change: delta.change.clone(),
                        reason: Refusal::Failed(errno),
                    });
                }
            }
        }
        (applied, failed)
    }

    /// A name that the directory does not have.
    fn fresh(&mut self, dir: Ino) -> Result<Vec<u8>> {
        for _ in 0..1000 {
            self.serial += 1;
            let name = format!(".agentos-commit-{}", self.serial).into_bytes();
            match self.target.lookup(dir, &name) {
                Err(Errno::ENOENT) => return Ok(name),
                Ok(_) => {}
                Err(errno) => return Err(errno),
            }
        }
        Err(Errno::EEXIST)
    }

    fn step_aside(&mut self, from: &[u8]) -> Result<()> {
        let (dir, name) = locate(self.target, from)?;
        let root = self.target.root();
        let aside = self.fresh(root)?;
        self.target.rename((dir, name), (root, &aside), RenameFlags::NOREPLACE, self.now)?;
        self.staged.insert(from.to_vec(), aside);
        Ok(())
    }

    /// What finds its path taken, since something could not leave it, does not come, and goes back
    /// while its own path is free. Returns the paths that have something else, or nothing.
    fn make_way(&mut self, deltas: &[Delta], results: &mut [Result<()>]) -> BTreeSet<Vec<u8>> {
        let mut missing = BTreeSet::new();
        loop {
            let before = missing.len();
            for (delta, result) in deltas.iter().zip(results.iter_mut()) {
                let path = match &delta.under {
                    Some(_) => self.aside(&delta.place),
                    None => delta.change.path.clone(),
                };
                let taken = delta.comes() && delta.replaced.is_none() && self.find(&path).is_ok();
                if result.is_ok() && (taken || is_in(delta, &missing)) {
                    *result = Err(if taken { Errno::EEXIST } else { Errno::ENOENT });
                }
                if result.is_err() && delta.comes() {
                    missing.insert(delta.change.path.clone());
                    self.give_back(&delta.lower_path);
                }
            }
            if missing.len() == before {
                return missing;
            }
        }
    }

    /// Puts back what stepped aside from a path and finds no place.
    fn give_back(&mut self, from: &[u8]) {
        let Some(aside) = self.staged.remove(from) else { return };
        let (root, path) = (self.target.root(), self.aside(from));
        if let Ok((dir, name)) = locate(self.target, &path) {
            let back = RenameFlags::NOREPLACE;
            let _ = self.target.rename((root, &aside), (dir, name), back, self.now);
        }
    }

    /// A lower path as it is now that some directories have stepped aside.
    fn aside(&self, lower_path: &[u8]) -> Vec<u8> {
        let above = self
            .staged
            .iter()
            .filter(|(from, _)| is_below(lower_path, from) && lower_path != **from);
        match above.max_by_key(|(from, _)| from.len()) {
            Some((from, aside)) => {
                [aside, lower_path.get(from.len()..).unwrap_or_default()].concat()
            }
            None => lower_path.to_vec(),
        }
    }

    fn delete(&mut self, delta: &Delta) -> Result<()> {
        let path = self.aside(&delta.lower_path);
        let (dir, name) = locate(self.target, &path)?;
        if delta.change.file_type == FileType::Directory {
            self.target.rmdir(dir, name, self.now)
        } else {
            self.target.unlink(dir, name, self.now)
        }
    }

    fn place(&mut self, delta: &Delta) -> Result<()> {
        let path = &delta.change.path;
        let ino = delta.ino.ok_or(Errno::ENOENT)?;
        match &delta.change.kind {
            ChangeKind::Deleted => Ok(()),
            ChangeKind::ModeChanged => {
                let to = self.find(path)?;
                self.attributes(ino, to)
            }
            ChangeKind::Renamed { from } => {
                let aside = self.staged.get(from).ok_or(Errno::ENOENT)?.clone();
                let (dir, name) = locate(self.target, path)?;
                let flags = if delta.replaced.is_some() {
                    RenameFlags::empty()
                } else {
                    RenameFlags::NOREPLACE
                };
                let root = self.target.root();
                self.target.rename((root, &aside), (dir, name), flags, self.now)?;
                self.staged.remove(from);
                Ok(())
            }
            ChangeKind::Added | ChangeKind::Modified => {
                let (dir, name) = locate(self.target, path)?;
                self.write(ino, dir, name, delta.change.kind == ChangeKind::Added)
            }
        }
    }

    /// Makes `name` of `dir` what our `ino` is.
    fn write(&mut self, ino: Ino, dir: Ino, name: &[u8], added: bool) -> Result<()> {
        let stat = self.fs.stat(ino)?;
        let new = NewInode { mode: stat.mode, uid: stat.uid, gid: stat.gid, now: self.now };
        if stat.is_dir() {
            return self.target.mkdir(dir, name, &new).map(|_| ());
        }
        let temp = self.fresh(dir)?;
        let known = self.written.get(&ino).copied().or_else(|| self.same_below(ino, &stat));
        let made = match known {
            Some(known) => self.target.link(known, dir, &temp, self.now),
            None => self.write_new(ino, dir, &temp, &new),
        };
        let flags = if added { RenameFlags::NOREPLACE } else { RenameFlags::empty() };
        let put =
            made.and_then(|()| self.target.rename((dir, &temp), (dir, name), flags, self.now));
        if put.is_err() {
            let _ = self.target.unlink(dir, &temp, self.now);
        }
        put?;
        if stat.nlink > 1 {
            let to = self.target.lookup(dir, name)?;
            self.written.insert(ino, to);
        }
        Ok(())
    }

    /// The target's file of which `ino` is one more name, unchanged.
    ///
    /// Its other names are not known here, so they are looked for: a backend may have to see an
    /// inode before it can link it.
    fn same_below(&self, ino: Ino, stat: &Stat) -> Option<Ino> {
        let Layer::Lower(lower) = Layer::of(ino) else { return None };
        let changed = self.fs.changed.get(&lower)?;
        if stat.nlink < 2 {
            return None;
        }
        let mut todo = vec![self.target.root()];
        let mut found = false;
        while let Some(dir) = todo.pop().filter(|_| !found) {
            let read = self.target.read_dir(dir, 0, &mut |entry| {
                found = entry.ino == lower;
                if entry.file_type == FileType::Directory {
                    todo.push(entry.ino);
                }
                !found
            });
            read.ok()?;
        }
        let there = self.target.stat(lower).ok().filter(|_| found)?;
        // The mode may be about to change: that is a change of its own.
        let alike = (there.file_type, there.size) == (stat.file_type, stat.size);
        let written = stat.file_type == FileType::Regular && changed.data == Data::Upper;
        if written && !same_content((self.fs, ino), (self.target, lower)).ok()? {
            return None;
        }
        (alike && there.ino == changed.version.ino).then_some(lower)
    }

    fn write_new(&mut self, ino: Ino, dir: Ino, temp: &[u8], new: &NewInode) -> Result<()> {
        let stat = self.fs.stat(ino)?;
        let to = match stat.file_type {
            FileType::Symlink => self.target.symlink(dir, temp, &self.fs.read_link(ino)?, new)?,
            file_type => self.target.create(dir, temp, file_type, stat.rdev, new)?,
        };
        let regular = stat.file_type == FileType::Regular;
        if regular {
            self.copy(ino, to)?;
        }
        self.attributes(ino, to)?;
        if regular { self.target.sync(to) } else { Ok(()) }
    }

    fn copy(&mut self, ino: Ino, to: Ino) -> Result<()> {
        let mut buf = vec![0; 64 * 1024];
        let mut offset = 0;
        loop {
            let len = self.fs.read_at(ino, offset, &mut buf)?;
            let mut part = buf.get(..len).unwrap_or_default();
            if part.is_empty() {
                return Ok(());
            }
            while !part.is_empty() {
                let written = self.target.write_at(to, offset, part, self.now)?;
                if written == 0 {
                    return Err(Errno::ENOSPC);
                }
                offset += written as u64;
                part = part.get(written..).unwrap_or_default();
            }
        }
    }

    /// Mode and time of change; the owner where it can be had.
    fn attributes(&mut self, ino: Ino, to: Ino) -> Result<()> {
        let (stat, there) = (self.fs.stat(ino)?, self.target.stat(to)?);
        if (stat.uid, stat.gid) != (there.uid, there.gid) {
            let owner = SetStat { uid: Some(stat.uid), gid: Some(stat.gid), ..SetStat::default() };
            match self.target.set_stat(to, &owner, self.now) {
                Ok(()) | Err(Errno::EPERM) => {}
                Err(errno) => return Err(errno),
            }
        }
        let mode = (there.file_type != FileType::Symlink).then_some(stat.mode);
        let rest = SetStat { mode, mtime: Some(stat.mtime), ..SetStat::default() };
        self.target.set_stat(to, &rest, self.now)
    }
}

/// What is done first with a change, in this order.
#[derive(Clone, Copy)]
enum Step {
    Aside,
    Delete,
}

fn lower_path(deltas: &[Delta], index: usize) -> &[u8] {
    deltas.get(index).map_or(&[], |delta| &delta.lower_path)
}

/// The inode at a path, following nothing.
pub(super) fn find(fs: &dyn FileSystem, path: &[u8]) -> Result<Ino> {
    let names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty() && *name != b".");
    names.into_iter().try_fold(fs.root(), |dir, name| fs.lookup(dir, name))
}

/// The directory that has a path, and the last component.
pub(super) fn locate<'a>(fs: &dyn FileSystem, path: &'a [u8]) -> Result<(Ino, &'a [u8])> {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => {
            let (dir, name) = path.split_at(slash);
            Ok((find(fs, dir)?, name.get(1..).unwrap_or_default()))
        }
        None => Ok((fs.root(), path)),
    }
}
