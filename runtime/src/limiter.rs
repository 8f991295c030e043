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
    /// What the process itself takes of the sandbox's memory: not of its own.
    overhead: u64,
    /// It had to do without something.
    refused: bool,
}

/// What a process costs beside its memory: an instance, a stack, the kernel's part.
const PROCESS: u64 = 24 << 10;

impl Limiter {
    /// For a process that is about to start, with so many bytes of arguments and environment;
    /// none if there is no memory for it.
    pub(crate) fn new(budget: Arc<MemoryBudget>, argv_env: u64) -> Option<Limiter> {
        let overhead = PROCESS + argv_env;
        if !budget.take(overhead) {
            budget.refused.store(2, Ordering::Relaxed);
            return None;
        }
        Some(Limiter { budget, held: 0, overhead, refused: false })
    }

    /// Whether it had to do without something.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }
}

/// Bytes of an element of a table in the interpreter.
const TABLE_ELEMENT: u64 = 4;

impl Limiter {
    /// Takes so many bytes more; whether they are there.
    fn take(&mut self, more: u64) -> bool {
        let held = self.held.saturating_add(more);
        if held > self.budget.per_process {
            self.budget.refused.store(1, Ordering::Relaxed);
            self.refused = true;
            return false;
        }
        if !self.budget.take(more) {
            self.budget.refused.store(2, Ordering::Relaxed);
            self.refused = true;
            return false;
        }
        self.held = held;
        true
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.held + self.overhead, Ordering::Relaxed);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        Ok(self.take(desired.saturating_sub(current) as u64))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        if desired > self.budget.table_elements {
            self.budget.refused.store(3, Ordering::Relaxed);
            self.refused = true;
            return Ok(false);
        }
        Ok(self.take(desired.saturating_sub(current) as u64 * TABLE_ELEMENT))
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
