//! `cargo xtask coverage`: `docs/wasi.md`, the page of system calls, from the tables in `syscalls`
//! and from the tests that name each function.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use syscalls::Row;

use crate::workspace;

/// Write docs/wasi.md from the tables of system calls.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only check that it is up to date.
    #[arg(long)]
    check: bool,
}

/// Where tests are that make system calls by name, and the ending of their files.
const TESTS: [(&str, &str); 2] = [("syscalls/tests/it", "rs"), ("fixtures/wasi", "calls")];

/// How many tests are shown for a function.
const SHOWN: usize = 3;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.check {
        return check();
    }
    let file = file();
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    fs::write(&file, page()?).with_context(|| format!("cannot write {}", file.display()))
}

/// Fails where the page is not what the tables and the tests say, or a function has no test.
pub(crate) fn check() -> Result<()> {
    let written = fs::read_to_string(file()).unwrap_or_default();
    ensure!(
        written == page()?,
        "docs/wasi.md is not what syscalls and its tests say: run `cargo xtask coverage`"
    );
    Ok(())
}

fn file() -> std::path::PathBuf {
    workspace::root().join("docs/wasi.md")
}

fn page() -> Result<String> {
    let tests = tests()?;
    let untested: Vec<&str> = syscalls::tables()
        .map(|row| row.name)
        .filter(|name| !tests.iter().any(|(_, text)| names(text, name)))
        .collect();
    ensure!(untested.is_empty(), "no test calls {}", untested.join(", "));
    Ok(syscalls::coverage_markdown(|row: &Row| {
        let all = tests.iter().filter(|(_, text)| names(text, row.name));
        let links: Vec<String> = all.map(|(path, _)| link(path)).collect();
        let more = links.len().saturating_sub(SHOWN);
        let mut shown = links.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
        if more > 0 {
            shown += &format!(", {more} more");
        }
        shown
    }))
}

fn link(path: &str) -> String {
    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    format!("[{name}](../{path})")
}

/// Whether a test calls a function: its name in quotes, or where a program's line has a call.
fn names(text: &str, function: &str) -> bool {
    text.contains(&format!("\"{function}\""))
        || text.lines().any(|line| {
            let call = line.split_once(" = ").map_or(line, |(_, call)| call);
            call.split(' ').next() == Some(function)
        })
}

/// Every test's path and text, in order.
fn tests() -> Result<Vec<(String, String)>> {
    let mut tests = Vec::new();
    for (dir, ending) in TESTS {
        let full = workspace::root().join(dir);
        let entries = fs::read_dir(&full).with_context(|| format!("cannot read {dir}"))?;
        let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == ending));
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file)?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            tests.push((format!("{dir}/{name}"), text));
        }
    }
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_call_is_told_from_its_name_in_another() {
        assert!(names("guest.ok(\"fd_dup\", &[])", "fd_dup"));
        assert!(!names("guest.ok(\"fd_dup2\", &[])", "fd_dup"));
        assert!(names("x\nn = fd_read f 9", "fd_read"));
        assert!(names("fd_close f", "fd_close"));
        assert!(!names("# fd_close\nexpect fd_close == 1", "fd_close"));
    }
}
