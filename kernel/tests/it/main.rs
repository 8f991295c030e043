//! Processes whose bodies are lists of small steps, run by a kernel on a virtual clock.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when it is surprised")]

mod chaos;
mod determinism;
mod exec;
mod fd;
mod fifo;
mod files;
mod jobs;
mod limits;
mod pipe;
mod signal;
mod support;
mod tty;
mod wait;
