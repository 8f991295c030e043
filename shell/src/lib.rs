//! A POSIX and bash shell.

pub mod syntax;

#[cfg(feature = "exec")]
mod arith;
#[cfg(feature = "exec")]
mod env;
#[cfg(feature = "exec")]
mod expand;
#[cfg(feature = "exec")]
mod pattern;
