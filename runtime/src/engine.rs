//! The interpreter as this crate sets it up, and what all sandboxes of a process share of it.
//!
//! Together with `module`, `linker`, `program` and `limiter` the only place that names wasmi, so
//! that a second engine can stand beside it.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use vfs::MemFs;
use wasmi::{CompilationMode, Config, CustomFuelCosts, EnforcedLimits};

use crate::linker;
use crate::module::Modules;
use crate::packages;

/// An interpreter with its compiled modules: cheap to clone, shared by sandboxes.
///
/// A module that one sandbox has run is warm in every other one of the same engine.
/// Sandboxes share nothing else through it: each process has its own instance and memory.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) wasmi: wasmi::Engine,
    pub(crate) linkers: linker::Linkers,
    pub(crate) modules: Mutex<Modules>,
    pub(crate) found: Mutex<packages::Found>,
    /// Root filesystems that were built before, by what they were built from.
    pub(crate) images: Mutex<Vec<(usize, MemFs)>>,
}

/// A guest's call depth: what wasmi keeps for it is heap memory, not the host's stack.
const MAX_CALL_DEPTH: usize = 16 * 1024;

/// Bytes of a guest's value stack.
const MAX_STACK_BYTES: usize = 4 << 20;

impl Engine {
    /// A fresh engine without compiled modules: what a benchmark of cold modules starts with.
    pub fn new() -> Engine {
        let mut config = Config::default();
        config
            .consume_fuel(true)
            .compilation_mode(CompilationMode::Lazy)
            .ignore_custom_sections(true)
            .enforced_limits(EnforcedLimits::default())
            .set_max_recursion_depth(MAX_CALL_DEPTH)
            .set_max_stack_height(MAX_STACK_BYTES)
            // A guest whose slice ends while a callee is being translated would be lost: wasmi
            // can resume only from fuel that instructions used. Translation is free instead.
            .fuel_cost(CustomFuelCosts {
                bytes_copied_per_fuel: 64,
                fuel_per_bytes_translated: 0,
                fuel_per_bytes_validated: 0,
            });
        let wasmi = wasmi::Engine::new(&config);
        let linkers = linker::Linkers::new(&wasmi);
        Engine {
            shared: Arc::new(Shared {
                wasmi,
                linkers,
                modules: Mutex::default(),
                found: Mutex::default(),
                images: Mutex::default(),
            }),
        }
    }

    /// The engine that sandboxes use unless they are given another one.
    ///
    /// It is a cache, not state: no guest can observe what else it holds.
    pub fn shared() -> Engine {
        static SHARED: LazyLock<Engine> = LazyLock::new(Engine::new);
        SHARED.clone()
    }

    pub(crate) fn inner(&self) -> &Shared {
        &self.shared
    }
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::shared()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("modules", &self.shared.modules.lock().len()).finish()
    }
}
