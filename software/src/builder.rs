//! Writing a pack: the other half of `pack.rs`, which describes the file.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::pack::{HEADER, MAGIC, MODULE_MAX, MODULE_ROW, NAME_ROW, PackError, VERSION, is_name};

/// Collects modules and their names, then writes the pack.
///
/// ```
/// # use agentos_software::{Pack, PackBuilder};
/// let mut builder = PackBuilder::new();
/// builder.module(&["ls", "dir"], b"\0asm...")?;
/// let pack = Pack::parse(builder.finish()?)?;
/// assert_eq!(pack.get("dir").unwrap().bytes()?, "\0asm...");
/// # Ok::<(), agentos_software::PackError>(())
/// ```
#[derive(Debug, Default)]
pub struct PackBuilder {
    modules: Vec<(Vec<u8>, usize)>,
    names: BTreeMap<String, usize>,
}

impl PackBuilder {
    /// An empty pack.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the module `wasm` under each of `names`.
    ///
    /// # Errors
    /// - [`PackError::Name`]: a name is not a file name, or is already taken.
    /// - [`PackError::Range`]: the module is longer than 64 MiB.
    pub fn module(&mut self, names: &[&str], wasm: &[u8]) -> Result<(), PackError> {
        if wasm.len() > MODULE_MAX {
            return Err(PackError::Range);
        }
        for name in names {
            if !is_name(name) || self.names.contains_key(*name) {
                return Err(PackError::Name);
            }
            self.names.insert((*name).to_owned(), self.modules.len());
        }
        self.modules.push((lz4_flex::block::compress(wasm), wasm.len()));
        Ok(())
    }

    /// The pack's bytes.
    ///
    /// # Errors
    /// - [`PackError::Range`]: more modules or names than the file's integers can count.
    pub fn finish(&self) -> Result<Bytes, PackError> {
        let names: usize = self.names.keys().map(|name| NAME_ROW + name.len()).sum();
        let mut offset = HEADER + self.modules.len() * MODULE_ROW + names;
        let mut file = Vec::with_capacity(
            offset + self.modules.iter().map(|(block, _)| block.len()).sum::<usize>(),
        );
        file.extend(MAGIC);
        file.extend(VERSION.to_le_bytes());
        file.extend(u32_of(self.modules.len())?);
        file.extend(u32_of(self.names.len())?);
        for (block, len) in &self.modules {
            file.extend((offset as u64).to_le_bytes());
            file.extend(u32_of(block.len())?);
            file.extend(u32_of(*len)?);
            offset += block.len();
        }
        for (name, module) in &self.names {
            file.extend(u32_of(*module)?);
            let len = u16::try_from(name.len()).map_err(|_| PackError::Range)?;
            file.extend(len.to_le_bytes());
            file.extend(name.as_bytes());
        }
        for (block, _) in &self.modules {
            file.extend(block);
        }
        Ok(file.into())
    }
}

fn u32_of(size: usize) -> Result<[u8; 4], PackError> {
    u32::try_from(size).map(u32::to_le_bytes).map_err(|_| PackError::Range)
}
