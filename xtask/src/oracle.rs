//! `cargo xtask oracle`: the shell's cases, run by the host's shells.
//!
//! Every POSIX shell must agree on the cases in `posix`, bash alone on those in `ext`. So what a case
//! expects is nobody's opinion. The format of the files is `shell::testing`'s.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use shell::testing::{self, Case, Expected};

use crate::process::Cmd;
use crate::workspace;

/// Run the shell's cases on bash and dash, and compare.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only files whose path contains this.
    filter: Option<String>,
    /// Write what bash prints into the files.
    #[arg(long)]
    bless: bool,
}

/// A folder of cases, and the shells that must agree on them.
const FOLDERS: [(&str, &[&str]); 2] = [("posix", &["bash", "dash"]), ("ext", &["bash"])];

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (mut count, mut wrong) = (0, Vec::new());
    for (folder, shells) in FOLDERS {
        for path in files(&workspace::root().join("shell/tests/cases").join(folder))? {
            let name = format!("{folder}/{}", path.file_stem().unwrap_or_default().display());
            if arguments.filter.as_ref().is_some_and(|filter| !name.contains(filter)) {
                continue;
            }
            let (head, mut cases) = read(&path)?;
            if arguments.bless {
                bless(&mut cases)?;
                fs::write(&path, testing::print(&head, &cases))?;
            }
            count += cases.len();
            print!("{name:28} {:4} cases", cases.len());
            for shell in shells {
                let before = wrong.len();
                for case in &cases {
                    if let Some(difference) = difference(shell, case)? {
                        wrong.push(format!("{name}: {} on {shell}: {difference}", case.name));
                    }
                }
                print!("   {shell} {:4}", cases.len() + before - wrong.len());
            }
            println!();
        }
    }
    ensure!(count > 0, "there are no such cases in shell/tests/cases");
    if !wrong.is_empty() {
        bail!("{} differences:\n  {}", wrong.len(), wrong.join("\n  "));
    }
    println!("{count} cases agree");
    Ok(())
}

/// The files of a folder, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        files.push(entry?.path());
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<(Vec<u8>, Vec<Case>)> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    testing::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

/// Makes bash's output what is expected. Standard error stays out where it was not given.
fn bless(cases: &mut [Case]) -> Result<()> {
    for case in cases {
        let printed = printed("bash", &case.script)?;
        let stderr = case.expected.stderr.as_ref().and(printed.stderr);
        case.expected = Expected { stderr, ..printed };
    }
    Ok(())
}

/// What a shell does otherwise than expected. Only bash's messages are compared.
fn difference(shell: &str, case: &Case) -> Result<Option<String>> {
    let (expected, printed) = (&case.expected, printed(shell, &case.script)?);
    if expected.status != printed.status {
        return Ok(Some(format!("status {}, not {}", printed.status, expected.status)));
    }
    let stderr = expected.stderr.as_ref().filter(|_| shell == "bash");
    let pairs =
        [(Some(&expected.stdout), Some(&printed.stdout)), (stderr, printed.stderr.as_ref())];
    for (expected, printed) in pairs {
        if let (Some(expected), Some(printed)) = (expected, printed)
            && expected != printed
        {
            return Ok(Some(first_difference(expected, printed)));
        }
    }
    Ok(None)
}

fn first_difference(expected: &[u8], printed: &[u8]) -> String {
    let (expected, printed) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(printed));
    let (mut expected, mut printed) = (expected.split('\n'), printed.split('\n'));
    let mut line = 0;
    loop {
        line += 1;
        match (expected.next(), printed.next()) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return "no difference".into(),
            (a, b) => return format!("line {line}: expected {a:?}, printed {b:?}"),
        }
    }
}

/// What a shell does with a script, in an empty folder that is removed afterwards.
pub(crate) fn printed(shell: &str, script: &[u8]) -> Result<Expected> {
    let dir = tempfile::tempdir().context("cannot make a folder to run in")?;
    let script = std::str::from_utf8(script).context("a script is text")?;
    let finished = Cmd::new("env")
        .args(["-i", "PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8"])
        .args(["timeout", "5", shell, "-c", "--", script])
        .dir(dir.path())
        .finished()?;
    let signal = finished.status.signal().map_or(255, |signal| 128 + signal);
    let status = finished.status.code().unwrap_or(signal);
    Ok(Expected {
        stdout: finished.stdout,
        stderr: Some(finished.stderr),
        status: u8::try_from(status).unwrap_or(255),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        let expected = Expected { stdout: b"one\ntwo\n".to_vec(), stderr: None, status: 3 };
        let script = b"echo one; echo two; exit 3\n".to_vec();
        let mut case = Case { script, expected, ..Case::default() };
        assert_eq!(difference("bash", &case).unwrap(), None);
        case.expected.stdout = b"one\n2\n".to_vec();
        let shown = difference("bash", &case).unwrap().unwrap();
        assert_eq!(shown, r#"line 2: expected Some("2"), printed Some("two")"#);
        case.expected.status = 0;
        assert_eq!(difference("bash", &case).unwrap().unwrap(), "status 3, not 0");
    }
}
