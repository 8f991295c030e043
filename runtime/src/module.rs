//! Compiled modules, each once per engine.
//!
//! A module is known again by the address of its bytes, which costs nothing, or by their
//! hash. Bytes that nobody vouches for are validated as a whole before they are used: the
//! interpreter translates, and would otherwise validate, a function only when it is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use vfs::{Blob, Errno};
use wasmi::Module;

use crate::compat::{self, Compat};
use crate::engine::Shared;

/// The largest module that is loaded, in bytes.
pub(crate) const MAX_MODULE_BYTES: u64 = 64 << 20;

/// How many modules are kept by hash.
const MAX_CACHED: usize = 1024;

/// The modules of an engine.
#[derive(Default)]
pub(crate) struct Modules {
    /// The `Arc` is held so that its address cannot come to mean other bytes.
    by_address: BTreeMap<usize, (Arc<dyn Blob>, Option<Loaded>)>,
    by_hash: BTreeMap<[u8; 32], Loaded>,
}

/// A compiled module, and what its processes need at their start.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) module: Module,
    pub(crate) compat: Compat,
}

impl Modules {
    pub(crate) fn len(&self) -> usize {
        self.by_hash.len() + self.by_address.values().filter(|(_, module)| module.is_some()).count()
    }
}

fn address(blob: &Arc<dyn Blob>) -> usize {
    Arc::as_ptr(blob).cast::<()>() as usize
}

impl Shared {
    /// Vouches for bytes: they come with this build, and are not validated as a whole again.
    pub(crate) fn trust(&self, blob: &Arc<dyn Blob>) {
        let mut modules = self.modules.lock();
        modules.by_address.entry(address(blob)).or_insert_with(|| (blob.clone(), None));
    }

    /// The module of a shared content, which is known again by its address if this build
    /// vouches for it.
    ///
    /// # Errors
    /// As [`module`](Shared::module), and
    /// - `EIO`: the bytes cannot be had.
    pub(crate) fn module_of(&self, blob: &Arc<dyn Blob>) -> Result<Loaded, LoadError> {
        let key = address(blob);
        let trusted = match self.modules.lock().by_address.get(&key) {
            Some((_, Some(loaded))) => return Ok(loaded.clone()),
            Some((_, None)) => true,
            None => false,
        };
        let bytes = blob.bytes().map_err(LoadError::Errno)?;
        if !trusted {
            return self.module(&bytes);
        }
        let loaded = Loaded { module: self.compile(&bytes)?, compat: Compat::default() };
        if let Some(entry) = self.modules.lock().by_address.get_mut(&key) {
            entry.1 = Some(loaded.clone());
        }
        Ok(loaded)
    }

    /// The module of bytes that nobody vouches for: validated as a whole, once.
    ///
    /// # Errors
    /// - [`LoadError::Wasm`]: not a valid module, or one that uses what this engine does not have.
    pub(crate) fn module(&self, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let hash = *blake3::hash(bytes).as_bytes();
        if let Some(loaded) = self.modules.lock().by_hash.get(&hash) {
            return Ok(loaded.clone());
        }
        let (bytes, compat) = compat::adapt(bytes);
        Module::validate(&self.wasmi, &bytes).map_err(LoadError::wasm)?;
        let loaded = Loaded { module: self.compile(&bytes)?, compat };
        let mut modules = self.modules.lock();
        if modules.by_hash.len() < MAX_CACHED {
            modules.by_hash.insert(hash, loaded.clone());
        }
        Ok(loaded)
    }

    fn compile(&self, bytes: &[u8]) -> Result<Module, LoadError> {
        Module::new(&self.wasmi, bytes).map_err(LoadError::wasm)
    }
}

/// Why bytes did not become a process.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// In the kernel's words.
    Errno(Errno),
    /// In the interpreter's: shown to whoever started it.
    Wasm(String),
}

impl LoadError {
    pub(crate) fn wasm(error: wasmi::Error) -> LoadError {
        LoadError::Wasm(error.to_string())
    }
}
