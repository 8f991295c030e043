//! Redirections.

use super::Printer;
use crate::syntax::ast::{HereDoc, Redirect, RedirectFd, RedirectKind, Word, WordPart};

impl Printer {
    pub(super) fn redirects(&mut self, redirects: &[Redirect]) {
        self.was_here_doc = false;
        for (index, redirect) in redirects.iter().enumerate() {
            if index > 0 {
                self.out.push(b' ');
            }
            self.redirect(redirect);
        }
    }

    fn redirect(&mut self, redirect: &Redirect) {
        let (operator, target): (&[u8], &Word) = match &redirect.kind {
            RedirectKind::Read(word) => (b"< ", word),
            RedirectKind::Write(word) => (b"> ", word),
            RedirectKind::Clobber(word) => (b">| ", word),
            RedirectKind::Append(word) => (b">> ", word),
            RedirectKind::ReadWrite(word) => (b"<> ", word),
            RedirectKind::DupInput(word) => (b"<&", word),
            RedirectKind::DupOutput(word) => (b">&", word),
            RedirectKind::WriteBoth(word) => (b"&> ", word),
            RedirectKind::AppendBoth(word) => (b"&>> ", word),
            RedirectKind::HereString(word) => (b"<<< ", word),
            RedirectKind::HereDoc(here_doc) => {
                self.fd(redirect);
                self.here_doc(here_doc);
                return;
            }
        };
        self.fd(redirect);
        let closes = matches!(&*target.parts, [WordPart::Literal(text)] if **text == *b"-");
        self.text(if self.is_bash() && closes { b">&" } else { operator });
        self.word(target);
    }

    fn fd(&mut self, redirect: &Redirect) {
        match &redirect.fd {
            Some(RedirectFd::Variable(name)) => {
                self.out.push(b'{');
                self.text(name);
                self.out.push(b'}');
            }
            Some(RedirectFd::Number(number))
                if self.is_bash() && is_hidden(*number, &redirect.kind) => {}
            Some(RedirectFd::Number(number)) => self.text(number.to_string().as_bytes()),
            None if self.is_bash() => self.text(shown_default(&redirect.kind)),
            None => {}
        }
    }

    fn here_doc(&mut self, here_doc: &HereDoc) {
        self.text(if here_doc.strip_tabs { b"<<-" } else { b"<<" });
        if here_doc.quoted {
            self.single_quoted(&here_doc.delimiter);
        } else {
            self.text(&here_doc.delimiter);
        }
        self.defer(here_doc);
    }
}

/// Whether bash leaves the number out because it is the operator's default.
fn is_hidden(number: u32, kind: &RedirectKind) -> bool {
    match kind {
        RedirectKind::Read(_) | RedirectKind::HereDoc(_) | RedirectKind::HereString(_) => {
            number == 0
        }
        RedirectKind::Write(_) | RedirectKind::Clobber(_) | RedirectKind::Append(_) => number == 1,
        RedirectKind::DupInput(word) => number == 0 && !is_number(word),
        RedirectKind::DupOutput(word) => number == 1 && !is_number(word),
        _ => false,
    }
}

/// The number that bash shows although none is written.
fn shown_default(kind: &RedirectKind) -> &'static [u8] {
    match kind {
        RedirectKind::ReadWrite(_) => b"0",
        RedirectKind::DupInput(word) if is_number(word) => b"0",
        RedirectKind::DupOutput(word) if is_number(word) => b"1",
        _ => b"",
    }
}

/// `3`, `3-` or `-`
fn is_number(word: &Word) -> bool {
    matches!(&*word.parts, [WordPart::Literal(text)]
        if text.strip_suffix(b"-").unwrap_or(text).iter().all(u8::is_ascii_digit))
}
