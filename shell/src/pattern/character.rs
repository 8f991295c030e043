//! Characters of text that is mostly UTF-8.

/// A character: a scalar value, or a byte that is part of none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Code(u32);

/// Bytes that are no UTF-8 lie above all characters.
const BYTES: u32 = 0x11_0000;

impl Code {
    pub(super) fn of(character: char) -> Code {
        Code(character as u32)
    }

    /// The character, unless it is a stray byte.
    pub(super) fn character(self) -> Option<char> {
        char::from_u32(self.0)
    }

    pub(super) fn is(self, byte: u8) -> bool {
        self.0 == u32::from(byte)
    }

    pub(super) fn same(self, other: Code, nocase: bool) -> bool {
        self == other || (nocase && self.folded() == other.folded())
    }

    /// Lower case, where there is one.
    pub(super) fn folded(self) -> Code {
        self.character().map_or(self, |character| Code::of(super::lower(character)))
    }

    pub(super) fn raised(self) -> Code {
        self.character().map_or(self, |character| Code::of(super::upper(character)))
    }

    pub(super) fn push(self, text: &mut Vec<u8>) {
        match self.character() {
            Some(character) => super::push(text, character),
            None => text.push((self.0 - BYTES) as u8),
        }
    }
}

/// The character that starts at a byte, and its length.
pub(super) fn decode_first(text: &[u8], at: usize) -> Option<(Code, usize)> {
    let rest = text.get(at..)?;
    let first = *rest.first()?;
    if first < 0x80 {
        return Some((Code(u32::from(first)), 1));
    }
    Some(match bstr::decode_utf8(rest) {
        (Some(character), length) => (Code::of(character), length),
        (None, _) => (Code(BYTES + u32::from(first)), 1),
    })
}

/// The character that ends before a byte, and its length.
pub(super) fn decode_last(text: &[u8], end: usize) -> Option<(Code, usize)> {
    let rest = text.get(..end)?;
    let last = *rest.last()?;
    if last < 0x80 {
        return Some((Code(u32::from(last)), 1));
    }
    Some(match bstr::decode_last_utf8(rest) {
        (Some(character), length) => (Code::of(character), length),
        (None, _) => (Code(BYTES + u32::from(last)), 1),
    })
}

/// How many characters the text has.
pub(crate) fn count_characters(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let (mut count, mut at) = (0, 0);
    while let Some((_, length)) = decode_first(text, at) {
        count += 1;
        at += length;
    }
    count
}

/// The byte at which the character of this number starts; the end when there are fewer.
pub(crate) fn character_at(text: &[u8], index: usize) -> usize {
    if text.is_ascii() {
        return index.min(text.len());
    }
    let mut at = 0;
    for _ in 0..index {
        match decode_first(text, at) {
            Some((_, length)) => at += length,
            None => break,
        }
    }
    at
}
