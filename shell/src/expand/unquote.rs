//! Quote removal of text that never was a word: subscripts inside arithmetic.

/// Which quotes go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// All of them: a key.
    All,
    /// Those that have a meaning inside of double quotes: an expression.
    Double,
}

/// The text without its quotes: `'k'`, `"k"` and `\k` are `k`.
pub(crate) fn unquote(text: &[u8], quotes: Quotes) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    let mut quote = None;
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', None) if quotes == Quotes::All => plain.extend(bytes.next()),
            (b'\\', None | Some(b'"')) => match bytes.next_if(|next| b"$`\"\\".contains(next)) {
                Some(next) => plain.push(next),
                None => plain.push(byte),
            },
            (b'"', None) => quote = Some(byte),
            (b'\'', None) if quotes == Quotes::All => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            _ => plain.push(byte),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Quotes, unquote};

    #[test]
    fn quotes_go() {
        assert_eq!(unquote(br#"a'b "c'"d'e"\f"#, Quotes::All), b"ab \"cd'ef");
        assert_eq!(unquote(br#"a'b'"d'e"\f\$"#, Quotes::Double), b"a'b'd'e\\f$");
    }
}
