//! What each byte means to the lexer: one table.

/// Ends an unquoted word (POSIX: a metacharacter); also the end of the text.
pub(super) const META: u8 = 1;
/// Begins something inside an unquoted word.
pub(super) const QUOTE: u8 = 2;
/// May stand in a name.
pub(super) const NAME: u8 = 4;
/// May begin a name.
pub(super) const START: u8 = 8;
/// Before `(` begins an extended glob.
pub(super) const EXTGLOB: u8 = 16;
/// Means something inside double quotes.
pub(super) const DOUBLE: u8 = 32;
/// Separates words and is no newline.
pub(super) const BLANK: u8 = 64;

static CLASS: [u8; 256] = table();

/// The classes of `byte`, or-ed.
#[inline]
pub(super) fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

/// Whether `byte` may stand in a name after its first byte.
#[inline]
pub(super) fn is_name_byte(byte: u8) -> bool {
    class(byte) & NAME != 0
}

/// Whether `byte` may begin a name.
#[inline]
pub(super) fn is_name_start(byte: u8) -> bool {
    class(byte) & START != 0
}

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    table = mark(table, b"\0 \t\n;&|<>()", META);
    table = mark(table, b"\0\\'\"$`", QUOTE);
    table = mark(table, b"0123456789", NAME);
    table = mark(table, b"_ABCDEFGHIJKLMNOPQRSTUVWXYZ", NAME | START);
    table = mark(table, b"abcdefghijklmnopqrstuvwxyz", NAME | START);
    table = mark(table, b"?*+@!", EXTGLOB);
    table = mark(table, b"\0\\\"$`", DOUBLE);
    mark(table, b" \t", BLANK)
}

const fn mark(mut table: [u8; 256], bytes: &[u8], class: u8) -> [u8; 256] {
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] |= class;
        i += 1;
    }
    table
}
