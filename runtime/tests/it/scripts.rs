//! Shell scripts that people wrote for bash, as they were published: `cargo xtask fetch-packages`.
//!
//! All of them parse. Those that do something without a network are run twice, by the host's bash
//! and in a sandbox, with the same directories at the same paths: both print the same.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use agentos_runtime::{Output, Sandbox};
use shell::syntax::ParseOptions;
use vfs::{HostFs, OverlayFs};

use crate::{fetched, has_commands};

/// A test runner, two version managers, installers, completions, what autoconf and libtool make.
const SCRIPTS: [&str; 20] = [
    "node_modules/bats/bin/bats",
    "node_modules/bats/lib/bats-core/test_functions.bash",
    "node_modules/bats/lib/bats-core/tracing.bash",
    "node_modules/bats/libexec/bats-core/bats",
    "node_modules/bats/libexec/bats-core/bats-exec-file",
    "node_modules/bats/libexec/bats-core/bats-exec-suite",
    "node_modules/bats/libexec/bats-core/bats-exec-test",
    "node_modules/bats/libexec/bats-core/bats-format-pretty",
    "node_modules/ffi-napi/deps/libffi/config.guess",
    "node_modules/ffi-napi/deps/libffi/config.sub",
    "node_modules/ffi-napi/deps/libffi/configure",
    "node_modules/ffi-napi/deps/libffi/install-sh",
    "node_modules/ffi-napi/deps/libffi/ltmain.sh",
    "node_modules/grunt-cli/completion/bash",
    "node_modules/n/bin/n",
    "node_modules/nave/nave.sh",
    "node_modules/neofetch/neofetch",
    "node_modules/node-wait-for-it/bin/wait-for-it",
    "python/argcomplete/bash_completion.d/_python-argcomplete",
    "python/bin/virtualenvwrapper.sh",
];

/// Tests for bats: they pass, are skipped, and fail with a report.
const BATS: &str = r#"
setup() { dir=$BATS_TEST_TMPDIR; echo "number $BATS_TEST_NUMBER" > "$dir/f"; }
teardown() { rm -f "$dir/f"; }
@test "arithmetic holds" { [ $((2 + 2)) -eq 4 ]; }
@test "run keeps the status and the lines" {
  run bash -c 'echo one; echo two >&2; exit 3'
  [ "$status" -eq 3 ]
  [ "${lines[0]}" = one ]
  [[ ${lines[1]} == two ]]
}
@test "setup has run" { run cat "$dir/f"; [ "$output" = "number 3" ]; }
@test "this one is skipped" { skip "not today"; false; }
@test "a failure shows its line" {
  x=5
  [ "$x" -eq 6 ]
}
"#;

/// Reads a file of the host.
#[expect(clippy::disallowed_methods, reason = "the scripts are files of the host")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn published_scripts_parse() {
    for path in SCRIPTS {
        let Some(found) = fetched(path) else { return };
        // Some turn that on before they use it.
        let options = ParseOptions { extglob: true, ..ParseOptions::default() };
        if let Err(error) = shell::syntax::parse_with(&read(&found), options) {
            panic!("{path}: {error}");
        }
    }
}

/// Runs a script in the folder of packages, by bash and in a sandbox. `DIR` is an empty folder.
#[track_caller]
fn check(script: &str) {
    let Some(packages) = fetched("python") else { return };
    if fetched("node_modules/bats").is_none() || !has_commands() {
        return;
    }
    let packages = packages.parent().unwrap().canonicalize().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap();
    let (packages_shown, shown) = (packages.display(), path.display());
    let script = format!("exec 2>&1; mkdir -p {shown}; cd {packages_shown}; DIR={shown}\n{script}");
    let Some((expected, status)) = by_bash(&script) else {
        println!("skipped: there is no bash here");
        return;
    };
    let output = in_a_sandbox(&script, &packages);
    let printed = output.stdout_text();
    let (mut ours, mut theirs) = (printed.lines(), expected.lines());
    while let (Some(line), Some(wanted)) = (ours.next(), theirs.next()) {
        assert_eq!(line, wanted, "{script}");
    }
    assert_eq!((printed.len(), Some(output.exit_code)), (expected.len(), status), "{script}");
}

const ENVIRONMENT: [(&str, &str); 3] =
    [("HOME", "/home/user"), ("LC_ALL", "C.UTF-8"), ("PATH", "/usr/bin:/bin")];

/// What the host's bash prints; none if there is none.
#[expect(clippy::disallowed_methods, reason = "the oracle is a program of the host")]
fn by_bash(script: &str) -> Option<(String, Option<i32>)> {
    let mut command = Command::new("bash");
    command.args(["-c", script]).env_clear().envs(ENVIRONMENT);
    let output = command.output().ok()?;
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code()))
}

fn in_a_sandbox(script: &str, packages: &Path) -> Output {
    let mut builder = Sandbox::builder().software(software::common());
    let lower = HostFs::open_read_only(packages).unwrap();
    builder = builder.mount(packages.display().to_string(), OverlayFs::over(lower));
    for (name, value) in ENVIRONMENT {
        builder = builder.env(name, value);
    }
    let mut sandbox = builder.build().unwrap();
    sandbox.command("bash").args(["-c", script]).timeout(Duration::from_secs(120)).output().unwrap()
}

#[test]
fn bats_runs_tests() {
    check(&format!(
        "cat > $DIR/one.bats <<'END'\n{BATS}END\nnode_modules/bats/bin/bats --version\n\
         node_modules/bats/bin/bats --tap $DIR/one.bats"
    ));
}

#[test]
fn configure_says_how_it_is_used() {
    check("bash node_modules/ffi-napi/deps/libffi/configure --help");
}

#[test]
fn what_comes_with_autoconf_and_libtool_works() {
    check(
        "L=$PWD/node_modules/ffi-napi/deps/libffi; cd $DIR; for name in i686-linux arm-none-eabi \
         x86_64-pc-linux-gnu sparc-sun-solaris2 nope-; do sh $L/config.sub $name; done
         echo hi > a; sh $L/install-sh -d x/y/z; sh $L/install-sh -m 640 a x/y; cat x/y/a
         stat -c %A x/y/a; sh $L/missing --help; sh $L/depcomp --help; bash $L/ltmain.sh --help
         bash $L/ltmain.sh --mode=compile gcc -c x.c -o x.lo -n",
    );
}

#[test]
fn version_managers_know_what_is_installed() {
    check(
        "curl() { :; }; export -f curl; export SHASUM=/usr/bin/sha256sum NAVE_DIR=$DIR/nave N_PREFIX=$DIR/n\n\
         bash node_modules/nave/nave.sh help; mkdir -p $DIR/nave/installed/18.2.0/bin\n\
         bash node_modules/nave/nave.sh ls; bash node_modules/nave/nave.sh nonsense\n\
         mkdir -p $DIR/n/n/versions/node/20.1.0/bin; bash node_modules/n/bin/n --help\n\
         bash node_modules/n/bin/n --version; bash node_modules/n/bin/n ls",
    );
}

#[test]
fn completions_complete() {
    check(
        r#". node_modules/grunt-cli/completion/bash
        grunt() { echo 'Available tasks: build bundle clean'; }
        awk() { while read -r _ kind rest; do [[ $1 == *"$kind"* ]] && echo "$rest"; done; }
        COMP_WORDS=(grunt bu) COMP_CWORD=1; _grunt_completions; echo "${COMPREPLY[@]}"; complete -p grunt
        . python/argcomplete/bash_completion.d/_python-argcomplete
        declare -F; COMP_LINE='x y' COMP_POINT=3; declare -f _python_argcomplete
        tool() { IFS=$'\013'; printf 'one\013two\013three' >&8; }
        __python_argcomplete_run tool; COMP_WORDS=(tool t) COMP_CWORD=1
        _python_argcomplete tool t tool; printf '%s\n' "${COMPREPLY[@]}""#,
    );
}

#[test]
fn virtualenvwrapper_is_sourced() {
    check(
        "export VIRTUALENVWRAPPER_PYTHON=/bin/true WORKON_HOME=$DIR; . python/bin/virtualenvwrapper.sh\n\
         declare -F; lsvirtualenv; workon; mkvirtualenv; cdvirtualenv; virtualenvwrapper | head -20",
    );
}

#[test]
fn a_long_script_shows_its_help() {
    check("uname() { echo Linux; }; export -f uname; bash node_modules/neofetch/neofetch --help");
    check("bash node_modules/node-wait-for-it/bin/wait-for-it --help");
}
