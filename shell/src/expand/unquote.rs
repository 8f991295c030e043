//! Quote removal of text that never was a word: keys inside arithmetic.

/// The text without its quotes: `'k'`, `"k"` and `\k` are `k`.
pub(crate) fn unquote(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    let mut quote = None;
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', None | Some(b'"')) => plain.extend(bytes.next()),
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            _ => plain.push(byte),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn quotes_go() {
        assert_eq!(unquote(br#"a'b "c'"d'e"\f"#), b"ab \"cd'ef");
    }
}
