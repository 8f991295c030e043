//! What variables know of the world outside the shell: time, chance, identity.

/// Implemented by the door to the kernel (`sys`).
pub(crate) trait Host: Send + Sync {
    /// Nanoseconds since 1970.
    fn realtime_ns(&self) -> u64;
    /// Nanoseconds of a clock that only goes on.
    fn monotonic_ns(&self) -> u64;
    /// Seeded by the kernel.
    fn random(&self) -> u32;
    /// This process: a subshell's differs from `$$`.
    fn pid(&self) -> u32;
    /// The parent of the shell.
    fn ppid(&self) -> u32;
    /// The real user.
    fn uid(&self) -> u32;
    /// The effective user.
    fn euid(&self) -> u32;
    /// The groups, the primary first.
    fn groups(&self) -> Vec<u32>;
    /// The machine's name.
    fn hostname(&self) -> Vec<u8>;
}

/// A world in which nothing happens, for tests and for a shell that is not running yet.
#[derive(Clone, Copy, Debug, Default)]
#[cfg(any(test, feature = "testing"))]
pub(crate) struct Nowhere;

#[cfg(any(test, feature = "testing"))]
impl Host for Nowhere {
    fn realtime_ns(&self) -> u64 {
        0
    }

    fn monotonic_ns(&self) -> u64 {
        0
    }

    fn random(&self) -> u32 {
        1
    }

    fn pid(&self) -> u32 {
        1
    }

    fn ppid(&self) -> u32 {
        0
    }

    fn uid(&self) -> u32 {
        0
    }

    fn euid(&self) -> u32 {
        0
    }

    fn groups(&self) -> Vec<u32> {
        vec![0]
    }

    fn hostname(&self) -> Vec<u8> {
        b"localhost".to_vec()
    }
}
