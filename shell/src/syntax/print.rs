//! Printing a tree: as a script that parses to the same tree, or as bash's `declare -f` does.
//!
//! Bash's layout is a format of its own: it is indented by four, `elif` becomes a nested
//! `if`, `|&` becomes `2>&1 |`, and the places of here-documents follow its printer's habits.

mod command;
mod compound;
mod redirect;
mod word;

use super::ast::{FunctionDef, HereDoc, List, Word};

/// What the text is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Parses to the same tree.
    Source,
    /// Is what bash prints.
    Bash,
}

/// How lists are laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One and-or list a line, as inside a function.
    Lines,
    /// All on one line, as inside `$( )`.
    Inline,
}

/// A here-document whose operator has been printed and whose body has not.
struct Deferred {
    body: Vec<u8>,
    delimiter: Box<[u8]>,
}

/// The text so far.
struct Printer {
    out: Vec<u8>,
    style: Style,
    layout: Layout,
    indent: usize,
    /// The next command stands where it is, not on a line of its own.
    skip_indent: bool,
    deferred: Vec<Deferred>,
    /// Here-documents have just been printed: no `;` follows.
    was_here_doc: bool,
}

/// A script that parses to the same tree, spans aside.
pub fn print(list: &List) -> Vec<u8> {
    let mut printer = Printer::new(Style::Source, Layout::Lines);
    printer.list(list);
    printer.line_end();
    if list.items.is_empty() { Vec::new() } else { printer.out }
}

/// A function as bash's `declare -f` prints it, without a newline at the end.
pub fn print_function(function: &FunctionDef) -> Vec<u8> {
    let mut printer = Printer::new(Style::Bash, Layout::Lines);
    if super::is_reserved(&function.name) {
        printer.text(b"function ");
    }
    printer.text(&function.name);
    printer.text(b" () \n");
    printer.function_body(function);
    printer.out
}

/// A list on one line, as bash names jobs and prints command substitutions.
pub fn print_inline(list: &List) -> Vec<u8> {
    let mut printer = Printer::new(Style::Bash, Layout::Inline);
    printer.list(list);
    printer.print_deferred(b"");
    printer.out
}

/// An and-or list on one line: what `jobs` shows.
pub fn print_and_or(and_or: &super::ast::AndOr) -> Vec<u8> {
    let mut printer = Printer::new(Style::Bash, Layout::Inline);
    printer.and_or(and_or);
    printer.print_deferred(b"");
    printer.out
}

/// A word as it is written.
pub fn print_word(word: &Word) -> Vec<u8> {
    let mut printer = Printer::new(Style::Source, Layout::Inline);
    printer.word(word);
    printer.out
}

/// An assignment as it is written.
pub fn print_assignment(assignment: &super::ast::Assignment) -> Vec<u8> {
    let mut printer = Printer::new(Style::Source, Layout::Inline);
    printer.assignment(assignment);
    printer.out
}

/// A command on one line: what `BASH_COMMAND` and `set -x` show of it.
pub fn print_command(command: &super::ast::Command) -> Vec<u8> {
    let mut printer = Printer::new(Style::Bash, Layout::Inline);
    printer.command(command);
    printer.print_deferred(b"");
    printer.out
}

/// An expression of `[[ ]]`, without the brackets.
pub fn print_cond(expression: &super::ast::CondExpr) -> Vec<u8> {
    let mut printer = Printer::new(Style::Bash, Layout::Inline);
    printer.condition(expression);
    printer.out
}

impl Printer {
    fn new(style: Style, layout: Layout) -> Self {
        Self {
            out: Vec::new(),
            style,
            layout,
            indent: 0,
            skip_indent: true,
            deferred: Vec::new(),
            was_here_doc: false,
        }
    }

    fn text(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    fn is_bash(&self) -> bool {
        self.style == Style::Bash
    }

    /// Ends the line; a script's here-documents stand directly after it.
    fn line_end(&mut self) {
        self.out.push(b'\n');
        if self.style == Style::Source {
            self.bodies();
        }
    }

    /// Ends the line and begins the next with `text`.
    fn newline(&mut self, text: &[u8]) {
        self.line_end();
        self.pad();
        self.text(text);
    }

    fn pad(&mut self) {
        self.out.resize(self.out.len() + 4 * self.indent, b' ');
    }

    /// Indents a command that stands on a line of its own.
    fn begin(&mut self) {
        if self.skip_indent {
            self.skip_indent = false;
        } else {
            self.pad();
        }
    }

    /// A `;` unless the line is ended already.
    fn semicolon(&mut self) {
        if !matches!(self.out.last(), Some(b'&' | b'\n')) {
            self.out.push(b';');
        }
    }

    fn defer(&mut self, here_doc: &HereDoc) {
        let mut body = Printer::new(self.style, Layout::Inline);
        body.parts(&here_doc.body.parts);
        self.deferred.push(Deferred { body: body.out, delimiter: here_doc.delimiter.clone() });
    }

    fn bodies(&mut self) {
        for here_doc in std::mem::take(&mut self.deferred) {
            self.text(&here_doc.body);
            // No line is a delimiter with a newline in it: the end of the text ended the body.
            if !here_doc.delimiter.contains(&b'\n') {
                self.text(&here_doc.delimiter);
                self.out.push(b'\n');
            }
        }
    }

    /// Where bash prints what it deferred: after the operator `text`.
    fn print_deferred(&mut self, text: &[u8]) {
        if self.deferred.is_empty() {
            self.text(text);
            return;
        }
        if self.style == Style::Source && !text.is_empty() {
            self.text(text);
            return;
        }
        if self.style == Style::Source && self.layout == Layout::Lines {
            return;
        }
        self.text(text);
        self.out.push(b'\n');
        self.bodies();
        if !text.is_empty() {
            self.out.push(b' ');
        }
        self.was_here_doc = true;
    }
}
