//! Compound commands.

use super::{Layout, Printer};
use crate::syntax::ast::{CaseEnd, CaseItem, CompoundKind, CondExpr, List, Word, WordPart};

impl Printer {
    pub(super) fn compound(&mut self, kind: &CompoundKind) {
        self.skip_indent = false;
        match kind {
            CompoundKind::Group(list) => self.group(list),
            CompoundKind::Subshell(list) => {
                self.text(b"( ");
                self.inline_start(list);
                self.closed_list_end(list);
                self.print_deferred(b"");
                self.closing_parenthesis();
            }
            CompoundKind::For { name, words, body } => {
                self.loop_words(b"for ", name, words.as_deref(), body);
            }
            CompoundKind::Select { name, words, body } => {
                self.loop_words(b"select ", name, words.as_deref(), body);
            }
            CompoundKind::ArithFor { init, condition, update, body } => {
                self.text(b"for ((");
                self.for_part(init);
                self.text(b"; ");
                self.for_part(condition);
                self.text(b"; ");
                self.for_part(update);
                self.text(b"))");
                self.do_group(body);
            }
            CompoundKind::Case { word, items } => self.case(word, items),
            CompoundKind::If { branches, otherwise } => {
                self.if_branches(branches, otherwise.as_ref());
            }
            CompoundKind::While { until, condition, body } => {
                self.text(if *until { b"until " } else { b"while " });
                self.inline_start(condition);
                self.print_deferred(b"");
                self.semicolon();
                self.text(b" do");
                self.line_end();
                self.indented(body);
                self.semicolon();
                self.newline(b"done");
            }
            CompoundKind::Cond(expression) => {
                self.text(b"[[ ");
                self.condition(expression);
                self.text(b" ]]");
            }
            CompoundKind::Arith(word) => {
                self.text(b"((");
                self.word(word);
                self.text(b"))");
            }
        }
    }

    /// A list whose first command stands on this line.
    fn inline_start(&mut self, list: &List) {
        self.skip_indent = true;
        self.list(list);
        self.skip_indent = false;
    }

    /// A list on lines of its own, one step further in.
    fn indented(&mut self, list: &List) {
        self.indent += 1;
        self.skip_indent = false;
        self.list(list);
        self.print_deferred(b"");
        self.indent -= 1;
    }

    fn closing_parenthesis(&mut self) {
        if self.is_bash() || self.deferred.is_empty() {
            self.text(b" )");
        } else {
            self.line_end();
            self.text(b")");
        }
    }

    fn group(&mut self, list: &List) {
        self.text(b"{ ");
        if self.layout == Layout::Lines {
            self.line_end();
            self.indented(list);
            self.newline(b"}");
            return;
        }
        self.inline_start(list);
        self.print_deferred(b"");
        self.semicolon();
        self.text(b" }");
    }

    fn loop_words(&mut self, keyword: &[u8], name: &[u8], words: Option<&[Word]>, body: &List) {
        self.text(keyword);
        self.text(name);
        match words {
            Some(words) => {
                self.text(b" in ");
                self.words(words, b" ");
            }
            None if self.is_bash() => self.text(b" in \"$@\""),
            None => {}
        }
        self.text(b";");
        self.do_group(body);
    }

    fn words(&mut self, words: &[Word], between: &[u8]) {
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                self.text(between);
            }
            self.word(word);
        }
    }

    fn do_group(&mut self, body: &List) {
        self.newline(b"do");
        self.line_end();
        self.indented(body);
        self.semicolon();
        self.newline(b"done");
    }

    fn for_part(&mut self, word: &Word) {
        if word.parts.is_empty() && self.is_bash() {
            self.text(b"1");
        } else {
            self.word(word);
        }
    }

    fn case(&mut self, word: &Word, items: &[CaseItem]) {
        self.text(b"case ");
        self.word(word);
        self.text(b" in ");
        self.indent += 1;
        for item in items {
            self.newline(b"");
            // `esac` as the first pattern needs its parenthesis.
            if !self.is_bash() {
                self.out.push(b'(');
            }
            self.words(&item.patterns, b" | ");
            self.text(b")");
            self.line_end();
            self.indented(&item.body);
            self.newline(match item.end {
                CaseEnd::Break => b";;",
                CaseEnd::FallThrough => b";&",
                CaseEnd::Continue => b";;&",
            });
        }
        self.indent -= 1;
        self.newline(b"esac");
    }

    /// `if` and its `elif`s, which bash prints as an `if` inside `else`.
    fn if_branches(&mut self, branches: &[(List, List)], otherwise: Option<&List>) {
        for (index, (condition, body)) in branches.iter().enumerate() {
            if index > 0 {
                self.semicolon();
                if self.is_bash() {
                    self.newline(b"else");
                    self.line_end();
                    self.indent += 1;
                    self.pad();
                    self.text(b"if ");
                } else {
                    self.newline(b"elif ");
                }
            } else {
                self.text(b"if ");
            }
            self.inline_start(condition);
            self.semicolon();
            self.text(b" then");
            self.line_end();
            self.indented(body);
        }
        if let Some(body) = otherwise {
            self.semicolon();
            self.newline(b"else");
            self.line_end();
            self.indented(body);
        }
        self.semicolon();
        self.newline(b"fi");
        if self.is_bash() {
            for _ in 1..branches.len() {
                self.indent -= 1;
                self.semicolon();
                self.newline(b"fi");
            }
        }
    }

    pub(super) fn condition(&mut self, expression: &CondExpr) {
        match expression {
            CondExpr::Or(left, right) => self.joined(left, b" || ", right),
            CondExpr::And(left, right) => self.joined(left, b" && ", right),
            CondExpr::Not(inner) => {
                self.text(b"! ");
                self.condition(inner);
            }
            CondExpr::Group(inner) => {
                self.text(b"( ");
                self.condition(inner);
                self.text(b" )");
            }
            CondExpr::Word(word) => {
                if self.is_bash() {
                    self.text(b"-n ");
                }
                self.word(word);
            }
            CondExpr::Unary(operator, word) => {
                self.text(operator);
                self.out.push(b' ');
                self.word(word);
            }
            CondExpr::Binary(left, operator, right) => {
                self.word(left);
                self.out.push(b' ');
                self.text(operator);
                self.out.push(b' ');
                self.word(right);
                if !self.is_bash() && ends_in_backslash(right) {
                    self.out.push(b' ');
                }
            }
        }
    }

    fn joined(&mut self, left: &CondExpr, operator: &[u8], right: &CondExpr) {
        self.condition(left);
        self.text(operator);
        self.condition(right);
    }
}

fn ends_in_backslash(word: &Word) -> bool {
    matches!(word.parts.last(), Some(WordPart::Literal(text)) if text.ends_with(b"\\"))
}
