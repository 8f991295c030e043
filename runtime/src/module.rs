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

/// How a binary of the component model begins: another version and layer than a module.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// How many modules are kept by hash.
const MAX_CACHED: usize = 1024;

/// The modules of an engine.
#[derive(Default)]
pub(crate) struct Modules {
    by_address: BTreeMap<usize, Known>,
    by_hash: BTreeMap<([u8; 32], Source), Loaded>,
}

/// A content that is known again by its address.
struct Known {
    /// Held so that its address cannot come to mean other bytes.
    _blob: Arc<dyn Blob>,
    source: Source,
    loaded: Option<Loaded>,
}

/// Where a module comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Source {
    /// With this build: it is not validated as a whole again.
    BuiltIn,
    /// A package of Agent OS: see `compat`.
    Package,
    /// Anywhere.
    Other,
}

/// A compiled module, and what its processes need at their start.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) module: Module,
    pub(crate) compat: Compat,
}

impl Modules {
    pub(crate) fn len(&self) -> usize {
        self.by_hash.len() + self.by_address.values().filter(|known| known.loaded.is_some()).count()
    }
}

fn address(blob: &Arc<dyn Blob>) -> usize {
    Arc::as_ptr(blob).cast::<()>() as usize
}

impl Shared {
    /// Vouches for where bytes come from.
    pub(crate) fn know(&self, blob: &Arc<dyn Blob>, source: Source) {
        let known = Known { _blob: blob.clone(), source, loaded: None };
        self.modules.lock().by_address.entry(address(blob)).or_insert(known);
    }

    /// The module of a shared content, which is known again by its address if it was
    /// [vouched for](Shared::know).
    ///
    /// # Errors
    /// As [`module`](Shared::module), and
    /// - `EIO`: the bytes cannot be had.
    pub(crate) fn module_of(&self, blob: &Arc<dyn Blob>) -> Result<Loaded, LoadError> {
        let key = address(blob);
        let source = match self.modules.lock().by_address.get(&key) {
            Some(Known { loaded: Some(loaded), .. }) => return Ok(loaded.clone()),
            Some(known) => known.source,
            None => Source::Other,
        };
        let bytes = blob.bytes().map_err(LoadError::Errno)?;
        let loaded = match source {
            Source::BuiltIn => Loaded { module: self.compile(&bytes)?, compat: Compat::default() },
            source => self.module(&bytes, source)?,
        };
        if let Some(known) = self.modules.lock().by_address.get_mut(&key) {
            known.loaded = Some(loaded.clone());
        }
        Ok(loaded)
    }

    /// The module of bytes that nobody vouches for: validated as a whole, once.
    ///
    /// # Errors
    /// - [`LoadError::Wasm`]: not a valid module, or one that uses what this engine does not have.
    pub(crate) fn module(&self, bytes: &[u8], source: Source) -> Result<Loaded, LoadError> {
        let key = (*blake3::hash(bytes).as_bytes(), source);
        if let Some(loaded) = self.modules.lock().by_hash.get(&key) {
            return Ok(loaded.clone());
        }
        if bytes.starts_with(COMPONENT) {
            return Err(LoadError::Wasm(
                "it is a component, and only core modules run here: build it for wasm32-wasip1"
                    .to_owned(),
            ));
        }
        let (bytes, compat) = compat::adapt(bytes, source);
        Module::validate(&self.wasmi, &bytes).map_err(LoadError::wasm)?;
        let loaded = Loaded { module: self.compile(&bytes)?, compat };
        let mut modules = self.modules.lock();
        if modules.by_hash.len() < MAX_CACHED {
            modules.by_hash.insert(key, loaded.clone());
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
