//! Matching a part of a subject with a pattern without groups: all states at once, in a word.

use super::{Code, Direction, Extent, Node, Pattern, decode_first, decode_last};

/// A pattern as a nondeterministic automaton of fewer than 64 states.
pub(super) struct Small<'p> {
    pattern: &'p Pattern,
    /// The states whose node is a star.
    stars: u64,
}

impl<'p> Small<'p> {
    /// `None` when the pattern has groups or too many nodes.
    pub(super) fn new(pattern: &'p Pattern) -> Option<Small<'p>> {
        if pattern.grouped || pattern.nodes.len() > 63 {
            return None;
        }
        let stars = pattern.nodes.iter().enumerate().filter(|(_, node)| **node == Node::Star);
        let stars = stars.fold(0, |set, (index, _)| set | 1 << index);
        Some(Small { pattern, stars })
    }

    /// A star may be passed without a character. Stars never follow each other.
    fn closed(&self, states: u64) -> u64 {
        states | (states & self.stars) << 1
    }

    fn accepting(&self) -> u64 {
        1 << self.pattern.nodes.len()
    }

    fn step(&self, states: u64, code: Code) -> u64 {
        let mut next = states & self.stars;
        let mut left = states & !self.stars & !self.accepting();
        while left != 0 {
            let index = left.trailing_zeros();
            left &= left - 1;
            let node = self.pattern.nodes.get(index as usize);
            if node.is_some_and(|node| node.accepts(code, self.pattern.options.nocase)) {
                next |= 1 << (index + 1);
            }
        }
        self.closed(next)
    }

    /// How many bytes from one end of the subject match.
    pub(super) fn extent(
        &self,
        subject: &[u8],
        direction: Direction,
        extent: Extent,
    ) -> Option<usize> {
        let mut states = self.closed(1);
        let (mut length, mut found) = (0, None);
        loop {
            if states & self.accepting() != 0 {
                found = Some(length);
                if extent == Extent::Shortest {
                    return found;
                }
            }
            let decoded = match direction {
                Direction::Forward => decode_first(subject, length),
                Direction::Backward => decode_last(subject, subject.len() - length),
            };
            let Some((code, bytes)) = decoded.filter(|_| states != 0) else { return found };
            states = self.step(states, code);
            length += bytes;
        }
    }

    /// With a reversed pattern: for each byte whether a match of the original starts there.
    pub(super) fn ends_anywhere_backward(&self, subject: &[u8]) -> Vec<bool> {
        let mut starts = vec![false; subject.len() + 1];
        let mut states = 0;
        let mut at = subject.len();
        loop {
            states |= self.closed(1);
            if let Some(start) = starts.get_mut(at) {
                *start = states & self.accepting() != 0;
            }
            let Some((code, length)) = decode_last(subject, at) else { return starts };
            states = self.step(states, code);
            at -= length;
        }
    }
}
