//! A POSIX and bash shell whose processes live in an agentos kernel.
//!
//! [`syntax`] alone, without the feature `exec`, is a parser without dependencies.
//!
//! ```
//! let list = agentos_shell::syntax::parse(b"grep -r TODO . | sort > out").unwrap();
//! assert_eq!(list.items.len(), 1);
//! ```
//!
//! With `exec`, [`program`] is the body of a process that runs `bash` or `sh`: the kernel steps
//! it, and everything it does to files and processes goes through that kernel.
//!
//! Not here: the commands that a script calls, and the terminal's line editor.

pub mod syntax;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(feature = "exec")]
mod arith;
#[cfg(feature = "exec")]
mod builtin;
#[cfg(feature = "exec")]
mod env;
#[cfg(feature = "exec")]
mod exec;
#[cfg(feature = "exec")]
mod expand;
#[cfg(feature = "exec")]
mod pattern;
#[cfg(feature = "exec")]
mod shell;
#[cfg(feature = "exec")]
mod start;
#[cfg(feature = "exec")]
mod sys;
#[cfg(feature = "exec")]
mod unwind;

#[cfg(feature = "exec")]
pub use start::{ProgramOptions, program};
