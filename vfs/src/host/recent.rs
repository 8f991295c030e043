//! A map that forgets what was not used lately. Two generations, no list to keep in order.

use std::collections::BTreeMap;
use std::mem;

use crate::Ino;

/// Keeps at least the `keep` entries used last and at most twice as many.
pub(super) struct Recent<V> {
    keep: usize,
    young: BTreeMap<Ino, V>,
    old: BTreeMap<Ino, V>,
}

impl<V> Recent<V> {
    /// An empty map.
    pub(super) fn new(keep: usize) -> Recent<V> {
        Recent { keep, young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// The value of `ino`, which counts as a use.
    pub(super) fn get(&mut self, ino: Ino) -> Option<&mut V> {
        if !self.young.contains_key(&ino) {
            let value = self.old.remove(&ino)?;
            self.insert(ino, value);
        }
        self.young.get_mut(&ino)
    }

    /// Sets the value of `ino`; when the young generation is full, the old one is dropped.
    pub(super) fn insert(&mut self, ino: Ino, value: V) {
        if self.young.len() >= self.keep {
            self.old = mem::take(&mut self.young);
        }
        self.old.remove(&ino);
        self.young.insert(ino, value);
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, ino: Ino) -> Option<V> {
        let old = self.old.remove(&ino);
        self.young.remove(&ino).or(old)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    /// How many are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_used_and_stays_bounded() {
        let mut recent = Recent::new(4);
        recent.insert(Ino(0), 0);
        for n in 1..1000 {
            recent.insert(Ino(n), n);
            assert!(recent.get(Ino(0)).is_some(), "forgotten after {n}");
            assert!(recent.get(Ino(n - 1)).is_some(), "the last ones are kept");
            assert!(recent.len() <= 8);
        }
        assert!(recent.get(Ino(500)).is_none());
    }
}
