//! `diff`: uutils' comparison of two files, and our walk of two directories.
//!
//! The walk takes `-r`, `-N` and `-q`; every other option is uutils' and is passed on to each pair of files.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use diffutilslib::params::{Format, Params, parse_params};

/// The worst thing seen: GNU's exit statuses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Same = 0,
    Different = 1,
    Trouble = 2,
}

/// What a comparison of directories needs to know.
struct Diff {
    /// The options as they were typed, for the line above each pair of files.
    options: Vec<OsString>,
    recursive: bool,
    new_file: bool,
}

fn main() {
    agentos_guest::enter_directory("diff");
    let args: Vec<OsString> = std::env::args_os().collect();
    let (diff, rest) = Diff::take_options(args);
    let params = parse_params(rest.into_iter().peekable())
        .unwrap_or_else(|error| agentos_guest::fail("diff", 2, &error));
    let (from, to) = (PathBuf::from(&params.from), PathBuf::from(&params.to));
    let outcome = match (from.is_dir(), to.is_dir()) {
        (true, true) => diff.directories(&params, &from, &to),
        (true, false) if to.as_os_str() != "-" => diff.files(&params, &inside(&from, &to), &to),
        (false, true) if from.as_os_str() != "-" => diff.files(&params, &from, &inside(&to, &from)),
        _ => diff.files(&params, &from, &to),
    };
    let outcome = match io::stdout().flush() {
        Ok(()) => outcome,
        Err(error) => trouble("standard output", &error),
    };
    std::process::exit(outcome as i32)
}

/// The entry of `directory` that is called as `file` is.
fn inside(directory: &Path, file: &Path) -> PathBuf {
    directory.join(file.file_name().unwrap_or(file.as_os_str()))
}

impl Diff {
    /// Takes out the options that only the walk knows; the rest is uutils'.
    fn take_options(args: Vec<OsString>) -> (Self, Vec<OsString>) {
        let mut diff = Self { options: Vec::new(), recursive: false, new_file: false };
        let mut rest = Vec::new();
        let mut only_operands = false;
        for (index, arg) in args.into_iter().enumerate() {
            let text = arg.to_string_lossy().into_owned();
            if index == 0 || only_operands || !text.starts_with('-') || text == "-" {
                rest.push(arg);
                continue;
            }
            only_operands = text == "--";
            if !only_operands {
                diff.options.push(arg.clone());
            }
            match text.as_str() {
                "--recursive" => diff.recursive = true,
                "--new-file" => diff.new_file = true,
                _ if text.starts_with("--") => rest.push(arg),
                _ => diff.take_letters(&text[1..], arg, &mut rest),
            }
        }
        (diff, rest)
    }

    /// Letters that take no number may be written together; uutils wants one at a time.
    fn take_letters(&mut self, letters: &str, arg: OsString, rest: &mut Vec<OsString>) {
        if !letters.chars().all(|letter| "rNqstuecy".contains(letter)) {
            rest.push(arg);
            return;
        }
        for letter in letters.chars() {
            match letter {
                'r' => self.recursive = true,
                'N' => self.new_file = true,
                _ => rest.push(format!("-{letter}").into()),
            }
        }
    }

    fn directories(&self, params: &Params, from: &Path, to: &Path) -> Outcome {
        let (ours, theirs) = match (names(from), names(to)) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (Err(error), _) => return trouble(&from.display().to_string(), &error),
            (_, Err(error)) => return trouble(&to.display().to_string(), &error),
        };
        let mut worst = Outcome::Same;
        for name in ours.union(&theirs) {
            let present = (ours.contains(name), theirs.contains(name));
            worst = worst.max(self.pair(params, from, to, name, present));
        }
        worst
    }

    fn pair(
        &self,
        params: &Params,
        from: &Path,
        to: &Path,
        name: &OsStr,
        present: (bool, bool),
    ) -> Outcome {
        let (ours, theirs) = (from.join(name), to.join(name));
        let directories = (ours.is_dir(), theirs.is_dir());
        match present {
            (true, false) if !self.new_file || directories.0 => only_in(from, name),
            (false, true) if !self.new_file || directories.1 => only_in(to, name),
            _ => match directories {
                (true, true) if self.recursive => self.directories(params, &ours, &theirs),
                (true, true) => {
                    say(&format!(
                        "Common subdirectories: {} and {}",
                        ours.display(),
                        theirs.display()
                    ));
                    Outcome::Same
                }
                (false, false) => self.files(params, &ours, &theirs),
                (ours_is_dir, _) => {
                    let kind = |is_dir| if is_dir { "directory" } else { "regular file" };
                    say(&format!(
                        "File {} is a {} while file {} is a {}",
                        ours.display(),
                        kind(ours_is_dir),
                        theirs.display(),
                        kind(!ours_is_dir)
                    ));
                    Outcome::Different
                }
            },
        }
    }

    fn files(&self, params: &Params, from: &Path, to: &Path) -> Outcome {
        let (a, b) = match (self.read(from), self.read(to)) {
            (Ok(a), Ok(b)) => (a, b),
            (a, b) => {
                for (path, error) in [(from, a.err()), (to, b.err())] {
                    if let Some(error) = error {
                        trouble(&path.display().to_string(), &error);
                    }
                }
                return Outcome::Trouble;
            }
        };
        if a == b {
            if params.report_identical_files {
                say(&format!("Files {} and {} are identical", from.display(), to.display()));
            }
            return Outcome::Same;
        }
        if params.brief {
            say(&format!("Files {} and {} differ", from.display(), to.display()));
            return Outcome::Different;
        }
        if [&a, &b].iter().any(|content| content.iter().take(4096).any(|byte| *byte == 0)) {
            say(&format!("Binary files {} and {} differ", from.display(), to.display()));
            return Outcome::Different;
        }
        let params = Params { from: from.into(), to: to.into(), ..params.clone() };
        if self.within_directories(&params) {
            say(&self.title(from, to));
        }
        print_difference(&a, &b, &params)
    }

    /// Whether this pair was found by a walk: such a pair has a line above it.
    fn within_directories(&self, params: &Params) -> bool {
        let args: Vec<OsString> = std::env::args_os().collect();
        !args.contains(&params.from) && !args.contains(&params.to)
    }

    fn title(&self, from: &Path, to: &Path) -> String {
        let mut title = String::from("diff");
        for option in &self.options {
            title += &format!(" {}", option.to_string_lossy());
        }
        format!("{title} {} {}", from.display(), to.display())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path.as_os_str() == "-" {
            let mut content = Vec::new();
            return io::stdin().read_to_end(&mut content).and(Ok(content));
        }
        match fs::read(path) {
            Err(error) if self.new_file && error.kind() == io::ErrorKind::NotFound => {
                Ok(Vec::new())
            }
            result => result,
        }
    }
}

fn print_difference(a: &[u8], b: &[u8], params: &Params) -> Outcome {
    let difference = match params.format {
        Format::Normal => diffutilslib::normal_diff(a, b, params),
        Format::Unified => diffutilslib::unified_diff(a, b, params),
        Format::Context => diffutilslib::context_diff(a, b, params),
        Format::SideBySide => diffutilslib::side_by_side_diff(a, b, &mut io::stdout(), params),
        Format::Ed => match diffutilslib::ed_diff(a, b, params) {
            Ok(script) => script,
            Err(error) => agentos_guest::fail("diff", 2, &error.to_string()),
        },
    };
    match io::stdout().write_all(&difference) {
        Ok(()) => Outcome::Different,
        Err(error) => trouble("standard output", &error),
    }
}

fn names(directory: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect()
}

fn only_in(directory: &Path, name: &OsStr) -> Outcome {
    say(&format!("Only in {}: {}", directory.display(), Path::new(name).display()));
    Outcome::Different
}

fn say(line: &str) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        trouble("standard output", &error);
        std::process::exit(Outcome::Trouble as i32);
    }
}

fn trouble(what: &str, error: &io::Error) -> Outcome {
    let _ = writeln!(io::stderr(), "diff: {what}: {}", agentos_guest::strerror(error));
    Outcome::Trouble
}
