//! `cargo xtask conformance wasi`: a suite of WASI programs, each on a root in memory, on the host
//! and copied on write.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Subcommand;
use fixtures::{Spec, WASI};

use crate::process::Cmd;
use crate::run as run_command;

/// Run a suite of programs that others, or we, say the answers of.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Subcommand)]
enum Suite {
    /// WASI preview1: `NAME.wasm` with `NAME.json` beside it.
    Wasi(Wasi),
}

#[derive(clap::Args)]
struct Wasi {
    /// The directory of the suite, searched as a whole. Default: our own programs.
    #[arg(long, value_name = "DIR")]
    suite: Option<PathBuf>,
    /// Only programs with this in their path.
    #[arg(long, value_name = "PART", default_value = "")]
    only: String,
    /// Writes our own programs to a directory in that layout, and runs none.
    #[arg(long, value_name = "DIR", conflicts_with = "suite")]
    emit: Option<PathBuf>,
    /// The `agentos` to run. Default: it is built.
    #[arg(long, value_name = "FILE")]
    agentos: Option<PathBuf>,
}

/// The kinds of root, and the mounts that make them.
const ROOTS: [(&str, &str); 3] = [("memory", "mem"), ("host", "rw"), ("overlay", "cow")];

/// What became of a program on one root.
enum Verdict {
    Passed,
    Failed(String),
    Skipped(String),
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Suite::Wasi(wasi) = &arguments.suite;
    if let Some(dir) = &wasi.emit {
        return emit(dir);
    }
    let own = tempfile::tempdir()?;
    let suite = match &wasi.suite {
        Some(suite) => suite.as_path(),
        None => {
            emit(own.path())?;
            own.path()
        }
    };
    let mut programs = Vec::new();
    find(suite, &mut programs)?;
    programs.retain(|program| program.to_string_lossy().contains(&wasi.only));
    programs.sort();
    ensure!(!programs.is_empty(), "no program in {}", suite.display());
    let agentos = match &wasi.agentos {
        Some(agentos) => std::path::absolute(agentos)?,
        None => run_command::build()?,
    };
    run_all(&agentos, suite, &programs)
}

/// Runs every program on every root, and prints a table.
fn run_all(agentos: &Path, suite: &Path, programs: &[PathBuf]) -> Result<()> {
    let mut counts = ROOTS.map(|_| [0; 3]);
    let heads = ROOTS.map(|(root, _)| format!("{root:>8}"));
    println!("{:<48} {}", "program", heads.join(" "));
    for program in programs {
        let mut line = String::new();
        let mut reasons = String::new();
        for ((root, mode), [passed, failed, skipped]) in ROOTS.iter().zip(&mut counts) {
            // One that cannot be tried does not keep the others from it.
            let verdict = try_program(agentos, program, mode)
                .unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
            let (cell, count, why) = match verdict {
                Verdict::Passed => ("ok", passed, None),
                Verdict::Failed(why) => ("FAILED", failed, Some(why)),
                Verdict::Skipped(why) => ("skipped", skipped, Some(why)),
            };
            *count += 1;
            line += &format!(" {cell:>8}");
            reasons += &why.map(|why| format!("  {root}: {why}\n")).unwrap_or_default();
        }
        let shown = program.strip_prefix(suite).unwrap_or(program).display().to_string();
        println!("{shown:<48}{line}");
        print!("{reasons}");
    }
    for ((root, _), [passed, failed, skipped]) in ROOTS.iter().zip(&counts) {
        println!("{root}: {passed} passed, {failed} failed, {skipped} skipped");
    }
    let failed: usize = counts.iter().map(|[_, failed, _]| failed).sum();
    ensure!(failed == 0, "{failed} of {} failed", programs.len() * ROOTS.len());
    Ok(())
}

/// Writes our own programs as others write theirs.
fn emit(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for case in WASI {
        let wasm = case.wasm().map_err(|why| anyhow!(why))?;
        fs::write(dir.join(case.name).with_extension("wasm"), wasm)?;
        fs::write(dir.join(case.name).with_extension("json"), case.json)?;
    }
    Ok(())
}

/// Every module below a directory.
fn find(dir: &Path, programs: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, programs)?;
        } else if path.extension().is_some_and(|extension| extension == "wasm") {
            programs.push(path);
        }
    }
    Ok(())
}

/// Runs one program on fresh copies of its directories.
fn try_program(agentos: &Path, program: &Path, mode: &str) -> Result<Verdict> {
    let json = program.with_extension("json");
    let spec = match fs::read_to_string(&json) {
        Ok(text) => Spec::parse(&text).map_err(|why| anyhow!("{}: {why}", json.display()))?,
        Err(_) => Spec::default(),
    };
    if let Some(why) = spec.unsupported {
        return Ok(Verdict::Skipped(why));
    }
    let work = tempfile::tempdir()?;
    let mut cmd = Cmd::new(agentos).quiet().dir(work.path()).args(["wasm", "--timeout", "60s"]);
    let root = spec.root.iter().map(|name| (name, "/"));
    let named = spec.dirs.iter().map(|(name, guest)| (name, guest.as_str()));
    for (number, (name, guest)) in root.chain(named).enumerate() {
        let copy = work.path().join(number.to_string());
        let beside = program.with_file_name(name.trim_start_matches('/'));
        fs::create_dir_all(&copy)?;
        if beside.is_dir() {
            copy_tree(&beside, &copy)?;
        }
        cmd = cmd.arg("--mount").arg(format!("{}:{guest}:{mode}", copy.display()));
    }
    for (name, value) in &spec.env {
        cmd = cmd.arg("--env").arg(format!("{name}={value}"));
    }
    if let Some(stdin) = &spec.stdin {
        let file = work.path().join("stdin");
        fs::write(&file, stdin)?;
        cmd = cmd.arg("--stdin").stdin_file(&file)?;
    }
    let output = cmd.arg(program).args(&spec.args).finished()?;
    let mut wrong = Vec::new();
    if output.status.code() != Some(spec.exit_code) {
        wrong.push(format!("{} instead of {}", output.status, spec.exit_code));
    }
    for (what, wanted, got) in
        [("stdout", &spec.stdout, &output.stdout), ("stderr", &spec.stderr, &output.stderr)]
    {
        if wanted.as_ref().is_some_and(|wanted| wanted.as_bytes() != got) {
            wrong.push(format!("{what} {:?}", String::from_utf8_lossy(got)));
        }
    }
    if wrong.is_empty() {
        return Ok(Verdict::Passed);
    }
    wrong.push(String::from_utf8_lossy(&output.stderr).trim_end().to_owned());
    Ok(Verdict::Failed(wrong.join("; ")))
}

/// Copies what is below a directory: directories, files and symbolic links.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        } else {
            bail!("{} is neither file nor directory", entry.path().display());
        }
    }
    Ok(())
}
