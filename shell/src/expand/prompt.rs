//! Prompt strings: `PS1`, `PS4`, `${x@P}`.

use super::Outcome;
use crate::env::Shopt;
use crate::shell::Shell;
use crate::sys::Deep;

impl Shell {
    /// A prompt string as it is shown: escapes first, then the expansions of a here-document.
    pub(crate) async fn expand_prompt(&mut self, text: &[u8]) -> Outcome<Vec<u8>> {
        let decoded = self.prompt_escapes(text);
        if !self.env.shopt(Shopt::Promptvars) || !decoded.iter().any(|b| b"$`\\".contains(b)) {
            return Ok(decoded);
        }
        match crate::syntax::parse_heredoc_body(&decoded) {
            Ok(word) => self.expand_heredoc(&word).await,
            Err(_) => Ok(decoded),
        }
    }

    /// As `expand_prompt`, from inside of a walk.
    pub(super) fn prompt_deep<'a>(&'a mut self, text: &'a [u8]) -> Deep<'a, Outcome<Vec<u8>>> {
        Deep::new(self.expand_prompt(text))
    }

    /// Replaces `\u`, `\w` and their kin.
    fn prompt_escapes(&self, text: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            at += 1;
            let Some(&letter) = text.get(at).filter(|_| byte == b'\\') else {
                shown.push(byte);
                continue;
            };
            at += 1;
            let octal: Vec<u8> =
                text.get(at - 1..).unwrap_or_default().iter().copied().take(3).collect();
            if octal.len() == 3 && octal.iter().all(|d| (b'0'..=b'7').contains(d)) {
                let value = octal.iter().fold(0_u32, |v, d| v * 8 + u32::from(d - b'0'));
                shown.push(value as u8);
                at += 2;
                continue;
            }
            if letter == b'D' && text.get(at) == Some(&b'{') {
                let rest = text.get(at + 1..).unwrap_or_default();
                let end = rest.iter().position(|byte| *byte == b'}').unwrap_or(rest.len());
                let format = rest.get(..end).unwrap_or_default();
                shown.extend(self.prompt_time(if format.is_empty() { b"%X" } else { format }));
                at += end + 2;
                continue;
            }
            self.prompt_escape(letter, &mut shown);
        }
        shown
    }

    fn prompt_escape(&self, letter: u8, shown: &mut Vec<u8>) {
        let get = |name: &[u8]| self.env.get(name).unwrap_or_default().into_owned();
        match letter {
            b'n' => shown.push(b'\n'),
            b'r' => shown.push(b'\r'),
            b'a' => shown.push(7),
            b'e' => shown.push(0x1b),
            b'\\' => shown.extend_from_slice(b"\\\\"),
            b'[' | b']' => {}
            b's' => {
                let arg0 = &self.env.arg0;
                let start = arg0.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
                shown.extend_from_slice(arg0.get(start..).unwrap_or_default());
            }
            b'u' => {
                let user = get(b"USER");
                match (user.is_empty(), self.env.host.uid()) {
                    (true, 0) => shown.extend_from_slice(b"root"),
                    (true, uid) => shown.extend_from_slice(uid.to_string().as_bytes()),
                    (false, _) => shown.extend(user),
                }
            }
            b'h' | b'H' => {
                let host = get(b"HOSTNAME");
                let end = host.iter().position(|byte| *byte == b'.' && letter == b'h');
                shown.extend_from_slice(host.get(..end.unwrap_or(host.len())).unwrap_or_default());
            }
            b'w' | b'W' => shown.extend(self.prompt_directory(letter == b'W')),
            b'$' => shown.push(if self.env.host.euid() == 0 { b'#' } else { b'$' }),
            b'v' => shown.extend_from_slice(b"5.2"),
            b'V' => shown.extend_from_slice(b"5.2.15"),
            b'j' => shown.extend_from_slice(self.jobs.list.len().to_string().as_bytes()),
            b't' => shown.extend(self.prompt_time(b"%H:%M:%S")),
            b'T' => shown.extend(self.prompt_time(b"%I:%M:%S")),
            b'@' => shown.extend(self.prompt_time(b"%I:%M %p")),
            b'A' => shown.extend(self.prompt_time(b"%H:%M")),
            b'd' => shown.extend(self.prompt_time(b"%a %b %d")),
            b'l' => shown.extend_from_slice(b"tty"),
            b'!' | b'#' => shown.push(b'1'),
            other => shown.extend_from_slice(&[b'\\', other]),
        }
    }

    fn prompt_time(&self, format: &[u8]) -> Vec<u8> {
        let seconds = (self.env.host.realtime_ns() / 1_000_000_000) as i64;
        crate::exec::strftime::strftime(format, seconds)
    }

    /// The directory with `~` for the home directory, or only its last component.
    fn prompt_directory(&self, last: bool) -> Vec<u8> {
        let directory = self.env.get(b"PWD").unwrap_or_default().into_owned();
        let home = self.env.get(b"HOME").unwrap_or_default();
        let short = match directory.strip_prefix(&*home) {
            Some(rest) if !home.is_empty() && (rest.is_empty() || rest.starts_with(b"/")) => {
                [b"~", rest].concat()
            }
            _ => directory,
        };
        match short.iter().rposition(|byte| *byte == b'/').filter(|_| last && short != b"/") {
            Some(at) => short.get(at + 1..).unwrap_or_default().to_vec(),
            None => short,
        }
    }
}
