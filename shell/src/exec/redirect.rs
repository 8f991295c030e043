//! Redirections: doing them, and putting things back.

use kernel::{CloseOnExec, ForkAttrs};
use vfs::{Errno, FileType, OFlags};

use super::Outcome;
use crate::env::{Mode, SetOption, Shopt};
use crate::shell::Shell;
use crate::syntax::ast::{Redirect, RedirectFd, RedirectKind, Word};
use crate::sys::{Deep, Fd};
use crate::unwind::Unwind;

/// What puts descriptors back, in the order in which they were changed: the descriptor, and
/// where its old meaning is kept (`None`: it was closed).
pub(crate) type Undo = Vec<(Fd, Option<Fd>)>;

/// Copies of replaced descriptors lie from here on, above those that scripts name.
const SAVED: Fd = Fd(200);

impl Shell {
    /// Does the redirections in order; `false` when one failed, which has been said.
    pub(crate) async fn redirect(&mut self, all: &[Redirect], undo: &mut Undo) -> Outcome<bool> {
        for redirect in all {
            let outer = self.builtin.take();
            // Other than in a word, what fails in `< <(…)` counts for itself.
            let tested = std::mem::take(&mut self.tested);
            let result = self.redirect_one(redirect, undo).await;
            self.tested = tested;
            self.builtin = outer;
            match result {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(unwind) => return Err(unwind),
            }
        }
        Ok(true)
    }

    async fn redirect_one(&mut self, redirect: &Redirect, undo: &mut Undo) -> Outcome<bool> {
        let fd = redirect.fd.as_ref();
        match &redirect.kind {
            RedirectKind::Read(word) => self.open_to(fd, word, OFlags::READ, undo).await,
            RedirectKind::Write(word) => {
                let flags = OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC;
                if self.env.is(SetOption::Noclobber) {
                    return self.open_unclobbered(fd, word, undo).await;
                }
                self.open_to(fd, word, flags, undo).await
            }
            RedirectKind::Clobber(word) => {
                let flags = OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC;
                self.open_to(fd, word, flags, undo).await
            }
            RedirectKind::Append(word) => {
                let flags = OFlags::WRITE | OFlags::CREAT | OFlags::APPEND;
                self.open_to(fd, word, flags, undo).await
            }
            RedirectKind::ReadWrite(word) => {
                self.open_to(fd, word, OFlags::RDWR | OFlags::CREAT, undo).await
            }
            RedirectKind::DupInput(word) => self.duplicate(fd, word, Fd::STDIN, undo).await,
            RedirectKind::DupOutput(word) => self.duplicate(fd, word, Fd::STDOUT, undo).await,
            RedirectKind::WriteBoth(word) => {
                let flags = OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC;
                self.open_both(word, flags, undo).await
            }
            RedirectKind::AppendBoth(word) => {
                let flags = OFlags::WRITE | OFlags::CREAT | OFlags::APPEND;
                self.open_both(word, flags, undo).await
            }
            RedirectKind::HereDoc(document) => {
                let body = self.expand_heredoc(&document.body).await?;
                self.feed(fd, body, undo).await
            }
            RedirectKind::HereString(word) => {
                let mut body = self.expand_word(word).await?;
                body.push(b'\n');
                self.feed(fd, body, undo).await
            }
        }
    }

    /// The file name a redirection names: exactly one field.
    async fn file_name(&mut self, word: &Word) -> Outcome<Option<Vec<u8>>> {
        let mut fields = if self.env.is(SetOption::Posix) {
            vec![self.expand_word(word).await?]
        } else {
            self.expand_args(std::slice::from_ref(word)).await?
        };
        if fields.len() == 1 {
            return Ok(fields.pop());
        }
        let text = crate::syntax::print_word(word);
        self.complain([&text, &b": ambiguous redirect"[..]].concat());
        Ok(None)
    }

    async fn open_to(
        &mut self,
        fd: Option<&RedirectFd>,
        word: &Word,
        flags: OFlags,
        undo: &mut Undo,
    ) -> Outcome<bool> {
        let Some(path) = self.file_name(word).await? else { return Ok(false) };
        match self.open_retrying(&path, flags).await {
            Ok(opened) => self.place(fd, opened, default_fd(flags), undo),
            Err(error) => Ok(self.open_failed(&path, error)),
        }
    }

    /// Opens the file that `< word` names; none after a message.
    pub(super) async fn open_input(&mut self, word: &Word) -> Outcome<Option<Fd>> {
        let Some(path) = self.file_name(word).await? else { return Ok(None) };
        match self.open_retrying(&path, OFlags::READ).await {
            Ok(opened) => Ok(Some(opened)),
            Err(error) => {
                self.open_failed(&path, error);
                Ok(None)
            }
        }
    }

    fn open_failed(&mut self, path: &[u8], error: Errno) -> bool {
        self.complain([path, b": ", error.message().as_bytes()].concat());
        false
    }

    /// `open(2)`, high and closed on exec; signals that are caught do not end it.
    async fn open_retrying(&mut self, path: &[u8], flags: OFlags) -> vfs::Result<Fd> {
        loop {
            match self.sys.open(path, flags | OFlags::CLOEXEC, 0o666).await {
                Err(Errno::EINTR) => self.collect_signals(),
                Err(error) => return Err(error),
                Ok(opened) => return Ok(opened),
            }
        }
    }

    /// `>` under noclobber: a regular file that exists is an error.
    async fn open_unclobbered(
        &mut self,
        fd: Option<&RedirectFd>,
        word: &Word,
        undo: &mut Undo,
    ) -> Outcome<bool> {
        let Some(path) = self.file_name(word).await? else { return Ok(false) };
        let exists = self.sys.stat(&path).map(|stat| stat.file_type);
        let flags = match exists {
            Ok(FileType::Regular) => {
                self.complain([&path, &b": cannot overwrite existing file"[..]].concat());
                return Ok(false);
            }
            Ok(_) => OFlags::WRITE,
            Err(_) => OFlags::WRITE | OFlags::CREAT | OFlags::EXCL,
        };
        match self.open_retrying(&path, flags).await {
            Ok(opened) => self.place(fd, opened, Fd::STDOUT, undo),
            Err(Errno::EEXIST) => {
                self.complain([&path, &b": cannot overwrite existing file"[..]].concat());
                Ok(false)
            }
            Err(error) => Ok(self.open_failed(&path, error)),
        }
    }

    async fn open_both(&mut self, word: &Word, flags: OFlags, undo: &mut Undo) -> Outcome<bool> {
        let Some(path) = self.file_name(word).await? else { return Ok(false) };
        if flags.contains(OFlags::TRUNC) && self.env.is(SetOption::Noclobber) {
            let exists = self.sys.stat(&path).map(|stat| stat.file_type);
            if exists == Ok(FileType::Regular) {
                self.complain([&path, &b": cannot overwrite existing file"[..]].concat());
                return Ok(false);
            }
        }
        match self.open_retrying(&path, flags).await {
            Ok(opened) => {
                self.replace_fd(opened, Fd::STDOUT, undo);
                if opened != Fd::STDOUT {
                    let _ = self.sys.close(opened);
                }
                self.replace_fd(Fd::STDOUT, Fd::STDERR, undo);
                Ok(true)
            }
            Err(error) => Ok(self.open_failed(&path, error)),
        }
    }

    /// Makes a newly opened descriptor the one that was asked for.
    fn place(
        &mut self,
        fd: Option<&RedirectFd>,
        opened: Fd,
        default: Fd,
        undo: &mut Undo,
    ) -> Outcome<bool> {
        let target = match fd {
            None => default,
            Some(RedirectFd::Number(number)) => Fd(*number),
            Some(RedirectFd::Variable(name)) => {
                let high = self.sys.dup_high(opened, CloseOnExec::No);
                let _ = self.sys.close(opened);
                return self.name_fd(name, high, undo);
            }
        };
        if opened == target {
            // The target was closed; it became this one by chance.
            undo.push((target, None));
            let _ = self.sys.with(|kernel, pid| kernel.fcntl_setfd(pid, target, CloseOnExec::No));
            return Ok(true);
        }
        let done = self.try_replace_fd(opened, target, undo);
        let _ = self.sys.close(opened);
        if let Err(error) = done {
            self.complain(format!("{}: {}", target.0, error.message()));
            return Ok(false);
        }
        Ok(true)
    }

    /// `{name}>`: the number goes into the variable; the descriptor stays open.
    fn name_fd(&mut self, name: &[u8], fd: vfs::Result<Fd>, undo: &mut Undo) -> Outcome<bool> {
        let fd = match fd {
            Ok(fd) => fd,
            Err(error) => {
                self.complain([name, b": ", error.message().as_bytes()].concat());
                return Ok(false);
            }
        };
        let text = fd.0.to_string().into_bytes();
        let assigned = match crate::env::split_subscript(name) {
            Some((base, subscript)) => self.env.assign_element(base, subscript, text, Mode::Set),
            None => self.env.assign(name, text, Mode::Set),
        };
        if let Err(error) = assigned {
            self.complain(error.message());
            self.complain([name, b": cannot assign fd to variable"].concat());
            let _ = self.sys.close(fd);
            return Ok(false);
        }
        if self.env.shopt(Shopt::VarredirClose) {
            undo.push((fd, None));
        }
        Ok(true)
    }

    /// `<&` and `>&`
    async fn duplicate(
        &mut self,
        fd: Option<&RedirectFd>,
        word: &Word,
        default: Fd,
        undo: &mut Undo,
    ) -> Outcome<bool> {
        let mut fields = self.expand_args(std::slice::from_ref(word)).await?;
        let shown = |shell: &mut Shell| {
            let text = crate::syntax::print_word(word);
            shell.complain([&text, &b": ambiguous redirect"[..]].concat());
        };
        let text = match (fields.pop(), fields.is_empty()) {
            (Some(text), true) => text,
            _ => {
                shown(self);
                return Ok(false);
            }
        };
        if text == b"-" {
            return self.close_redirected(fd, default, undo);
        }
        let (digits, moves) = match text.strip_suffix(b"-") {
            Some(digits) => (digits, true),
            None => (&text[..], false),
        };
        let number = std::str::from_utf8(digits).ok().and_then(|text| text.parse::<u32>().ok());
        let Some(number) = number else {
            let both = default == Fd::STDOUT && matches!(fd, None | Some(RedirectFd::Number(1)));
            if both {
                let flags = OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC;
                return self.open_both(word, flags, undo).await;
            }
            shown(self);
            return Ok(false);
        };
        self.duplicate_number(fd, Fd(number), default, moves, undo)
    }

    fn duplicate_number(
        &mut self,
        fd: Option<&RedirectFd>,
        source: Fd,
        default: Fd,
        moves: bool,
        undo: &mut Undo,
    ) -> Outcome<bool> {
        if !self.sys.is_open(source) || self.is_internal(source, undo) {
            self.complain(format!("{}: {}", source.0, Errno::EBADF.message()));
            return Ok(false);
        }
        let target = match fd {
            Some(RedirectFd::Variable(name)) => {
                let high = self.sys.dup_high(source, CloseOnExec::No);
                if !self.name_fd(name, high, undo)? {
                    return Ok(false);
                }
                if moves {
                    self.close_saved(source, undo);
                }
                return Ok(true);
            }
            Some(RedirectFd::Number(number)) => Fd(*number),
            None => default,
        };
        if target == source {
            return Ok(true);
        }
        if let Err(error) = self.try_replace_fd(source, target, undo) {
            self.complain(format!("{}: {}", target.0, error.message()));
            return Ok(false);
        }
        if moves {
            self.close_saved(source, undo);
        }
        Ok(true)
    }

    /// Whether a descriptor is one of the copies that the shell keeps for itself.
    fn is_internal(&self, fd: Fd, undo: &Undo) -> bool {
        undo.iter().any(|(_, saved)| *saved == Some(fd))
    }

    fn close_redirected(
        &mut self,
        fd: Option<&RedirectFd>,
        default: Fd,
        undo: &mut Undo,
    ) -> Outcome<bool> {
        let target = match fd {
            None => default,
            Some(RedirectFd::Number(number)) => Fd(*number),
            Some(RedirectFd::Variable(name)) => {
                let value = match crate::env::split_subscript(name) {
                    Some((base, subscript)) => match self.env.evaluate_key(base, subscript) {
                        Ok(key) => self.env.element(base, &key).map(|v| v.into_owned()),
                        Err(_) => None,
                    },
                    None => self.env.get(name).map(|value| value.into_owned()),
                };
                let number = value.and_then(|v| String::from_utf8(v).ok()?.trim().parse().ok());
                let Some(number) = number else {
                    self.complain([name, &b": ambiguous redirect"[..]].concat());
                    return Ok(false);
                };
                let _ = self.sys.close(Fd(number));
                return Ok(true);
            }
        };
        self.close_saved(target, undo);
        Ok(true)
    }

    /// Closes a descriptor until the redirections are undone.
    fn close_saved(&mut self, fd: Fd, undo: &mut Undo) {
        if let Some(saved) = self.save(fd, undo) {
            undo.push((fd, Some(saved)));
            let _ = self.sys.close(fd);
        }
    }

    /// A here-document or here-string as input: a pipe; what does not fit is written by a child.
    async fn feed(
        &mut self,
        fd: Option<&RedirectFd>,
        body: Vec<u8>,
        undo: &mut Undo,
    ) -> Outcome<bool> {
        let (read, write) = self.pipe()?;
        /// Surely fits in a new pipe.
        const FITS: usize = 4096;
        let written = if body.len() <= FITS { self.sys.write_some(write, &body) } else { Ok(0) };
        match written {
            Ok(count) if count == body.len() => {}
            Ok(count) => {
                let rest = body.get(count..).unwrap_or_default().to_vec();
                let actions = vec![
                    kernel::FdAction::Dup2(write, Fd::STDOUT),
                    kernel::FdAction::Close(write),
                    kernel::FdAction::Close(read),
                ];
                let attrs = ForkAttrs { pgid: None, actions };
                self.fork_with(super::subshell::Purpose::Command, attrs, move |shell| {
                    Deep::new(async move {
                        shell.env.traps = Default::default();
                        let _ = shell.write_retrying(Fd::STDOUT, &rest).await;
                        Err(Unwind::Exit(0))
                    })
                })?;
            }
            Err(_) => {}
        }
        let _ = self.sys.close(write);
        self.place(fd, read, Fd::STDIN, undo)
    }

    // --- saving and restoring

    /// Keeps a copy of a descriptor out of the way; `None` when it is not open.
    fn save(&self, fd: Fd, _undo: &Undo) -> Option<Fd> {
        self.sys
            .with(|kernel, pid| {
                kernel
                    .dup_min(pid, fd, SAVED, CloseOnExec::Yes)
                    .or_else(|_| kernel.dup_min(pid, fd, Fd(10), CloseOnExec::Yes))
            })
            .ok()
    }

    /// `new` becomes what `old` is, until it is undone.
    fn try_replace_fd(&mut self, old: Fd, new: Fd, undo: &mut Undo) -> vfs::Result<()> {
        let saved = self.save(new, undo);
        match self.sys.dup2(old, new) {
            Ok(()) => {
                undo.push((new, saved));
                Ok(())
            }
            Err(error) => {
                if let Some(saved) = saved {
                    let _ = self.sys.close(saved);
                }
                Err(error)
            }
        }
    }

    pub(crate) fn replace_fd(&mut self, old: Fd, new: Fd, undo: &mut Undo) {
        let _ = self.try_replace_fd(old, new, undo);
    }

    /// Puts everything back.
    pub(crate) fn restore_fds(&mut self, mut undo: Undo) {
        while let Some((fd, saved)) = undo.pop() {
            match saved {
                Some(saved) => {
                    let _ = self.sys.dup2(saved, fd);
                    let _ = self.sys.close(saved);
                }
                None => {
                    let _ = self.sys.close(fd);
                }
            }
        }
    }

    /// Makes the redirections permanent.
    pub(crate) fn keep_fds(&mut self, undo: &mut Undo) {
        for (_, saved) in undo.drain(..) {
            if let Some(saved) = saved {
                let _ = self.sys.close(saved);
            }
        }
    }
}

fn default_fd(flags: OFlags) -> Fd {
    if flags.contains(OFlags::READ) { Fd::STDIN } else { Fd::STDOUT }
}
