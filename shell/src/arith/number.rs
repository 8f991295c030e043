//! Integer constants: decimal, `0x`, leading 0, and `base#digits` up to base 64.

/// The value of a constant, wrapping like bash's.
///
/// # Errors
/// Bash's words for what is wrong with it.
pub(super) fn parse_number(text: &[u8]) -> Result<i64, &'static str> {
    let (mut base, mut fixed, mut digits) = match text {
        [b'0'] => return Ok(0),
        [b'0', b'x' | b'X', rest @ ..] => (16, true, rest),
        [b'0', rest @ ..] => (8, true, rest),
        _ => (10, false, text),
    };
    let mut value = 0_i64;
    while let Some((&byte, rest)) = digits.split_first() {
        digits = rest;
        if byte == b'#' {
            if fixed {
                return Err("invalid number");
            }
            if !(2..=64).contains(&value) {
                return Err("invalid arithmetic base");
            }
            if rest.is_empty() {
                return Err("invalid integer constant");
            }
            (base, fixed, value) = (value, true, 0);
            continue;
        }
        let Some(digit) = digit(byte, base) else { return Err("value too great for base") };
        value = value.wrapping_mul(base).wrapping_add(digit);
    }
    Ok(value)
}

/// The value of a digit; up to base 36 the letters' case does not matter.
fn digit(byte: u8, base: i64) -> Option<i64> {
    let value = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'z' => byte - b'a' + 10,
        b'A'..=b'Z' if base <= 36 => byte - b'A' + 10,
        b'A'..=b'Z' => byte - b'A' + 36,
        b'@' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(i64::from(value)).filter(|value| *value < base)
}
