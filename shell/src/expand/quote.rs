//! Quoting: from a value to text that the shell reads back as that value.

/// In single quotes; `'` becomes `'\''`.
pub(crate) fn single(text: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in text {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// In double quotes, as `declare -p` prints values; with control characters in `$'…'`.
pub(crate) fn double(text: &[u8]) -> Vec<u8> {
    if needs_ansi_c(text) {
        return ansi_c(text);
    }
    let mut quoted = vec![b'"'];
    for byte in text {
        if matches!(byte, b'"' | b'$' | b'`' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}

/// As `${x@Q}`: in `'…'`, with control characters in `$'…'`.
pub(crate) fn reusable(text: &[u8]) -> Vec<u8> {
    if needs_ansi_c(text) { ansi_c(text) } else { single(text) }
}

/// As `printf %q`: with backslashes where needed, with control characters in `$'…'`.
pub(crate) fn backslash(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return b"''".to_vec();
    }
    if needs_ansi_c(text) {
        return ansi_c(text);
    }
    let mut quoted = Vec::with_capacity(text.len() + 8);
    for (index, byte) in text.iter().enumerate() {
        if *byte == b',' || is_special(text, index) {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted
}

/// As `set` shows a value: in quotes where needed.
pub(crate) fn word(text: &[u8]) -> Vec<u8> {
    if needs_ansi_c(text) { ansi_c(text) } else { traced(text) }
}

/// As `set -x` shows a word: white space alone brings no `$'…'`.
pub(crate) fn traced(text: &[u8]) -> Vec<u8> {
    if text == b"'" {
        return b"\\'".to_vec();
    }
    if text.is_empty() || has_special(text) {
        return single(text);
    }
    if needs_ansi_c(text) { ansi_c(text) } else { text.to_vec() }
}

/// Whether the shell would take some byte for more than itself.
fn has_special(text: &[u8]) -> bool {
    (0..text.len()).any(|index| is_special(text, index))
}

/// Whether the shell would take this byte for more than itself.
fn is_special(text: &[u8], index: usize) -> bool {
    match text.get(index) {
        Some(b'#') => index == 0,
        Some(b'~') => index == 0 || matches!(text.get(index - 1), Some(b':' | b'=')),
        Some(byte) => b" \t\n'\"\\|&;()<>!{}*[]?^$`".contains(byte),
        None => false,
    }
}

/// Whether there is something that does not print: control characters, bytes that are no UTF-8.
pub(crate) fn needs_ansi_c(text: &[u8]) -> bool {
    text.utf8_chunks()
        .any(|chunk| !chunk.invalid().is_empty() || chunk.valid().chars().any(char::is_control))
}

/// `$'…'`
pub(crate) fn ansi_c(text: &[u8]) -> Vec<u8> {
    let mut quoted = b"$'".to_vec();
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\x1b' => quoted.extend_from_slice(b"\\E"),
                '\x07' => quoted.extend_from_slice(b"\\a"),
                '\x08' => quoted.extend_from_slice(b"\\b"),
                '\x0b' => quoted.extend_from_slice(b"\\v"),
                '\x0c' => quoted.extend_from_slice(b"\\f"),
                '\n' => quoted.extend_from_slice(b"\\n"),
                '\r' => quoted.extend_from_slice(b"\\r"),
                '\t' => quoted.extend_from_slice(b"\\t"),
                '\\' => quoted.extend_from_slice(b"\\\\"),
                '\'' => quoted.extend_from_slice(b"\\'"),
                c if c.is_control() => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        quoted.extend_from_slice(format!("\\{byte:03o}").as_bytes());
                    }
                }
                c => crate::pattern::push(&mut quoted, c),
            }
        }
        for byte in chunk.invalid() {
            quoted.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        }
    }
    quoted.push(b'\'');
    quoted
}

/// A key between the brackets of `declare -p`: in double quotes when it needs some.
pub(crate) fn key(text: &[u8]) -> Vec<u8> {
    if needs_ansi_c(text) {
        ansi_c(text)
    } else if text.is_empty() || text == b"@" || has_special(text) {
        double(text)
    } else {
        text.to_vec()
    }
}
