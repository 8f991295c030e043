//! Where in a script something stands.

/// A range of bytes of the source, and the line it starts on.
///
/// Offsets count from the start of the text the parser was given; lines count from its
/// first line number (1 unless told otherwise).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// The line of the first byte.
    pub line: u32,
}
