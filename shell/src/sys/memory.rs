//! What a shell process holds: asked for before it holds more, given back when it ends.

use std::sync::atomic::Ordering;

use super::{Shared, Sys};

impl Sys {
    /// How many bytes something may have that is being made. It is half of what the process may
    /// have beside what it holds: until it is kept, there is a copy of it or two.
    pub(crate) fn room(&self) -> usize {
        let held = self.shared.held.load(Ordering::Relaxed);
        self.with_meter(|meter| meter.room(held) / 2)
            .map_or(usize::MAX, |room| usize::try_from(room).unwrap_or(usize::MAX))
    }

    /// Holds so many bytes from now on; whether that is granted.
    pub(crate) fn hold(&self, bytes: u64) -> bool {
        let held = self.shared.held.load(Ordering::Relaxed);
        let granted = self.with_meter(|meter| meter.resize(held, bytes)).unwrap_or(true);
        if granted {
            self.shared.held.store(bytes, Ordering::Relaxed);
        }
        granted
    }

    /// Notes that the process had to do without.
    pub(crate) fn refuse(&self) {
        let held = self.shared.held.load(Ordering::Relaxed);
        self.with_meter(|meter| meter.refuse(held));
    }

    fn with_meter<T>(&self, ask: impl FnOnce(&dyn kernel::MemoryMeter) -> T) -> Option<T> {
        let meter = self.shared.meter.get_or_init(|| self.with(|kernel, _| kernel.memory_meter()));
        meter.as_deref().map(ask)
    }
}

impl super::Body {
    /// Holds so many bytes for a process that is not running yet; whether that is granted.
    pub(crate) fn hold(&self, parent: &Sys, bytes: u64) -> bool {
        let meter = parent.with(|kernel, _| kernel.memory_meter());
        let granted = meter.as_ref().is_none_or(|meter| meter.resize(0, bytes));
        if granted && self.shared.meter.set(meter).is_ok() {
            self.shared.held.store(bytes, Ordering::Relaxed);
        }
        granted
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(meter) = self.meter.get().and_then(Option::as_deref) {
            meter.resize(self.held.load(Ordering::Relaxed), 0);
        }
    }
}
