//! `read`

use vfs::Errno;

use super::{lossy, number};
use crate::env::{Ifs, Indexed, Mode, is_name, split_subscript};
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::sys::{Deep, Fd};

/// How one line is read.
struct Request {
    raw: bool,
    delimiter: u8,
    /// At most so many characters; with `exact`, the delimiter does not end it.
    limit: Option<usize>,
    exact: bool,
    deadline: Option<u64>,
    fd: Fd,
}

/// What was read: bytes, and which of them a backslash protects.
#[derive(Default)]
struct Line {
    text: Vec<u8>,
    quoted: Vec<bool>,
}

#[expect(clippy::enum_variant_names, reason = "`end of file` is the field's word")]
enum End {
    Delimiter,
    EndOfFile,
    TimedOut,
    Failed(Errno),
}

pub(super) fn read<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let options = match shell.options(args, "ersa:d:i:n:N:p:t:u:") {
            Ok(options) => options,
            Err(status) => return Ok(status),
        };
        let names = args.get(options.used..).unwrap_or_default();
        let mut request = Request {
            raw: options.has(b'r'),
            delimiter: b'\n',
            limit: None,
            exact: false,
            deadline: None,
            fd: Fd::STDIN,
        };
        if let Some(text) = options.value(b'd') {
            request.delimiter = text.first().copied().unwrap_or(0);
        }
        for (letter, exact) in [(b'n', false), (b'N', true)] {
            if let Some(text) = options.value(letter) {
                let Some(n) = number(text).and_then(|n| usize::try_from(n).ok()) else {
                    shell.complain(format!("{}: invalid number", lossy(text)));
                    return Ok(1);
                };
                (request.limit, request.exact) = (Some(n), exact);
            }
        }
        if let Some(text) = options.value(b'u') {
            let fd = number(text).and_then(|n| u32::try_from(n).ok()).map(Fd);
            match fd.filter(|fd| shell.sys.is_open(*fd)) {
                Some(fd) => request.fd = fd,
                None => {
                    shell.complain(format!(
                        "{}: invalid file descriptor: Bad file descriptor",
                        lossy(text)
                    ));
                    return Ok(1);
                }
            }
        }
        if let Some(text) = options.value(b't') {
            let seconds = std::str::from_utf8(text).ok().and_then(|t| t.parse::<f64>().ok());
            let Some(seconds) = seconds.filter(|s| s.is_finite() && *s >= 0.0) else {
                shell.complain(format!("{}: invalid timeout specification", lossy(text)));
                return Ok(1);
            };
            if seconds == 0.0 {
                let now = shell.sys.monotonic_ns();
                let ready = shell.sys.readable(request.fd, Some(now)).await.unwrap_or(false);
                return Ok(u8::from(!ready));
            }
            let ns =
                std::time::Duration::try_from_secs_f64(seconds).unwrap_or(std::time::Duration::MAX);
            let ns = u64::try_from(ns.as_nanos()).unwrap_or(u64::MAX);
            request.deadline = Some(shell.sys.monotonic_ns().saturating_add(ns));
        }
        // The others are looked at when they get their field.
        if let Some(name) = names.first() {
            let base = split_subscript(name).map_or(name.as_slice(), |(base, _)| base);
            if !is_name(base) {
                shell.complain(format!("`{}': not a valid identifier", lossy(name)));
                return Ok(1);
            }
        }
        if let Some(prompt) = options.value(b'p')
            && shell.sys.is_tty(request.fd)
        {
            shell.print_error(prompt);
        }
        let (line, end) = line(shell, &request).await;
        if let End::Failed(Errno::ENOMEM) = end {
            return Err(shell.exhausted());
        }
        if let End::Failed(errno) = end {
            shell.complain(format!("read error: {}: {errno}", request.fd.0));
            return Ok(1);
        }
        let stored = if let Some(array) = options.value(b'a') {
            store_array(shell, array, &line)
        } else if names.is_empty() {
            store(shell, b"REPLY", line.text)
        } else if request.exact {
            let rest = names.get(1..).unwrap_or_default();
            names.first().is_none_or(|name| store(shell, name, line.text))
                && rest.iter().all(|name| store(shell, name, Vec::new()))
        } else {
            store_fields(shell, names, &line)
        };
        Ok(match end {
            _ if !stored => 1,
            End::Delimiter => 0,
            End::TimedOut => 142,
            End::EndOfFile | End::Failed(_) => 1,
        })
    })
}

/// Reads byte by byte: what follows belongs to whoever reads next.
async fn line(shell: &mut Shell, request: &Request) -> (Line, End) {
    let mut line = Line::default();
    let mut escaped = false;
    let mut characters = 0;
    loop {
        if request.limit.is_some_and(|limit| characters >= limit) && complete(&line.text) {
            return (line, End::Delimiter);
        }
        if request.deadline.is_some() {
            match shell.sys.readable(request.fd, request.deadline).await {
                Ok(true) => {}
                Ok(false) => return (line, End::TimedOut),
                Err(Errno::EINTR) => {
                    if let Err(_unwind) = shell.run_signal_traps().await {
                        return (line, End::EndOfFile);
                    }
                    continue;
                }
                Err(errno) => return (line, End::Failed(errno)),
            }
        }
        let mut byte = [0];
        let byte = match shell.sys.read(request.fd, &mut byte).await {
            Ok(0) => return (line, End::EndOfFile),
            Ok(_) => byte[0],
            Err(Errno::EINTR) => {
                if let Err(_unwind) = shell.run_signal_traps().await {
                    return (line, End::EndOfFile);
                }
                continue;
            }
            Err(errno) => return (line, End::Failed(errno)),
        };
        if escaped {
            escaped = false;
            // A backslash before a newline continues the line.
            if byte != b'\n' {
                line.text.push(byte);
                line.quoted.push(true);
                characters += usize::from(byte & 0xc0 != 0x80);
            }
            continue;
        }
        if byte == request.delimiter && !request.exact {
            return (line, End::Delimiter);
        }
        if byte == b'\\' && !request.raw {
            escaped = true;
            continue;
        }
        if byte == 0 {
            continue;
        }
        // Each byte is kept with whether it was quoted, and again as a field.
        if line.text.len() > shell.sys.room() / 4 {
            return (line, End::Failed(Errno::ENOMEM));
        }
        line.text.push(byte);
        line.quoted.push(false);
        characters += usize::from(byte & 0xc0 != 0x80);
    }
}

/// Whether the last character has all of its bytes.
fn complete(text: &[u8]) -> bool {
    let tail = text.iter().rev().take_while(|b| **b & 0xc0 == 0x80).count();
    match text.iter().rev().nth(tail) {
        Some(0xf0..) => tail >= 3,
        Some(0xe0..) => tail >= 2,
        Some(0xc0..) => tail >= 1,
        _ => true,
    }
}

fn store(shell: &mut Shell, name: &[u8], value: Vec<u8>) -> bool {
    if !is_name(split_subscript(name).map_or(name, |(base, _)| base)) {
        shell.complain(format!("`{}': not a valid identifier", lossy(name)));
        return false;
    }
    let result = match split_subscript(name) {
        Some((base, subscript)) => shell.env.assign_element(base, subscript, value, Mode::Set),
        None => shell.env.assign(name, value, Mode::Set),
    };
    match result {
        Ok(()) => true,
        Err(error) => {
            let outer = shell.builtin.take();
            shell.complain(error.message());
            shell.builtin = outer;
            false
        }
    }
}

impl Line {
    fn is_separator(&self, ifs: &Ifs, at: usize) -> bool {
        let (Some(byte), Some(false)) = (self.text.get(at), self.quoted.get(at)) else {
            return false;
        };
        ifs.contains(*byte)
    }

    fn is_white(&self, ifs: &Ifs, at: usize) -> bool {
        self.is_separator(ifs, at) && self.text.get(at).is_some_and(|byte| ifs.is_white(*byte))
    }

    fn skip_white(&self, ifs: &Ifs, mut at: usize) -> usize {
        while self.is_white(ifs, at) {
            at += 1;
        }
        at
    }

    /// One field from `at`: its end, and where the next one starts.
    fn field(&self, ifs: &Ifs, at: usize) -> (usize, usize) {
        let mut end = at;
        while end < self.text.len() && !self.is_separator(ifs, end) {
            end += 1;
        }
        let mut next = self.skip_white(ifs, end);
        if self.is_separator(ifs, next) && !self.is_white(ifs, next) {
            next = self.skip_white(ifs, next + 1);
        }
        (end, next)
    }

    fn slice(&self, from: usize, to: usize) -> Vec<u8> {
        self.text.get(from..to).unwrap_or_default().to_vec()
    }
}

fn store_fields(shell: &mut Shell, names: &[Vec<u8>], line: &Line) -> bool {
    let ifs = shell.env.ifs();
    let mut at = line.skip_white(&ifs, 0);
    let (last, others) = match names.split_last() {
        Some(split) => split,
        None => return true,
    };
    for name in others {
        let (end, next) = line.field(&ifs, at);
        if !store(shell, name, line.slice(at, end)) {
            return false;
        }
        at = next;
    }
    // The last takes the rest, without white space at its end; a single separator that ends
    // its only field goes too.
    let (end, next) = line.field(&ifs, at);
    let value = if next >= line.text.len() {
        line.slice(at, end)
    } else {
        let mut end = line.text.len();
        while end > at && line.is_white(&ifs, end - 1) {
            end -= 1;
        }
        line.slice(at, end)
    };
    store(shell, last, value)
}

fn store_array(shell: &mut Shell, name: &[u8], line: &Line) -> bool {
    if !is_name(name) {
        shell.complain(format!("`{}': not a valid identifier", lossy(name)));
        return false;
    }
    let ifs = shell.env.ifs();
    let mut values = Vec::new();
    let mut at = line.skip_white(&ifs, 0);
    while at < line.text.len() {
        let (end, next) = line.field(&ifs, at);
        values.push(line.slice(at, end));
        at = next;
    }
    match shell.env.assign_indexed(name, Indexed::from_values(values)) {
        Ok(()) => true,
        Err(error) => {
            shell.complain(error.message());
            false
        }
    }
}
