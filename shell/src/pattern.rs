//! Patterns: of `case`, `[[ == ]]`, `${x#p}` and pathname expansion.

mod case;

pub(crate) use self::case::{capitalize, lower, map_case, push, toggle, upper};
