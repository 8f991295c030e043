//! `chmod`: sets the permissions of files. Our own, as uutils' needs a Unix; modes are parsed by uutils.
//!
//! GNU's options `-R -c -v -f --reference`; the kernel's modes are set truly.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use agentos_guest::fs::{self, S_IFDIR, S_IFLNK};
use agentos_guest::{fail, print, quote, strerror, usage};
use lexopt::Arg;

const NAME: &str = "chmod";
const HELP: &str = "Usage: chmod [OPTION]... MODE[,MODE]... FILE...
  or:  chmod [OPTION]... OCTAL-MODE FILE...
  or:  chmod [OPTION]... --reference=RFILE FILE...
Change the mode of each FILE to MODE.

  -c, --changes          like verbose but report only when a change is made
  -f, --silent, --quiet  suppress most error messages
  -v, --verbose          output a diagnostic for every file processed
      --reference=RFILE  use RFILE's mode instead of specifying MODE values
  -R, --recursive        change files and directories recursively
";

#[derive(Default)]
struct Options {
    recursive: bool,
    changes: bool,
    verbose: bool,
    quiet: bool,
    reference: Option<OsString>,
    /// The mode stood where options stand: `chmod -w f`.
    mode_is_option: bool,
}

struct Change {
    options: Options,
    mode: String,
    umask: u32,
    failed: bool,
}

fn main() {
    agentos_guest::enter_directory(NAME);
    let (options, mode, files) = arguments();
    let mut change = Change { options, mode, umask: fs::umask(), failed: false };
    for file in &files {
        change.file(file, true);
    }
    std::process::exit(change.failed.into())
}

fn arguments() -> (Options, String, Vec<OsString>) {
    let mut options = Options::default();
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut mode = None;
    // A mode that takes something away looks like options.
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    if let Some(at) = words[..end].iter().position(|word| takes_away(word)) {
        mode = Some(words.remove(at));
        options.mode_is_option = true;
    }
    let mut operands = Vec::new();
    let mut parser = lexopt::Parser::from_args(words);
    loop {
        match parser.next() {
            Ok(None) => break,
            Ok(Some(Arg::Value(word))) => operands.push(word),
            Ok(Some(Arg::Short('R') | Arg::Long("recursive"))) => options.recursive = true,
            Ok(Some(Arg::Short('c') | Arg::Long("changes"))) => options.changes = true,
            Ok(Some(Arg::Short('v') | Arg::Long("verbose"))) => options.verbose = true,
            Ok(Some(Arg::Short('f') | Arg::Long("silent" | "quiet"))) => options.quiet = true,
            Ok(Some(Arg::Long("preserve-root" | "no-preserve-root"))) => {}
            Ok(Some(Arg::Long("reference"))) => match parser.value() {
                Ok(file) => options.reference = Some(file),
                Err(error) => usage(NAME, 1, &error.to_string()),
            },
            Ok(Some(Arg::Long("help"))) => {
                print(NAME, HELP.as_bytes());
                std::process::exit(0)
            }
            Ok(Some(Arg::Short(letter))) => {
                usage(NAME, 1, &format!("invalid option -- '{letter}'"))
            }
            Ok(Some(Arg::Long(word))) => usage(NAME, 1, &format!("unrecognized option '--{word}'")),
            Err(error) => usage(NAME, 1, &error.to_string()),
        }
    }
    if let Some(reference) = &options.reference {
        let mode = match fs::stat(reference, true) {
            Ok(stat) => format!("{:o}", stat.mode & 0o7777),
            Err(error) => {
                let message = format!("failed to get attributes of {}", quote(reference));
                fail(NAME, 1, &format!("{message}: {}", strerror(&error)))
            }
        };
        if operands.is_empty() {
            usage(NAME, 1, "missing operand");
        }
        return (options, mode, operands);
    }
    let mode = match mode {
        Some(mode) => mode,
        None if operands.is_empty() => usage(NAME, 1, "missing operand"),
        None => operands.remove(0),
    };
    let text = mode.to_string_lossy().into_owned();
    if operands.is_empty() {
        usage(NAME, 1, &format!("missing operand after {}", quote(&mode)));
    }
    if text.is_empty() || uucore::mode::parse_chmod(0, &text, false, 0).is_err() {
        usage(NAME, 1, &format!("invalid mode: {}", quote(&mode)));
    }
    (options, text, operands)
}

/// Whether a word is a mode such as `-w` or `-x,g+r`.
fn takes_away(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    let mut letters = text.chars();
    letters.next() == Some('-')
        && letters.next().is_some_and(|letter| "rwxXstugo01234567".contains(letter))
        && letters.all(|letter| "rwxXstugoa,+-=01234567".contains(letter))
}

impl Change {
    /// Changes a file and, with `-R`, what is below; links that are met below are left alone.
    fn file(&mut self, path: &OsStr, named: bool) {
        let stat = match fs::stat(path, false) {
            Ok(stat) if stat.kind() != S_IFLNK => stat,
            Ok(_) if !named => return,
            Ok(_) => match fs::stat(path, true) {
                Ok(stat) => stat,
                Err(_) => {
                    return self
                        .complain(&format!("cannot operate on dangling symlink {}", quote(path)));
                }
            },
            Err(error) => {
                let message = format!("cannot access {}: {}", quote(path), strerror(&error));
                return self.complain(&message);
            }
        };
        let (before, is_dir) = (stat.mode & 0o7777, stat.kind() == S_IFDIR);
        let parse = |umask| uucore::mode::parse_chmod(before, &self.mode, is_dir, umask);
        let (Ok(mode), Ok(unmasked)) = (parse(self.umask), parse(0)) else { return };
        match fs::chmod(path, mode) {
            Ok(()) => self.report(path, before, mode),
            Err(error) => {
                let name = quote(path);
                let why = strerror(&error);
                self.complain(&format!("changing permissions of {name}: {why}"));
            }
        }
        if self.options.mode_is_option && mode != unmasked {
            self.complain(&format!(
                "{}: new permissions are {}, not {}",
                path.to_string_lossy(),
                &fs::symbolic(mode)[1..],
                &fs::symbolic(unmasked)[1..]
            ));
        }
        if self.options.recursive && is_dir {
            self.below(path);
        }
    }

    fn below(&mut self, path: &OsStr) {
        match std::fs::read_dir(path) {
            Ok(entries) => {
                for entry in entries.flatten() {
                    self.file(Path::new(path).join(entry.file_name()).as_os_str(), false);
                }
            }
            Err(error) => {
                let message =
                    format!("cannot read directory {}: {}", quote(path), strerror(&error));
                self.complain(&message);
            }
        }
    }

    fn report(&self, path: &OsStr, before: u32, after: u32) {
        let show = |mode: u32| format!("{mode:04o} ({})", &fs::symbolic(mode)[1..]);
        let text = if before == after {
            if !self.options.verbose {
                return;
            }
            format!("mode of {} retained as {}\n", quote(path), show(after))
        } else {
            if !self.options.verbose && !self.options.changes {
                return;
            }
            format!("mode of {} changed from {} to {}\n", quote(path), show(before), show(after))
        };
        print(NAME, text.as_bytes());
    }

    fn complain(&mut self, message: &str) {
        self.failed = true;
        if !self.options.quiet {
            eprintln!("{NAME}: {message}");
        }
    }
}
