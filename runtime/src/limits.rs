//! How much a sandbox may use.

use crate::limiter::Refusal;

/// The limits of one sandbox. What hits one is named in [`Output::ended`](crate::Output::ended).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Processes, descriptors, pipes, fuel and time: the kernel's.
    pub kernel: kernel::Limits,
    /// Bytes and inodes of files that are kept in memory: `ENOSPC`.
    pub files: vfs::Limits,
    /// Bytes of memory of one process. Default 1 GiB; growing beyond it fails in the guest, and a
    /// shell ends with status 2. The stack of a guest, at most 4 MiB, is not counted.
    pub memory_per_process: u64,
    /// Bytes of memory of all processes together, with arguments, environments and 24 KiB for each
    /// process. Default 2 GiB; growing beyond it fails, and so does starting: `ENOMEM`.
    pub memory: u64,
    /// Elements of one table of a guest. Default 1,000,000; growing beyond it fails.
    pub table_elements: usize,
    /// Bytes of standard output, and of standard error, that are kept. Default 64 MiB; what is
    /// more is dropped and counted in [`Output`](crate::Output), whose texts say so. The whole can
    /// be had in a [file](crate::Command::full_output).
    pub kept_output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            kernel: kernel::Limits::default(),
            files: vfs::Limits::default(),
            memory_per_process: 1 << 30,
            memory: 2 << 30,
            table_elements: 1_000_000,
            kept_output_bytes: 64 << 20,
        }
    }
}

/// A limit that was reached, in words: the field to raise, and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitReached {
    /// The field of [`Limits`], or of what it holds.
    pub field: &'static str,
    /// Its value at the time.
    pub value: u64,
}

impl From<kernel::LimitExceeded> for LimitReached {
    fn from(limit: kernel::LimitExceeded) -> LimitReached {
        LimitReached { field: limit.field(), value: limit.value }
    }
}

impl LimitReached {
    pub(crate) fn kept_output(limits: &Limits) -> LimitReached {
        LimitReached { field: "kept_output_bytes", value: limits.kept_output_bytes }
    }

    pub(crate) fn memory(limits: &Limits, refusal: Refusal) -> LimitReached {
        match refusal {
            Refusal::PerProcess => {
                LimitReached { field: "memory_per_process", value: limits.memory_per_process }
            }
            Refusal::Total => LimitReached { field: "memory", value: limits.memory },
            Refusal::Table => {
                LimitReached { field: "table_elements", value: limits.table_elements as u64 }
            }
        }
    }
}

impl std::fmt::Display for LimitReached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "limit `{}` of {} reached", self.field, self.value)
    }
}
