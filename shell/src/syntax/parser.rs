//! The grammar, production by production: one method each.

mod compound;
mod cond;
mod function;
mod list;
mod loops;
mod redirect;
mod simple;

use super::ast::{List, Word, WordPart};
use super::error::{Incomplete, ParseError, ParseErrorKind};
use super::heredoc::HereDocs;
use super::input::{Input, Mark};
use super::place::place;
use super::{MAX_ALIAS_BYTES, MAX_DEPTH, ParseOptions, Warning};

/// Looks an alias up.
pub(super) type Aliases<'a> = &'a dyn Fn(&[u8]) -> Option<Vec<u8>>;

/// The state of parsing one complete command.
pub(super) struct Grammar<'a> {
    pub(super) input: Input,
    pub(super) options: ParseOptions,
    pub(super) aliases: Aliases<'a>,
    pub(super) here_docs: HereDocs,
    pub(super) warnings: Vec<Warning>,
    /// How many command substitutions are open.
    pub(super) substitutions: u32,
    depth: u32,
    alias_bytes: usize,
    /// The next word is looked up as an alias although it is no command name.
    expand_next: bool,
}

impl<'a> Grammar<'a> {
    pub(super) fn new(input: Input, options: ParseOptions, aliases: Aliases<'a>) -> Self {
        Self {
            input,
            options,
            aliases,
            here_docs: HereDocs::default(),
            warnings: Vec::new(),
            substitutions: 0,
            depth: 0,
            alias_bytes: 0,
            expand_next: false,
        }
    }

    /// Parses other text with what is known here: backquotes, a here-document's body.
    pub(super) fn nested<T>(
        &mut self,
        input: Input,
        production: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        let mut inner = Self::new(input, self.options, self.aliases);
        inner.depth = self.depth;
        inner.alias_bytes = self.alias_bytes;
        let result = production(&mut inner);
        self.warnings.append(&mut inner.warnings);
        self.alias_bytes = inner.alias_bytes;
        result
    }

    /// The next complete command; `None` at the end.
    pub(super) fn complete_command(&mut self) -> Result<Option<List>, ParseError> {
        let mut list = List::default();
        loop {
            self.command_start()?;
            if self.input.peek() != b'\n' {
                break;
            }
            self.newline()?;
        }
        if self.input.is_at_end() {
            return Ok(None);
        }
        loop {
            let more = self.list_item(&mut list)?;
            self.command_start()?;
            match self.input.peek() {
                b'\n' => {
                    self.newline()?;
                    break;
                }
                0 => break,
                _ if !more => return Err(self.unexpected()),
                _ => {}
            }
        }
        self.place_here_docs(&mut list)?;
        Ok(Some(list))
    }

    /// All of the text.
    pub(super) fn whole(&mut self) -> Result<List, ParseError> {
        let mut list = self.list()?;
        self.skip_blanks();
        if !self.input.is_at_end() {
            return Err(self.unexpected());
        }
        self.place_here_docs(&mut list)?;
        Ok(list)
    }

    fn place_here_docs(&mut self, list: &mut List) -> Result<(), ParseError> {
        if self.here_docs.is_pending() {
            self.read_here_docs()?;
        }
        let mut bodies = self.here_docs.take_bodies();
        if !bodies.is_empty() {
            place(list, &mut bodies);
        }
        Ok(())
    }

    /// One level deeper.
    pub(super) fn enter(&mut self, mark: Mark) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ParseError::new(ParseErrorKind::TooDeep, mark.point()));
        }
        Ok(())
    }

    /// One level up.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Stands where a command may begin: passes blanks and replaces aliases.
    pub(super) fn command_start(&mut self) -> Result<(), ParseError> {
        loop {
            self.skip_blanks();
            self.input.leave_aliases();
            self.expand_next = false;
            if !self.expand_alias()? {
                return Ok(());
            }
        }
    }

    /// Stands where an argument may begin; a word after an alias ending in a blank is replaced.
    pub(super) fn argument_start(&mut self) -> Result<(), ParseError> {
        loop {
            self.skip_blanks();
            self.expand_next |= self.input.leave_aliases();
            if !self.expand_next {
                return Ok(());
            }
            self.expand_next = false;
            if !self.expand_alias()? {
                return Ok(());
            }
            // The first word of what it became may be an alias, too.
            self.expand_next = true;
        }
    }

    /// Replaces the word that stands here if it is an alias.
    fn expand_alias(&mut self) -> Result<bool, ParseError> {
        let start = self.input.pos;
        let Some(end) = self.plain_word_end() else { return Ok(false) };
        if self.options.posix && self.peek_keyword().is_some() {
            return Ok(false);
        }
        let name = self.input.slice(start, end);
        if self.input.is_expanding(name) {
            return Ok(false);
        }
        let Some(text) = (self.aliases)(name) else { return Ok(false) };
        self.alias_bytes += text.len() + 1;
        if self.alias_bytes > MAX_ALIAS_BYTES {
            let mark = self.input.mark();
            return Err(ParseError::new(ParseErrorKind::AliasTooLong, mark.point()));
        }
        let text: Vec<u8> = text.into_iter().filter(|&b| b != 0).collect();
        self.input.expand_alias(start, end, &text);
        Ok(true)
    }

    /// The error that the token here is not expected.
    pub(super) fn unexpected(&mut self) -> ParseError {
        self.skip_blanks();
        let mark = self.input.mark();
        let start = self.input.pos;
        let token: Box<[u8]> = match self.input.peek() {
            0 => {
                let kind = ParseErrorKind::Incomplete(Incomplete::Command);
                return ParseError::new(kind, mark.point());
            }
            b'\n' => b"newline".as_slice().into(),
            b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => {
                let text = self.operator_text();
                self.input.pos += text.len();
                text
            }
            _ => {
                if let Err(error) = self.word() {
                    return error;
                }
                self.input.since(start).into()
            }
        };
        ParseError::new(ParseErrorKind::UnexpectedToken(token), self.input.span(mark))
    }

    /// A word, where the grammar needs one.
    pub(super) fn required_word(&mut self) -> Result<Word, ParseError> {
        self.skip_blanks();
        let word = self.word()?;
        if word.parts.is_empty() { Err(self.unexpected()) } else { Ok(word) }
    }

    /// A word as it is written, where the grammar needs one.
    pub(super) fn required_raw_word(&mut self) -> Result<Box<[u8]>, ParseError> {
        self.skip_blanks();
        let remaining = self.input.remaining();
        let word = self.required_word()?;
        if let [WordPart::Literal(text)] = &*word.parts {
            return Ok(text.clone());
        }
        Ok(self.input.since(self.input.position_of(remaining)).into())
    }
}
