//! From bytes to a tree, without side effects: lexer, parser, printer.

pub mod ast;
mod source;

pub use source::Span;
