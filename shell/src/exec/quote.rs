//! Quoting for output that can be read back: `set -x`, `printf %q`, `declare -p`, `trap -p`.

/// Bytes that make a word need quotes.
fn is_special(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\''
            | b'"'
            | b'\\'
            | b'|'
            | b'&'
            | b';'
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'!'
            | b'{'
            | b'}'
            | b'*'
            | b'['
            | b']'
            | b'?'
            | b'^'
            | b'$'
            | b'`'
    )
}

/// Whether `$'…'` is the only way.
pub(crate) fn needs_ansi(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_err() || text.iter().any(|byte| *byte < 0x20 || *byte == 0x7f)
}

/// As `set -x` shows a word.
pub(crate) fn word(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return b"''".to_vec();
    }
    if needs_ansi(text) {
        return ansi(text);
    }
    let special = text.iter().any(|byte| is_special(*byte));
    let leading = matches!(text.first(), Some(b'#' | b'~'));
    if special || leading { single(text) } else { text.to_vec() }
}

/// `'text'`
pub(crate) fn single(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for byte in text {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            _ => out.push(*byte),
        }
    }
    out.push(b'\'');
    out
}

/// `$'text'`
pub(crate) fn ansi(text: &[u8]) -> Vec<u8> {
    let mut out = b"$'".to_vec();
    let mut rest = text;
    while !rest.is_empty() {
        let (valid, broken, after) = split_valid(rest);
        for byte in valid {
            escape(*byte, &mut out);
        }
        for byte in broken {
            out.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        }
        rest = after;
    }
    out.push(b'\'');
    out
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    match byte {
        0x07 => out.extend_from_slice(b"\\a"),
        0x08 => out.extend_from_slice(b"\\b"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\n' => out.extend_from_slice(b"\\n"),
        0x0b => out.extend_from_slice(b"\\v"),
        0x0c => out.extend_from_slice(b"\\f"),
        b'\r' => out.extend_from_slice(b"\\r"),
        0x1b => out.extend_from_slice(b"\\E"),
        b'\\' | b'\'' => out.extend([b'\\', byte]),
        byte if byte < 0x20 || byte == 0x7f => {
            out.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        }
        byte => out.push(byte),
    }
}

/// The part that is UTF-8, the bytes that are not, and what follows.
fn split_valid(text: &[u8]) -> (&[u8], &[u8], &[u8]) {
    match std::str::from_utf8(text) {
        Ok(_) => (text, &[], &[]),
        Err(error) => {
            let (valid, rest) = text.split_at(error.valid_up_to());
            let length = error.error_len().unwrap_or(rest.len());
            let (broken, after) = rest.split_at(length);
            (valid, broken, after)
        }
    }
}

/// As `printf %q` and `${x@Q}`'s kin show a word: with backslashes.
pub(crate) fn backslash(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return b"''".to_vec();
    }
    if needs_ansi(text) {
        return ansi(text);
    }
    let mut out = Vec::with_capacity(text.len());
    for (position, byte) in text.iter().enumerate() {
        let special = is_special(*byte)
            || *byte == b','
            || position == 0 && matches!(byte, b'#' | b'~')
            || *byte == b'~' && matches!(text.get(position.wrapping_sub(1)), Some(b':' | b'='));
        if special {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// `"text"`, as `declare -p` shows a value.
pub(crate) fn double(text: &[u8]) -> Vec<u8> {
    if needs_ansi(text) {
        return ansi(text);
    }
    let mut out = vec![b'"'];
    for byte in text {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
    out
}
