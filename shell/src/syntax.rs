//! From bytes to a tree, without side effects: lexer, parser, printer.
//!
//! Nothing here expands, runs, reads a file or panics; every text gives a tree or one
//! [`ParseError`]. Nesting is limited to [`MAX_DEPTH`], so that no tree is too deep for the
//! stack of whoever walks it.

pub mod ast;
mod class;
mod error;
mod heredoc;
mod input;
mod parser;
mod place;
mod print;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod word;

use ast::List;
pub use error::{Incomplete, ParseError, ParseErrorKind};
use input::Input;
use parser::Grammar;
pub use print::{
    print, print_and_or, print_assignment, print_command, print_cond, print_function, print_inline,
    print_word,
};
pub use source::Span;
pub use text::{
    decode_ansi_c, is_name, parse_arith_word, parse_array, parse_heredoc_body, parse_reference,
};
pub use token::is_reserved;

/// How deep constructs may be nested in each other.
///
/// An unoptimised parser takes some 15 KB of stack for each level; a thread has 2 MB.
pub const MAX_DEPTH: u32 = 100;

/// How many bytes aliases may add to one complete command.
pub const MAX_ALIAS_BYTES: usize = 1 << 20;

/// What changes the grammar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseOptions {
    /// `set -o posix`: reserved words are no aliases.
    pub posix: bool,
    /// `shopt -s extglob`: `@(a|b)` and its kin belong to words everywhere.
    pub extglob: bool,
    /// `shopt -s interactive_comments`, the default.
    pub comments: bool,
    /// The number of the first line.
    pub first_line: u32,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self { posix: false, extglob: false, comments: true, first_line: 1 }
    }
}

/// A here-document that the end of the text ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// The line the text ended on.
    pub line: u32,
    /// The line the here-document began on.
    pub from: u32,
    /// The delimiter that was wanted.
    pub delimiter: Box<[u8]>,
}

impl Warning {
    /// The warning in bash's words, without a prefix.
    pub fn message(&self) -> Vec<u8> {
        let head = format!(
            "warning: here-document at line {} delimited by end-of-file (wanted `",
            self.from
        );
        [head.as_bytes(), &self.delimiter, b"')"].concat()
    }
}

/// Reads a script one complete command at a time, so that what a line defines (aliases,
/// options) holds from the next line on.
pub struct Parser {
    input: Input,
    options: ParseOptions,
    warnings: Vec<Warning>,
    too_long: bool,
}

impl Parser {
    /// A parser at the beginning of `source`.
    pub fn new(source: &[u8], options: ParseOptions) -> Self {
        let too_long = source.len() > i32::MAX as usize;
        let source = if too_long { &[] } else { source };
        let input = Input::new(source, options.first_line, 0);
        Self { input, options, warnings: Vec::new(), too_long }
    }

    /// The next complete command: up to a newline outside of any construct. `None` at the end.
    ///
    /// # Errors
    /// The text is not a command; nothing more can be read then.
    pub fn next_command(
        &mut self,
        aliases: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<Option<List>, ParseError> {
        if self.too_long {
            return Err(ParseError::new(ParseErrorKind::TooLong, Span::default()));
        }
        let input = std::mem::take(&mut self.input);
        let mut grammar = Grammar::new(input, self.options, aliases);
        let result = grammar.complete_command();
        self.input = grammar.input;
        self.warnings.append(&mut grammar.warnings);
        result
    }

    /// Passes what is left of a line after an error that drops it.
    pub fn skip_line(&mut self) {
        while !self.input.is_at_end() && self.input.peek() != b'\n' {
            self.input.pos += 1;
        }
        if !self.input.is_at_end() {
            self.input.pos += 1;
        }
    }

    /// Changes the grammar from the next command on; the first line stays what it was.
    pub fn set_options(&mut self, options: ParseOptions) {
        self.options = options;
    }

    /// The line of the next byte.
    pub fn line(&mut self) -> u32 {
        self.input.mark().line()
    }

    /// The offset of the next byte in the source.
    pub fn position(&mut self) -> usize {
        self.input.mark().offset() as usize
    }

    /// Takes the warnings since the last call: here-documents without their delimiter.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }
}

/// Parses a whole text without aliases.
///
/// # Errors
/// The text is not a script.
pub fn parse(source: &[u8]) -> Result<List, ParseError> {
    parse_with(source, ParseOptions::default())
}

/// Parses a whole text without aliases, under the given options.
///
/// # Errors
/// The text is not a script.
pub fn parse_with(source: &[u8], options: ParseOptions) -> Result<List, ParseError> {
    let mut parser = Parser::new(source, options);
    let mut list = List::default();
    while let Some(mut command) = parser.next_command(&|_| None)? {
        list.items.append(&mut command.items);
    }
    Ok(list)
}
