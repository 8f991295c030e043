//! From bytes to a tree, without side effects: lexer, parser, printer.

pub mod ast;
mod error;
mod source;

pub use error::{Incomplete, ParseError, ParseErrorKind};
pub use source::Span;

/// How deep constructs may be nested in each other.
pub const MAX_DEPTH: u32 = 200;

/// How many bytes aliases may add to one complete command.
pub const MAX_ALIAS_BYTES: usize = 1 << 20;
