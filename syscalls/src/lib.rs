//! WASI preview1 and the process extension ABI over an agentos kernel, free of any engine.
//!
//! [`tables`] lists every function that a guest can import: its module, name and types, and
//! the handler that decodes its arguments, calls the kernel once, and encodes the answer. An
//! engine binds each [`Row`] to an import; a fuzzer binds it to a byte slice.
//!
//! ```
//! let row = agentos_syscalls::tables().find(|row| row.name == "fd_write").unwrap();
//! assert_eq!(row.module, "wasi_snapshot_preview1");
//! assert_eq!(row.params.len(), 4);
//! ```
//!
//! A handler that must wait answers `Poll::Pending`; the engine makes the same call again when
//! the process runs next. Numbers that come from a guest become host values in `memory` and
//! `abi` only; a hostile pointer, length or descriptor is an errno.
//!
//! Not here: files and processes (`agentos-kernel`), WebAssembly (`agentos-runtime`), sockets
//! and threads (nowhere: `ENOTSUP`).

mod abi;
mod agentos;
mod args;
mod clock;
mod context;
mod coverage;
mod errno;
mod fd;
mod host;
mod memory;
mod path;
mod poll;
mod preopen;
mod proc;
mod process;
mod rights;
mod sock;
mod spawn;
mod table;

pub use context::{Answer, Cx, Paths, Preopen, WasiState};
pub use coverage::coverage_markdown;
pub use errno::number as errno_number;
pub use memory::GuestMemory;
pub use table::{Row, Support, ValType, tables};
