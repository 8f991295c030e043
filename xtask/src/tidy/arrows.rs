//! Which crate may depend on which: the arrows of ARCHITECTURE.md, as a table.
//!
//! Only ordinary dependencies count: tests may use what they like.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::Cmd;

/// Each crate, and the crates of this workspace that it may depend on.
const ARROWS: [(&str, &[&str]); 10] = [
    ("vfs", &[]),
    ("kernel", &["vfs"]),
    ("syscalls", &["kernel", "vfs"]),
    ("shell", &["kernel", "vfs"]),
    ("software", &[]),
    ("runtime", &["kernel", "shell", "software", "syscalls", "vfs"]),
    ("cli", &["kernel", "runtime", "software", "vfs"]),
    ("benches", &["fixtures", "kernel", "runtime", "shell", "software", "vfs"]),
    ("fixtures", &[]),
    ("xtask", &["fixtures", "shell", "software", "syscalls"]),
];

/// Crates of others that only some of ours may name, and which.
const RESERVED: [(&str, &[&str]); 3] =
    [("wasmi", &["runtime"]), ("rustix", &["cli", "vfs"]), ("clap", &["cli", "xtask"])];

/// What points the wrong way.
pub(super) fn check() -> Result<Vec<String>> {
    let metadata =
        Cmd::cargo().args(["metadata", "--format-version=1", "--no-deps", "--offline"]).output()?;
    complaints(&serde_json::from_str(&metadata).context("cargo metadata")?)
}

fn complaints(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let arrows = BTreeMap::from(ARROWS);
    let mut complaints = Vec::new();
    for package in packages {
        let crate_ = short(package["name"].as_str().context("a package without a name")?);
        let Some(allowed) = arrows.get(crate_) else {
            complaints.push(format!("{crate_}: not in the table of xtask/src/tidy/arrows.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if dependency["kind"].is_null() {
                let on = short(dependency["name"].as_str().unwrap_or_default());
                complaints.extend(complaint(crate_, allowed, on, arrows.contains_key(on)));
            }
        }
    }
    Ok(complaints)
}

fn complaint(crate_: &str, allowed: &[&str], on: &str, ours: bool) -> Option<String> {
    let reserved = RESERVED.iter().find(|(name, _)| *name == on);
    match reserved {
        _ if ours && !allowed.contains(&on) => Some(format!("{crate_}: must not depend on {on}")),
        Some((_, users)) if !users.contains(&crate_) => {
            Some(format!("{crate_}: must not depend on {on}, only {} may", users.join(", ")))
        }
        _ => None,
    }
}

fn short(package: &str) -> &str {
    package.strip_prefix("agentos-").unwrap_or(package)
}

#[cfg(test)]
mod tests;
