//! Sets of bytes of a file as ranges: what was allocated and is not written yet.

use imbl::OrdMap;

/// Disjoint ranges that do not touch each other, each end by its start.
#[derive(Clone, Default)]
pub(super) struct Ranges(OrdMap<u64, u64>);

impl Ranges {
    /// How many bytes of `from..to` are in the set.
    pub(super) fn overlap(&self, from: u64, to: u64) -> u64 {
        self.parts(from, to).map(|(start, end)| end.min(to) - start.max(from)).sum()
    }

    /// Adds `from..to`; how many bytes are new.
    pub(super) fn insert(&mut self, from: u64, to: u64) -> u64 {
        if from >= to {
            return 0;
        }
        let new = to - from - self.overlap(from, to);
        let (mut start, mut end) = (from, to);
        // Also those that only touch.
        let joined: Vec<(u64, u64)> =
            self.parts(from.saturating_sub(1), to.saturating_add(1)).collect();
        for (from, to) in joined {
            self.0.remove(&from);
            (start, end) = (start.min(from), end.max(to));
        }
        self.0.insert(start, end);
        new
    }

    /// Takes `from..to` out; how many bytes were in the set.
    pub(super) fn remove(&mut self, from: u64, to: u64) -> u64 {
        let gone = self.overlap(from, to);
        if gone == 0 {
            return 0;
        }
        let cut: Vec<(u64, u64)> = self.parts(from, to).collect();
        for (start, end) in cut {
            self.0.remove(&start);
            if start < from {
                self.0.insert(start, from);
            }
            if end > to {
                self.0.insert(to, end);
            }
        }
        gone
    }

    /// The ranges that have a byte of `from..to`.
    fn parts(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let first = self.0.get_prev(&from).map_or(from, |(start, _)| *start);
        self.0
            .range(first..to.max(first))
            .map(|(start, end)| (*start, *end))
            .filter(move |(_, end)| *end > from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_sets_of_bytes() {
        let mut ranges = Ranges::default();
        let mut model = [false; 64];
        let mut seed = 1_u64;
        for _ in 0..5000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (from, len) = ((seed >> 33) % 64, (seed >> 45) % 20);
            let to = (from + len).min(64);
            let part = &mut model[from as usize..to as usize];
            let set = part.iter().filter(|byte| **byte).count() as u64;
            assert_eq!(ranges.overlap(from, to), set);
            if seed >> 63 == 0 {
                assert_eq!(ranges.insert(from, to), to - from - set);
                part.fill(true);
            } else {
                assert_eq!(ranges.remove(from, to), set);
                part.fill(false);
            }
            assert_eq!(ranges.0.is_empty(), !model.contains(&true));
        }
    }
}
