//! Rules about single source files: their first line, their length, their words.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process::Cmd;
use crate::workspace;

/// A file of more lines must be in the list of large ones.
const LINES: usize = 500;

/// Words that leave work undone or a test without force. Each is written in two parts, so that this
/// file does not contain it.
const FORBIDDEN: [(&str, &str); 8] = [
    ("todo", "!("),
    ("unimplemented", "!("),
    ("dbg", "!("),
    ("FIX", "ME"),
    ("XX", "X"),
    ("#[ign", "ore"),
    ("#[should", "_panic"),
    ("#[al", "low("),
];

/// What is wrong with the sources.
pub(super) fn check() -> Result<Vec<String>> {
    let large = parse_list(&read(&list_file())?);
    let mut complaints = Vec::new();
    for (path, text) in sources()? {
        complaints.extend(complaints_about(&path, &text, large.get(&path).copied()));
    }
    Ok(complaints)
}

/// Writes the list of large files anew, each with room to the next hundred lines.
pub(super) fn bless() -> Result<()> {
    let mut list = String::from(
        "# Files of more than 500 lines, with the lines they may have: `cargo xtask tidy --bless` lowers them.\n",
    );
    for (path, text) in sources()? {
        let lines = text.lines().count();
        if lines > LINES && !is_test(&path) {
            list += &format!("{} {path}\n", lines.next_multiple_of(100));
        }
    }
    fs::write(list_file(), list).context("cannot write the list of large files")
}

fn complaints_about(path: &str, text: &str, granted: Option<usize>) -> Vec<String> {
    let mut complaints = Vec::new();
    if !text.starts_with("//!") && !is_test(path) {
        complaints.push(format!("{path}: begin with `//!` and say what lives here"));
    }
    let lines = text.lines().count();
    let limit = granted.unwrap_or(LINES);
    if lines > limit && !is_test(path) {
        complaints.push(format!("{path}: {lines} lines, where {limit} are granted: split it"));
    }
    for (first, second) in FORBIDDEN {
        let word = format!("{first}{second}");
        for (number, line) in text.lines().enumerate() {
            if line.contains(&word) {
                complaints.push(format!("{path}:{}: `{word}`", number + 1));
            }
        }
    }
    complaints
}

/// Tests may be long lists, and their name says what they are.
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Every Rust file that git knows, by path from the root.
fn sources() -> Result<Vec<(String, String)>> {
    let listed = Cmd::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.rs"])
        .output()?;
    let mut sources = Vec::new();
    for path in listed.lines() {
        let file = workspace::root().join(path);
        if file.is_file() {
            sources.push((path.to_owned(), read(&file)?));
        }
    }
    Ok(sources)
}

fn list_file() -> std::path::PathBuf {
    workspace::root().join("xtask/src/tidy/large.txt")
}

fn parse_list(list: &str) -> BTreeMap<String, usize> {
    list.lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(lines, path)| Some((path.to_owned(), lines.parse().ok()?)))
        .collect()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests;
