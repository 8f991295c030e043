//! Fields in the making, and their splitting (POSIX XCU 2.6.5).
//!
//! Text is split while it is appended: only what an unquoted expansion brings is, so nothing has
//! to be remembered of where it came from. What quotes protect is remembered for the steps
//! after this one, pathname expansion and patterns.

use crate::env::Ifs;
use crate::pattern::Piece;

/// A field: text, and which of it is quoted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field {
    pub(crate) text: Vec<u8>,
    /// Where each run of equally quoted bytes ends.
    runs: Vec<(usize, bool)>,
}

impl Field {
    pub(super) fn push(&mut self, text: &[u8], quoted: bool) {
        if text.is_empty() {
            return;
        }
        self.text.extend_from_slice(text);
        let end = self.text.len();
        match self.runs.last_mut() {
            Some(run) if run.1 == quoted => run.0 = end,
            _ => self.runs.push((end, quoted)),
        }
    }

    /// The runs, as patterns are compiled from.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut start = 0;
        self.runs.iter().map(move |(end, quoted)| {
            let text = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            Piece { text, quoted: *quoted }
        })
    }

    /// Whether an unquoted byte is one of these.
    pub(super) fn has_unquoted(&self, bytes: &[u8]) -> bool {
        self.pieces().any(|piece| !piece.quoted && piece.text.iter().any(|b| bytes.contains(b)))
    }
}

/// Whether expansions are split into fields, or all is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Splitting {
    Fields,
    One,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// No field has begun.
    Outside,
    /// A field has begun, maybe an empty one.
    Inside,
    /// A field ended by white space; a delimiter that follows belongs to it.
    AfterWhite,
    /// A field ended by a delimiter.
    AfterDelimiter,
}

/// What a field costs beside its text.
const FIELD: usize = 160;

/// The fields of a word.
#[derive(Debug)]
pub(super) struct Fields {
    done: Vec<Field>,
    current: Field,
    state: State,
    ifs: Ifs,
    splitting: Splitting,
    /// Bytes that may still be added.
    room: usize,
    /// More was to be added than there was room for: what is here is not all.
    pub(super) full: bool,
    /// How often an expansion to no field at all (`"$@"`) was met.
    pub(super) vanished: u32,
}

impl Fields {
    /// Takes so many bytes, with what each field costs beside its text.
    pub(super) fn new(splitting: Splitting, ifs: Ifs, room: usize) -> Fields {
        Fields {
            done: Vec::new(),
            current: Field::default(),
            state: State::Outside,
            ifs,
            splitting,
            room,
            full: false,
            vanished: 0,
        }
    }

    pub(super) fn splits(&self) -> bool {
        self.splitting == Splitting::Fields
    }

    /// How many bytes and fields there are: whether something was added.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.done.len(), self.current.text.len())
    }

    /// Begins a field, if none has begun: quotes do so even around nothing.
    pub(super) fn begin(&mut self) {
        self.state = State::Inside;
    }

    /// Text that is not split. Empty text begins no field: its quotes do, or nothing.
    pub(super) fn push(&mut self, text: &[u8], quoted: bool) {
        if !text.is_empty() {
            self.begin();
            if self.take(text.len()) {
                self.current.push(text, quoted);
            }
        }
    }

    /// The elements of `$@`, `$*` or an array.
    pub(super) fn elements(&mut self, values: &[Vec<u8>], star: bool, quoted: bool) {
        let separator = self.ifs.first;
        match (self.splits(), quoted) {
            (true, true) if !star => {
                self.vanished += u32::from(values.is_empty());
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        self.boundary_quoted();
                    }
                    self.begin();
                    self.push(value, true);
                }
            }
            (true, false) => {
                for (index, value) in values.iter().enumerate() {
                    match separator {
                        _ if index == 0 => {}
                        Some(byte) => self.split(&[byte]),
                        None => self.boundary(),
                    }
                    self.split(value);
                }
            }
            _ => {
                let separator = if star { separator } else { Some(b' ') };
                for (index, value) in values.iter().enumerate() {
                    if let Some(byte) = separator.filter(|_| index > 0) {
                        self.push(&[byte], quoted);
                    }
                    self.push(value, quoted);
                }
            }
        }
    }

    /// What an unquoted expansion brought.
    pub(super) fn split(&mut self, text: &[u8]) {
        if !self.splits() || self.ifs.is_empty() {
            if !text.is_empty() {
                self.push(text, false);
            }
            return;
        }
        let mut rest = text;
        while let Some(&first) = rest.first() {
            if self.ifs.is_white(first) {
                self.white();
                rest = rest.get(1..).unwrap_or_default();
            } else if self.ifs.contains(first) {
                self.delimiter();
                rest = rest.get(1..).unwrap_or_default();
            } else {
                let end = rest.iter().position(|byte| self.ifs.contains(*byte));
                let (plain, after) = rest.split_at(end.unwrap_or(rest.len()));
                self.push(plain, false);
                rest = after;
            }
        }
    }

    fn white(&mut self) {
        if self.state == State::Inside {
            self.end_field();
            self.state = State::AfterWhite;
        }
    }

    fn delimiter(&mut self) {
        if self.state != State::AfterWhite {
            self.end_field();
        }
        self.state = State::AfterDelimiter;
    }

    fn end_field(&mut self) {
        let field = std::mem::take(&mut self.current);
        if self.take(FIELD) {
            self.done.push(field);
        }
    }

    /// Whether there is room for so many bytes more.
    fn take(&mut self, bytes: usize) -> bool {
        match self.room.checked_sub(bytes).filter(|_| !self.full) {
            Some(room) => self.room = room,
            None => self.full = true,
        }
        !self.full
    }

    /// The boundary between two elements of `"$@"`: the field ends, another begins.
    pub(super) fn boundary_quoted(&mut self) {
        self.end_field();
        self.state = State::Inside;
    }

    /// The boundary between two elements of an unquoted `$@` when nothing separates them in
    /// `IFS`: empty ones vanish.
    pub(super) fn boundary(&mut self) {
        if self.state == State::Inside {
            self.end_field();
        }
        self.state = State::Outside;
    }

    pub(super) fn finish(mut self) -> Vec<Field> {
        if self.state == State::Inside {
            self.end_field();
        }
        self.done
    }

    /// All of it as one field.
    pub(super) fn into_one(self) -> Field {
        let mut fields = self.finish().into_iter();
        let mut one = fields.next().unwrap_or_default();
        for field in fields {
            one.push(b" ", true);
            for piece in field.pieces() {
                one.push(piece.text, piece.quoted);
            }
        }
        one
    }
}
