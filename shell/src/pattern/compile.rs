//! From text to nodes.

use super::bracket::{Bracket, Class};
use super::character::{Code, decode_first};
use super::{GroupKind, Node, Pattern, PatternOptions};

/// A run of a pattern's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) text: &'a [u8],
    /// Nothing in it is special.
    pub(crate) quoted: bool,
}

/// Groups nest so deep; below that their characters are literal.
const MAX_DEPTH: u32 = 250;

/// No class and no collating element has a longer name.
const MAX_NAME: usize = 32;

type Character = (Code, bool);

pub(super) fn compile(pieces: &[Piece<'_>], options: PatternOptions) -> Pattern {
    let mut characters = Vec::new();
    for piece in pieces {
        let mut at = 0;
        while let Some((code, length)) = decode_first(piece.text, at) {
            characters.push((code, piece.quoted));
            at += length;
        }
    }
    let last = |byte| characters.iter().rposition(|(code, quoted)| !quoted && code.is(byte));
    let (bracket, group) = (last(b']').unwrap_or(0), last(b')').unwrap_or(0));
    let mut parser = Parser { text: characters, at: 0, options, closings: [bracket, group] };
    let nodes = parser.sequence(0);
    Pattern::new(nodes, options)
}

struct Parser {
    text: Vec<Character>,
    at: usize,
    options: PatternOptions,
    /// Where the last `]` and `)` are: nothing behind them is looked at for one.
    closings: [usize; 2],
}

impl Parser {
    /// An unquoted character, which may be special.
    fn special(&self, ahead: usize) -> Option<u8> {
        match self.text.get(self.at + ahead)? {
            (code, false) => code.character().filter(char::is_ascii).map(|c| c as u8),
            _ => None,
        }
    }

    /// Nodes up to the end, or inside of a group to its next `|` or `)`.
    fn sequence(&mut self, depth: u32) -> Vec<Node> {
        let mut nodes = Vec::new();
        while let Some(&(code, _)) = self.text.get(self.at) {
            let special = self.special(0);
            if depth > 0 && matches!(special, Some(b'|' | b')')) {
                break;
            }
            let node = match special {
                Some(kind @ (b'@' | b'?' | b'*' | b'+' | b'!')) if self.opens_group(depth) => {
                    self.group(kind, depth)
                }
                Some(b'*') => Some(Node::Star),
                Some(b'?') => Some(Node::Any),
                Some(b'[') => self.bracket().map(Node::Bracket),
                Some(b'\\') => match self.text.get(self.at + 1) {
                    Some((next, _)) => {
                        self.at += 1;
                        Some(Node::Character(*next))
                    }
                    None => None,
                },
                _ => None,
            };
            self.at += 1;
            let node = node.unwrap_or(Node::Character(code));
            if node != Node::Star || nodes.last() != Some(&Node::Star) {
                nodes.push(node);
            }
        }
        nodes
    }

    /// Whether a group starts here and is closed.
    fn opens_group(&self, depth: u32) -> bool {
        if !self.options.extglob || depth >= MAX_DEPTH || self.special(1) != Some(b'(') {
            return false;
        }
        if self.at > self.closings[1] {
            return false;
        }
        let mut open = 0_u32;
        let mut at = self.at + 1;
        while let Some((code, quoted)) = self.text.get(at) {
            if !quoted && code.is(b'\\') {
                at += 1;
            } else if !quoted && code.is(b'(') {
                open += 1;
            } else if !quoted && code.is(b')') {
                open -= 1;
                if open == 0 {
                    return true;
                }
            }
            at += 1;
        }
        false
    }

    /// Leaves the position on the closing parenthesis; `None` and unmoved if there is none.
    fn group(&mut self, kind: u8, depth: u32) -> Option<Node> {
        let start = self.at;
        self.at += 2;
        let mut alternatives = Vec::new();
        loop {
            alternatives.push(self.sequence(depth + 1));
            match self.special(0) {
                Some(b'|') => self.at += 1,
                Some(b')') => break,
                _ => {
                    self.at = start;
                    return None;
                }
            }
        }
        let kind = match kind {
            b'@' => GroupKind::One,
            b'?' => GroupKind::Optional,
            b'*' => GroupKind::Any,
            b'+' => GroupKind::Some,
            _ => GroupKind::Not,
        };
        Some(Node::Group(kind, alternatives))
    }

    /// Leaves the position on the closing bracket; `None` and unmoved if there is none.
    fn bracket(&mut self) -> Option<Bracket> {
        let start = self.at;
        if start > self.closings[0] {
            return None;
        }
        let bracket = self.bracket_items();
        if bracket.is_none() {
            self.at = start;
        }
        bracket
    }

    fn bracket_items(&mut self) -> Option<Bracket> {
        let mut bracket = Bracket::default();
        self.at += 1;
        if matches!(self.special(0), Some(b'!' | b'^')) {
            bracket.negated = true;
            self.at += 1;
        }
        let first = self.at;
        loop {
            if self.special(0) == Some(b']') && self.at > first {
                return Some(bracket);
            }
            if self.special(0) == Some(b'[')
                && self.special(1) == Some(b':')
                && let Some(name) = self.named(b':')
            {
                bracket.classes.push(Class::from_name(&name));
                continue;
            }
            let low = self.bracket_character()?;
            // A range, unless the dash is the last character.
            let dash = self.special(0) == Some(b'-') && self.text.get(self.at + 1).is_some();
            if !dash || self.special(1) == Some(b']') {
                if let Some(low) = low {
                    bracket.ranges.push((low, low));
                }
                continue;
            }
            self.at += 1;
            let high = self.bracket_character()?;
            if let (Some(low), Some(high)) = (low, high) {
                bracket.ranges.push((low, high));
            }
        }
    }

    /// One end of a range; `Some(None)` for a collating element that does not exist.
    fn bracket_character(&mut self) -> Option<Option<Code>> {
        if self.special(0) == Some(b'[') {
            let kind = self.special(1).filter(|kind| matches!(kind, b'=' | b'.'));
            if let Some(name) = kind.and_then(|kind| self.named(kind)) {
                let single = decode_first(&name, 0).filter(|(_, length)| *length == name.len());
                return Some(single.map(|(code, _)| code));
            }
        }
        if self.special(0) == Some(b'\\') && self.text.get(self.at + 1).is_some() {
            self.at += 1;
        }
        let (code, _) = *self.text.get(self.at)?;
        self.at += 1;
        Some(Some(code))
    }

    /// The name in `[:name:]`; unmoved if that is not closed.
    fn named(&mut self, kind: u8) -> Option<Vec<u8>> {
        let mut at = self.at + 2;
        let mut name = Vec::new();
        loop {
            let (code, _) = *self.text.get(at)?;
            let closes = self.text.get(at + 1).is_some_and(|(next, _)| next.is(b']'));
            if code.is(kind) && closes {
                self.at = at + 2;
                return Some(name);
            }
            code.push(&mut name);
            if name.len() > MAX_NAME {
                return None;
            }
            at += 1;
        }
    }
}
