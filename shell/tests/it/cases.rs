//! The cases of `tests/cases`, of which `cargo xtask oracle` proves that bash and dash print what
//! they expect.
#![expect(clippy::disallowed_methods, reason = "the cases are files of the host")]

use std::fmt::Write;
use std::path::Path;

use agentos_shell::testing::{self, Case, Job};

/// Units of the kernel's fuel that a case may use.
const FUEL: u64 = 50_000_000;

/// Runs all files of a folder as each of the shells: every difference, and every case that is
/// marked as different and is not.
fn check(folder: &str, shells: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let (mut runs, mut differences) = (0, Vec::new());
    let mut paths: Vec<_> =
        folder.read_dir().expect("cases").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read(&path).expect("a file of cases");
        let file = path.file_name().unwrap_or_default().display().to_string();
        let (_, cases) = testing::parse(&text).expect(&file);
        for (case, shell) in cases.iter().flat_map(|case| shells.iter().map(move |s| (case, s))) {
            runs += 1;
            let difference = difference(shell, case);
            if difference.is_some() != case.differs.is_some() {
                let what = difference.unwrap_or("is marked as different, and is not\n".into());
                differences.push(format!("=== {file}: {} ({shell})\n{what}", case.name));
            }
        }
    }
    let (count, all) = (differences.len(), differences.concat());
    assert!(differences.is_empty(), "{all}\n{count} of {runs} runs differ");
}

fn difference(shell: &str, case: &Case) -> Option<String> {
    let job = Job { arg0: shell, script: &case.script, fuel: Some(FUEL) };
    let finished = match testing::run(job) {
        Ok(finished) => finished,
        Err(outcome) => return Some(format!("does not end: {outcome:?}\n")),
    };
    let mut text = String::new();
    let mut compare = |what: &str, expected: &[u8], printed: &[u8]| {
        if expected != printed {
            let (expected, printed) =
                (String::from_utf8_lossy(expected), String::from_utf8_lossy(printed));
            let _ = write!(text, "--- expected {what}\n{expected}--- printed\n{printed}");
        }
    };
    compare("stdout", &case.expected.stdout, &finished.stdout);
    if let Some(stderr) = &case.expected.stderr {
        compare("stderr", stderr, &finished.stderr);
    }
    let status = |status: u8| format!("{status}\n").into_bytes();
    compare("status", &status(case.expected.status), &status(finished.status));
    if !text.is_empty() && case.expected.stderr.is_none() && !finished.stderr.is_empty() {
        let _ = write!(text, "--- on stderr\n{}", String::from_utf8_lossy(&finished.stderr));
    }
    if !text.is_empty() {
        text = format!("{}{text}", String::from_utf8_lossy(&case.script));
    }
    (!text.is_empty()).then_some(text)
}

#[test]
fn posix_cases() {
    check("posix", &["bash", "sh"]);
}

#[test]
fn ext_cases() {
    check("ext", &["bash"]);
}
