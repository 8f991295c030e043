//! `cp`, by uutils; modes and times are ours, as uutils copies them on a Unix only.
//!
//! A new file gets the mode of what it is a copy of, less the umask; with `-p` or `-a` exactly that
//! mode and its times. Owners are the kernel's: a copy belongs to whoever makes it.

use std::ffi::{OsStr, OsString};
use std::fs::FileTimes;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use agentos_guest::fs::{self, S_IFDIR, S_IFLNK, Stat};
use agentos_guest::{quote, strerror};

const NAME: &str = "cp";

/// What of the command line matters here.
#[derive(Default)]
struct Options {
    mode: bool,
    times: bool,
    recursive: bool,
    follow: bool,
    /// Links are made instead of copies, or nothing is done.
    idle: bool,
    target: Option<PathBuf>,
    no_target: bool,
    parents: bool,
    operands: Vec<PathBuf>,
}

fn main() {
    agentos_guest::main(&[(NAME, cp)]);
}

fn cp(args: std::vec::IntoIter<OsString>) -> i32 {
    let (options, args) = parse(args.collect());
    let mut copies = Vec::new();
    if !options.idle {
        plan(&options, &mut copies);
    }
    let mut status = uu_cp::uumain(args.into_iter());
    // A directory after what is in it: writing there changes its times.
    for (from, to, existed) in copies.iter().rev() {
        if let Err(error) = finish(&options, from, to, *existed) {
            let name = quote(to.as_os_str());
            eprintln!("{NAME}: preserving permissions for {name}: {}", strerror(&error));
            status = 1;
        }
    }
    status
}

/// The options, and the command line without those that uutils would refuse here.
fn parse(words: Vec<OsString>) -> (Options, Vec<OsString>) {
    let (mut options, mut kept) = (Options::default(), Vec::new());
    let mut words = words.into_iter();
    kept.extend(words.next());
    let mut only_operands = false;
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        if only_operands || !text.starts_with('-') || text == "-" {
            options.operands.push(PathBuf::from(&word));
            kept.push(word);
            continue;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text.as_str(), None),
        };
        match name {
            "--" => only_operands = true,
            "--archive" => {
                (options.mode, options.times, options.recursive) = (true, true, true);
                kept.push("-dR".into());
                continue;
            }
            "--preserve" => {
                let what = value.unwrap_or("mode,ownership,timestamps");
                for attribute in what.split(',') {
                    options.mode |= matches!(attribute, "mode" | "all");
                    options.times |= matches!(attribute, "timestamps" | "all");
                    if matches!(attribute, "links" | "all") {
                        kept.push("--preserve=links".into());
                    }
                }
                continue;
            }
            "--recursive" => options.recursive = true,
            "--dereference" => options.follow = true,
            "--link" | "--symbolic-link" | "--help" | "--version" => options.idle = true,
            "--no-target-directory" => options.no_target = true,
            "--parents" => options.parents = true,
            "--target-directory" => {
                options.target = match value {
                    Some(value) => Some(PathBuf::from(value)),
                    None => {
                        kept.push(word);
                        let value = words.next().unwrap_or_default();
                        kept.push(value.clone());
                        options.target = Some(PathBuf::from(value));
                        continue;
                    }
                };
            }
            _ if !text.starts_with("--") => {
                if let Some(left) = short(&text, &mut options, &mut words) {
                    kept.extend(left);
                }
                continue;
            }
            _ => {}
        }
        kept.push(word);
    }
    (options, kept)
}

/// A cluster of short options, and what of it uutils is to see.
fn short(
    text: &str,
    options: &mut Options,
    words: &mut impl Iterator<Item = OsString>,
) -> Option<Vec<OsString>> {
    let mut left = String::from("-");
    let mut letters = text[1..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            'p' => (options.mode, options.times) = (true, true),
            'a' => {
                (options.mode, options.times, options.recursive) = (true, true, true);
                left.push_str("dR");
            }
            't' | 'S' => {
                left.push(letter);
                let rest = &text[at + 2..];
                let mut kept = Vec::new();
                let value = if rest.is_empty() {
                    kept.push(OsString::from(&left));
                    let value = words.next()?;
                    kept.push(value.clone());
                    value
                } else {
                    left.push_str(rest);
                    kept.push(OsString::from(&left));
                    OsString::from(rest)
                };
                if letter == 't' {
                    options.target = Some(PathBuf::from(value));
                }
                return Some(kept);
            }
            other => {
                options.recursive |= matches!(other, 'r' | 'R');
                options.follow |= other == 'L';
                options.idle |= matches!(other, 'l' | 's');
                options.no_target |= other == 'T';
                left.push(other);
            }
        }
    }
    (left.len() > 1).then(|| vec![OsString::from(left)])
}

/// Each file that is to be copied, where to, and whether there is something already.
fn plan(options: &Options, copies: &mut Vec<(PathBuf, PathBuf, bool)>) {
    let mut sources = options.operands.clone();
    let Some(target) = options.target.clone().or_else(|| sources.pop()) else { return };
    let into = !options.no_target
        && fs::stat(target.as_os_str(), true).is_ok_and(|stat| stat.kind() == S_IFDIR);
    for source in sources {
        let to = match (into, options.parents, source.file_name()) {
            (true, true, _) => target.join(source.strip_prefix("/").unwrap_or(&source)),
            (true, false, Some(name)) if !ends_in_dot(&source) => target.join(name),
            _ => target.clone(),
        };
        visit(options, &source, &to, true, copies);
    }
}

fn ends_in_dot(path: &Path) -> bool {
    let text = path.to_string_lossy();
    matches!(text.trim_end_matches('/').rsplit('/').next(), Some("." | ".."))
}

fn visit(
    options: &Options,
    from: &Path,
    to: &Path,
    named: bool,
    copies: &mut Vec<(PathBuf, PathBuf, bool)>,
) {
    let follow = options.follow || (named && !options.recursive);
    let Ok(stat) = fs::stat(from.as_os_str(), follow) else { return };
    if stat.kind() == S_IFLNK {
        return;
    }
    let existed = fs::stat(to.as_os_str(), true).is_ok();
    copies.push((from.to_path_buf(), to.to_path_buf(), existed));
    if stat.kind() == S_IFDIR && options.recursive {
        for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
            let name = entry.file_name();
            visit(options, &from.join(&name), &to.join(&name), false, copies);
        }
    }
}

/// Gives a copy what it is to have of its original; a copy that was not made is none.
fn finish(options: &Options, from: &Path, to: &Path, existed: bool) -> std::io::Result<()> {
    let Ok(original) = fs::stat(from.as_os_str(), true) else { return Ok(()) };
    let Ok(copy) = fs::stat(to.as_os_str(), true) else { return Ok(()) };
    if original.kind() != copy.kind() || (original.ino, original.dev) == (copy.ino, copy.dev) {
        return Ok(());
    }
    if options.times {
        set_times(to, &original)?;
    }
    let mode = match (options.mode, existed) {
        (true, _) => original.mode & 0o7777,
        (false, true) => return Ok(()),
        (false, false) => original.mode & 0o777 & !fs::umask(),
    };
    if mode == copy.mode & 0o7777 { Ok(()) } else { fs::chmod(OsStr::new(to), mode) }
}

fn set_times(path: &Path, stat: &Stat) -> std::io::Result<()> {
    let time = |nanoseconds: i64| {
        let since = Duration::from_nanos(nanoseconds.unsigned_abs());
        if nanoseconds < 0 {
            SystemTime::UNIX_EPOCH - since
        } else {
            SystemTime::UNIX_EPOCH + since
        }
    };
    let times = FileTimes::new().set_accessed(time(stat.atime)).set_modified(time(stat.mtime));
    std::fs::File::open(path)?.set_times(times)
}
