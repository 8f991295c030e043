//! An operating system in a library: sandboxes that run untrusted commands as WebAssembly
//! processes, inside this process.
//!
//! ```
//! # use software as agentos_software;
//! use agentos_runtime::Sandbox;
//!
//! let mut sandbox = Sandbox::builder().software(agentos_software::common()).build()?;
//! let output = sandbox.execute_command("x=$((6 * 7)); echo $x | { read y; echo got $y; }")?;
//! assert_eq!(output.stdout, b"got 42\n");
//! assert_eq!(output.exit_code, 0);
//!
//! if agentos_software::common().is_built() {
//!     let output = sandbox.execute_command(r#"echo -e "banana\napple\ncherry" | sort"#)?;
//!     assert_eq!(output.stdout_text(), "apple\nbanana\ncherry\n");
//! }
//! # Ok::<(), agentos_runtime::Error>(())
//! ```
//!
//! A [`Sandbox`] has processes, files, a clock and limits of its own and nothing of the host's
//! but what it is given: [`Builder::mount`], [`Command::stdin`], [`Builder::env`]. A command that
//! fails is a value, [`Output`]; so is one that hits a limit or runs out of time, with what it
//! wrote until then.
//!
//! Not here: what the layers do (`agentos-vfs`, `agentos-kernel`, `agentos-syscalls`,
//! `agentos-shell`), and threads: a sandbox runs while one of its methods is called.

mod builder;
mod command;
mod compat;
mod engine;
mod error;
mod limiter;
mod limits;
mod linker;
mod loader;
mod module;
mod output;
mod packages;
mod program;
mod rootfs;
mod sandbox;
mod terminal;

pub use builder::Builder;
pub use command::{Command, Stream};
pub use engine::Engine;
pub use error::{Error, ErrorKind};
pub use kernel::Signal;
pub use kernel::WindowSize;
pub use limits::{LimitReached, Limits};
pub use output::{Ended, Output, OutputFile};
pub use sandbox::{FileResult, Sandbox};
pub use terminal::{Progress, Terminal};
