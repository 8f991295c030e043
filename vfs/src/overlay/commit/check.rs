//! What a commit expects of the directory before it does anything.

use std::collections::{BTreeMap, BTreeSet};

use super::{Apply, Conflict, Refusal, find};
use crate::overlay::diff::{ChangeKind, Delta, join};
use crate::overlay::whiteout::Version;
use crate::{FileType, Ino, Result};

impl Apply<'_> {
    /// The files that are what they were when they were first changed here, by their number.
    pub(super) fn as_noted(&self, deltas: &[Delta]) -> BTreeMap<Ino, Version> {
        let base = deltas.iter().filter_map(|delta| Some((&delta.lower_path, delta.base?)));
        let replaced = deltas.iter().filter_map(|delta| delta.replaced.as_ref());
        base.chain(replaced.map(|(path, version)| (path, *version)))
            .filter(|(_, version)| version.file_type != FileType::Directory)
            .filter(|(path, version)| self.version(path) == Some(*version))
            .map(|(_, version)| (version.ino, version))
            .collect()
    }

    /// Divides the changes into those that find what they expect and those that do not.
    pub(super) fn check(&mut self, deltas: Vec<Delta>) -> (Vec<Delta>, Vec<Conflict>) {
        let mut stuck: BTreeSet<Vec<u8>> = BTreeSet::new();
        let (mut sound, mut conflicts) = (deltas, Vec::new());
        // What does not leave may be in the way of others.
        loop {
            let leaves = |delta: &&Delta| {
                matches!(delta.change.kind, ChangeKind::Deleted | ChangeKind::Renamed { .. })
            };
            let leaving: BTreeSet<Vec<u8>> =
                sound.iter().filter(leaves).map(|delta| delta.lower_path.clone()).collect();
            let before = conflicts.len();
            for delta in std::mem::take(&mut sound) {
                let follows = delta.under.as_ref().is_some_and(|under| stuck.contains(under));
                if !follows && !is_in(&delta, &stuck) && self.expected(&delta, &leaving) {
                    sound.push(delta);
                    continue;
                }
                if delta.comes() {
                    stuck.insert(delta.change.path.clone());
                }
                let reason = Refusal::ChangedMeanwhile;
                conflicts.push(Conflict { change: delta.change, reason });
            }
            if conflicts.len() == before {
                return (sound, conflicts);
            }
        }
    }

    fn expected(&self, delta: &Delta, leaving: &BTreeSet<Vec<u8>>) -> bool {
        // Inside a renamed directory the path is not yet the target's.
        let path = if delta.under.is_some() { &delta.place } else { &delta.change.path };
        // What it is in may leave as a whole, too.
        let leaves = |path: &[u8]| {
            let ends =
                (0..=path.len()).filter(|&end| path.get(end).is_none_or(|&byte| byte == b'/'));
            ends.into_iter().any(|end| path.get(..end).is_some_and(|above| leaving.contains(above)))
        };
        let free = |path: &[u8]| leaves(path) || self.find(path).is_err();
        let is_dir = delta.change.file_type == FileType::Directory;
        match &delta.change.kind {
            ChangeKind::Added => free(path),
            ChangeKind::Renamed { from } => {
                let there = match &delta.replaced {
                    Some((path, version)) => self.version(path) == Some(*version),
                    None => free(path),
                };
                there && self.version(from) == delta.base
            }
            // With what somebody else put there it cannot go.
            ChangeKind::Deleted if is_dir => {
                let names = self.names(&delta.lower_path).unwrap_or_default();
                self.version(&delta.lower_path) == delta.base
                    && names.iter().all(|name| leaves(&join(&delta.lower_path, name)))
            }
            _ => self.version(&delta.lower_path) == delta.base,
        }
    }

    fn names(&self, dir: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        self.target.read_dir(self.find(dir)?, 0, &mut |entry| {
            names.push(entry.name.to_vec());
            true
        })?;
        Ok(names)
    }

    pub(super) fn find(&self, path: &[u8]) -> Result<Ino> {
        find(self.target, path)
    }

    fn version(&self, path: &[u8]) -> Option<Version> {
        let ino = self.find(path).ok()?;
        self.target.stat(ino).ok().map(|stat| Version::of(&stat))
    }
}

/// Whether a change is of something that others did not bring to one of these paths, or of what
/// is in there: something else may have the path.
pub(super) fn is_in(delta: &Delta, missing: &BTreeSet<Vec<u8>>) -> bool {
    let path = &delta.change.path;
    let mut above = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    match delta.change.kind {
        ChangeKind::Deleted => false,
        ChangeKind::Modified | ChangeKind::ModeChanged if missing.contains(path) => true,
        _ => above.any(|(slash, _)| path.get(..slash).is_some_and(|dir| missing.contains(dir))),
    }
}

impl Delta {
    /// Whether the path is what it is only by this change.
    pub(super) fn comes(&self) -> bool {
        matches!(self.change.kind, ChangeKind::Added | ChangeKind::Renamed { .. })
    }
}
