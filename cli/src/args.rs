//! What the command line says, as clap reads it; nothing is done here.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::mount::MountSpec;

/// An operating system in a process: runs untrusted commands as WebAssembly.
#[derive(Parser, Debug)]
#[command(name = "agentos", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Runs a script, or a program without a shell, in a fresh sandbox.
    ///
    /// Prints the guest's standard output and error and exits with its status;
    /// 124 when it ran out of time, 125 when agentos itself failed.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// An interactive bash in a fresh sandbox, with history and completion.
    ///
    /// Where standard input is no terminal, it is run as a script.
    Shell(Shell),
    /// Runs a WASI program from the host's disk in a fresh sandbox.
    ///
    /// A program of preview1 finds the mounts open, by the names that they were given, and its
    /// environment is what `--env` sets. It starts in `/`.
    #[command(after_help = WASM_EXAMPLES)]
    Wasm(Wasm),
    /// Shows the changes that `--save` kept, as a unified diff that `patch -p1` reads.
    ///
    /// What is no text, and what happened beside content, stands in lines that begin with `#`.
    #[command(after_help = CHANGES_EXAMPLES)]
    Diff(Diff),
    /// Applies the changes that `--save` kept to the directory of the host.
    ///
    /// Each file is replaced as a whole. A path that the host changed since it was read is
    /// refused and left alone; the status is then 1.
    #[command(after_help = CHANGES_EXAMPLES)]
    Apply(Apply),
}

const RUN_EXAMPLES: &str = "\
Examples:
  agentos run 'seq 1 200000 | sort -rn | head -1'
  agentos run -- ls -l /
  agentos run - < script.sh
  echo hello | agentos run --stdin -- cat
  agentos run --mount .:/workspace:cow --cwd /workspace 'rm -rf build; ls'";

const WASM_EXAMPLES: &str = "\
Examples:
  agentos wasm hello.wasm one two
  agentos wasm --mount .:/:rw --env LANG=C tool.wasm /input.txt
  agentos wasm --mount testdata:fixtures check.wasm fixtures/a.txt";

const CHANGES_EXAMPLES: &str = "\
Examples:
  agentos run --mount .:/workspace:cow --cwd /workspace --save changes.tar 'sed -i s/a/b/ *.txt'
  agentos diff changes.tar .
  agentos diff --summary changes.tar .
  agentos apply changes.tar . src/one.txt src/two.txt
  agentos apply changes.tar .";

/// `agentos diff`.
#[derive(Args, Debug)]
pub(crate) struct Diff {
    /// Only a letter and a path for each change: A added, M modified, D deleted, R renamed, T
    /// another mode or owner.
    #[arg(long)]
    pub(crate) summary: bool,

    /// The file that `--save` wrote.
    pub(crate) file: std::path::PathBuf,

    /// The directory of the host that was mounted.
    pub(crate) dir: std::path::PathBuf,
}

/// `agentos apply`.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// The file that `--save` wrote.
    pub(crate) file: std::path::PathBuf,

    /// The directory of the host that was mounted.
    pub(crate) dir: std::path::PathBuf,

    /// Only the changes at these paths in the directory, and below them.
    pub(crate) paths: Vec<OsString>,
}

/// `agentos run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The text of a script; `-` reads it from standard input.
    #[arg(required_unless_present = "program", allow_hyphen_values = false)]
    pub(crate) script: Option<String>,

    /// A program and its arguments, run without a shell in between.
    #[arg(last = true, value_name = "PROGRAM ARGS", conflicts_with = "script")]
    pub(crate) program: Vec<OsString>,

    /// How the sandbox is made.
    #[command(flatten)]
    pub(crate) sandbox: SandboxOptions,
}

/// `agentos shell`.
#[derive(Args, Debug)]
pub(crate) struct Shell {
    /// Arguments for bash.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,

    /// How the sandbox is made.
    #[command(flatten)]
    pub(crate) sandbox: SandboxOptions,
}

/// `agentos wasm`.
#[derive(Args, Debug)]
pub(crate) struct Wasm {
    /// How the sandbox is made.
    #[command(flatten)]
    pub(crate) sandbox: SandboxOptions,

    /// The module, and its arguments: what stands behind the module is the program's.
    #[arg(required = true, trailing_var_arg = true, value_names = ["FILE", "ARGS"])]
    pub(crate) program: Vec<OsString>,
}

/// The options of every subcommand that makes a sandbox.
#[derive(Args, Debug)]
pub(crate) struct SandboxOptions {
    /// The directory to start in.
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<String>,

    /// A variable of the environment; may be given again.
    #[arg(long, value_name = "K=V", value_parser = parse_env)]
    pub(crate) env: Vec<(String, String)>,

    /// Shows a directory of the host in the sandbox: ro (the default) reads it, rw writes it,
    /// cow reads it and keeps writes in memory, mem copies it into memory first. A relative guest
    /// path starts in the directory to start in. May be given again.
    #[arg(long, value_name = "HOST:GUEST[:ro|rw|cow|mem]")]
    pub(crate) mount: Vec<MountSpec>,

    /// Writes what changed under the one mount that is `cow` to this file of the host, for
    /// `agentos diff` and `agentos apply`.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<std::path::PathBuf>,

    /// Adds the WebAssembly commands in a directory of the host: modules, or packages of Agent
    /// OS; may be given again.
    #[arg(long, value_name = "DIR")]
    pub(crate) software: Vec<std::path::PathBuf>,

    /// Passes standard input on; without it the guest's is empty.
    #[arg(long)]
    pub(crate) stdin: bool,

    /// Ends the whole process tree after this time, such as `5s` or `200ms`, with status 124.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// The fuel that all processes together may use: about one unit an instruction.
    #[arg(long, value_name = "UNITS")]
    pub(crate) fuel: Option<u64>,

    /// The memory that one process may have, such as `64M`; without a unit in bytes. Default 1G.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) memory: Option<u64>,

    /// A virtual clock and seeded randomness: the same bytes on each run.
    #[arg(long, value_name = "SEED")]
    pub(crate) deterministic: Option<u64>,

    /// Shows each call that a process makes of the kernel, as strace(1) does: on standard error,
    /// or in a file of the host.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) trace: Option<Option<std::path::PathBuf>>,

    /// Prints one JSON object: stdout, stderr, stdoutDropped, stderrDropped, stdoutFile,
    /// stderrFile, exitCode, durationMs, fuel.
    #[arg(long)]
    pub(crate) json: bool,

    /// How much of standard output, and of standard error, `--json` keeps, such as `32K`; a last
    /// line tells of what is dropped. Default 64M.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, requires = "json")]
    pub(crate) kept_output_bytes: Option<u64>,

    /// Writes an output that is longer than is kept as a whole to a file in this directory of the
    /// sandbox, which must exist.
    #[arg(long, value_name = "DIR", requires = "json")]
    pub(crate) full_output: Option<String>,
}

/// A number of bytes, with `K`, `M` or `G` behind it for as many times 1,024.
fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 10),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 20),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let wrong = || format!("`{text}` is no size: write a number, and K, M or G behind it");
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << unit).ok_or_else(wrong)
}

/// `K=V` to its halves; the name must be one that an environment can have.
fn parse_env(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some(("", _)) => Err("the name before `=` is empty".to_owned()),
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("expected NAME=VALUE; to pass an empty value write `{text}=`")),
    }
}
