//! Bytes in records of a tar stream that must not have newlines.

/// A value without newlines: the `tar` crate takes one for the end of its record.
pub(super) fn escaped(value: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b'\n' => b"%0A".to_vec(),
        b'%' => b"%25".to_vec(),
        byte => vec![*byte],
    };
    value.iter().flat_map(escape).collect()
}

/// The value that was [`escaped`]; none if it was not.
pub(super) fn unescaped(value: &[u8]) -> Option<Vec<u8>> {
    let mut parts = value.split(|byte| *byte == b'%');
    let mut out = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        let (byte, rest) = match part {
            [b'0', b'A', rest @ ..] => (b'\n', rest),
            [b'2', b'5', rest @ ..] => (b'%', rest),
            _ => return None,
        };
        out.push(byte);
        out.extend_from_slice(rest);
    }
    Some(out)
}
