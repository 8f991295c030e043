//! Patterns: of `case`, `[[ == ]]`, `${x#p}` and pathname expansion (POSIX XCU 2.14, extglob).
//!
//! A pattern is compiled once and matched in time polynomial in its text: no pattern, however
//! its stars and groups nest, makes a match explode. Characters are those of UTF-8; a byte that
//! belongs to none is a character of its own. Not here: directories (`expand::glob`).

mod bracket;
mod case;
mod character;
mod compile;
mod general;
mod small;
#[cfg(test)]
mod tests;

use self::bracket::Bracket;
pub(crate) use self::case::{capitalize, lower, map_case, push, toggle, upper};
use self::character::{Code, decode_first, decode_last};
pub(crate) use self::character::{character_at, count_characters};
pub(crate) use self::compile::Piece;
use self::general::General;
use self::small::Small;

/// How a pattern is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct PatternOptions {
    /// `@(a|b)` and its kin are special.
    pub(crate) extglob: bool,
    /// Case does not matter.
    pub(crate) nocase: bool,
    /// A period at the start is matched by a period only (pathname expansion).
    pub(crate) period: bool,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    nodes: Vec<Node>,
    options: PatternOptions,
    /// All nodes are literal, and this is their text.
    literal: Option<Vec<u8>>,
    /// There is a group somewhere.
    grouped: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Node {
    Character(Code),
    /// `?`
    Any,
    /// `*`
    Star,
    /// `[…]`
    Bracket(Bracket),
    /// `@(…|…)`
    Group(GroupKind, Vec<Vec<Node>>),
}

/// The character before the parenthesis of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum GroupKind {
    /// `@`
    One,
    /// `?`
    Optional,
    /// `*`
    Any,
    /// `+`
    Some,
    /// `!`
    Not,
}

/// Which of several possible matches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extent {
    /// `#`, `%`
    Shortest,
    /// `##`, `%%`
    Longest,
}

/// From which end a match starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Forward,
    Backward,
}

impl Node {
    /// Whether a node that stands for one character stands for this one.
    fn accepts(&self, code: Code, nocase: bool) -> bool {
        match self {
            Node::Character(own) => own.same(code, nocase),
            Node::Any => true,
            Node::Bracket(bracket) => bracket.contains(code, nocase),
            Node::Star | Node::Group(..) => false,
        }
    }
}

impl Pattern {
    /// Reads a pattern; quoted pieces are literal.
    pub(crate) fn compile(pieces: &[Piece<'_>], options: PatternOptions) -> Pattern {
        compile::compile(pieces, options)
    }

    /// A pattern from text without quotes.
    pub(crate) fn unquoted(text: &[u8], options: PatternOptions) -> Pattern {
        Pattern::compile(&[Piece { text, quoted: false }], options)
    }

    fn new(nodes: Vec<Node>, options: PatternOptions) -> Pattern {
        let mut literal = (!options.nocase).then(Vec::new);
        for node in &nodes {
            match (node, &mut literal) {
                (Node::Character(code), Some(text)) => code.push(text),
                _ => literal = None,
            }
        }
        let grouped = nodes.iter().any(|node| matches!(node, Node::Group(..)));
        Pattern { nodes, options, literal, grouped }
    }

    /// Whether the pattern is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether the whole subject matches.
    pub(crate) fn matches(&self, subject: &[u8]) -> bool {
        if let Some(literal) = &self.literal {
            return literal == subject;
        }
        if self.grouped {
            return General::new(self, subject).matches();
        }
        self.matches_simple(subject)
    }

    /// The classic matcher: after a star only the last star is ever tried again.
    fn matches_simple(&self, subject: &[u8]) -> bool {
        let guarded = self.options.period && subject.first() == Some(&b'.');
        let (mut node, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match (self.nodes.get(node), decode_first(subject, at)) {
                (Some(Node::Star), _) if guarded && at == 0 => return false,
                (Some(Node::Star), _) => {
                    node += 1;
                    if node == self.nodes.len() {
                        return true;
                    }
                    retry = Some((node, at));
                    continue;
                }
                (None, None) => return true,
                (Some(one), Some((code, length)))
                    if one.accepts(code, self.options.nocase)
                        && !(guarded && at == 0 && !matches!(one, Node::Character(_))) =>
                {
                    node += 1;
                    at += length;
                    continue;
                }
                _ => {}
            }
            let Some((after_star, from)) = retry else { return false };
            let Some((_, length)) = decode_first(subject, from) else { return false };
            (node, at) = (after_star, from + length);
            retry = Some((after_star, at));
        }
    }

    /// How many bytes at the start of the subject match; `None` when no prefix does.
    pub(crate) fn match_prefix(&self, subject: &[u8], extent: Extent) -> Option<usize> {
        if let Some(literal) = &self.literal {
            return subject.starts_with(literal).then_some(literal.len());
        }
        match Small::new(self) {
            Some(small) => small.extent(subject, Direction::Forward, extent),
            None => General::new(self, subject).prefix(extent),
        }
    }

    /// How many bytes at the end of the subject match; `None` when no suffix does.
    pub(crate) fn match_suffix(&self, subject: &[u8], extent: Extent) -> Option<usize> {
        if let Some(literal) = &self.literal {
            return subject.ends_with(literal).then_some(literal.len());
        }
        let reversed = Pattern::new(reversed(&self.nodes), self.options);
        match Small::new(&reversed) {
            Some(small) => small.extent(subject, Direction::Backward, extent),
            None => General::backward(&reversed, subject).prefix(extent),
        }
    }

    /// Where the subject matches from `start` on: the leftmost place, there the longest.
    pub(crate) fn find(&self, subject: &[u8], start: usize) -> Option<(usize, usize)> {
        let rest = subject.get(start..)?;
        if let Some(literal) = &self.literal {
            let at = bstr::ByteSlice::find(rest, literal.as_slice())? + start;
            return Some((at, at + literal.len()));
        }
        let starts = self.starts(rest);
        let mut at = 0;
        loop {
            let possible = starts.as_ref().is_none_or(|starts| starts.get(at) == Some(&true));
            if possible
                && let Some(length) =
                    self.match_prefix(rest.get(at..).unwrap_or_default(), Extent::Longest)
            {
                return Some((start + at, start + at + length));
            }
            at += decode_first(rest, at)?.1;
        }
    }

    /// All places of `find` in turn, none overlapping; an empty match takes no place at the end,
    /// unless the subject is empty.
    pub(crate) fn find_all(&self, subject: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        if subject.is_empty() && self.matches(subject) {
            return vec![(0, 0)];
        }
        let starts = self.literal.is_none().then(|| self.starts(subject)).flatten();
        let mut at = 0;
        while at < subject.len() {
            let matched = match &starts {
                Some(starts) => starts.iter().skip(at).position(|start| *start).and_then(|skip| {
                    let from = at + skip;
                    let rest = subject.get(from..)?;
                    Some((from, from + self.match_prefix(rest, Extent::Longest)?))
                }),
                None => self.find(subject, at),
            };
            let Some((from, to)) = matched else { break };
            found.push((from, to));
            at = match decode_first(subject, to) {
                Some((_, length)) if from == to => to + length,
                _ => to,
            };
        }
        found
    }

    /// For each position whether a match starts there, when that is cheaper to know beforehand.
    fn starts(&self, subject: &[u8]) -> Option<Vec<bool>> {
        let reversed = Pattern::new(reversed(&self.nodes), self.options);
        Some(Small::new(&reversed)?.ends_anywhere_backward(subject))
    }
}

/// The pattern that matches the reversed text.
fn reversed(nodes: &[Node]) -> Vec<Node> {
    let reverse = |node: &Node| match node {
        Node::Group(kind, alternatives) => {
            Node::Group(*kind, alternatives.iter().map(|nodes| reversed(nodes)).collect())
        }
        node => node.clone(),
    };
    nodes.iter().rev().map(reverse).collect()
}
