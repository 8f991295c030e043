//! The escapes of `$'…'` (bash manual 3.1.2.4).

/// The value of the text between the quotes. A NUL ends it, as in bash.
pub(in crate::syntax) fn decode(raw: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            value.push(byte);
            continue;
        }
        let Some((&letter, after)) = rest.split_first() else {
            value.push(b'\\');
            break;
        };
        let before = rest;
        rest = after;
        let code = match letter {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => letter,
            b'0'..=b'7' => {
                rest = before;
                (number(&mut rest, 8, 3).unwrap_or(0) & 0xff) as u8
            }
            b'x' => match hexadecimal(&mut rest) {
                Some(code) => (code & 0xff) as u8,
                None => {
                    value.extend_from_slice(b"\\x");
                    continue;
                }
            },
            b'u' | b'U' => {
                let digits = if letter == b'u' { 4 } else { 8 };
                match number(&mut rest, 16, digits) {
                    Some(0) => break,
                    Some(code) => encode(code, &mut value),
                    None => value.extend_from_slice(&[b'\\', letter]),
                }
                continue;
            }
            b'c' if !rest.is_empty() => control(&mut rest),
            _ => {
                value.extend_from_slice(&[b'\\', letter]);
                continue;
            }
        };
        if code == 0 {
            break;
        }
        value.push(code);
    }
    value
}

/// `\xHH` or `\x{H…}`, after the `x`.
fn hexadecimal(rest: &mut &[u8]) -> Option<u32> {
    if let Some(braced) = rest.strip_prefix(b"{") {
        let mut inner = braced;
        let code = number(&mut inner, 16, usize::MAX).unwrap_or(0);
        *rest = inner.strip_prefix(b"}").unwrap_or(inner);
        return Some(code);
    }
    number(rest, 16, 2)
}

/// A number of at most `most` digits; larger ones keep their low bits.
fn number(rest: &mut &[u8], radix: u32, most: usize) -> Option<u32> {
    let mut code = None;
    for _ in 0..most {
        let Some(digit) = rest.first().and_then(|&b| char::from(b).to_digit(radix)) else { break };
        code = Some(code.unwrap_or(0_u32).wrapping_mul(radix).wrapping_add(digit));
        *rest = &rest[1..];
    }
    code
}

/// `\cX`, after the `c`.
fn control(rest: &mut &[u8]) -> u8 {
    let letter = rest[0];
    *rest = if rest.starts_with(b"\\\\") { &rest[2..] } else { &rest[1..] };
    if letter == b'?' { 0x7f } else { letter.to_ascii_uppercase() & 0x1f }
}

/// UTF-8, also of what is no scalar value.
fn encode(code: u32, value: &mut Vec<u8>) {
    if let Some(character) = char::from_u32(code) {
        value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        return;
    }
    let tail = |shift: u32| 0x80 | ((code >> shift) & 0x3f) as u8;
    match code {
        0..=0xffff => value.extend_from_slice(&[0xe0 | (code >> 12) as u8, tail(6), tail(0)]),
        0x1_0000..=0x1f_ffff => {
            value.extend_from_slice(&[0xf0 | (code >> 18) as u8, tail(12), tail(6), tail(0)]);
        }
        0x20_0000..=0x3ff_ffff => {
            let lead = 0xf8 | (code >> 24) as u8;
            value.extend_from_slice(&[lead, tail(18), tail(12), tail(6), tail(0)]);
        }
        _ => {
            let lead = 0xfc | ((code >> 30) & 1) as u8;
            value.extend_from_slice(&[lead, tail(24), tail(18), tail(12), tail(6), tail(0)]);
        }
    }
}
