//! Files of cases: scripts with what a shell prints for them.
//!
//! ```text
//! # What the file is about.
//!
//! === a name
//! echo out; echo err >&2; exit 3
//! --- status 3
//! --- stdout
//! out
//! --- stderr
//! err
//! ```
//!
//! A status of 0 and an empty standard output are left out; standard error is compared only where
//! it is given. `--- stdout, unfinished` has no newline at its end. `--- differs: REASON` marks
//! what this shell does not do as bash does. An empty line goes before each `===`.

/// A script, and what a shell does with it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// The script.
    pub script: Vec<u8>,
    /// What the script prints and ends with.
    pub expected: Expected,
    /// Why this shell does something else, if it does.
    pub differs: Option<String>,
}

/// What a script prints, and its status.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error, where that is part of the case.
    pub stderr: Option<Vec<u8>>,
    /// What `$?` is after the shell.
    pub status: u8,
}

/// Reads a file: what stands before the first case, and the cases.
///
/// # Errors
/// The line that has no meaning.
pub fn parse(text: &[u8]) -> Result<(Vec<u8>, Vec<Case>), String> {
    let (head, mut blocks) = split(text, b"=== ");
    let followed = blocks.len().saturating_sub(1);
    for (_, body) in blocks.iter_mut().take(followed).filter(|(_, body)| body.ends_with(b"\n\n")) {
        body.pop();
    }
    let cases = blocks.into_iter().map(|(name, body)| case(name, &body));
    Ok((head, cases.collect::<Result<_, _>>()?))
}

/// One case, from its name and the lines up to the next.
fn case(name: &[u8], body: &[u8]) -> Result<Case, String> {
    let (script, sections) = split(body, b"--- ");
    let name = String::from_utf8_lossy(name).into_owned();
    let mut case = Case { name, script, ..Case::default() };
    for (header, body) in sections {
        let header = String::from_utf8_lossy(header);
        match header.split_once(' ') {
            None if header == "stdout" => case.expected.stdout = body,
            None if header == "stderr" => case.expected.stderr = Some(body),
            Some(("stdout,", "unfinished")) => {
                case.expected.stdout = body.strip_suffix(b"\n").unwrap_or(&body).to_vec();
            }
            Some(("status", number)) if body.is_empty() => {
                case.expected.status = number.parse().map_err(|_| format!("--- {header}"))?;
            }
            Some(("differs:", why)) if body.is_empty() => case.differs = Some(why.to_owned()),
            _ => return Err(format!("{}: --- {header}", case.name)),
        }
    }
    Ok(case)
}

/// A line without its prefix, and the lines after it.
type Part<'a> = (&'a [u8], Vec<u8>);

/// The lines before the first that begins with the prefix; then each such line with those after it.
fn split<'a>(text: &'a [u8], prefix: &[u8]) -> (Vec<u8>, Vec<Part<'a>>) {
    let (mut head, mut parts) = (Vec::new(), Vec::<Part<'a>>::new());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match (line.strip_prefix(prefix), parts.last_mut()) {
            (Some(rest), _) => parts.push((rest.trim_ascii_end(), Vec::new())),
            (None, Some((_, lines))) => lines.extend_from_slice(line),
            (None, None) => head.extend_from_slice(line),
        }
    }
    (head, parts)
}

/// Writes a file that [`parse`] reads.
pub fn print(head: &[u8], cases: &[Case]) -> Vec<u8> {
    let mut text = head.to_vec();
    for (index, case) in cases.iter().enumerate() {
        if index > 0 {
            text.push(b'\n');
        }
        text.extend_from_slice(format!("=== {}\n", case.name).as_bytes());
        text.extend_from_slice(&case.script);
        if case.expected.status != 0 {
            text.extend_from_slice(format!("--- status {}\n", case.expected.status).as_bytes());
        }
        if let Some(why) = &case.differs {
            text.extend_from_slice(format!("--- differs: {why}\n").as_bytes());
        }
        let stdout = &case.expected.stdout;
        if stdout.ends_with(b"\n") {
            text.extend_from_slice(b"--- stdout\n");
            text.extend_from_slice(stdout);
        } else if !stdout.is_empty() {
            text.extend_from_slice(b"--- stdout, unfinished\n");
            text.extend_from_slice(stdout);
            text.push(b'\n');
        }
        if let Some(stderr) = &case.expected.stderr {
            text.extend_from_slice(b"--- stderr\n");
            text.extend_from_slice(stderr);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"# About.\n\n=== one\necho; echo\n--- stdout\n\n\n\n=== two 2\nprintf x\n\
        exit 3\n--- status 3\n--- differs: it does\n--- stdout, unfinished\nx\n--- stderr\n";

    #[test]
    fn a_file_is_read_and_written() {
        let (head, cases) = parse(FILE).unwrap();
        assert_eq!(head, b"# About.\n\n");
        assert_eq!(cases[0].expected.stdout, b"\n\n");
        assert_eq!(cases[1].script, b"printf x\nexit 3\n");
        assert_eq!(
            cases[1].expected,
            Expected { stdout: b"x".to_vec(), stderr: Some(Vec::new()), status: 3 }
        );
        assert_eq!(cases[1].differs.as_deref(), Some("it does"));
        assert_eq!(print(&head, &cases), FILE);
    }

    #[test]
    fn unknown_sections_are_errors() {
        assert_eq!(parse(b"=== a\n:\n--- output\n").unwrap_err(), "a: --- output");
        assert_eq!(parse(b"=== a\n:\n--- status x\n").unwrap_err(), "--- status x");
    }
}
