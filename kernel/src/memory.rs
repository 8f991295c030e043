//! Memory of bodies that have none of their own that an engine counts: a shell's variables.

use std::sync::Arc;

use crate::Kernel;

/// Who counts what the bodies of all processes hold. Bodies ask before they hold more, give back
/// what they held when they end, and end with an error where it is refused.
pub trait MemoryMeter: Send + Sync {
    /// Asks to hold `wanted` bytes in place of `held`; whether that is granted. Less always is.
    fn resize(&self, held: u64, wanted: u64) -> bool;

    /// How many bytes a body that holds `held` may have beside them.
    fn room(&self, held: u64) -> u64;

    /// Notes that a body had to do without.
    fn refuse(&self, held: u64);
}

impl Kernel {
    /// Sets who counts memory. Without one there is no limit.
    pub fn set_memory_meter(&mut self, meter: Arc<dyn MemoryMeter>) {
        self.sys().meter = Some(meter);
    }

    /// Who counts memory.
    pub fn memory_meter(&self) -> Option<Arc<dyn MemoryMeter>> {
        self.sys_ref().meter.clone()
    }
}
