//! `cargo xtask oracle`: the shell's cases, run by the host's shells.
//!
//! A case is `NAME.sh` with what it must print beside it in `NAME.out`. Every POSIX shell must agree on
//! the cases in `posix`, bash alone on those in `ext`. So the expected output is nobody's opinion.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::process::Cmd;
use crate::workspace;

/// Run the shell's cases on bash and dash, and compare.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only cases whose path contains this.
    filter: Option<String>,
    /// Write what bash prints to the `.out` file of each case that has none.
    #[arg(long)]
    bless: bool,
}

/// A folder of cases, and the shells that must agree on them.
const FOLDERS: [(&str, &[&str]); 2] = [("posix", &["bash", "dash"]), ("ext", &["bash"])];

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (mut runs, mut wrong) = (0, Vec::new());
    for (folder, shells) in FOLDERS {
        for case in cases(&workspace::root().join("shell/tests/cases").join(folder))? {
            let name = format!("{folder}/{}", case.file_name().unwrap_or_default().display());
            if arguments.filter.as_ref().is_some_and(|filter| !name.contains(filter)) {
                continue;
            }
            if arguments.bless && !case.with_extension("out").exists() {
                fs::write(case.with_extension("out"), printed("bash", &case)?)?;
            }
            for shell in shells {
                runs += 1;
                if let Some(difference) = difference(shell, &case)? {
                    wrong.push(format!("{name} on {shell}: {difference}"));
                }
            }
        }
    }
    ensure!(runs > 0, "there are no such cases in shell/tests/cases");
    if !wrong.is_empty() {
        bail!("{} of {runs} runs differ:\n  {}", wrong.len(), wrong.join("\n  "));
    }
    println!("{runs} passed, 0 failed");
    Ok(())
}

/// The scripts of a folder, in order.
fn cases(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            cases.push(entry?.path());
        }
    }
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "sh"));
    cases.sort();
    Ok(cases)
}

/// Where a shell prints something else than the case expects: the first such line.
fn difference(shell: &str, case: &Path) -> Result<Option<String>> {
    let file = case.with_extension("out");
    let expected = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let printed = printed(shell, case)?;
    if expected == printed {
        return Ok(None);
    }
    let (expected, printed) =
        (String::from_utf8_lossy(&expected), String::from_utf8_lossy(&printed));
    let (mut expected, mut printed) = (expected.split('\n'), printed.split('\n'));
    for number in 1.. {
        match (expected.next(), printed.next()) {
            (a, b) if a == b && a.is_some() => {}
            (a, b) => return Ok(Some(format!("line {number}: expected {a:?}, printed {b:?}"))),
        }
    }
    Ok(None)
}

/// What a script prints, whatever its status, in an empty folder that is removed afterwards.
fn printed(shell: &str, case: &Path) -> Result<Vec<u8>> {
    let dir = tempfile::tempdir().context("cannot make a folder to run in")?;
    let script = fs::read(case).with_context(|| format!("cannot read {}", case.display()))?;
    let script = String::from_utf8(script).with_context(|| format!("{}", case.display()))?;
    Cmd::new(shell).dir(dir.path()).args(["-c", &script]).env("LC_ALL", "C.UTF-8").stdout()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let case = dir.path().join("a.sh");
        fs::write(&case, "echo one; echo two; exit 3").unwrap();
        fs::write(case.with_extension("out"), "one\ntwo\n").unwrap();
        assert_eq!(difference("bash", &case).unwrap(), None);
        fs::write(case.with_extension("out"), "one\n2\n").unwrap();
        let difference = difference("bash", &case).unwrap().unwrap();
        assert_eq!(difference, r#"line 2: expected Some("2"), printed Some("two")"#);
    }
}
