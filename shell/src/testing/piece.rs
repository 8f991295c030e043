//! The parts of the shell that take text from anywhere, each by itself: for fuzzing.

use std::sync::Arc;

use crate::env::{Env, Nowhere};
use crate::pattern::{Pattern, PatternOptions};

/// Evaluates arithmetic in a shell without variables of its own: the value, or the message.
///
/// # Errors
/// What bash would say of the expression.
pub fn evaluate(expression: &[u8]) -> Result<i64, Vec<u8>> {
    let mut env = Env::new(Arc::new(Nowhere), &[]);
    crate::arith::eval(expression, &mut env).map_err(|error| error.message)
}

/// Whether a subject matches a pattern, extended or not.
pub fn matches(pattern: &[u8], subject: &[u8], extglob: bool) -> bool {
    let options = PatternOptions { extglob, nocase: false, period: false };
    Pattern::unquoted(pattern, options).matches(subject)
}
