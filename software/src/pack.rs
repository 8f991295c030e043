//! The pack: many commands in one file, each decompressed when it is first run.
//!
//! Layout, integers little-endian:
//!
//! ```text
//! header    magic "AGENTPAK", version u32 = 1, modules u32, names u32
//! modules   per module: offset u64 from the file's start, compressed length u32, length u32
//! names     per name:   module u32, length u16, UTF-8 bytes; in ascending order
//! contents  one LZ4 block per module
//! ```
//!
//! LZ4, because a module's decompression is part of a cold start: it costs some 0.5 ms per MB,
//! against 3 ms for zstd. A pack may come from anywhere: every number in it is checked, and none
//! is trusted for the size of an allocation. Not here: writing a pack (`builder.rs`).

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

pub(crate) const MAGIC: &[u8; 8] = b"AGENTPAK";
pub(crate) const VERSION: u32 = 1;
/// Bytes of the header.
pub(crate) const HEADER: usize = 20;
/// Bytes of a row of the table of modules.
pub(crate) const MODULE_ROW: usize = 16;
/// Bytes of a row of the table of names, without the name.
pub(crate) const NAME_ROW: usize = 6;
/// The longest name: Linux's `NAME_MAX`.
pub(crate) const NAME_MAX: usize = 255;
/// The longest module, decompressed.
pub(crate) const MODULE_MAX: usize = 64 << 20;
/// One byte of an LZ4 block stands for at most 255 bytes of content (LZ4 block format, "match length").
const LZ4_MAX_RATIO: usize = 255;

/// A set of commands. Cheap to clone; clones share their modules.
#[derive(Clone, Default)]
pub struct Pack {
    contents: Arc<Contents>,
}

#[derive(Default)]
struct Contents {
    modules: Vec<Module>,
    /// In ascending order; the number is an index into `modules`.
    names: Vec<(Box<str>, usize)>,
}

/// A command's program: a name and the module behind it, which several names may share.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    /// What the command is called by: a file name, never empty, without `/`.
    pub name: &'a str,
    /// Its program.
    pub module: &'a Module,
}

/// A WebAssembly module, compressed until it is first asked for.
pub struct Module {
    compressed: Bytes,
    len: usize,
    content: OnceLock<Bytes>,
}

/// Why a pack, or a module in it, cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackError {
    /// It does not begin as a pack does.
    NotAPack,
    /// It is a pack of another version.
    Version(u32),
    /// It ends within a table or a module.
    Truncated,
    /// A name is empty, too long, not UTF-8, has a `/` or NUL, or is out of order.
    Name,
    /// A number in a table is out of range.
    Range,
    /// A module does not decompress to its length.
    Corrupt,
}

impl Pack {
    /// Reads the tables of a pack; the modules stay compressed. An empty file is an empty pack.
    ///
    /// # Errors
    /// - [`PackError::NotAPack`], [`PackError::Version`]: the file is something else.
    /// - [`PackError::Truncated`], [`PackError::Name`], [`PackError::Range`]: the tables are damaged.
    pub fn parse(bytes: Bytes) -> Result<Self, PackError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let mut reader = Reader { rest: &bytes };
        if reader.take(MAGIC.len()).map_err(|_| PackError::NotAPack)? != MAGIC {
            return Err(PackError::NotAPack);
        }
        let version = reader.u32()?;
        if version != VERSION {
            return Err(PackError::Version(version));
        }
        let (modules, names) = (reader.count(MODULE_ROW)?, reader.count(NAME_ROW)?);
        let modules = (0..modules).map(|_| reader.module(&bytes)).collect::<Result<Vec<_>, _>>()?;
        let names =
            (0..names).map(|_| reader.name(modules.len())).collect::<Result<Vec<_>, _>>()?;
        if names.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err(PackError::Name);
        }
        Ok(Self { contents: Arc::new(Contents { modules, names }) })
    }

    /// Whether there are any commands: false for [`common`](crate::common) in a build without the pack.
    #[must_use]
    pub fn is_built(&self) -> bool {
        !self.contents.names.is_empty()
    }

    /// The commands, by name in ascending order.
    pub fn commands(&self) -> impl ExactSizeIterator<Item = Command<'_>> {
        let modules = &self.contents.modules;
        self.contents.names.iter().map(|(name, module)| Command { name, module: &modules[*module] })
    }

    /// The program of the command `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Module> {
        let Contents { modules, names } = &*self.contents;
        let row = names.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        modules.get(names[row].1)
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.commands().map(|c| (c.name, c.module))).finish()
    }
}

impl Module {
    /// The module's length in bytes, decompressed.
    #[expect(clippy::len_without_is_empty, reason = "an empty module is no module")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The module's length in bytes as it lies in the pack.
    #[must_use]
    pub fn compressed_len(&self) -> usize {
        self.compressed.len()
    }

    /// The module; the first call decompresses it, later ones share the result.
    ///
    /// # Errors
    /// - [`PackError::Corrupt`]: it does not decompress to its length.
    pub fn bytes(&self) -> Result<Bytes, PackError> {
        if let Some(content) = self.content.get() {
            return Ok(content.clone());
        }
        let content = lz4_flex::block::decompress(&self.compressed, self.len)
            .map_err(|_| PackError::Corrupt)?;
        if content.len() != self.len {
            return Err(PackError::Corrupt);
        }
        Ok(self.content.get_or_init(|| content.into()).clone())
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("len", &self.len)
            .field("compressed_len", &self.compressed.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPack => f.write_str("not a pack of commands"),
            Self::Version(version) => {
                write!(f, "pack version {version}, where {VERSION} is understood")
            }
            Self::Truncated => f.write_str("the pack ends too early"),
            Self::Name => f.write_str("a command's name in the pack is malformed"),
            Self::Range => f.write_str("a number in the pack's tables is out of range"),
            Self::Corrupt => f.write_str("a module in the pack is damaged"),
        }
    }
}

impl std::error::Error for PackError {}

/// The tables, read from front to back.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], PackError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(PackError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PackError> {
        self.take(N)?.try_into().map_err(|_| PackError::Truncated)
    }

    fn u16(&mut self) -> Result<u16, PackError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, PackError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn size(&mut self) -> Result<usize, PackError> {
        usize::try_from(self.u32()?).map_err(|_| PackError::Range)
    }

    /// A number of rows of at least `row` bytes: more than what is left can hold is a lie.
    fn count(&mut self, row: usize) -> Result<usize, PackError> {
        let count = self.size()?;
        if count > self.rest.len() / row {
            return Err(PackError::Truncated);
        }
        Ok(count)
    }

    fn module(&mut self, file: &Bytes) -> Result<Module, PackError> {
        let offset = u64::from_le_bytes(self.array()?);
        let offset = usize::try_from(offset).map_err(|_| PackError::Range)?;
        let (compressed_len, len) = (self.size()?, self.size()?);
        if len > MODULE_MAX.min(compressed_len.saturating_mul(LZ4_MAX_RATIO)) {
            return Err(PackError::Range);
        }
        let end = offset.checked_add(compressed_len).ok_or(PackError::Range)?;
        if end > file.len() {
            return Err(PackError::Truncated);
        }
        Ok(Module { compressed: file.slice(offset..end), len, content: OnceLock::new() })
    }

    fn name(&mut self, modules: usize) -> Result<(Box<str>, usize), PackError> {
        let module = self.size()?;
        if module >= modules {
            return Err(PackError::Range);
        }
        let len = usize::from(self.u16()?);
        let name = std::str::from_utf8(self.take(len)?).map_err(|_| PackError::Name)?;
        if !is_name(name) {
            return Err(PackError::Name);
        }
        Ok((name.into(), module))
    }
}

/// Whether `name` can be a file's name in `/bin`.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_MAX
        && !matches!(name, "." | "..")
        && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests;
