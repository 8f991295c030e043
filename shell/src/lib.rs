//! A POSIX and bash shell.

pub mod syntax;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(feature = "exec")]
mod arith;
#[cfg(feature = "exec")]
mod env;
#[cfg(feature = "exec")]
mod expand {
    mod unquote;
    pub(crate) use self::unquote::unquote;
}
#[cfg(feature = "exec")]
mod pattern;
