//! Building the workspace `software/guests`: one program per file in `src/bin`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::toolchain::{TARGET, Toolchain};
use crate::workspace;

/// A built program and the commands it answers to.
pub(super) struct Program {
    pub(super) file: PathBuf,
    pub(super) names: Vec<String>,
}

/// Builds all programs, or the ones named.
pub(super) fn build(toolchain: &Toolchain, only: &[String]) -> Result<Vec<Program>> {
    let manifest = workspace::root().join("software/guests/Cargo.toml");
    let programs = programs(toolchain, &manifest)?;
    if let Some(unknown) = only.iter().find(|name| !programs.iter().any(|p| p.0 == **name)) {
        let known: Vec<_> = programs.iter().map(|p| p.0.as_str()).collect();
        bail!("no program `{unknown}` in software/guests; there are: {}", known.join(" "));
    }
    let target_dir = workspace::cache_dir().join("software/build");
    let mut cargo = toolchain
        .cargo()
        .args(["build", "--quiet", "--release", "--locked", "--target", TARGET])
        .arg("--manifest-path")
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target_dir);
    for name in only {
        cargo = cargo.args(["--bin", name]);
    }
    cargo.run().context(
        "the standard commands did not build; what was built is kept, so after a failure of the \
         network or an interruption run the same command again",
    )?;
    let release = target_dir.join(TARGET).join("release");
    Ok(programs
        .into_iter()
        .filter(|(name, _)| only.is_empty() || only.contains(name))
        .map(|(name, names)| Program { file: release.join(name).with_extension("wasm"), names })
        .collect())
}

/// Each program and its names: the file's, or what the manifest lists for it.
fn programs(toolchain: &Toolchain, manifest: &Path) -> Result<Vec<(String, Vec<String>)>> {
    let metadata = toolchain
        .cargo()
        .args(["metadata", "--format-version=1", "--no-deps", "--manifest-path"])
        .arg(manifest)
        .output()?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let package = packages
        .iter()
        .find(|package| package["name"] == "agentos-guests")
        .context("software/guests has no package agentos-guests")?;
    let families = &package["metadata"]["agentos"]["names"];
    let mut programs = Vec::new();
    for target in package["targets"].as_array().into_iter().flatten() {
        let Some(name) = target["name"].as_str().filter(|_| target["kind"][0] == "bin") else {
            continue;
        };
        let names = match families[name].as_array() {
            Some(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => vec![name.to_owned()],
        };
        programs.push((name.to_owned(), names));
    }
    Ok(programs)
}

/// A cargo home for the guests alone: uucore embeds the messages of every `uu_*` crate that lies
/// beside it, so a shared one would make the pack depend on what else was ever built here.
/// The user's settings (a registry's mirror, a proxy) are taken over.
pub(super) fn cargo_home() -> Result<PathBuf> {
    let home = workspace::cache_dir().join("software/cargo-home");
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let users = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    if let Some(config) = users.map(|users| users.join("config.toml")).filter(|c| c.is_file()) {
        fs::copy(&config, home.join("config.toml"))
            .with_context(|| format!("cannot copy {}", config.display()))?;
    }
    Ok(home)
}
