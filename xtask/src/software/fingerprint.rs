//! What a pack was built from: a hash of the guests' sources and of the code that builds them.
//!
//! FNV-1a, 64 bit: it tells edits from no edits; it keeps out no attacker, who could change the pack.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::toolchain::Route;
use crate::workspace;

const INPUTS: [&str; 5] = [
    "software/guests",
    "software/src/builder.rs",
    "software/src/pack.rs",
    "xtask/src/software.rs",
    "xtask/src/software",
];

/// The fingerprint of everything that decides a pack's bytes but the compiler's version: a newer
/// compiler alone is no reason to build for minutes.
pub(super) fn of_inputs(route: Route) -> Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&workspace::root().join(input), &mut files)?;
    }
    files.sort();
    let mut hash = Fnv::new();
    for file in files {
        hash.write(file.as_os_str().as_encoded_bytes());
        hash.write(&fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    hash.write(format!("{route:?}").as_bytes());
    Ok(format!("{:016x}\n", hash.0))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let cannot = || format!("cannot read {}", path.display());
    for entry in fs::read_dir(path).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        // A stray build by hand is no source.
        if !path.ends_with("target") {
            collect(&path, files)?;
        }
    }
    Ok(())
}

struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds `bytes` and their length, so that the border between two inputs counts.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().copied().chain((bytes.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
