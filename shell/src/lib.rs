//! A POSIX and bash shell.

pub mod syntax;
