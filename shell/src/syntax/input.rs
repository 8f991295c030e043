//! The text being read: where the parser is, on which line, inside which alias.
//!
//! Alias text takes the place of the bytes already read before it, so that one cursor reads
//! everything and nothing behind it moves. Not here: which words are aliases (`alias`).

use super::source::Span;

/// Where something begins, in the source's terms.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    offset: u32,
    line: u32,
}

impl Mark {
    /// The span from here to here.
    pub(super) fn point(self) -> Span {
        Span { start: self.offset, end: self.offset + 1, line: self.line }
    }

    pub(super) fn line(self) -> u32 {
        self.line
    }

    pub(super) fn offset(self) -> u32 {
        self.offset
    }
}

/// An alias whose text is being read.
struct ActiveAlias {
    name: Box<[u8]>,
    /// One past its text.
    end: usize,
    /// Its text ends in a blank: the word after it is looked up, too.
    expand_next: bool,
}

/// The bytes and the cursor. The end reads as NUL, which the text never contains.
#[derive(Default)]
pub(super) struct Input {
    buffer: Vec<u8>,
    /// The next byte to read.
    pub(super) pos: usize,
    /// What to add to a position to get an offset in the source.
    origin: i64,
    /// Lines before this position are counted in `line`.
    counted: usize,
    line: u32,
    /// The last newline is not in the source.
    closed: bool,
    active: Vec<ActiveAlias>,
    /// Text before this is an alias's and counts as being at `alias_mark`.
    alias_end: usize,
    alias_mark: Option<Mark>,
}

impl Input {
    /// Reads `source`, whose first byte is on line `line` and has the offset `offset`.
    ///
    /// NUL bytes are dropped, as bash does; a missing last newline is added.
    pub(super) fn new(source: &[u8], line: u32, offset: u32) -> Self {
        let mut buffer = Vec::with_capacity(source.len() + 1);
        if source.contains(&0) {
            buffer.extend(source.iter().filter(|&&b| b != 0));
        } else {
            buffer.extend_from_slice(source);
        }
        let closed = buffer.last().is_some_and(|&b| b != b'\n');
        if closed {
            buffer.push(b'\n');
        }
        Self { buffer, line, origin: i64::from(offset), closed, ..Self::default() }
    }

    /// Like [`new`](Self::new) for a piece of text that is no sequence of lines.
    pub(super) fn piece(text: Vec<u8>, line: u32, offset: u32) -> Self {
        Self { buffer: text, line, origin: i64::from(offset), ..Self::default() }
    }

    /// The byte at a position of the buffer.
    #[inline]
    pub(super) fn at(&self, pos: usize) -> u8 {
        self.buffer.get(pos).copied().unwrap_or(0)
    }

    /// The next byte.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.at(self.pos)
    }

    /// The byte `ahead` bytes after the next.
    #[inline]
    pub(super) fn peek_at(&self, ahead: usize) -> u8 {
        self.at(self.pos + ahead)
    }

    /// Whether everything has been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.pos >= self.buffer.len()
    }

    /// How many bytes follow; unlike a position it stays right when aliases are expanded.
    pub(super) fn remaining(&self) -> usize {
        self.buffer.len() - self.pos.min(self.buffer.len())
    }

    /// The position that has `remaining` bytes after it.
    pub(super) fn position_of(&self, remaining: usize) -> usize {
        self.buffer.len() - remaining
    }

    /// The bytes between two positions.
    pub(super) fn slice(&self, start: usize, end: usize) -> &[u8] {
        &self.buffer[start.min(end)..end.min(self.buffer.len())]
    }

    /// The bytes from `start` to the cursor.
    pub(super) fn since(&self, start: usize) -> &[u8] {
        self.slice(start, self.pos)
    }

    /// Whether the position is that of the newline added at the end.
    pub(super) fn is_added_newline(&self, pos: usize) -> bool {
        self.closed && pos + 1 == self.buffer.len()
    }

    /// Passes line continuations (backslash, newline).
    #[inline]
    pub(super) fn skip_continuations(&mut self) {
        while self.is_continuation(self.pos) {
            self.pos += 2;
        }
    }

    /// Whether a line continuation stands at `pos`.
    pub(super) fn is_continuation(&self, pos: usize) -> bool {
        self.at(pos) == b'\\' && self.at(pos + 1) == b'\n' && !self.is_added_newline(pos + 1)
    }

    /// Moves the text from the cursor to `at` over the continuation that stands there.
    pub(super) fn join_line(&mut self, at: usize) {
        self.mark();
        let start = self.pos;
        self.buffer.copy_within(start..at, start + 2);
        self.pos += 2;
        if self.counted == start {
            self.counted += 2;
            self.line += 1;
        }
    }

    /// Where the cursor is, for a span's beginning.
    pub(super) fn mark(&mut self) -> Mark {
        match self.alias_mark {
            Some(mark) if self.pos < self.alias_end => return mark,
            _ => {}
        }
        let pos = self.pos.min(self.buffer.len());
        if pos >= self.counted {
            self.line += newlines(&self.buffer[self.counted..pos]);
        } else {
            self.line -= newlines(&self.buffer[pos..self.counted]);
        }
        self.counted = pos;
        Mark { offset: self.offset(pos), line: self.line }
    }

    /// From `mark` to the cursor.
    pub(super) fn span(&self, mark: Mark) -> Span {
        let end = match self.alias_mark {
            Some(alias) if self.pos < self.alias_end => alias.offset,
            _ => self.offset(self.pos),
        };
        Span { start: mark.offset, end: end.max(mark.offset), line: mark.line }
    }

    fn offset(&self, pos: usize) -> u32 {
        u32::try_from(pos as i64 + self.origin).unwrap_or(0)
    }

    /// Replaces the word between two positions, which has just been read, by alias text.
    pub(super) fn expand_alias(&mut self, start: usize, end: usize, text: &[u8]) {
        let name: Box<[u8]> = self.slice(start, end).into();
        self.pos = start;
        let mark = self.mark();
        let expand_next = matches!(text.last(), Some(b' ' | b'\t'));
        let separator = needs_separator(text);
        let length = text.len() + usize::from(separator);
        let end = if end < length { end + self.grow_front(length) } else { end };
        let begin = end - length;
        self.buffer[begin..begin + text.len()].copy_from_slice(text);
        if separator {
            self.buffer[end - 1] = b' ';
        }
        if end > self.alias_end || self.alias_mark.is_none() {
            self.alias_end = end;
            self.alias_mark = Some(mark);
            self.counted = end;
            self.line = mark.line;
        }
        self.active.push(ActiveAlias { name, end, expand_next });
        self.pos = begin;
    }

    /// Makes room before the text; returns how far everything moved.
    fn grow_front(&mut self, least: usize) -> usize {
        let extra = least.max(1024);
        self.buffer.splice(0..0, std::iter::repeat_n(b' ', extra));
        self.origin -= extra as i64;
        self.counted += extra;
        self.alias_end += extra;
        for alias in &mut self.active {
            alias.end += extra;
        }
        extra
    }

    /// Whether the text being read comes from the alias `name`.
    pub(super) fn is_expanding(&self, name: &[u8]) -> bool {
        self.active.iter().any(|alias| self.pos < alias.end && *alias.name == *name)
    }

    /// Leaves the aliases whose text has been read; whether the next word is to be looked up.
    pub(super) fn leave_aliases(&mut self) -> bool {
        let mut expand_next = false;
        while let Some(alias) = self.active.pop_if(|alias| alias.end <= self.pos) {
            expand_next = alias.expand_next;
        }
        expand_next
    }
}

fn newlines(bytes: &[u8]) -> u32 {
    bytes.iter().map(|&b| u32::from(b == b'\n')).sum()
}

/// Whether alias text must be kept apart from what follows: not after a blank or an operator,
/// nor where a quote is still open.
fn needs_separator(text: &[u8]) -> bool {
    if text.last().is_none_or(|&b| super::class::class(b) & super::class::META != 0) {
        return false;
    }
    let mut quote = None;
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match (quote, byte) {
            (None | Some(b'"'), b'\\') if bytes.next().is_none() => return false,
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    quote.is_none()
}
