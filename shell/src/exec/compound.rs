//! Compound commands: groups, loops, `case`, `if`, `[[ ]]`, `(( ))`.

use super::Outcome;
use crate::env::Mode;
use crate::shell::Shell;
use crate::syntax::ast::{
    CaseEnd, CaseItem, CompoundCommand, CompoundKind, List, Redirect, RedirectFd, RedirectKind,
    Word,
};
use crate::unwind::Unwind;

/// What a loop does after a round.
pub(super) enum Next {
    /// The next round.
    Round,
    /// The loop is over.
    Leave,
}

impl Shell {
    /// Runs it with its redirections; whether it failed because of those. It may be the body of a
    /// function.
    pub(super) async fn run_compound(
        &mut self,
        compound: &CompoundCommand,
        is_body: bool,
    ) -> Outcome<bool> {
        let substitutions = self.process_substitutions.len();
        if compound.redirects.is_empty() {
            let result = self.run_kind(compound).await;
            self.close_process_substitutions(substitutions);
            return result.map(|()| false);
        }
        // Errors are those of the redirection's line; `LINENO` is still what it was.
        let line = self.env.line;
        self.env.line = compound.redirects.first().map_or(line, |redirect| redirect.span.line);
        let mut undo = Vec::new();
        let redirected = self.redirect(&compound.redirects, &mut undo).await;
        let subshell = matches!(compound.kind, CompoundKind::Subshell(_));
        self.env.line = if subshell { compound.span.line } else { line };
        let input_given = self.input_given;
        self.input_given = redirect_input(&compound.redirects);
        let result = match redirected {
            Ok(true) => self.run_kind(compound).await.map(|()| false),
            Ok(false) => {
                self.env.status = 1;
                Ok(true)
            }
            Err(unwind) => Err(unwind),
        };
        self.input_given = input_given;
        self.flush_errors().await;
        if self.keeps_redirections(&result, is_body) {
            self.keep_fds(&mut undo);
            return result;
        }
        self.restore_fds(undo);
        self.close_process_substitutions(substitutions);
        result
    }

    /// Whether they are in force longer than the command: the program that takes over finds them,
    /// and in bash so does the EXIT trap of a subshell or of a shell that ends in a function.
    pub(super) fn keeps_redirections<T>(&self, result: &Outcome<T>, is_body: bool) -> bool {
        match result {
            Err(Unwind::Exec(_)) => true,
            Err(Unwind::Exit(_)) => (is_body || self.in_subshell) && !self.failed,
            _ => false,
        }
    }

    async fn run_kind(&mut self, compound: &CompoundCommand) -> Outcome {
        let line = compound.span.line;
        match &compound.kind {
            CompoundKind::Group(list) => {
                self.env.status = if list.items.is_empty() { 0 } else { self.env.status };
                self.run_list(list).await
            }
            CompoundKind::Subshell(list) => self.run_subshell(list).await,
            CompoundKind::For { name, words, body } => {
                self.env.line = line;
                self.run_for(name, words.as_deref(), body, line).await
            }
            CompoundKind::ArithFor { init, condition, update, body } => {
                self.env.line = line;
                self.run_arith_for([init, condition, update], body, line).await
            }
            CompoundKind::Select { name, words, body } => {
                self.env.line = line;
                self.run_select(name, words.as_deref(), body).await
            }
            CompoundKind::Case { word, items } => {
                self.env.line = line;
                self.run_case(word, items).await
            }
            CompoundKind::If { branches, otherwise } => {
                self.run_if(branches, otherwise.as_ref()).await
            }
            CompoundKind::While { until, condition, body } => {
                self.run_while(*until, condition, body).await
            }
            CompoundKind::Cond(expression) => {
                self.env.line = line;
                self.note_command(|| {
                    [b"[[ ", &crate::syntax::print_cond(expression)[..], b" ]]"].concat()
                });
                self.run_debug_trap().await?;
                self.run_cond(expression).await
            }
            CompoundKind::Arith(expression) => {
                self.env.line = line;
                self.note_command(|| {
                    [b"((", &crate::syntax::print_word(expression)[..], b"))"].concat()
                });
                self.run_debug_trap().await?;
                self.run_arith(expression).await
            }
        }
    }

    async fn run_if(&mut self, branches: &[(List, List)], otherwise: Option<&List>) -> Outcome {
        for (condition, body) in branches {
            self.run_condition(condition).await?;
            if self.env.status == 0 {
                return self.run_list(body).await;
            }
        }
        match otherwise {
            Some(body) => self.run_list(body).await,
            None => {
                self.env.status = 0;
                Ok(())
            }
        }
    }

    async fn run_while(&mut self, until: bool, condition: &List, body: &List) -> Outcome {
        let mut status = 0;
        self.loops += 1;
        let result = loop {
            let tested = self.run_condition(condition).await;
            match self.after_round(tested) {
                Ok(Next::Round) => {}
                Ok(Next::Leave) => break Ok(()),
                Err(unwind) => break Err(unwind),
            }
            if (self.env.status == 0) == until {
                break Ok(());
            }
            let round = self.run_list(body).await;
            let next = self.after_round(round);
            status = self.env.status;
            match next {
                Ok(Next::Round) => {}
                Ok(Next::Leave) => break Ok(()),
                Err(unwind) => break Err(unwind),
            }
        };
        self.loops -= 1;
        result?;
        self.env.status = status;
        Ok(())
    }

    /// What `break` and `continue` in a round mean for this loop.
    pub(super) fn after_round(&mut self, round: Outcome) -> Outcome<Next> {
        match round {
            Ok(()) | Err(Unwind::Continue(0 | 1)) => Ok(Next::Round),
            Err(Unwind::Break(0 | 1)) => Ok(Next::Leave),
            Err(Unwind::Break(n)) => Err(Unwind::Break(n - 1)),
            Err(Unwind::Continue(n)) => Err(Unwind::Continue(n - 1)),
            Err(unwind) => Err(unwind),
        }
    }

    async fn run_for(
        &mut self,
        name: &[u8],
        words: Option<&[Word]>,
        body: &List,
        line: u32,
    ) -> Outcome {
        if !crate::syntax::is_name(name) {
            let shown = String::from_utf8_lossy(name).into_owned();
            self.complain(format!("`{shown}': not a valid identifier"));
            self.env.status = 1;
            return Ok(());
        }
        let values = match words {
            Some(words) => self.expand_args(words).await?,
            None => self.env.positional.to_vec(),
        };
        // The body sees the status from before, or that of the words' substitutions.
        if values.is_empty() {
            self.env.status = 0;
        }
        self.loops += 1;
        let mut result = Ok(());
        for value in values {
            self.env.line = line;
            if self.env.is(crate::env::SetOption::Xtrace) {
                self.trace_for(name, words).await;
            }
            self.note_command(|| loop_head(b"for ", name, words));
            let round = match self.run_debug_trap().await {
                Ok(()) => match self.assign_loop_variable(name, value) {
                    Ok(()) => self.run_list(body).await,
                    // Bash ends the loop, not the script.
                    Err(Unwind::Error(_)) => break,
                    Err(unwind) => Err(unwind),
                },
                Err(unwind) => Err(unwind),
            };
            match self.after_round(round) {
                Ok(Next::Round) => {}
                Ok(Next::Leave) => break,
                Err(unwind) => {
                    result = Err(unwind);
                    break;
                }
            }
        }
        self.loops -= 1;
        result
    }

    /// Gives the loop's variable its value; a nameref is pointed elsewhere.
    pub(super) fn assign_loop_variable(&mut self, name: &[u8], value: Vec<u8>) -> Outcome {
        use crate::env::Attrs;
        let depth = self.env.variables.depth_of(name);
        let reference = self.env.variables.get(name).filter(|v| v.has(Attrs::NAMEREF)).cloned();
        if let (Some(depth), Some(mut variable)) = (depth, reference) {
            variable.value = crate::env::Value::Scalar(value);
            variable.attrs = variable.attrs.without(Attrs::INVISIBLE);
            self.env.variables.insert_at(depth, name, variable);
            return Ok(());
        }
        match self.env.assign(name, value, Mode::Set) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.assignment_failed(&error)),
        }
    }

    async fn run_arith_for(&mut self, parts: [&Word; 3], body: &List, line: u32) -> Outcome {
        let [init, condition, update] = parts;
        if self.arith_for_part(init, line).await?.is_none() {
            return Ok(());
        }
        let mut status = 0;
        self.loops += 1;
        let result = loop {
            let go_on = if condition.parts.is_empty() {
                Ok(Some(1))
            } else {
                self.arith_for_part(condition, line).await
            };
            match go_on {
                Ok(Some(0)) => break Ok(()),
                Ok(Some(_)) => {}
                Ok(None) => {
                    status = 1;
                    break Ok(());
                }
                Err(unwind) => break Err(unwind),
            }
            let round = self.run_list(body).await;
            let next = self.after_round(round);
            status = self.env.status;
            match next {
                Ok(Next::Round) => {}
                Ok(Next::Leave) => break Ok(()),
                Err(unwind) => break Err(unwind),
            }
            if let Err(unwind) = self.between_commands().await {
                break Err(unwind);
            }
            match self.arith_for_part(update, line).await {
                Ok(Some(_)) => {}
                Ok(None) => {
                    status = 1;
                    break Ok(());
                }
                Err(unwind) => break Err(unwind),
            }
        };
        self.loops -= 1;
        result?;
        self.env.status = status;
        Ok(())
    }

    /// One of the three expressions; `None` after an error that was said.
    async fn arith_for_part(&mut self, part: &Word, line: u32) -> Outcome<Option<i64>> {
        if part.parts.is_empty() {
            return Ok(Some(1));
        }
        self.env.line = line;
        self.note_command(|| [b"((", &crate::syntax::print_word(part)[..], b"))"].concat());
        self.run_debug_trap().await?;
        self.arith_command(part).await
    }

    /// Evaluates the text of `((`; errors carry its name.
    async fn arith_command(&mut self, expression: &Word) -> Outcome<Option<i64>> {
        let outer = self.builtin.replace("((");
        let result = self.expand_arith(expression).await;
        self.builtin = outer;
        match result {
            Ok(value) => {
                if self.env.is(crate::env::SetOption::Xtrace) {
                    self.trace_arith(expression).await;
                }
                Ok(Some(value))
            }
            Err(Unwind::Error(status)) => {
                self.env.status = status;
                Ok(None)
            }
            Err(unwind) => Err(unwind),
        }
    }

    async fn run_arith(&mut self, expression: &Word) -> Outcome {
        if let Some(value) = self.arith_command(expression).await? {
            self.env.status = u8::from(value == 0);
        }
        Ok(())
    }

    async fn run_case(&mut self, word: &Word, items: &[CaseItem]) -> Outcome {
        self.note_command(|| [b"case ", &crate::syntax::print_word(word)[..], b" in "].concat());
        self.run_debug_trap().await?;
        let subject = self.expand_subject(word).await?;
        if self.env.is(crate::env::SetOption::Xtrace) {
            self.trace_case(word).await;
        }
        // That of an empty body, which shows only when all is done.
        let mut empty = true;
        let mut falling = false;
        for item in items {
            if !falling && !self.case_matches(&item.patterns, &subject).await? {
                continue;
            }
            empty = item.body.items.is_empty();
            self.run_list(&item.body).await?;
            match item.end {
                CaseEnd::Break => break,
                CaseEnd::FallThrough => falling = true,
                CaseEnd::Continue => falling = false,
            }
        }
        if empty {
            self.env.status = 0;
        }
        Ok(())
    }

    async fn case_matches(&mut self, patterns: &[Word], subject: &[u8]) -> Outcome<bool> {
        for pattern in patterns {
            if self.expand_pattern(pattern).await?.matches(subject) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `for name in words`, as `BASH_COMMAND` shows it.
pub(super) fn loop_head(keyword: &[u8], name: &[u8], words: Option<&[Word]>) -> Vec<u8> {
    let mut text = [keyword, name, b" in"].concat();
    match words {
        Some(words) => {
            for word in words {
                text.push(b' ');
                text.extend(crate::syntax::print_word(word));
            }
        }
        None => text.extend_from_slice(b" \"$@\""),
    }
    text
}

/// Whether one of the redirections is that of standard input.
pub(super) fn redirect_input(redirects: &[Redirect]) -> bool {
    use RedirectKind::{DupInput, HereDoc, HereString, Read, ReadWrite};
    redirects.iter().any(|redirect| {
        matches!(redirect.kind, Read(_) | ReadWrite(_) | DupInput(_) | HereDoc(_) | HereString(_))
            && matches!(redirect.fd, None | Some(RedirectFd::Number(0)))
    })
}
