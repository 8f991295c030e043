//! Simple commands: assignments, words, redirections; which kind of command a name is.

use std::sync::Arc;

use super::Outcome;
use super::assign::ListKind;
use crate::builtin::{self, Argument, Builtin, Run};
use crate::env::{Function, SetOption, Shopt, VarError};
use crate::shell::Shell;
use crate::syntax::ast::{Arg, Command, SimpleCommand, Word, WordPart};
use crate::sys::Deep;
use crate::unwind::Unwind;

/// What a command name means.
pub(crate) enum Meaning {
    Builtin(&'static Builtin),
    Function(Function),
    External,
}

impl Shell {
    pub(super) async fn run_simple(&mut self, command: &SimpleCommand) -> Outcome {
        self.announce(command).await?;
        self.run_announced(command).await
    }

    /// The DEBUG trap. It is this process that runs it, also for a command in a child.
    pub(super) async fn announce(&mut self, command: &SimpleCommand) -> Outcome {
        self.env.line = command.span.line;
        self.note_current_command(command);
        let replaceable = std::mem::take(&mut self.replaceable);
        let result = self.run_debug_trap().await;
        self.replaceable = replaceable;
        result
    }

    /// Runs a command whose DEBUG trap has run.
    pub(super) async fn run_announced(&mut self, command: &SimpleCommand) -> Outcome {
        let replaceable = std::mem::take(&mut self.replaceable);
        self.env.line = command.span.line;
        self.substitution_status = None;
        let substitutions = self.process_substitutions.len();
        let mut undo = Vec::new();
        let result = self.run_words(command, replaceable, &mut undo).await;
        self.flush_errors().await;
        if self.keeps_redirections(&result, false) {
            self.keep_fds(&mut undo);
            return result;
        }
        self.restore_fds(undo);
        self.close_process_substitutions(substitutions);
        if let Err(Unwind::Error(status)) = &result {
            self.env.status = *status;
        }
        result?;
        // While the redirections of what the command is part of are in force.
        if self.env.traps.is_empty() { Ok(()) } else { self.run_signal_traps().await }
    }

    /// `$BASH_COMMAND`, if anything could ask for it.
    fn note_current_command(&mut self, command: &SimpleCommand) {
        self.note_command(|| crate::syntax::print_command(&Command::Simple(command.clone())));
    }

    /// As `note_current_command`, of the part of a compound command that is executed.
    pub(super) fn note_command(&mut self, text: impl FnOnce() -> Vec<u8>) {
        if (self.names_bash_command || !self.env.traps.is_empty()) && !self.in_trap.any() {
            self.env.current_command = Arc::from(text());
        }
    }

    async fn run_words(
        &mut self,
        command: &SimpleCommand,
        replaceable: bool,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        let keyworded =
            self.env.is(SetOption::Keyword).then(|| super::keyword::with_keywords(command));
        let command = keyworded.as_ref().unwrap_or(command);
        let Some((mut args, declares)) = self.expand_words(command).await? else {
            return self.run_assignments(command, undo).await;
        };
        // A job alone is brought to the foreground.
        if matches!(args.first(), Some(Argument::Word(name)) if name.starts_with(b"%")) {
            args.insert(0, Argument::Word(b"fg".to_vec()));
        }
        let name = match args.first() {
            Some(Argument::Word(name)) => name.clone(),
            _ => Vec::new(),
        };
        let meaning = self.meaning(&name, declares);
        match meaning {
            Meaning::Builtin(builtin) => {
                Deep::new(self.run_builtin_command(command, builtin, args, undo)).await
            }
            Meaning::Function(function) => {
                let args = into_words(args);
                Deep::new(self.run_function_command(command, &function, args, undo)).await
            }
            Meaning::External => {
                let args = into_words(args);
                Deep::new(self.run_external_command(command, args, replaceable, undo)).await
            }
        }
    }

    /// The expanded words; `None` when there are none. Whether they are those of a declaration.
    async fn expand_words(
        &mut self,
        command: &SimpleCommand,
    ) -> Outcome<Option<(Vec<Argument>, bool)>> {
        let mut args = Vec::with_capacity(command.words.len());
        let mut declares = false;
        let mut position = 0;
        while let Some(arg) = command.words.get(position) {
            match arg {
                Arg::Word(_) => {
                    let mut run: Vec<Word> = words_from(&command.words, position);
                    position += run.len();
                    self.mark_elements(&mut run);
                    let values = self.expand_args(&run).await?;
                    args.extend(values.into_iter().map(Argument::Word));
                }
                Arg::Assignment(assignment) => {
                    declares = true;
                    let assoc = args.iter().any(|arg| {
                        matches!(arg, Argument::Word(option)
                        if option.starts_with(b"-") && option.contains(&b'A'))
                    });
                    let kind = if assoc { ListKind::Assoc } else { ListKind::Indexed };
                    for assignment in self.expand_assignment_braces(assignment) {
                        let assigned = self.expand_declared(&assignment, kind).await?;
                        args.push(Argument::Assignment(assigned));
                    }
                    position += 1;
                }
            }
        }
        if is_declaration(&args) {
            self.expand_lists_in_text(&mut args).await?;
        }
        Ok((!args.is_empty()).then_some((args, declares)))
    }

    /// `unset a[$k]` expands the key once, whatever it holds.
    fn mark_elements(&self, words: &mut [Word]) {
        let is_unset = words.first().and_then(literal) == Some(b"unset");
        if !is_unset || self.env.shopt(Shopt::AssocExpandOnce) {
            return;
        }
        for word in words.iter_mut().skip(1) {
            let name_end = match word.parts.first() {
                Some(WordPart::Literal(text)) => {
                    text.split(|byte| *byte == b'[').next().filter(|name| name.len() < text.len())
                }
                _ => None,
            };
            if name_end.is_some_and(crate::env::is_name)
                && let Some(marked) = crate::expand::marked_subscripts(word)
            {
                *word = marked;
            }
        }
    }

    /// What runs under a name.
    pub(crate) fn meaning(&self, name: &[u8], declares: bool) -> Meaning {
        let builtin = builtin::find(name).filter(|_| !self.disabled.contains(name));
        if let Some(builtin) = builtin
            && builtin.special
            && self.env.is(SetOption::Posix)
        {
            return Meaning::Builtin(builtin);
        }
        if (!declares || self.env.functions.contains_key(name))
            && let Some(function) = self.env.function(name)
        {
            return Meaning::Function(function.clone());
        }
        match builtin {
            Some(builtin) => Meaning::Builtin(builtin),
            None => Meaning::External,
        }
    }

    /// A command without words: assignments to this shell's variables, then redirections.
    async fn run_assignments(
        &mut self,
        command: &SimpleCommand,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        for assignment in &command.assignments {
            self.become_array(assignment);
            let assigned = self.expand_assignment(assignment).await?;
            if self.env.is(SetOption::Xtrace) {
                self.trace_assignment(&assigned, assignment).await;
            }
            self.assign_settled(assigned).await?;
        }
        if !self.redirect_before(command, undo).await? {
            self.env.status = 1;
            return Ok(());
        }
        self.env.last_argument.clear();
        self.env.status = self.substitution_status.unwrap_or(0);
        Ok(())
    }

    /// Assigns in the topmost scope, exported. One that fails is left out, and said.
    async fn assign_temporaries(&mut self, command: &SimpleCommand) -> Outcome {
        for assignment in &command.assignments {
            let assigned = self.expand_assignment(assignment).await?;
            if self.env.is(SetOption::Xtrace) {
                self.trace_assignment(&assigned, assignment).await;
            }
            let name = assigned.name.clone();
            let mode = assigned.mode;
            let result = match &assigned.subscript {
                None => self.env.assign_temporary(&name, assigned.into_text(), mode),
                Some(subscript) => {
                    let full = [&name[..], b"[", subscript, b"]"].concat();
                    Err(VarError::InvalidName(full))
                }
            };
            if let Err(error) = result {
                self.complain(error.message());
                if self.env.is(SetOption::Posix) {
                    return Err(Unwind::Exit(1));
                }
            }
        }
        Ok(())
    }

    async fn run_builtin_command(
        &mut self,
        command: &SimpleCommand,
        builtin: &'static Builtin,
        args: Vec<Argument>,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        let special = builtin.special && self.env.is(SetOption::Posix);
        if command.assignments.is_empty() {
            return self.run_redirected_builtin(command, builtin, args, undo).await;
        }
        self.env.push_temporary();
        let result = match self.assign_temporaries(command).await {
            Ok(()) => self.run_redirected_builtin(command, builtin, args, undo).await,
            Err(unwind) => Err(unwind),
        };
        if special {
            self.env.merge_scope();
        } else {
            self.env.pop_scope();
        }
        result
    }

    async fn run_redirected_builtin(
        &mut self,
        command: &SimpleCommand,
        builtin: &'static Builtin,
        args: Vec<Argument>,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        self.trace_arguments(&args).await;
        if !self.redirect_before(command, undo).await? {
            self.env.status = 1;
            let special = builtin.special && self.env.is(SetOption::Posix);
            return if special && !self.interactive { Err(Unwind::Exit(1)) } else { Ok(()) };
        }
        self.run_builtin(builtin, args, undo).await
    }

    /// Redirects. The command's own assignments, the topmost scope, are not seen by that.
    async fn redirect_before(
        &mut self,
        command: &SimpleCommand,
        undo: &mut super::redirect::Undo,
    ) -> Outcome<bool> {
        if command.assignments.is_empty() || command.redirects.is_empty() {
            return self.redirect(&command.redirects, undo).await;
        }
        let own = self.env.hide_scope();
        let result = self.redirect(&command.redirects, undo).await;
        self.env.show_scope(own);
        result
    }

    /// Runs a builtin, sends its output, sets the status.
    pub(crate) async fn run_builtin(
        &mut self,
        builtin: &'static Builtin,
        args: Vec<Argument>,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        let last = args.last().map(Argument::text);
        let outer = self.builtin.replace(builtin.name);
        let result = match builtin.run {
            Run::Now(run) => {
                let words = into_words(args);
                run(self, words.get(1..).unwrap_or_default())
            }
            Run::Declare(run) => run(self, args.get(1..).unwrap_or_default()),
            Run::Wait(run) => {
                let words = into_words(args);
                run(self, words.get(1..).unwrap_or_default()).await
            }
            Run::Exec(run) => {
                let words = into_words(args);
                let result = run(self, words.get(1..).unwrap_or_default()).await;
                if matches!(result, Ok(0)) {
                    // The redirections of a lone `exec` stay.
                    self.keep_fds(undo);
                }
                result
            }
        };
        let sent = self.send_output().await;
        self.builtin = outer;
        if let Some(last) = last {
            self.env.last_argument = last;
        }
        let status = result?;
        self.env.status = if sent { status } else { 1 };
        Ok(())
    }

    /// Writes what the builtin has printed; whether that went well.
    async fn send_output(&mut self) -> bool {
        if self.out.is_empty() {
            return true;
        }
        let out = std::mem::take(&mut self.out);
        let result = self.write_retrying(crate::sys::Fd::STDOUT, &out).await;
        let mut out = out;
        out.clear();
        self.out = out;
        match result {
            Ok(()) => true,
            Err(error) => {
                self.complain(format!("write error: {}", error.message()));
                false
            }
        }
    }

    /// Writes all of it, although signals arrive.
    pub(crate) async fn write_retrying(
        &mut self,
        fd: crate::sys::Fd,
        bytes: &[u8],
    ) -> vfs::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.sys.write_once(fd, rest).await {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(vfs::Errno::EINTR) => self.collect_signals(),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn run_function_command(
        &mut self,
        command: &SimpleCommand,
        function: &Function,
        args: Vec<Vec<u8>>,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        self.env.push_function();
        let result = self.run_redirected_function(command, function, args, undo).await;
        self.env.pop_scope();
        result
    }

    async fn run_redirected_function(
        &mut self,
        command: &SimpleCommand,
        function: &Function,
        mut args: Vec<Vec<u8>>,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        self.assign_temporaries(command).await?;
        self.trace_words(&args).await;
        if !self.redirect_before(command, undo).await? {
            self.env.status = 1;
            return Ok(());
        }
        let last = args.last().cloned();
        let name = if args.is_empty() { Vec::new() } else { args.remove(0) };
        let input_given = self.input_given;
        self.input_given |= super::compound::redirect_input(&command.redirects);
        let result = self.call_function(function, &name, args).await;
        self.input_given = input_given;
        self.env.last_argument = last.unwrap_or_default();
        result
    }

    async fn run_external_command(
        &mut self,
        command: &SimpleCommand,
        args: Vec<Vec<u8>>,
        replaceable: bool,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        if command.assignments.is_empty() {
            return self.run_redirected_external(command, args, replaceable, undo).await;
        }
        self.env.push_temporary();
        let result = match self.assign_temporaries(command).await {
            Ok(()) => self.run_redirected_external(command, args, replaceable, undo).await,
            Err(unwind) => Err(unwind),
        };
        self.env.pop_scope();
        result
    }

    async fn run_redirected_external(
        &mut self,
        command: &SimpleCommand,
        args: Vec<Vec<u8>>,
        replaceable: bool,
        undo: &mut super::redirect::Undo,
    ) -> Outcome {
        self.trace_words(&args).await;
        if !self.redirect_before(command, undo).await? {
            self.env.status = 1;
            return Ok(());
        }
        if let Some(last) = args.last() {
            self.env.last_argument.clone_from(last);
        }
        self.run_external(args, replaceable).await
    }
}

/// The words from `position` on, up to an assignment.
fn words_from(args: &[Arg], position: usize) -> Vec<Word> {
    let rest = args.get(position..).unwrap_or_default();
    let word = |arg: &Arg| match arg {
        Arg::Word(word) => Some(word.clone()),
        Arg::Assignment(_) => None,
    };
    rest.iter().map_while(word).collect()
}

/// Arguments as strings: what an assignment looks like to a command that declares nothing.
pub(crate) fn into_words(args: Vec<Argument>) -> Vec<Vec<u8>> {
    args.into_iter().map(Argument::into_text).collect()
}

/// The text of a word without quotes and expansions.
fn literal(word: &Word) -> Option<&[u8]> {
    match word.parts.as_slice() {
        [WordPart::Literal(text)] => Some(text),
        _ => None,
    }
}

/// Whether the command declares variables that may be arrays.
fn is_declaration(args: &[Argument]) -> bool {
    matches!(args, [Argument::Word(name), _, ..]
        if matches!(name.as_slice(), b"declare" | b"typeset" | b"local" | b"readonly"))
}
