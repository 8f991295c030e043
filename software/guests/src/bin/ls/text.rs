//! How `ls` orders names, and how it shows names and sizes.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::wasi::ffi::OsStrExt;

use agentos_guest::fs::{S_IFDIR, S_IFLNK, Stat};

pub(super) fn extension(name: &OsStr) -> &[u8] {
    let bytes = name.as_bytes();
    match bytes.iter().rposition(|byte| *byte == b'.') {
        Some(at) if at > 0 => &bytes[at..],
        _ => b"",
    }
}

/// Names with their numbers compared as numbers, what looks like an extension last: GNU's version sort.
pub(super) fn version(a: &[u8], b: &[u8]) -> Ordering {
    revision(stem(a), stem(b)).then_with(|| revision(a, b))
}

/// A name without its extensions: a dot, a letter, letters and digits, again and again.
fn stem(name: &[u8]) -> &[u8] {
    let mut end = name.len();
    loop {
        let part =
            name[..end].iter().rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'~');
        match part {
            Some(at)
                if at > 0
                    && name[at] == b'.'
                    && name
                        .get(at + 1)
                        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'~')
                    && at + 1 < end =>
            {
                end = at;
            }
            _ => return &name[..end],
        }
    }
}

/// Letters before other characters, `~` before everything, numbers by their value.
fn revision(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a, b);
    let order = |text: &[u8]| match text.first() {
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let is_text = |text: &[u8]| text.first().is_some_and(|byte| !byte.is_ascii_digit());
    while !a.is_empty() || !b.is_empty() {
        while is_text(a) || is_text(b) {
            let compared = order(a).cmp(&order(b));
            if compared != Ordering::Equal {
                return compared;
            }
            (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
        }
        let number = |text: &[u8]| {
            let zeros = text.iter().take_while(|byte| **byte == b'0').count();
            let digits = text[zeros..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            (zeros, zeros + digits)
        };
        let ((from, to), (other_from, other_to)) = (number(a), number(b));
        let (left, right) = (&a[from..to], &b[other_from..other_to]);
        let compared = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
        if compared != Ordering::Equal {
            return compared;
        }
        (a, b) = (&a[to..], &b[other_to..]);
    }
    Ordering::Equal
}

/// A size with a unit, rounded up: `1.5K`, `12M`.
pub(super) fn human(bytes: u64, unit: u64) -> String {
    if bytes < unit {
        return bytes.to_string();
    }
    let letters: &[u8] = if unit == 1000 { b"kMGTPE" } else { b"KMGTPE" };
    let (mut scale, mut letter) = (unit, 0);
    while bytes.div_ceil(scale) >= unit && letter + 1 < letters.len() {
        scale = scale.saturating_mul(unit);
        letter += 1;
    }
    let letter = char::from(letters[letter]);
    let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(scale));
    match tenths {
        0..100 => format!("{}.{}{letter}", tenths / 10, tenths % 10),
        _ => format!("{}{letter}", tenths.div_ceil(10)),
    }
}

/// Moves from a column to another, with tabs as far as they go.
pub(super) fn indent(text: &mut Vec<u8>, mut at: usize, to: usize) {
    while at < to {
        if to / 8 > (at + 1) / 8 {
            text.push(b'\t');
            at += 8 - at % 8;
        } else {
            text.push(b' ');
            at += 1;
        }
    }
}

pub(super) fn color(stat: &Stat) -> Option<&'static str> {
    Some(match stat.kind() {
        S_IFDIR if stat.mode & 0o1002 == 0o1002 => "30;42",
        S_IFDIR if stat.mode & 0o002 != 0 => "34;42",
        S_IFDIR => "01;34",
        S_IFLNK => "01;36",
        0o010_000 => "40;33",
        0o020_000 | 0o060_000 => "40;33;01",
        _ if stat.mode & 0o4000 != 0 => "37;41",
        _ if stat.mode & 0o2000 != 0 => "30;43",
        _ if stat.mode & 0o111 != 0 => "01;32",
        _ => return None,
    })
}

/// C's escapes for what cannot be seen, and for these characters.
pub(super) fn escaped(bytes: &[u8], special: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\x07' => out.extend(b"\\a"),
                '\x08' => out.extend(b"\\b"),
                '\x0b' => out.extend(b"\\v"),
                '\x0c' => out.extend(b"\\f"),
                '\n' => out.extend(b"\\n"),
                '\r' => out.extend(b"\\r"),
                '\t' => out.extend(b"\\t"),
                '\\' => out.extend(b"\\\\"),
                _ if character.is_ascii() && special.contains(&(character as u8)) => {
                    out.extend([b'\\', character as u8]);
                }
                _ if character.is_control() => {
                    let mut buffer = [0; 4];
                    for byte in character.encode_utf8(&mut buffer).bytes() {
                        out.extend(format!("\\{byte:03o}").bytes());
                    }
                }
                _ => out.extend(character.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        for byte in chunk.invalid() {
            out.extend(format!("\\{byte:03o}").bytes());
        }
    }
    out
}

/// A name as a shell would take it back, in quotes only where needed.
pub(super) fn shell_quoted(bytes: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric() || b"%+,-./:=@_^~#{}]".contains(byte) || *byte >= 0x80
    };
    let strange =
        bytes.iter().any(|byte| byte.is_ascii_control()) || std::str::from_utf8(bytes).is_err();
    if strange {
        return [b"''$'", &escaped(bytes, b"'")[..], b"'"].concat();
    }
    let leading = bytes.first().is_some_and(|byte| b"~#".contains(byte));
    if !bytes.is_empty() && !leading && bytes.iter().all(plain) {
        return bytes.to_vec();
    }
    if bytes.contains(&b'\'') {
        if !bytes.iter().any(|byte| b"\"$`\\!".contains(byte)) {
            return [b"\"", bytes, b"\""].concat();
        }
        let text = String::from_utf8_lossy(bytes).replace('\'', "'\\''");
        return format!("'{text}'").into_bytes();
    }
    [b"'", bytes, b"'"].concat()
}
