//! The right side of `=~`: what quotes protect is escaped for the regular expression.

use crate::pattern::Piece;

/// The text of an expression whose quoted characters stand for themselves.
pub(super) fn protected<'a>(pieces: impl Iterator<Item = Piece<'a>>) -> Vec<u8> {
    let mut regex = Vec::new();
    let mut bracket = Bracket::Outside;
    for piece in pieces {
        for byte in piece.text.iter().copied() {
            if bracket == Bracket::Outside {
                if piece.quoted && b"\\^$.|?*+()[]{}".contains(&byte) {
                    regex.push(b'\\');
                } else if !piece.quoted {
                    bracket = match (byte, regex.last()) {
                        (b'[', Some(b'\\')) => Bracket::Outside,
                        (b'[', _) => Bracket::Start,
                        _ => Bracket::Outside,
                    };
                }
            } else {
                // A backslash in brackets would stand for itself, so that nothing is escaped.
                bracket = bracket.after(byte, regex.last());
            }
            regex.push(byte);
        }
    }
    regex
}

/// Where in a bracket expression a character stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Outside,
    /// After `[` or `[^`: a `]` is a member.
    Start,
    Inside,
    /// In `[:…:]`, `[.….]` or `[=…=]`.
    Class(u8),
}

impl Bracket {
    fn after(self, byte: u8, last: Option<&u8>) -> Bracket {
        match (self, byte, last) {
            (Bracket::Class(mark), b']', Some(last)) if *last == mark => Bracket::Inside,
            (Bracket::Class(_), _, _) => self,
            (Bracket::Start, b'^', Some(b'[')) => Bracket::Start,
            (Bracket::Inside | Bracket::Start, b':' | b'.' | b'=', Some(b'['))
                if self == Bracket::Inside =>
            {
                Bracket::Class(byte)
            }
            (Bracket::Inside, b']', _) => Bracket::Outside,
            _ => Bracket::Inside,
        }
    }
}
