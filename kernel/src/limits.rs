//! Limits: how much of everything the processes of one kernel may have.
//!
//! Not here: bytes and inodes of a filesystem (`vfs::Limits`), memory of a guest (the runtime).

/// The limits of one kernel. Each says its default, its unit and what happens beyond it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Processes alive or zombie at once. Default 4,096; `EAGAIN` from spawn and fork.
    pub processes: u32,
    /// Descriptors of one process. Default 1,024; `EMFILE`.
    pub descriptors: u32,
    /// Open file descriptions of all processes. Default 65,536; `ENFILE`.
    pub open_files: u32,
    /// Bytes of one pipe before a writer waits. Default 65,536.
    pub pipe_capacity: u64,
    /// Bytes in all pipes together, to which pipes grow whose readers wait for their writers.
    /// Default 256 MiB; the run ends with this limit, or a writer waits.
    pub pipe_bytes: u64,
    /// Bytes of `argv` and `env` of one process, 8 more for each string. Default 2 MiB; `E2BIG`.
    pub argv_env_bytes: u64,
    /// Fuel of one process. Default none; the process ends with `SIGXCPU`.
    pub fuel_per_process: Option<u64>,
    /// Fuel of all processes together. Default none; the run ends with this limit.
    pub fuel: Option<u64>,
    /// Bytes written to one capture, kept or dropped. Default 1 GiB; the run ends with this limit.
    /// How many of them are kept each capture says for itself.
    pub output_bytes: u64,
    /// Fuel of one step of a process. Default 100,000.
    pub slice: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            processes: 4_096,
            descriptors: 1_024,
            open_files: 65_536,
            pipe_capacity: 65_536,
            pipe_bytes: 256 << 20,
            argv_env_bytes: 2 << 20,
            fuel_per_process: None,
            fuel: None,
            output_bytes: 1 << 30,
            slice: 100_000,
        }
    }
}

/// Which limit of [`Limits`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::processes`].
    Processes,
    /// [`Limits::descriptors`].
    Descriptors,
    /// [`Limits::open_files`].
    OpenFiles,
    /// [`Limits::pipe_bytes`].
    PipeBytes,
    /// [`Limits::argv_env_bytes`].
    ArgvEnvBytes,
    /// [`Limits::fuel_per_process`].
    FuelPerProcess,
    /// [`Limits::fuel`].
    Fuel,
    /// [`Limits::output_bytes`].
    OutputBytes,
}

impl Limit {
    /// The name of the field to raise.
    pub const fn field(self) -> &'static str {
        match self {
            Limit::Processes => "processes",
            Limit::Descriptors => "descriptors",
            Limit::OpenFiles => "open_files",
            Limit::PipeBytes => "pipe_bytes",
            Limit::ArgvEnvBytes => "argv_env_bytes",
            Limit::FuelPerProcess => "fuel_per_process",
            Limit::Fuel => "fuel",
            Limit::OutputBytes => "output_bytes",
        }
    }
}

/// A limit was reached: which one, and its value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LimitExceeded {
    /// Which limit.
    pub limit: Limit,
    /// Its value at the time.
    pub value: u64,
}

impl LimitExceeded {
    /// The name of the field of [`Limits`] to raise.
    pub const fn field(self) -> &'static str {
        self.limit.field()
    }
}

impl core::fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "limit `{}` of {} reached", self.field(), self.value)
    }
}

impl core::error::Error for LimitExceeded {}
