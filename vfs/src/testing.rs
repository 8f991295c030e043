//! What proves a backend: the conformance suite, random operations and what should come of them.
//!
//! - [`conformance`] and [`conformance_read_only`]: every case of the suite on a backend.
//! - [`Op`]: one operation of a process, drawn from a small pool of names so that they meet.
//!   [`ops`] draws sequences for proptest, [`Op::sequence`] reads them from a fuzzer's bytes.
//! - [`Session`] carries operations out on a [`Vfs`](crate::Vfs); [`Model`] says what they
//!   should have answered.
//! - [`FaultFs`] fails the n-th call, `fail_host_calls` the n-th of a `HostFs` to the host; [`check_tree`] finds what no tree may have.
//!
//! Everything here judges, so it panics where something is wrong. Feature `testing`.

mod conformance;
mod decode;
mod fault;
mod model;
mod op;
mod session;
mod walker;

#[cfg(all(feature = "host", target_os = "linux"))]
pub use crate::host::fail_host_calls;
pub use conformance::{conformance, conformance_read_only};
pub use decode::ops;
pub use fault::{Fault, FaultFs};
pub use model::{Model, Traits};
pub use op::{Answer, At, Facts, Op, SLOTS, Spot};
pub use session::{Session, run};
pub use walker::{Node, Tree, check_tree, tree};
