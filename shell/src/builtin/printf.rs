//! `printf`

use super::lossy;
use crate::env::{Mode, VarError};
use crate::exec::Outcome;
use crate::expand::quote;
use crate::shell::Shell;

pub(super) fn printf(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "v:") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let variable = options.value(b'v').map(<[u8]>::to_vec);
    if let Some(name) = &variable
        && !crate::env::is_reference(name)
    {
        shell.complain(format!("`{}': not a valid identifier", lossy(name)));
        return Ok(2);
    }
    let args = args.get(options.used..).unwrap_or_default();
    let Some((format, values)) = args.split_first() else { return Ok(shell.usage()) };
    let mut run =
        Printf { shell, values, next: 0, out: Vec::new(), status: 0, stop: false, full: false };
    run.all(format);
    let (out, status, full) = (run.out, run.status, run.full);
    if full {
        return Err(shell.exhausted());
    }
    match variable {
        None => shell.out.extend_from_slice(&out),
        Some(name) => {
            let result = match crate::env::split_subscript(&name) {
                Some((base, subscript)) => {
                    shell.env.assign_element(base, subscript, out, Mode::Set)
                }
                None => shell.env.assign(&name, out, Mode::Set),
            };
            if let Err(error) = result {
                shell.builtin = None;
                if matches!(error, VarError::Arith(_)) {
                    return Err(shell.assignment_failed(&error));
                }
                shell.complain(error.message());
                return Ok(1);
            }
        }
    }
    Ok(status)
}

struct Printf<'a> {
    shell: &'a mut Shell,
    values: &'a [Vec<u8>],
    next: usize,
    out: Vec<u8>,
    status: u8,
    stop: bool,
    /// There is no memory for more.
    full: bool,
}

/// A conversion's flags and sizes.
#[derive(Default, Clone)]
struct Spec {
    minus: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

/// No conversion is wider than this: a field is memory.
const MAX_WIDTH: i64 = 1 << 24;

impl Printf<'_> {
    fn all(&mut self, format: &[u8]) {
        loop {
            let before = self.next;
            self.once(format);
            self.full = self.out.len() > self.shell.sys.room();
            if self.full || self.stop || self.next >= self.values.len() || self.next == before {
                return;
            }
        }
    }

    fn once(&mut self, format: &[u8]) {
        let mut at = 0;
        while let Some(byte) = format.get(at).copied() {
            match byte {
                b'\\' => at += escape(&format[at..], Escapes::Format, &mut self.out).unwrap_or(1),
                b'%' if format.get(at + 1) == Some(&b'%') => {
                    self.out.push(b'%');
                    at += 2;
                }
                b'%' => match self.conversion(format, at) {
                    Some(end) => at = end,
                    None => {
                        self.stop = true;
                        return;
                    }
                },
                byte => {
                    self.out.push(byte);
                    at += 1;
                }
            }
            if self.stop {
                return;
            }
        }
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let value = self.values.get(self.next).cloned();
        if value.is_some() {
            self.next += 1;
        }
        value
    }

    /// One conversion; where it ends, or `None` after an error that ends the builtin.
    fn conversion(&mut self, format: &[u8], start: usize) -> Option<usize> {
        let mut at = start + 1;
        let mut spec = Spec::default();
        while let Some(flag) = format.get(at) {
            match flag {
                b'-' => spec.minus = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'#' => spec.alternate = true,
                b'0' => spec.zero = true,
                b'\'' => {}
                _ => break,
            }
            at += 1;
        }
        let width = self.size(format, &mut at);
        if width < 0 {
            spec.minus = true;
        }
        spec.width = width.unsigned_abs().min(MAX_WIDTH as u64) as usize;
        if format.get(at) == Some(&b'.') {
            at += 1;
            let precision = self.size(format, &mut at);
            spec.precision = usize::try_from(precision.min(MAX_WIDTH)).ok();
        }
        if format.get(at) == Some(&b'(') {
            return self.time(format, at, &spec, start);
        }
        while matches!(format.get(at), Some(b'h' | b'l' | b'j' | b'z' | b't' | b'L' | b'q'))
            && (format.get(at) != Some(&b'q') || is_conversion(format.get(at + 1).copied()))
        {
            at += 1;
        }
        let Some(kind) = format.get(at).copied() else {
            let shown = lossy(format.get(start..).unwrap_or_default());
            self.shell.complain(format!("`{shown}': missing format character"));
            self.status = 1;
            return None;
        };
        match kind {
            b's' => {
                let value = self.value().unwrap_or_default();
                self.text(&value, &spec);
            }
            b'b' => self.escaped_text(&spec),
            b'q' | b'Q' => {
                let value = self.value().unwrap_or_default();
                let value = match spec.precision.filter(|_| kind == b'Q') {
                    Some(precision) => value.get(..precision).unwrap_or(&value).to_vec(),
                    None => value,
                };
                let mut plain = spec.clone();
                if kind == b'Q' {
                    plain.precision = None;
                }
                self.text(&quote::backslash(&value), &plain);
            }
            b'c' => {
                let value = self.value().unwrap_or_default();
                let mut plain = spec.clone();
                plain.precision = None;
                // The first byte; that of an empty string is the one that ends it in C.
                self.text(&[value.first().copied().unwrap_or(0)], &plain);
            }
            b'd' | b'i' => {
                let value = self.integer(i64::MAX.into());
                self.signed(value, &spec);
            }
            b'u' | b'o' | b'x' | b'X' => {
                let value = self.integer(u64::MAX.into());
                self.unsigned(value, kind, &spec);
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => {
                let value = self.float();
                let text = float::format(value, kind, spec.precision, spec.alternate);
                self.number(text, &spec, value.is_finite());
            }
            b'n' => {
                if let Some(name) = self.value() {
                    let count = self.out.len().to_string().into_bytes();
                    let _ = self.shell.env.assign(&name, count, Mode::Set);
                }
            }
            other => {
                let shown = lossy(&[other]);
                self.shell.complain(format!("`{shown}': invalid format character"));
                self.status = 1;
                return None;
            }
        }
        Some(at + 1)
    }

    /// A width or precision: digits or `*`.
    fn size(&mut self, format: &[u8], at: &mut usize) -> i64 {
        if format.get(*at) == Some(&b'*') {
            *at += 1;
            return self.integer(i64::MAX.into()).clamp(-MAX_WIDTH, MAX_WIDTH);
        }
        let mut value = 0i64;
        while let Some(digit) = format.get(*at).filter(|byte| byte.is_ascii_digit()) {
            value = (value * 10 + i64::from(digit - b'0')).min(MAX_WIDTH);
            *at += 1;
        }
        value
    }

    fn text(&mut self, value: &[u8], spec: &Spec) {
        let value = match spec.precision {
            Some(precision) => value.get(..precision.min(value.len())).unwrap_or_default(),
            None => value,
        };
        let pad = spec.width.saturating_sub(value.len());
        if !spec.minus {
            self.out.extend(std::iter::repeat_n(b' ', pad));
        }
        self.out.extend_from_slice(value);
        if spec.minus {
            self.out.extend(std::iter::repeat_n(b' ', pad));
        }
    }

    fn escaped_text(&mut self, spec: &Spec) {
        let value = self.value().unwrap_or_default();
        let mut text = Vec::new();
        let stopped = unescape(&value, Escapes::PercentB, &mut text);
        self.text(&text, spec);
        self.stop |= stopped;
    }

    /// The argument as an integer up to `max`, of which the bits count; a bad one is said and is
    /// what its start means.
    fn integer(&mut self, max: i128) -> i64 {
        let Some(value) = self.value() else { return 0 };
        if let Some(code) = character_code(&value) {
            return code;
        }
        let text = value.trim_ascii_start();
        let (parsed, used) = parse_integer(text);
        let number = parsed.clamp(i64::MIN.into(), max);
        if used == 0 && text.is_empty() && value.is_empty() {
            return 0;
        }
        if used < text.len() || used == 0 {
            self.shell.complain(format!("{}: invalid number", lossy(&value)));
            self.status = 1;
        } else if number != parsed {
            self.shell
                .complain(format!("warning: {}: Numerical result out of range", lossy(&value)));
        }
        number as i64
    }

    fn float(&mut self) -> f64 {
        let Some(value) = self.value() else { return 0.0 };
        if let Some(code) = character_code(&value) {
            return code as f64;
        }
        let text = lossy(value.trim_ascii_start());
        if text.is_empty() && value.is_empty() {
            return 0.0;
        }
        let (number, used) = float::parse(&text);
        if used < text.len() || used == 0 {
            self.shell.complain(format!("{}: invalid number", lossy(&value)));
            self.status = 1;
        }
        number
    }

    fn signed(&mut self, value: i64, spec: &Spec) {
        let digits = value.unsigned_abs().to_string();
        let digits = padded(digits, spec.precision);
        let sign = match (value < 0, spec.plus, spec.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let zeros = spec.precision.is_none();
        self.field(sign, &digits, spec, zeros);
    }

    fn unsigned(&mut self, value: i64, kind: u8, spec: &Spec) {
        let value = value as u64;
        let (digits, prefix) = match kind {
            b'o' => {
                let digits = format!("{value:o}");
                let prefix = if spec.alternate && !digits.starts_with('0') { "0" } else { "" };
                (digits, prefix)
            }
            b'x' => (format!("{value:x}"), if spec.alternate && value != 0 { "0x" } else { "" }),
            b'X' => (format!("{value:X}"), if spec.alternate && value != 0 { "0X" } else { "" }),
            _ => (value.to_string(), ""),
        };
        let digits = padded(digits, spec.precision);
        let zeros = spec.precision.is_none();
        self.field(prefix, &digits, spec, zeros);
    }

    /// A formatted floating-point number, with its sign.
    fn number(&mut self, text: String, spec: &Spec, zeros: bool) {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None if spec.plus => ("+", &text[..]),
            None if spec.space => (" ", &text[..]),
            None => ("", &text[..]),
        };
        let digits = digits.to_owned();
        self.field(sign, &digits, spec, zeros);
    }

    fn field(&mut self, sign: &str, digits: &str, spec: &Spec, zeros: bool) {
        let pad = spec.width.saturating_sub(sign.len() + digits.len());
        let zero = spec.zero && !spec.minus && zeros;
        if !spec.minus && !zero {
            self.out.extend(std::iter::repeat_n(b' ', pad));
        }
        self.out.extend_from_slice(sign.as_bytes());
        if zero {
            self.out.extend(std::iter::repeat_n(b'0', pad));
        }
        self.out.extend_from_slice(digits.as_bytes());
        if spec.minus {
            self.out.extend(std::iter::repeat_n(b' ', pad));
        }
    }

    /// `%(format)T`
    fn time(&mut self, format: &[u8], at: usize, spec: &Spec, start: usize) -> Option<usize> {
        let mut depth = 0;
        let mut end = at;
        loop {
            match format.get(end) {
                Some(b'(') => depth += 1,
                Some(b')') => depth -= 1,
                Some(_) => {}
                None => break,
            }
            if depth == 0 {
                break;
            }
            end += 1;
        }
        if format.get(end + 1) != Some(&b'T') {
            let shown = lossy(format.get(end + 1..end + 2).unwrap_or(b"("));
            let _ = start;
            self.shell.complain(format!("`{shown}': invalid time format specification"));
            self.status = 1;
            return None;
        }
        let seconds = match self.values.get(self.next) {
            None => -1,
            Some(_) => self.integer(i64::MAX.into()),
        };
        let now = (self.shell.sys.realtime_ns() / 1_000_000_000) as i64;
        let seconds = match seconds {
            -1 => now,
            -2 => now,
            seconds => seconds,
        };
        let inner = format.get(at + 1..end).unwrap_or_default();
        let inner: &[u8] = if inner.is_empty() { b"%X" } else { inner };
        let text = crate::exec::strftime::strftime(inner, seconds);
        self.text(&text, spec);
        Some(end + 2)
    }
}

fn is_conversion(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| matches!(byte, b'd' | b'i' | b'u' | b'o' | b'x' | b'X'))
}

/// `'c`: the code of a character.
fn character_code(value: &[u8]) -> Option<i64> {
    let rest = match value.split_first() {
        Some((b'\'' | b'"', rest)) => rest,
        _ => return None,
    };
    let Some(first) = rest.first() else { return Some(0) };
    let length = match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    let character = rest.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let code = character.and_then(|text| text.chars().next()).map(|c| i64::from(u32::from(c)));
    Some(code.unwrap_or(i64::from(*first)))
}

fn padded(digits: String, precision: Option<usize>) -> String {
    match precision {
        Some(0) if digits == "0" => String::new(),
        Some(precision) if digits.len() < precision => {
            "0".repeat(precision - digits.len()) + &digits
        }
        _ => digits,
    }
}

/// As `strtoimax(3)` with base 0, not yet cut to a range: the value, and how many bytes belong to
/// it.
fn parse_integer(text: &[u8]) -> (i128, usize) {
    let mut at = 0;
    let negative = match text.first() {
        Some(b'-') => {
            at = 1;
            true
        }
        Some(b'+') => {
            at = 1;
            false
        }
        _ => false,
    };
    let hex = matches!(text.get(at..at + 2), Some(b"0x" | b"0X"))
        && text.get(at + 2).is_some_and(u8::is_ascii_hexdigit);
    let radix = if hex {
        at += 2;
        16
    } else if text.get(at) == Some(&b'0') {
        8
    } else {
        10
    };
    let start = at;
    let mut value: i128 = 0;
    while let Some(digit) = text.get(at).and_then(|byte| (*byte as char).to_digit(radix)) {
        value = (value * i128::from(radix) + i128::from(digit)).min(i128::from(u64::MAX) + 1);
        at += 1;
    }
    if at == start {
        return (0, 0);
    }
    (if negative { -value } else { value }, at)
}

/// Whose escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// The format of `printf`: `\nnn`.
    Format,
    /// `%b`: `\0nnn`, `\c`.
    PercentB,
    /// `echo -e`: `\0nnn`, `\c`; quotes stay.
    Echo,
}

/// Replaces escapes; whether `\c` ended the output.
pub(crate) fn unescape(text: &[u8], kind: Escapes, out: &mut Vec<u8>) -> bool {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if *byte != b'\\' {
            out.push(*byte);
            at += 1;
            continue;
        }
        match escape(&text[at..], kind, out) {
            Some(length) => at += length,
            None => return true,
        }
    }
    false
}

/// One escape at the start of `text`: its length; `None` for `\c`.
fn escape(text: &[u8], kind: Escapes, out: &mut Vec<u8>) -> Option<usize> {
    let Some(letter) = text.get(1).copied() else {
        out.push(b'\\');
        return Some(1);
    };
    let simple = match letter {
        b'a' => 7,
        b'b' => 8,
        b'e' | b'E' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' => b'\\',
        b'"' | b'\'' | b'?' if kind == Escapes::Format => letter,
        b'"' | b'\'' | b'?' if kind == Escapes::PercentB => letter,
        b'c' if kind != Escapes::Format => return None,
        b'0' if kind != Escapes::Format => return Some(2 + octal(&text[2..], 3, out)),
        b'0'..=b'7' if kind != Escapes::Echo => return Some(1 + octal(&text[1..], 3, out)),
        b'x' => return Some(hexadecimal(text, 2, out)),
        b'u' => return Some(unicode(text, 4, out)),
        b'U' => return Some(unicode(text, 8, out)),
        _ => {
            out.extend([b'\\', letter]);
            return Some(2);
        }
    };
    out.push(simple);
    Some(2)
}

fn octal(digits: &[u8], most: usize, out: &mut Vec<u8>) -> usize {
    let count = digits.iter().take(most).take_while(|b| matches!(b, b'0'..=b'7')).count();
    let value = digits.iter().take(count).fold(0u32, |v, b| v * 8 + u32::from(b - b'0'));
    out.push(value as u8);
    count
}

fn hexadecimal(text: &[u8], most: usize, out: &mut Vec<u8>) -> usize {
    let digits = text.get(2..).unwrap_or_default();
    let count = digits.iter().take(most).take_while(|b| b.is_ascii_hexdigit()).count();
    if count == 0 {
        out.extend_from_slice(b"\\x");
        return 2;
    }
    out.push(hex_value(digits, count) as u8);
    2 + count
}

fn hex_value(digits: &[u8], count: usize) -> u32 {
    let digit = |byte: &u8| (*byte as char).to_digit(16).unwrap_or(0);
    digits.iter().take(count).fold(0, |value, byte| value << 4 | digit(byte))
}

fn unicode(text: &[u8], most: usize, out: &mut Vec<u8>) -> usize {
    let digits = text.get(2..).unwrap_or_default();
    let count = digits.iter().take(most).take_while(|b| b.is_ascii_hexdigit()).count();
    if count == 0 {
        out.extend_from_slice(text.get(..2).unwrap_or_default());
        return 2;
    }
    match char::from_u32(hex_value(digits, count)) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice("\u{fffd}".as_bytes()),
    }
    2 + count
}

/// Floating-point numbers in C's forms.
mod float {
    /// As `strtod(3)`: the value and how many bytes belong to it.
    pub(super) fn parse(text: &str) -> (f64, usize) {
        let bytes = text.as_bytes();
        let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
        let unsigned = text.get(sign..).unwrap_or_default();
        let lower = unsigned.to_ascii_lowercase();
        let negative = bytes.first() == Some(&b'-');
        let signed = |value: f64| if negative { -value } else { value };
        for (name, value) in
            [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)]
        {
            if lower.starts_with(name) {
                return (signed(value), sign + name.len());
            }
        }
        if let Some(hex) = lower.strip_prefix("0x") {
            let digits = hex.bytes().take_while(u8::is_ascii_hexdigit).count();
            if digits > 0 {
                let value = u128::from_str_radix(&hex[..digits.min(30)], 16).unwrap_or(0);
                return (signed(value as f64), sign + 2 + digits);
            }
        }
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut end = digits(unsigned);
        let mut any = end > 0;
        if unsigned.as_bytes().get(end) == Some(&b'.') {
            let fraction = digits(&unsigned[end + 1..]);
            if any || fraction > 0 {
                end += 1 + fraction;
                any = true;
            }
        }
        if !any {
            return (0.0, 0);
        }
        if matches!(unsigned.as_bytes().get(end), Some(b'e' | b'E')) {
            let after = &unsigned[end + 1..];
            let skip = usize::from(after.starts_with(['+', '-']));
            let exponent = digits(&after[skip..]);
            if exponent > 0 {
                end += 1 + skip + exponent;
            }
        }
        (signed(unsigned[..end].parse().unwrap_or(0.0)), sign + end)
    }

    /// So many digits after the point, at most.
    const MAX_PRECISION: usize = 1 << 16;

    pub(super) fn format(
        value: f64,
        kind: u8,
        precision: Option<usize>,
        alternate: bool,
    ) -> String {
        let upper = kind.is_ascii_uppercase();
        let text = if value.is_nan() {
            (if value.is_sign_negative() { "-nan" } else { "nan" }).to_owned()
        } else if value.is_infinite() {
            (if value < 0.0 { "-inf" } else { "inf" }).to_owned()
        } else {
            let digits = precision.unwrap_or(6).min(MAX_PRECISION);
            match kind.to_ascii_lowercase() {
                b'e' => exponent(value, digits, alternate),
                b'g' => general(value, digits.max(1), alternate),
                b'a' => hexadecimal(value, precision),
                _ => format!("{value:.digits$}{}", if alternate && digits == 0 { "." } else { "" }),
            }
        };
        if upper { text.to_ascii_uppercase() } else { text }
    }

    /// `1.5e+03`
    fn exponent(value: f64, digits: usize, alternate: bool) -> String {
        let text = format!("{value:.digits$e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        let point = if alternate && digits == 0 { "." } else { "" };
        format!("{mantissa}{point}e{sign}{:02}", exponent.abs())
    }

    fn general(value: f64, digits: usize, alternate: bool) -> String {
        let text = format!("{value:.*e}", digits - 1);
        let exponent: i32 =
            text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or_default();
        let shortest = |text: String| {
            if alternate || !text.contains('.') {
                return text;
            }
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        if exponent < -4 || exponent >= digits as i32 {
            let text = self::exponent(value, digits - 1, alternate);
            let (mantissa, rest) = text.split_once('e').unwrap_or((&text, ""));
            return format!("{}e{rest}", shortest(mantissa.to_owned()));
        }
        let after = (digits as i32 - 1 - exponent).max(0) as usize;
        shortest(format!("{value:.after$}"))
    }

    /// `0x1.8p+1`
    fn hexadecimal(value: f64, precision: Option<usize>) -> String {
        let sign = if value.is_sign_negative() { "-" } else { "" };
        let bits = value.to_bits();
        let mut mantissa = bits & ((1 << 52) - 1);
        let exponent = (bits >> 52 & 0x7ff) as i64;
        if value == 0.0 {
            return format!("{sign}0x0p+0");
        }
        let mut lead = u64::from(exponent != 0);
        let power = if exponent == 0 { -1022 } else { exponent - 1023 };
        if let Some(digits) = precision.filter(|digits| *digits < 13) {
            let drop = (13 - digits) * 4;
            let half = 1u64 << (drop - 1);
            mantissa = (mantissa + half) >> drop << drop;
            if mantissa >> 52 != 0 {
                lead += 1;
                mantissa &= (1 << 52) - 1;
            }
        }
        let mut digits = format!("{mantissa:013x}");
        match precision {
            Some(wanted) => {
                digits.truncate(wanted);
                while digits.len() < wanted.min(MAX_PRECISION) {
                    digits.push('0');
                }
            }
            None => digits = digits.trim_end_matches('0').to_owned(),
        }
        let point = if digits.is_empty() { "" } else { "." };
        format!("{sign}0x{lead}{point}{digits}p{power:+}")
    }
}
