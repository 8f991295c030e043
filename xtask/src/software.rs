//! `cargo xtask software`: from `software/guests` to `target/software/common.pack`.
//!
//! The pack is built once and kept under a fingerprint of all that goes into it. Every file that
//! outlives a run is written beside its place and renamed into it, so that an interrupted or failed
//! build leaves the last good pack, or none. Not here: getting a compiler for `wasm32-wasip1`
//! (`software/toolchain.rs`), the pack's format (the crate `agentos-software`).

mod debian;
mod files;
mod fingerprint;
mod guests;
mod toolchain;
mod zig;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ::software::{Pack, PackBuilder};
use anyhow::{Context, Result, bail};

use crate::workspace;
pub(crate) use toolchain::{Route, TARGET, get as compiler};
pub(crate) use zig::write_script as script;

/// Build the standard commands to WebAssembly, and pack them.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// List the commands of the pack with their sizes.
    #[arg(long)]
    list: bool,
    /// Build only these programs, and leave them as files; the pack stays as it is.
    #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with = "list")]
    only: Vec<String>,
    /// Where the compiler for wasm32-wasip1 comes from.
    #[arg(long, value_enum, default_value_t = Route::Auto)]
    toolchain: Route,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !arguments.only.is_empty() {
        let built = guests::build(&toolchain::get(arguments.toolchain)?, &arguments.only)?;
        for program in built {
            println!("{}", program.file.display());
        }
        return Ok(());
    }
    ensure_with(arguments.toolchain)?;
    if arguments.list {
        list()?;
    }
    Ok(())
}

/// The pack, built if it is missing or older than what goes into it.
pub(crate) fn ensure() -> Result<()> {
    ensure_with(Route::Auto)
}

fn ensure_with(route: Route) -> Result<()> {
    let dir = workspace::cache_dir().join("software");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let _lock = files::lock(&dir.join("lock"))?;
    let key = fingerprint::of_inputs(route)?;
    let (pack, stamp) = (pack_file(), dir.join("common.key"));
    if pack.is_file() && fs::read_to_string(&stamp).is_ok_and(|old| old == key) {
        return Ok(());
    }
    eprintln!("xtask: building the standard commands; once, some minutes");
    let start = Instant::now();
    let toolchain = toolchain::get(route)?;
    let programs = guests::build(&toolchain, &[])?;
    let bytes = pack_programs(&programs)?;
    // The key goes first out and last in: without it the next run builds again.
    files::remove(&stamp)?;
    files::write(&pack, &bytes)?;
    files::write(&stamp, key.as_bytes())?;
    files::touch(&workspace::root().join("software/build.rs"));
    eprintln!(
        "xtask: {} programs, {:.1} MB, in {:.0} s: {}",
        programs.len(),
        bytes.len() as f64 / 1e6,
        start.elapsed().as_secs_f64(),
        pack.display()
    );
    Ok(())
}

fn pack_file() -> PathBuf {
    workspace::cache_dir().join("software/common.pack")
}

fn pack_programs(programs: &[guests::Program]) -> Result<Vec<u8>> {
    let mut builder = PackBuilder::new();
    for program in programs {
        let wasm = read(&program.file)?;
        let names: Vec<&str> = program.names.iter().map(String::as_str).collect();
        builder
            .module(&names, &wasm)
            .with_context(|| format!("cannot pack {}", program.file.display()))?;
    }
    let pack = builder.finish()?;
    if !Pack::parse(pack.clone())?.is_built() {
        bail!("software/guests has no programs");
    }
    Ok(pack.into())
}

fn list() -> Result<()> {
    let pack = Pack::parse(read(&pack_file())?.into())?;
    println!("{:>10} {:>10}  command", "module", "in pack");
    for command in pack.commands() {
        let module = command.module;
        println!("{:>10} {:>10}  {}", module.len(), module.compressed_len(), command.name);
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}
