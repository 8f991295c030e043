//! Text that running commands hand back to the parser: prompts, subscripts, values.

use super::ast::{ArrayElement, Subscript, Word};
use super::class::{is_name_byte, is_name_start};
use super::error::ParseError;
use super::input::Input;
use super::word::arith::ArithEnd;
use super::{Grammar, ParseOptions};

/// Whether `text` is a name (POSIX XBD 3.216).
pub fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|&b| is_name_start(b)) && text.iter().all(|&b| is_name_byte(b))
}

/// The value of the text between the quotes of `$'…'`.
pub fn decode_ansi_c(raw: &[u8]) -> Vec<u8> {
    super::word::ansi_c::decode(raw)
}

/// Text to expand like a here-document's body: `PS1`, `PS4`.
///
/// # Errors
/// A `${` or `$(` is not closed, or what is inside is not a list.
pub fn parse_heredoc_body(text: &[u8]) -> Result<Word, ParseError> {
    over(text, |grammar| {
        let mark = grammar.input.mark();
        let parts = grammar.text_parts()?;
        Ok(Word { parts, span: grammar.input.span(mark) })
    })
}

/// Arithmetic text that is not yet expanded: an argument of `let`, a subscript.
///
/// # Errors
/// As [`parse_heredoc_body`].
pub fn parse_arith_word(text: &[u8]) -> Result<Word, ParseError> {
    over(text, |grammar| {
        let mark = grammar.input.mark();
        grammar.arithmetic(ArithEnd::Text, mark)
    })
}

/// `name` or `name[subscript]`, as `read`, `unset`, `printf -v` and indirection take it.
/// `None` if it is neither.
pub fn parse_reference(text: &[u8]) -> Option<(Box<[u8]>, Option<Subscript>)> {
    let end = text.iter().position(|&b| !is_name_byte(b)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !is_name(name) {
        return None;
    }
    if rest.is_empty() {
        return Some((name.into(), None));
    }
    let inner = rest.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let subscript = match inner {
        b"" => return None,
        b"@" => Subscript::At,
        b"*" => Subscript::Star,
        _ => {
            let whole = |grammar: &mut Grammar<'_>| {
                grammar.input.pos = 1;
                let mark = grammar.input.mark();
                let word = grammar.subscript(mark)?;
                Ok(grammar.input.is_at_end().then_some(word))
            };
            Subscript::Index(over(rest, whole).ok()??)
        }
    };
    Some((name.into(), Some(subscript)))
}

/// `( … )`: the value of a compound assignment that arrives as text (`declare "a=(1 2)"`).
/// `None` if the text is not of this form.
pub fn parse_array(text: &[u8]) -> Option<Vec<ArrayElement>> {
    if text.first() != Some(&b'(') || text.last() != Some(&b')') {
        return None;
    }
    let whole = |grammar: &mut Grammar<'_>| {
        let elements = grammar.array()?;
        Ok(grammar.input.is_at_end().then_some(elements))
    };
    over(text, whole).ok()?
}

/// Runs a production over a piece of text.
fn over<T>(
    text: &[u8],
    production: impl FnOnce(&mut Grammar<'_>) -> Result<T, ParseError>,
) -> Result<T, ParseError> {
    let text = text.iter().copied().filter(|&b| b != 0).collect();
    let mut grammar = Grammar::new(Input::piece(text, 1, 0), ParseOptions::default(), &|_| None);
    production(&mut grammar)
}
