//! Every preview1 call on a byte slice, with a real kernel over files in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when it is surprised")]

mod agentos;
mod args_environ;
mod clock;
mod fd;
mod host;
mod hostile;
mod path;
mod poll;
mod proc;
mod process;
mod sock;
mod support;
mod table;
