//! Lists, pipelines, simple commands, functions.

use super::{Layout, Printer};
use crate::syntax::ast::{
    AndOr, AndOrOp, Arg, ArrayElement, AssignValue, Assignment, Command, CompoundKind, Coproc,
    FunctionDef, List, Pipeline, SimpleCommand, Timed, WordPart,
};
use crate::syntax::is_reserved;

impl Printer {
    pub(super) fn list(&mut self, list: &List) {
        let last = list.items.len().saturating_sub(1);
        let mut after_separator = false;
        for (index, item) in list.items.iter().enumerate() {
            self.and_or(&item.and_or);
            // Bash prints them at once except after the first and after `&`.
            if after_separator && self.is_bash() {
                self.print_deferred(b"");
            }
            after_separator = !item.background;
            if item.background {
                self.print_background(index < last);
            } else if index < last {
                self.separator();
            }
        }
    }

    /// The list that a `)` closes: a `!` alone may stand before a separator, but not before that.
    pub(super) fn closed_list_end(&mut self, list: &List) {
        let nothing = list.items.last().is_some_and(|item| {
            let last = item.and_or.rest.last();
            let last = last.map_or(&item.and_or.first, |(_, pipeline)| pipeline);
            !item.background && last.commands.is_empty()
        });
        if nothing && !self.is_bash() {
            self.out.push(b';');
        }
    }

    /// `&`; what follows stands on the same line.
    fn print_background(&mut self, more: bool) {
        if self.is_bash() {
            self.print_deferred(b"");
            self.text(b" &");
            if more {
                self.out.push(b' ');
                self.skip_indent = true;
            }
            return;
        }
        self.text(b" &");
        if more {
            self.separator_after_operator();
        }
    }

    /// What stands between two and-or lists.
    fn separator(&mut self) {
        if self.is_bash() && !self.deferred.is_empty() {
            self.print_deferred(b"");
        } else if self.was_here_doc && self.is_bash() {
            self.was_here_doc = false;
        } else {
            self.out.push(b';');
        }
        self.separator_after_operator();
    }

    fn separator_after_operator(&mut self) {
        if self.layout == Layout::Lines {
            self.line_end();
        } else {
            self.out.push(b' ');
            self.skip_indent = true;
        }
    }

    pub(super) fn and_or(&mut self, and_or: &AndOr) {
        self.pipeline(&and_or.first);
        for (op, pipeline) in &and_or.rest {
            self.print_deferred(match op {
                AndOrOp::And => b" && ",
                AndOrOp::Or => b" || ",
            });
            self.skip_indent = true;
            self.pipeline(pipeline);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        self.begin();
        match pipeline.timed {
            Some(Timed::Bash) => self.text(b"time "),
            Some(Timed::Posix) => self.text(b"time -p "),
            None => {}
        }
        if pipeline.negated {
            self.text(b"! ");
        }
        for (index, command) in pipeline.commands.iter().enumerate() {
            self.skip_indent = true;
            self.command(command);
            let Some(&stderr) = pipeline.pipe_stderr.get(index) else { continue };
            if stderr && self.is_bash() {
                self.text(b" 2>&1");
            }
            self.print_deferred(if stderr && !self.is_bash() { b" |&" } else { b" |" });
            self.out.push(b' ');
        }
        self.skip_indent = false;
        // A tree that negates or times nothing twice over prints as one that does so once.
        if pipeline.commands.is_empty() && pipeline.timed.is_none() && !pipeline.negated {
            self.text(b"! ! ");
        }
    }

    pub(super) fn command(&mut self, command: &Command) {
        self.begin();
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Compound(compound) => {
                self.compound(&compound.kind);
                if !compound.redirects.is_empty() {
                    self.out.push(b' ');
                    self.redirects(&compound.redirects);
                }
            }
            Command::Function(function) => self.function(function),
            Command::Coproc(coproc) => self.coproc(coproc),
        }
    }

    fn simple(&mut self, simple: &SimpleCommand) {
        let mut first = true;
        let mut space = |printer: &mut Self| {
            if !std::mem::take(&mut first) {
                printer.out.push(b' ');
            }
        };
        for assignment in &simple.assignments {
            space(self);
            self.assignment(assignment);
        }
        // A reserved word that a redirection made an ordinary one needs it before it.
        let guarded = !self.is_bash() && simple.assignments.is_empty() && begins_reserved(simple);
        if guarded && !simple.redirects.is_empty() {
            space(self);
            self.redirects(&simple.redirects);
        }
        for arg in &simple.words {
            space(self);
            match arg {
                Arg::Word(word) => self.word(word),
                Arg::Assignment(assignment) => self.assignment(assignment),
            }
        }
        if !guarded && !simple.redirects.is_empty() {
            space(self);
            self.redirects(&simple.redirects);
        }
    }

    pub(super) fn assignment(&mut self, assignment: &Assignment) {
        self.text(&assignment.name);
        if let Some(subscript) = &assignment.subscript {
            self.out.push(b'[');
            self.word(subscript);
            self.out.push(b']');
        }
        self.text(if assignment.append { b"+=" } else { b"=" });
        match &assignment.value {
            AssignValue::Scalar(word) => self.word(word),
            AssignValue::Array(elements) => self.array(elements),
        }
    }

    fn array(&mut self, elements: &[ArrayElement]) {
        self.out.push(b'(');
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                self.out.push(b' ');
            }
            match element {
                ArrayElement::Word(word) => self.word(word),
                ArrayElement::Keyed { subscript, append, value } => {
                    self.out.push(b'[');
                    self.word(subscript);
                    self.text(if *append { b"]+=" } else { b"]=" });
                    self.word(value);
                }
            }
        }
        self.out.push(b')');
    }

    /// A definition inside something else.
    fn function(&mut self, function: &FunctionDef) {
        if self.is_bash() || function.keyword {
            self.text(b"function ");
        }
        self.text(&function.name);
        if !self.is_bash() {
            self.text(if function.keyword { b" " } else { b" () " });
            self.skip_indent = true;
            self.compound(&function.body.kind);
            if !function.body.redirects.is_empty() {
                self.out.push(b' ');
                self.redirects(&function.body.redirects);
            }
            return;
        }
        self.text(b" () ");
        self.line_end();
        self.pad();
        self.function_body(function);
    }

    /// The body in braces, as bash prints it whatever it is.
    pub(super) fn function_body(&mut self, function: &FunctionDef) {
        self.text(b"{ \n");
        let layout = std::mem::replace(&mut self.layout, Layout::Lines);
        self.indent += 1;
        self.skip_indent = false;
        match &function.body.kind {
            CompoundKind::Group(list) => self.list(list),
            kind => {
                self.begin();
                self.compound(kind);
                if !function.body.redirects.is_empty() {
                    self.text(b" ");
                    self.redirects(&function.body.redirects);
                }
            }
        }
        self.print_deferred(b"");
        self.indent -= 1;
        self.layout = layout;
        let wrapped = !matches!(function.body.kind, CompoundKind::Group(_));
        if function.body.redirects.is_empty() || wrapped {
            self.newline(b"}");
        } else {
            self.newline(b"} ");
            self.redirects(&function.body.redirects);
        }
    }

    fn coproc(&mut self, coproc: &Coproc) {
        self.text(b"coproc ");
        match &coproc.name {
            Some(name) => {
                self.text(name);
                self.out.push(b' ');
            }
            None if self.is_bash() => self.text(b"COPROC "),
            None => {}
        }
        self.skip_indent = true;
        self.command(&coproc.body);
    }
}

/// Whether the command name would be a reserved word if it came first.
fn begins_reserved(simple: &SimpleCommand) -> bool {
    match simple.words.first() {
        Some(Arg::Word(word)) => match &*word.parts {
            [WordPart::Literal(text)] => is_reserved(text),
            _ => false,
        },
        _ => false,
    }
}
