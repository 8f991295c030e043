//! Subscripts as text: between an expansion that makes a key and a reader that takes keys apart.
//!
//! `(( a[$k] ))` and `[[ -v a[$k] ]]` are expanded to text that is parsed again. The key is
//! protected in it by backslashes, so that nothing in it is taken for more than it is.

use crate::arith;
use crate::syntax::ast::{Subscript, Word, WordPart};

/// `[key]` with backslashes before what begins an expansion or a quote, or ends the subscript.
pub(super) fn escaped(key: &[u8]) -> Vec<u8> {
    let mut text = vec![b'['];
    for byte in key {
        if b"[]$`~\\'\"".contains(byte) {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(b']');
    text
}

/// A subscript of an expression as a word that can be expanded.
pub(super) fn parsed(subscript: &arith::Subscript) -> Option<Word> {
    if !subscript.is_key {
        return crate::syntax::parse_arith_word(&subscript.text).ok();
    }
    let reference = [b"a[", &subscript.text[..], b"]"].concat();
    match crate::syntax::parse_reference(&reference)? {
        (_, Some(Subscript::Index(word))) => Some(word),
        _ => None,
    }
}

/// The word with `name[…]` at its start, or anywhere in it, as such: what the brackets hold is
/// expanded once, to a key. `None` if it has no brackets with something to expand.
pub(crate) fn marked(word: &Word) -> Option<Word> {
    let open = |part: &WordPart| match part {
        WordPart::Literal(text) => text.iter().position(|byte| *byte == b'['),
        _ => None,
    };
    let first = word.parts.iter().position(|part| open(part).is_some())?;
    let mut parts = word.parts.get(..first)?.to_vec();
    let mut inner = Vec::new();
    let mut depth = 0_u32;
    for part in word.parts.get(first..)? {
        let WordPart::Literal(text) = part else {
            if depth > 0 {
                inner.push(part.clone());
            } else {
                parts.push(part.clone());
            }
            continue;
        };
        let mut literal = Vec::new();
        for byte in text.iter().copied() {
            let edge = match byte {
                b'[' => {
                    depth += 1;
                    depth == 1
                }
                b']' if depth > 0 => {
                    depth -= 1;
                    depth == 0
                }
                _ => false,
            };
            if !edge {
                literal.push(byte);
                continue;
            }
            let text = std::mem::take(&mut literal);
            let before = if depth == 1 { &mut parts } else { &mut inner };
            if !text.is_empty() {
                before.push(WordPart::Literal(text.into()));
            }
            if depth == 0 {
                let parts_inside = std::mem::take(&mut inner);
                parts.push(WordPart::Subscript(Word { parts: parts_inside, span: word.span }));
            }
        }
        if !literal.is_empty() {
            let rest = if depth > 0 { &mut inner } else { &mut parts };
            rest.push(WordPart::Literal(literal.into()));
        }
    }
    (depth == 0).then_some(Word { parts, span: word.span })
}
