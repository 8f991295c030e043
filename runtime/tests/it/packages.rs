//! The published Agent OS packages, where `cargo xtask fetch-packages` has put them.

use std::path::{Path, PathBuf};

use agentos_runtime::Sandbox;

use crate::fetched;

/// What every command finds in its working directory.
const FILES: &[(&str, &str)] = &[
    ("/tmp/w/f", "pear 3\napple 1\nfig 2\napple 1\n"),
    ("/tmp/w/g", "one\ntwo\nthree\n"),
    ("/tmp/w/csv", "a,b,c\n1,2,3\n"),
    ("/tmp/w/d/e/h", "in\n"),
];

/// One command and what it must do.
#[derive(Default)]
struct Case {
    command: String,
    stdout: String,
    status: i32,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case: Option<Case> = None;
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            case = Some(Case { command: command.to_owned(), ..Case::default() });
        } else if let Some(open) = &mut case {
            if let Some(more) = line.strip_prefix("> ").filter(|_| open.stdout.is_empty()) {
                open.command += "\n";
                open.command += more;
            } else if let Some(end) = status(line) {
                open.status = end.0;
                open.stdout.truncate(open.stdout.len() - usize::from(!end.1));
                cases.extend(case.take());
            } else {
                open.stdout += line;
                open.stdout += "\n";
            }
        }
    }
    cases
}

/// What `[0]` or `[0 -n]` says: the status, and whether the output ends in a newline.
fn status(line: &str) -> Option<(i32, bool)> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    let ends = !inner.ends_with(" -n");
    Some((inner.trim_end_matches(" -n").parse().ok()?, ends))
}

fn failure(packages: &Path, case: &Case) -> Option<String> {
    let mut sandbox =
        Sandbox::builder().software_dir(packages).cwd("/tmp/w").deterministic(1).build().unwrap();
    for written in sandbox.write_files(FILES.iter().copied()) {
        written.result.unwrap();
    }
    let script = format!("ln -s f lf\n{}", case.command);
    let output = sandbox.execute_command(&script).unwrap();
    let same = output.stdout == case.stdout.as_bytes() && output.exit_code == case.status;
    (!same).then(|| {
        let (stdout, stderr) = (output.stdout_text(), output.stderr_text());
        format!("$ {}\n{stdout}[{}]\n{stderr}", case.command, output.exit_code)
    })
}

#[test]
fn published_commands_do_what_they_can_on_a_correct_kernel() {
    let Some(packages) = fetched("node_modules/@rivet-dev") else { return };
    let cases = cases(include_str!("packages.txt"));
    assert!(cases.len() > 200, "{} cases", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|case| failure(&packages, case)).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn published_commands_run_as_long_pipelines_and_nested() {
    let Some(packages) = fetched("node_modules/@rivet-dev") else { return };
    let run = |script: &str| {
        let builder = Sandbox::builder().software_dir(PathBuf::from(&packages));
        let output = builder.deterministic(1).build().unwrap().execute_command(script).unwrap();
        (output.stdout_text(), output.exit_code)
    };
    // More than a pipe holds, and a reader that goes away.
    let (sum, status) = run("seq 1 100000 | awk '{s += $1} END {print s}'");
    assert_eq!((sum.as_str(), status), ("5000050000\n", 0));
    let (lines, _) = run("yes | head -n 70000 | wc -l");
    assert_eq!(lines, "70000\n");
    // Commands that start commands, each in its directory.
    let (nested, _) =
        run("cd /tmp; mkdir a; cd a; env sh -c 'echo x > y; echo y | xargs -n1 cat'; ls");
    assert_eq!(nested, "x\ny\n");
    let (killed, status) = run("timeout 1 sleep 1000; echo $?");
    assert_eq!((killed.as_str(), status), ("124\n", 0));
}
