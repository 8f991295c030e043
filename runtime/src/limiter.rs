//! How much memory guests may have: each for itself, and all of a sandbox together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmi::ResourceLimiter;
use wasmi::errors::{MemoryError, TableError};
use wasmi_core::LimiterError;

/// The memory of a sandbox, shared by its processes.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    used: AtomicU64,
    /// Bytes that all processes together may have.
    total: u64,
    /// Bytes that one process may have.
    per_process: u64,
    /// Elements of one table.
    table_elements: usize,
    /// A growth was refused: named in the result of the command.
    refused: AtomicU64,
}

/// Why a growth was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// The process's own limit.
    PerProcess,
    /// The sandbox's.
    Total,
    /// That of a table's elements.
    Table,
}

impl MemoryBudget {
    pub(crate) fn new(per_process: u64, total: u64, table_elements: usize) -> Arc<MemoryBudget> {
        Arc::new(MemoryBudget {
            used: AtomicU64::new(0),
            total,
            per_process,
            table_elements,
            refused: AtomicU64::new(0),
        })
    }

    /// What was refused since the last call.
    pub(crate) fn take_refusal(&self) -> Option<Refusal> {
        match self.refused.swap(0, Ordering::Relaxed) {
            1 => Some(Refusal::PerProcess),
            2 => Some(Refusal::Total),
            3 => Some(Refusal::Table),
            _ => None,
        }
    }

    fn take(&self, bytes: u64) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        match used.checked_add(bytes) {
            Some(sum) if sum <= self.total => {
                self.used.store(sum, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }
}

/// The memory of shells, which are no guests of the interpreter.
impl kernel::MemoryMeter for MemoryBudget {
    fn resize(&self, held: u64, wanted: u64) -> bool {
        let Some(more) = wanted.checked_sub(held) else {
            self.used.fetch_sub(held - wanted, Ordering::Relaxed);
            return true;
        };
        wanted <= self.per_process && self.take(more)
    }

    fn room(&self, held: u64) -> u64 {
        let left = self.total.saturating_sub(self.used.load(Ordering::Relaxed));
        self.per_process.saturating_sub(held).min(left)
    }

    fn refuse(&self, held: u64) {
        let left = self.total.saturating_sub(self.used.load(Ordering::Relaxed));
        let own = self.per_process.saturating_sub(held) <= left;
        self.refused.store(if own { 1 } else { 2 }, Ordering::Relaxed);
    }
}

/// The memory of one process; gives it back when dropped.
#[derive(Debug)]
pub(crate) struct Limiter {
    budget: Arc<MemoryBudget>,
    held: u64,
}

impl Limiter {
    pub(crate) fn new(budget: Arc<MemoryBudget>) -> Limiter {
        Limiter { budget, held: 0 }
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.held, Ordering::Relaxed);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let more = desired.saturating_sub(current) as u64;
        let held = self.held.saturating_add(more);
        if held > self.budget.per_process {
            self.budget.refused.store(1, Ordering::Relaxed);
            return Ok(false);
        }
        if !self.budget.take(more) {
            self.budget.refused.store(2, Ordering::Relaxed);
            return Ok(false);
        }
        self.held = held;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let fits = desired <= self.budget.table_elements;
        if !fits {
            self.budget.refused.store(3, Ordering::Relaxed);
        }
        Ok(fits)
    }

    fn memory_grow_failed(&mut self, _error: &MemoryError) -> Result<(), LimiterError> {
        Ok(())
    }

    fn table_grow_failed(&mut self, _error: &TableError) -> Result<(), LimiterError> {
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        16
    }

    fn memories(&self) -> usize {
        1
    }
}
