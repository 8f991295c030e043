//! Functions: defining and calling them.

use std::sync::Arc;

use super::Outcome;
use crate::env::{Frame, Function, SetOption, footprint};
use crate::shell::{Shell, Source};
use crate::syntax::ast::FunctionDef;
use crate::sys::Deep;
use crate::unwind::Unwind;

impl Shell {
    pub(super) fn define_function(&mut self, definition: &Arc<FunctionDef>) -> Outcome {
        self.env.status = 0;
        let name = &definition.name;
        let posix = self.env.is(SetOption::Posix);
        if posix && crate::builtin::is_special(name) {
            self.complain([b"`", &name[..], b"': is a special builtin"].concat());
            self.env.status = 2;
            return Err(Unwind::Exit(2));
        }
        let quoted = name.iter().any(|byte| b"$'\"\\`<>".contains(byte));
        if quoted || posix && !crate::syntax::is_name(name) {
            self.complain([b"`", &name[..], b"': not a valid identifier"].concat());
            self.env.status = if posix { 2 } else { 1 };
            return if posix && !self.interactive { Err(Unwind::Exit(2)) } else { Ok(()) };
        }
        let old = self.env.function(name);
        if old.is_some_and(|function| function.readonly) {
            let shown = String::from_utf8_lossy(name).into_owned();
            self.complain(format!("{shown}: readonly function"));
            self.env.status = 1;
            return Ok(());
        }
        let function = Function {
            definition: Arc::clone(definition),
            source: self.current_source(),
            readonly: false,
            exported: self.env.is(SetOption::Allexport) || old.is_some_and(|f| f.exported),
            traced: false,
        };
        let span = definition.span;
        self.env.note_growth(span.end.saturating_sub(span.start) as usize * footprint::PARSED);
        Arc::make_mut(&mut self.env.functions).insert(name.clone(), function);
        Ok(())
    }

    /// What `BASH_SOURCE` says of what is defined now.
    pub(crate) fn current_source(&self) -> Arc<[u8]> {
        if let Some(frame) = self.env.frames.last() {
            return Arc::clone(&frame.source);
        }
        match &self.source {
            Source::File(path) => Arc::clone(path),
            Source::Text if self.interactive => Arc::from(&b"main"[..]),
            Source::Text => Arc::from(&b"environment"[..]),
            Source::Stdin => Arc::from(&b"main"[..]),
        }
    }

    /// Calls a function. The scope for its variables has been pushed; the caller pops it.
    pub(crate) async fn call_function(
        &mut self,
        function: &Function,
        name: &[u8],
        args: Vec<Vec<u8>>,
    ) -> Outcome {
        self.enter()?;
        if let Some(limit) = self.function_limit()
            && self.function_depth >= limit
        {
            let shown = String::from_utf8_lossy(name).into_owned();
            self.complain(format!("{shown}: maximum function nesting level exceeded ({limit})"));
            self.leave();
            self.env.status = 1;
            return Err(Unwind::Error(1));
        }
        let call_line = self.env.line;
        self.env.note_growth(footprint::of_texts(&args));
        let positional = std::mem::replace(&mut self.env.positional, Arc::new(args));
        let outer = footprint::of_texts(&positional) as u64;
        self.env.footprint.outer_arguments += outer;
        let positional_set = self.env.positional_set;
        let loops = std::mem::take(&mut self.loops);
        self.function_depth += 1;
        self.env.frames.push(Frame {
            function: name.into(),
            source: Arc::clone(&function.source),
            call_line,
            is_source: false,
        });
        let hidden = self.hide_traps(function);
        self.env.line = function.definition.body.span.line;
        let mut result = self.run_debug_trap_of_call().await;
        if result.is_ok() {
            let body = &function.definition.body;
            result = Deep::new(self.run_compound(body, true)).await.map(|_| ());
            if result.is_ok() && self.env.status != 0 && super::counts(body) {
                result = self.after_failure().await;
            }
        }
        result = self.end_call(result).await;
        self.show_traps(hidden);
        self.env.frames.pop();
        self.function_depth -= 1;
        self.loops = loops;
        self.env.footprint.outer_arguments -= outer;
        self.env.positional = positional;
        self.env.positional_set = positional_set;
        self.env.line = call_line;
        self.leave();
        match result {
            // A `break` in a function stays in it.
            Err(Unwind::Break(_) | Unwind::Continue(_)) => Ok(()),
            result => result,
        }
    }

    /// `FUNCNEST`
    fn function_limit(&self) -> Option<u32> {
        let value = self.env.get(b"FUNCNEST")?;
        std::str::from_utf8(&value).ok()?.trim().parse().ok().filter(|limit| *limit > 0)
    }
}
