//! Expansion of words, in the order of POSIX XCU 2.6.

mod unquote;

pub(crate) use self::unquote::unquote;
