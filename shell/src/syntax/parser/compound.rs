//! Compound commands but loops and `[[ ]]`.

use std::sync::Arc;

use crate::syntax::Grammar;
use crate::syntax::ast::{CaseEnd, CaseItem, Command, CompoundCommand, CompoundKind, List};
use crate::syntax::error::ParseError;
use crate::syntax::input::Mark;
use crate::syntax::token::Keyword;
use crate::syntax::word::arith::ArithEnd;

impl Grammar<'_> {
    /// A compound command with its redirections, after its first word or at its `(`.
    pub(super) fn compound(
        &mut self,
        keyword: Option<Keyword>,
        mark: Mark,
    ) -> Result<Command, ParseError> {
        self.enter(mark)?;
        let kind = match keyword {
            None => self.parenthesis(mark),
            Some(Keyword::OpenBrace) => self.group_command(),
            Some(Keyword::If) => self.if_command(),
            Some(Keyword::Case) => self.case_command(),
            Some(Keyword::For) => self.for_command(mark),
            Some(Keyword::Select) => self.select_command(),
            Some(Keyword::While) => self.while_command(false),
            Some(Keyword::Until) => self.while_command(true),
            Some(Keyword::OpenCond) => self.conditional(),
            Some(_) => Err(self.unexpected()),
        }?;
        self.leave();
        let span = self.input.span(mark);
        let redirects = self.redirects()?;
        let end_needed = !redirects.is_empty();
        // A reserved word directly after a redirection is an ordinary word, which fits nowhere.
        if end_needed && self.peek_keyword().is_some() {
            return Err(self.unexpected());
        }
        Ok(Command::Compound(CompoundCommand { kind, redirects, span }))
    }

    /// `(( expression ))` if it is one, else `( list )`.
    fn parenthesis(&mut self, mark: Mark) -> Result<CompoundKind, ParseError> {
        if let Some(end) = self.arithmetic_end() {
            self.input.pos += 2;
            let word = self.arithmetic(ArithEnd::Remaining(end), mark)?;
            self.input.pos += 2;
            return Ok(CompoundKind::Arith(word));
        }
        self.input.pos += 1;
        let list = self.compound_list()?;
        self.expect_operator(b")")?;
        Ok(CompoundKind::Subshell(Arc::new(list)))
    }

    fn group_command(&mut self) -> Result<CompoundKind, ParseError> {
        self.braces().map(CompoundKind::Group)
    }

    /// `list }`, after the opening brace.
    pub(super) fn braces(&mut self) -> Result<List, ParseError> {
        let list = self.compound_list()?;
        self.expect_keyword(Keyword::CloseBrace)?;
        Ok(list)
    }

    fn if_command(&mut self) -> Result<CompoundKind, ParseError> {
        let mut branches = Vec::new();
        loop {
            let condition = self.compound_list()?;
            self.expect_keyword(Keyword::Then)?;
            branches.push((condition, self.compound_list()?));
            if !self.take_keyword(Keyword::Elif) {
                break;
            }
        }
        let otherwise =
            if self.take_keyword(Keyword::Else) { Some(self.compound_list()?) } else { None };
        self.expect_keyword(Keyword::Fi)?;
        Ok(CompoundKind::If { branches, otherwise })
    }

    fn case_command(&mut self) -> Result<CompoundKind, ParseError> {
        let word = self.required_word()?;
        self.newlines()?;
        self.expect_keyword(Keyword::In)?;
        let mut items = Vec::new();
        loop {
            self.newlines()?;
            if self.take_keyword(Keyword::Esac) {
                return Ok(CompoundKind::Case { word, items });
            }
            let (item, last) = self.case_item()?;
            items.push(item);
            if last {
                self.expect_keyword(Keyword::Esac)?;
                return Ok(CompoundKind::Case { word, items });
            }
        }
    }

    /// One item; whether none may follow because it has no `;;`.
    fn case_item(&mut self) -> Result<(CaseItem, bool), ParseError> {
        if self.next_byte() == b'(' {
            self.input.pos += 1;
        }
        let mut patterns = vec![self.required_word()?];
        while self.next_byte() == b'|' && !self.at_operator(b"||") && !self.at_operator(b"|&") {
            self.input.pos += 1;
            patterns.push(self.required_word()?);
        }
        self.expect_operator(b")")?;
        let body = self.list()?;
        let end = self.take_case_end();
        let item = CaseItem { patterns, body, end: end.unwrap_or(CaseEnd::Break) };
        Ok((item, end.is_none()))
    }
}
