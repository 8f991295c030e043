//! Matching with groups: the set of places that a node can end at, from the set of places that
//! it can start at. Each place is looked at once per node, so that nothing explodes; only `!()`
//! must ask for each start alone, and what it learns is remembered.

use std::collections::BTreeMap;

use super::{Code, Extent, GroupKind, Node, Pattern, decode_first, decode_last};

/// A subject, decoded, and a pattern.
pub(super) struct General<'p> {
    pattern: &'p Pattern,
    subject: Vec<Code>,
    /// How many bytes lie before each place, in the direction of matching.
    bytes: Vec<usize>,
    /// Where the alternatives of a `!()` end that starts at a place.
    excluded: BTreeMap<(*const Node, usize), Places>,
}

/// Places between characters, in rising order.
type Places = Vec<usize>;

impl<'p> General<'p> {
    pub(super) fn new(pattern: &'p Pattern, subject: &[u8]) -> General<'p> {
        General::decode(pattern, |done| decode_first(subject, done))
    }

    /// From the end of the subject; the pattern must be reversed.
    pub(super) fn backward(pattern: &'p Pattern, subject: &[u8]) -> General<'p> {
        General::decode(pattern, |done| decode_last(subject, subject.len() - done))
    }

    fn decode(pattern: &'p Pattern, next: impl Fn(usize) -> Option<(Code, usize)>) -> General<'p> {
        let (mut subject, mut bytes, mut done) = (Vec::new(), vec![0], 0);
        while let Some((code, length)) = next(done) {
            subject.push(code);
            done += length;
            bytes.push(done);
        }
        General { pattern, subject, bytes, excluded: BTreeMap::new() }
    }

    pub(super) fn matches(&mut self) -> bool {
        let end = self.subject.len();
        self.ends(&self.pattern.nodes, vec![0]).last() == Some(&end)
    }

    /// How many bytes at the start match.
    pub(super) fn prefix(&mut self, extent: Extent) -> Option<usize> {
        let ends = self.ends(&self.pattern.nodes, vec![0]);
        let end = match extent {
            Extent::Shortest => ends.first(),
            Extent::Longest => ends.last(),
        };
        self.bytes.get(*end?).copied()
    }

    fn ends(&mut self, nodes: &'p [Node], starts: Places) -> Places {
        let mut places = starts;
        for node in nodes {
            if places.is_empty() {
                break;
            }
            places = self.node_ends(node, places);
        }
        places
    }

    /// Whether only a literal period may match the character at this place.
    fn guarded(&self, place: usize) -> bool {
        place == 0
            && self.pattern.options.period
            && self.subject.first().is_some_and(|code| code.is(b'.'))
    }

    fn node_ends(&mut self, node: &'p Node, starts: Places) -> Places {
        match node {
            Node::Star => match starts.first() {
                Some(&first) if !self.guarded(first) => (first..=self.subject.len()).collect(),
                _ => match starts.get(1) {
                    Some(&second) => [0].into_iter().chain(second..=self.subject.len()).collect(),
                    None => starts,
                },
            },
            Node::Group(kind, alternatives) => self.group_ends(node, *kind, alternatives, starts),
            one => {
                let nocase = self.pattern.options.nocase;
                let literal = matches!(one, Node::Character(_));
                let accepts = |place: &usize| {
                    self.subject.get(*place).is_some_and(|code| one.accepts(*code, nocase))
                        && (literal || !self.guarded(*place))
                };
                starts.into_iter().filter(accepts).map(|place| place + 1).collect()
            }
        }
    }

    fn group_ends(
        &mut self,
        node: &'p Node,
        kind: GroupKind,
        alternatives: &'p [Vec<Node>],
        starts: Places,
    ) -> Places {
        match kind {
            GroupKind::One => self.any_of(alternatives, &starts),
            GroupKind::Optional => union(&starts, &self.any_of(alternatives, &starts)),
            GroupKind::Any => self.repeated(alternatives, starts),
            GroupKind::Some => {
                let once = self.any_of(alternatives, &starts);
                self.repeated(alternatives, once)
            }
            GroupKind::Not => self.none_of(node, alternatives, &starts),
        }
    }

    fn any_of(&mut self, alternatives: &'p [Vec<Node>], starts: &Places) -> Places {
        let mut all = Places::new();
        for nodes in alternatives {
            all = union(
                &all,
                &stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.ends(nodes, starts.clone())),
            );
        }
        all
    }

    fn repeated(&mut self, alternatives: &'p [Vec<Node>], starts: Places) -> Places {
        let mut all = starts;
        let mut fresh = all.clone();
        while !fresh.is_empty() {
            let next = self.any_of(alternatives, &fresh);
            fresh = next.into_iter().filter(|place| all.binary_search(place).is_err()).collect();
            all = union(&all, &fresh);
        }
        all
    }

    /// Every end that some start can reach by text that matches no alternative.
    fn none_of(
        &mut self,
        node: &'p Node,
        alternatives: &'p [Vec<Node>],
        starts: &Places,
    ) -> Places {
        let mut reached = Places::new();
        // What no start so far could reach.
        let mut missing = Places::new();
        let mut next_new = 0;
        for &start in starts {
            let key = (std::ptr::from_ref(node), start);
            let excluded = match self.excluded.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let ends = self.any_of(alternatives, &vec![start]);
                    self.excluded.insert(key, ends.clone());
                    ends
                }
            };
            // A leading period is matched by nothing but itself.
            let last = if self.guarded(start) { start } else { self.subject.len() };
            let fresh = next_new.max(start)..=last;
            next_new = next_new.max(last + 1);
            let candidates: Places =
                missing.iter().copied().filter(|e| *e >= start).chain(fresh).collect();
            let (out, still): (Places, Places) =
                candidates.into_iter().partition(|end| excluded.binary_search(end).is_err());
            reached = union(&reached, &out);
            missing = still;
        }
        reached
    }
}

/// Both sets in one, in order.
fn union(a: &Places, b: &Places) -> Places {
    if b.is_empty() {
        return a.clone();
    }
    if a.is_empty() {
        return b.clone();
    }
    let mut all = Places::with_capacity(a.len() + b.len());
    all.extend_from_slice(a);
    all.extend_from_slice(b);
    all.sort_unstable();
    all.dedup();
    all
}
