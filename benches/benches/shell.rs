//! Scripts of builtins, beside the host's bash and dash: how fast the shell itself is.
//!
//! The host's figures have the start of a process in them, about a millisecond; ours have the
//! start of a shell in a sandbox that is there.

use criterion::{Criterion, criterion_group, criterion_main};
use runtime::Sandbox;

/// A name, a script, and whether POSIX's language is all that it uses.
const SCRIPTS: [(&str, &str, bool); 8] = [
    ("echo", "echo hi", true),
    ("loop_100k", "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; echo $i", true),
    ("arith_100k", "for ((i = 0; i < 100000; i++)); do ((s += i * 2)); done; echo $s", false),
    (
        "string_ops",
        "s=abcdefghij; for ((i = 0; i < 20000; i++)); do t=${s/def/x}; u=${t^^}; v=${u:2:4}; \
         w=${v#?}; [[ $w == C* ]]; done; echo $w ${#w}",
        false,
    ),
    (
        "function_calls",
        "f() { x=$1; }; i=0; while [ $i -lt 30000 ]; do f $i; i=$((i + 1)); done",
        true,
    ),
    ("glob_1k", "for i in 1 2 3 4 5 6 7 8 9 10; do set -- *; done; echo $#", true),
    (
        "command_substitution",
        "i=0; while [ $i -lt 2000 ]; do x=$(echo $i); i=$((i + 1)); done",
        true,
    ),
    (
        "read_lines",
        "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i + 1)); done | \
         while read a b; do :; done",
        true,
    ),
];

fn shell_scripts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("shell");
    group.sample_size(10);
    let many_files = std::env::temp_dir().join(format!("agentos-bench-{}", std::process::id()));
    make_files(&many_files);
    for (name, script, posix) in SCRIPTS {
        let mut sandbox = Sandbox::builder().build().expect("a sandbox");
        let files = (1..=1000).map(|i| (format!("glob_1k/file{i}"), ""));
        let cd = if name == "glob_1k" {
            assert!(sandbox.write_files(files).iter().all(|file| file.result.is_ok()));
            "cd glob_1k; "
        } else {
            ""
        };
        let ours = format!("{cd}{script}");
        agentos_benches::each(
            &mut group,
            name,
            || (),
            |()| {
                let output = sandbox.execute_command(&ours).expect("it runs");
                assert_eq!(output.exit_code, 0, "{}", String::from_utf8_lossy(&output.stderr));
                output
            },
        );
        let theirs = format!("cd {}; {script}", many_files.display());
        for shell in agentos_benches::shells() {
            if posix || shell == "bash" {
                agentos_benches::each(
                    &mut group,
                    &format!("{name}, the host's {shell}"),
                    || (),
                    |()| agentos_benches::host(shell, &["-c", &theirs]).expect("a shell"),
                );
            }
        }
    }
    std::fs::remove_dir_all(&many_files).expect("it was made");
    parse(&mut group);
}

#[expect(clippy::disallowed_methods, reason = "the host's shells glob files of the host")]
fn make_files(dir: &std::path::Path) {
    std::fs::create_dir_all(dir).expect("a folder for temporary files");
    for i in 1..=1000 {
        std::fs::write(dir.join(format!("file{i}")), "").expect("a file");
    }
}

/// Ten thousand lines of script, parsed but not run; the host's shells do that with `-n`.
fn parse(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>) {
    let line = "if test \"$x\" = a; then echo \"${y:-b}\" > /dev/null; else f 1 2 | g; fi\n";
    let text = line.repeat(10_000);
    agentos_benches::each(
        group,
        "parse_10k_lines",
        || (),
        |()| shell::syntax::parse(text.as_bytes()).expect("it parses"),
    );
    let file = std::env::temp_dir().join(format!("agentos-bench-{}.sh", std::process::id()));
    #[expect(clippy::disallowed_methods, reason = "the host's shells read a file of the host")]
    std::fs::write(&file, &text).expect("a file");
    for shell in agentos_benches::shells() {
        let path = file.to_str().expect("a temporary folder in UTF-8");
        agentos_benches::each(
            group,
            &format!("parse_10k_lines, the host's {shell} -n"),
            || (),
            |()| agentos_benches::host(shell, &["-n", path]).expect("a shell"),
        );
    }
    std::fs::remove_file(&file).expect("it was made");
}

criterion_group!(benches, shell_scripts);
criterion_main!(benches);
