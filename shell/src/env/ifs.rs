//! `IFS`, as splitting asks for it.

/// `IFS`, ready for splitting. It separates by bytes: a character of several bytes in `IFS` is
/// taken as that many separators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ifs {
    /// One bit per byte that separates fields.
    separators: [u64; 4],
    /// Unset counts as space, tab, newline here.
    pub(crate) first: Option<u8>,
}

impl Ifs {
    pub(super) fn new(value: Option<&[u8]>) -> Ifs {
        let value = value.unwrap_or(b" \t\n");
        let mut separators = [0; 4];
        for byte in value {
            separators[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        Ifs { separators, first: value.first().copied() }
    }

    /// Whether the byte separates fields.
    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.separators[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }

    /// Whether the byte separates fields and is white space, of which any amount counts once.
    pub(crate) fn is_white(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t' | b'\n') && self.contains(byte)
    }

    /// Whether nothing separates fields.
    pub(crate) fn is_empty(&self) -> bool {
        self.separators == [0; 4]
    }
}
