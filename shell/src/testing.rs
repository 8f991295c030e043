//! What tests, fuzzers and the developer's tool share: scripts to run, and a place to run them.
//!
//! Not here: what the scripts are compared with.

mod case;
#[cfg(feature = "exec")]
mod command;
mod generator;
#[cfg(feature = "exec")]
mod piece;
mod random;
#[cfg(feature = "exec")]
mod sandbox;

pub use self::case::{Case, Expected, parse, print};
pub use self::generator::script;
#[cfg(feature = "exec")]
pub use self::piece::{evaluate, matches};
pub use self::random::Random;
#[cfg(feature = "exec")]
pub use self::sandbox::{Finished, Job, run};
