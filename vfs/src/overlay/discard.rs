//! Taking changes back, and forgetting those that the lower layer has by now.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::{Selection, find, is_below, select};
use super::copy_up::stub_name;
use super::diff::{Change, ChangeKind, Delta, Opaque};
use super::{Changed, Data, Layer, OverlayFs, lower_number};
use crate::{Errno, FileSystem, FileType, Ino, RenameFlags, Result, SetStat, Timestamp};

impl OverlayFs {
    /// Takes changes back: what is seen at their paths is the lower layer's again. Returns them.
    ///
    /// Of a deleted directory all below comes back with it. Open files stay what they are.
    ///
    /// # Errors
    /// What the layers answer while the changes are looked for or taken back.
    pub fn discard(&mut self, selection: Selection<'_>, now: Timestamp) -> Result<Vec<Change>> {
        let (all, opaque) = self.deltas()?;
        let chosen = select(all, selection, |kind| matches!(kind, ChangeKind::Deleted));
        let opaque: Vec<Opaque> =
            opaque.into_iter().filter(|dir| selection.has(&dir.path)).collect();
        self.undo(&chosen, &opaque, &BTreeSet::new(), now)?;
        if matches!(selection, Selection::All) {
            self.restore_rest(now);
        }
        Ok(chosen.into_iter().map(|delta| delta.change).collect())
    }

    /// Forgets changes that were applied. A new directory in which some were not stays as it is
    /// here: it differs from the lower one only in those.
    pub(super) fn settle(
        &mut self,
        applied: &[Delta],
        opaque: &[Opaque],
        left: &[Delta],
        now: Timestamp,
    ) {
        for delta in applied.iter().filter(|delta| delta.change.kind != ChangeKind::Deleted) {
            // A host only knows an inode by the name that it was last seen under.
            let _ = find(&*self.lower, &delta.change.path);
        }
        let stands = |path: &[u8]| left.iter().any(|delta| is_below(&delta.change.path, path));
        let added = applied
            .iter()
            .filter(|delta| {
                delta.change.kind == ChangeKind::Added
                    && delta.change.file_type == FileType::Directory
            })
            .map(|delta| &delta.change.path);
        let opaque_stands = |dir: &&Opaque| {
            let came_from = |delta: &Delta| is_below(&delta.lower_path, &dir.lower_path);
            stands(&dir.path) || left.iter().any(came_from)
        };
        let kept: Vec<Vec<u8>> = added
            .filter(|path| stands(path))
            .chain(opaque.iter().filter(opaque_stands).map(|dir| &dir.path))
            .cloned()
            .collect();
        let keep = |path: &[u8]| kept.iter().any(|dir| is_below(path, dir));
        let (stay, settled): (Vec<Delta>, Vec<Delta>) =
            applied.iter().cloned().partition(|delta| keep(&delta.change.path));
        // One that differs in nothing is a change in itself as long as others are left.
        let touched = |dir: &&Opaque| {
            left.is_empty() || settled.iter().any(|delta| is_below(&delta.change.path, &dir.path))
        };
        let opaque: Vec<Opaque> =
            opaque.iter().filter(|dir| !keep(&dir.path)).filter(touched).cloned().collect();
        // What cannot be forgotten is seen as it was applied, so nothing is lost.
        let also: BTreeSet<Ino> = left.iter().filter_map(|delta| delta.lower).collect();
        let _ = self.undo(&settled, &opaque, &also, now);
        self.stay(&stay);
        let _ = self.recount();
        for lower in settled.iter().filter_map(|delta| delta.lower) {
            self.drop_if_idle(lower, now);
        }
        if left.is_empty() {
            self.restore_rest(now);
        }
    }

    /// Leaves changes that were applied here all the same: what they hid is gone below, and they
    /// stand in front of what came instead.
    fn stay(&mut self, deltas: &[Delta]) {
        for delta in deltas {
            let place = delta.lower_dir.map(|dir| (dir, &delta.name));
            let source = delta.source.as_ref().map(|(dir, name)| (*dir, name));
            for (dir, name) in place.into_iter().chain(source) {
                let hidden = match self.changed.get_mut(&dir) {
                    Some(changed) => Some(&mut changed.hidden),
                    None => self.buried.get_mut(&dir),
                };
                if let Some(hidden) = hidden {
                    hidden.remove(name.as_slice());
                }
            }
        }
        for delta in deltas {
            if let Some(dir) = delta.seen_dir
                && self.upper_of(dir).is_some_and(|dir| self.upper.lookup(dir, &delta.name).is_ok())
                && let Ok(hidden) = self.to_hide(dir, &delta.name)
            {
                self.hide(&delta.name, hidden);
            }
        }
    }

    /// Counts the names of changed files anew: by now the lower layer has others than before.
    fn recount(&mut self) -> Result<()> {
        let is_file = |changed: &Changed| changed.version.file_type != FileType::Directory;
        let files = self.changed.iter().filter(|(_, changed)| is_file(changed));
        let mut names: BTreeMap<Ino, u64> = files.map(|(lower, _)| (*lower, 0)).collect();
        let mut todo = if names.is_empty() { Vec::new() } else { vec![self.root()] };
        while let Some(dir) = todo.pop() {
            self.read_dir(dir, 0, &mut |entry| {
                match Layer::of(entry.ino) {
                    _ if entry.file_type == FileType::Directory => todo.push(entry.ino),
                    Layer::Lower(lower) => {
                        if let Some(count) = names.get_mut(&lower) {
                            *count += 1;
                        }
                    }
                    Layer::Upper(_) => {}
                }
                true
            })?;
        }
        for (lower, links) in names {
            if let Some(changed) = self.changed.get_mut(&lower) {
                changed.links = links;
            }
        }
        Ok(())
    }

    /// Undoes changes; not of the lower inodes `kept`, which have others that stay.
    fn undo(
        &mut self,
        deltas: &[Delta],
        opaque: &[Opaque],
        kept: &BTreeSet<Ino>,
        now: Timestamp,
    ) -> Result<()> {
        for delta in deltas.iter().rev() {
            if let ChangeKind::Renamed { .. } = delta.change.kind {
                self.undo_rename(delta, now)?;
            }
        }
        for delta in deltas.iter().rev().filter(|delta| delta.change.kind == ChangeKind::Added) {
            self.remove_above(delta.seen_dir, &delta.name, now)?;
        }
        for delta in deltas.iter().filter(|delta| delta.change.kind == ChangeKind::Deleted) {
            self.bring_back(delta, now)?;
        }
        for delta in deltas {
            if matches!(delta.change.kind, ChangeKind::Modified | ChangeKind::ModeChanged) {
                self.undo_change(delta, kept, now)?;
            }
        }
        for dir in opaque.iter().rev() {
            self.remove_above(Some(dir.seen_dir), &dir.name, now)?;
            if let Some(lower) = dir.lower_dir {
                self.unhide(lower, &dir.name);
            }
        }
        Ok(())
    }

    fn undo_rename(&mut self, delta: &Delta, now: Timestamp) -> Result<()> {
        let (Some(lower), Some(dir)) =
            (delta.lower, delta.seen_dir.and_then(|dir| self.upper_of(dir)))
        else {
            return Ok(());
        };
        if delta.change.file_type == FileType::Directory {
            let kept = (self.upper.root(), stub_name(lower));
            self.upper.rename(
                (dir, &delta.name),
                (kept.0, &kept.1),
                RenameFlags::NOREPLACE,
                now,
            )?;
            if let Some(changed) = self.changed.get_mut(&lower) {
                changed.moved = false;
            }
        } else {
            self.upper.unlink(dir, &delta.name, now)?;
            self.see_stub(lower);
            if let Some(changed) = self.changed.get_mut(&lower) {
                changed.links = changed.links.saturating_sub(1);
            }
        }
        if let Some((from, name)) = &delta.source {
            self.unhide(*from, name);
        }
        if let (Some(_), Some(lower_dir)) = (&delta.replaced, delta.lower_dir) {
            self.unhide(lower_dir, &delta.name);
        }
        Ok(())
    }

    /// Removes what the upper directory of `dir` lists as `name`, with all below.
    fn remove_above(&mut self, dir: Option<Ino>, name: &[u8], now: Timestamp) -> Result<()> {
        let Some(dir) = dir.and_then(|dir| self.upper_of(dir)) else { return Ok(()) };
        let top = match self.upper.lookup(dir, name) {
            Ok(top) => top,
            Err(Errno::ENOENT | Errno::ESTALE) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        let mut todo = vec![(dir, name.to_vec(), top)];
        let mut order = Vec::new();
        while let Some((dir, name, ino)) = todo.pop() {
            if self.upper.stat(ino)?.is_dir() {
                self.upper.read_dir(ino, 0, &mut |entry| {
                    todo.push((ino, entry.name.to_vec(), entry.ino));
                    true
                })?;
            }
            order.push((dir, name, ino));
        }
        for (dir, name, ino) in order.into_iter().rev() {
            let lower = self.origin.get(&ino).copied();
            if self.upper.stat(ino)?.is_dir() {
                self.upper.rmdir(dir, &name, now)?;
            } else {
                self.upper.unlink(dir, &name, now)?;
            }
            if let Some(lower) = lower {
                self.drop_link(lower, now);
            }
        }
        Ok(())
    }

    /// Makes a deleted lower entry seen again.
    fn bring_back(&mut self, delta: &Delta, now: Timestamp) -> Result<()> {
        let (Some(lower), Some(lower_dir)) = (delta.lower, delta.lower_dir) else { return Ok(()) };
        match delta.seen_dir.map(|dir| (dir, Layer::of(dir))) {
            // In a directory that was made anew: listed in it.
            Some((dir, Layer::Upper(_))) => self.list_again(dir, &delta.name, lower, now),
            _ => {
                self.unhide(lower_dir, &delta.name);
                Ok(())
            }
        }
    }

    /// Lists a lower inode in an upper directory, without copying anything.
    fn list_again(&mut self, dir: Ino, name: &[u8], lower: Ino, now: Timestamp) -> Result<()> {
        let Layer::Upper(into) = Layer::of(dir) else { return Ok(()) };
        if self.lower.stat(lower).is_err() {
            return Ok(());
        }
        let known = self.changed.contains_key(&lower);
        let stub = self.raise(lower)?;
        if self.upper.stat(stub)?.is_dir() {
            let kept = (self.upper.root(), stub_name(lower));
            self.upper.rename((kept.0, &kept.1), (into, name), RenameFlags::NOREPLACE, now)?;
            if let Some(changed) = self.changed.get_mut(&lower) {
                changed.moved = true;
            }
            Ok(())
        } else {
            self.upper.link(stub, into, name, now)?;
            if known {
                self.count_link(lower);
            }
            Ok(())
        }
    }

    fn undo_change(&mut self, delta: &Delta, kept: &BTreeSet<Ino>, now: Timestamp) -> Result<()> {
        let (Some(seen), Some(lower)) = (delta.ino, delta.lower) else { return Ok(()) };
        if Ok(seen) == lower_number(lower) {
            if !kept.contains(&lower) {
                self.restore(lower, now);
            }
            return self.unlist(delta, lower, now);
        }
        if delta.change.file_type == FileType::Directory {
            return match (self.upper_of(seen), self.lower.stat(lower)) {
                (Some(upper), Ok(stat)) => {
                    let as_below = SetStat {
                        mode: Some(stat.mode),
                        uid: Some(stat.uid),
                        gid: Some(stat.gid),
                        ..SetStat::default()
                    };
                    self.upper.set_stat(upper, &as_below, now)
                }
                _ => Ok(()),
            };
        }
        self.remove_above(delta.seen_dir, &delta.name, now)?;
        self.bring_back(delta, now)
    }

    /// Leaves the entry of a file that went away and came back to the lower layer again.
    fn unlist(&mut self, delta: &Delta, lower: Ino, now: Timestamp) -> Result<()> {
        let (Some(seen_dir), Some(lower_dir)) = (delta.seen_dir, delta.lower_dir) else {
            return Ok(());
        };
        let hidden = self
            .changed
            .get(&lower_dir)
            .and_then(|changed| changed.hidden.get(delta.name.as_slice()));
        let back = Ok(seen_dir) == lower_number(lower_dir)
            && hidden.is_some_and(|hidden| hidden.version.ino == lower);
        if back && delta.change.file_type != FileType::Directory {
            self.unhide(lower_dir, &delta.name);
            self.remove_above(Some(seen_dir), &delta.name, now)?;
            self.drop_if_idle(lower, now);
        }
        Ok(())
    }

    /// Makes a changed lower inode what the lower layer has.
    fn restore(&mut self, lower: Ino, now: Timestamp) {
        let Some(changed) = self.changed.get_mut(&lower) else { return };
        let (stub, file_type) = (changed.upper, changed.version.file_type);
        let Ok(stat) = self.lower.stat(lower) else {
            // Replaced below, by a commit for one: nobody finds this number again.
            if file_type != FileType::Directory && !self.pins.contains_key(&lower) {
                self.drop_stub(lower, now);
            }
            return;
        };
        let size = (file_type == FileType::Regular).then_some(0);
        if file_type == FileType::Regular {
            changed.data = Data::Lower;
        }
        let as_below = SetStat {
            mode: (file_type != FileType::Symlink).then_some(stat.mode),
            uid: Some(stat.uid),
            gid: Some(stat.gid),
            size,
            atime: Some(stat.atime),
            mtime: Some(stat.mtime),
        };
        let _ = self.upper.set_stat(stub, &as_below, stat.ctime);
        self.drop_if_idle(lower, now);
    }

    /// Drops the stub of a file that differs in nothing and is listed nowhere.
    fn drop_if_idle(&mut self, lower: Ino, now: Timestamp) {
        let full = self.changed.get(&lower).is_some_and(|changed| {
            let below = self.lower.stat(lower);
            changed.links > 0 && below.is_ok_and(|stat| stat.nlink == changed.links)
        });
        if full && self.is_plain_below(lower) {
            self.drop_stub(lower, now);
        }
    }

    /// When no change is left: times alone are taken back too.
    fn restore_rest(&mut self, now: Timestamp) {
        let rest: Vec<Ino> = self.changed.keys().copied().collect();
        for lower in rest {
            if self.changed.get(&lower).is_some_and(|changed| changed.links > 0) {
                self.restore(lower, now);
            }
        }
        self.forget_unchanged(now);
    }

    /// Drops the stubs of what is not listed above and is as the lower layer has it. No change is
    /// left, so how many names it has is for the lower layer to say too.
    fn forget_unchanged(&mut self, now: Timestamp) {
        let files: Vec<Ino> = self
            .changed
            .keys()
            .filter(|lower| !self.pins.contains_key(lower) && self.is_plain_below(**lower))
            .copied()
            .collect();
        for lower in files {
            self.drop_stub(lower, now);
        }
        self.forget_unchanged_dirs(now);
    }

    /// Whether a file differs in nothing but times and is listed nowhere.
    fn is_plain_below(&self, lower: Ino) -> bool {
        let Some(changed) = self.changed.get(&lower) else { return false };
        let file_type = changed.version.file_type;
        if file_type == FileType::Directory {
            return false;
        }
        let unwritten = changed.data == Data::Lower || file_type != FileType::Regular;
        match (self.upper.stat(changed.upper), self.lower.stat(lower)) {
            (Ok(is), Ok(was)) => {
                unwritten
                    && is.nlink == 1
                    && (is.mode, is.uid, is.gid) == (was.mode, was.uid, was.gid)
            }
            _ => false,
        }
    }

    fn forget_unchanged_dirs(&mut self, now: Timestamp) {
        let dirs: Vec<(Ino, Ino)> = self
            .changed
            .iter()
            .filter(|(lower, changed)| {
                let dir = changed.version.file_type == FileType::Directory;
                dir && !changed.moved
                    && changed.links > 0
                    && changed.hidden.is_empty()
                    && !self.pins.contains_key(lower)
            })
            .map(|(lower, changed)| (*lower, changed.upper))
            .collect();
        for (lower, stub) in dirs {
            let same = match (self.upper.stat(stub), self.lower.stat(lower)) {
                (Ok(is), Ok(was)) => (is.mode, is.uid, is.gid) == (was.mode, was.uid, was.gid),
                _ => false,
            };
            if same && self.upper.rmdir(self.upper.root(), &stub_name(lower), now).is_ok() {
                self.changed.remove(&lower);
                self.origin.remove(&stub);
            }
        }
    }

    /// Makes a hidden lower entry seen again, of a directory all below it.
    fn unhide(&mut self, dir: Ino, name: &[u8]) {
        let hidden = match self.changed.get_mut(&dir) {
            Some(changed) => changed.hidden.remove(name),
            None => self.buried.get_mut(&dir).and_then(|hidden| hidden.remove(name)),
        };
        let Some(hidden) = hidden else { return };
        let lower = hidden.version.ino;
        if !hidden.is_dir() {
            self.count_link(lower);
            return;
        }
        if self.changed.get(&lower).is_some_and(|changed| changed.links == 0) {
            // Removed while open: whoever has it open keeps the number, and sees it again.
            self.release_held(lower);
            self.drop_stub(lower, Timestamp::default());
        }
        let mut todo = vec![lower];
        while let Some(dir) = todo.pop() {
            for hidden in self.buried.remove(&dir).into_iter().flatten().map(|(_, hidden)| hidden) {
                if hidden.is_dir() {
                    todo.push(hidden.version.ino);
                } else {
                    self.count_link(hidden.version.ino);
                }
            }
        }
    }
}
