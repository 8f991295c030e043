//! `[[ expression ]]`

use super::Outcome;
use super::regex::BadRegex;
use crate::builtin::test;
use crate::env::{Indexed, SetOption, Shopt};
use crate::expand::quote;
use crate::shell::Shell;
use crate::syntax::ast::{CondExpr, Word};
use crate::sys::Deep;
use crate::unwind::Unwind;

/// Whether `!` stands before a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    Plain,
    Negated,
}

impl Shell {
    pub(super) async fn run_cond(&mut self, expression: &CondExpr) -> Outcome {
        match self.cond(expression).await {
            Ok(Some(holds)) => self.env.status = u8::from(!holds),
            Ok(None) => self.env.status = 2,
            Err(unwind) => return Err(unwind),
        }
        Ok(())
    }

    /// Whether it holds; `None` after an error that was said.
    fn cond<'a>(&'a mut self, expression: &'a CondExpr) -> Deep<'a, Outcome<Option<bool>>> {
        Deep::new(async move {
            match expression {
                CondExpr::Or(left, right) => match self.cond(left).await? {
                    Some(false) => self.cond(right).await,
                    other => Ok(other),
                },
                CondExpr::And(left, right) => match self.cond(left).await? {
                    Some(true) => self.cond(right).await,
                    other => Ok(other),
                },
                CondExpr::Not(inner) => {
                    let holds = match &**inner {
                        test @ (CondExpr::Word(_) | CondExpr::Unary(..) | CondExpr::Binary(..)) => {
                            self.cond_test(test, Sense::Negated).await?
                        }
                        inner => self.cond(inner).await?,
                    };
                    Ok(holds.map(|holds| !holds))
                }
                CondExpr::Group(inner) => self.cond(inner).await,
                test => self.cond_test(test, Sense::Plain).await,
            }
        })
    }

    /// A test without parts; `sense` is for `set -x`.
    async fn cond_test(&mut self, test: &CondExpr, sense: Sense) -> Outcome<Option<bool>> {
        match test {
            CondExpr::Word(word) => {
                let text = self.expand_subject(word).await?;
                if self.env.is(SetOption::Xtrace) {
                    self.trace_test(sense, &[b"-n".to_vec(), quote::traced(&text)]).await;
                }
                Ok(Some(!text.is_empty()))
            }
            CondExpr::Unary(op, word) => self.cond_unary(sense, op, word).await.map(Some),
            CondExpr::Binary(left, op, right) => self.cond_binary(sense, left, op, right).await,
            other => self.cond(other).await,
        }
    }

    async fn cond_unary(&mut self, sense: Sense, op: &[u8], word: &Word) -> Outcome<bool> {
        let text = match op {
            b"-v" => self.expand_reference(word).await?,
            _ => self.expand_subject(word).await?,
        };
        if self.env.is(SetOption::Xtrace) {
            self.trace_test(sense, &[op.to_vec(), quote::traced(&text)]).await;
        }
        Ok(test::unary(self, op, &text).unwrap_or(false))
    }

    async fn cond_binary(
        &mut self,
        sense: Sense,
        left: &Word,
        op: &[u8],
        right: &Word,
    ) -> Outcome<Option<bool>> {
        const NUMERIC: [&[u8]; 6] = [b"-eq", b"-ne", b"-lt", b"-le", b"-gt", b"-ge"];
        let subject = if NUMERIC.contains(&op) {
            self.expand_reference(left).await?
        } else {
            self.expand_subject(left).await?
        };
        match op {
            b"=" | b"==" | b"!=" => {
                let (pattern, shown) = self.expand_cond_pattern(right).await?;
                if self.env.is(SetOption::Xtrace) {
                    self.trace_test(sense, &[quote::traced(&subject), op.to_vec(), shown]).await;
                }
                Ok(Some(pattern.matches(&subject) == (op != b"!=")))
            }
            b"=~" => {
                let regex = self.expand_regex(right).await?;
                if self.env.is(SetOption::Xtrace) {
                    self.trace_test(sense, &[quote::traced(&subject), op.to_vec(), regex.clone()])
                        .await;
                }
                self.match_regex(&subject, &regex)
            }
            _ if NUMERIC.contains(&op) => {
                let other = self.expand_reference(right).await?;
                if self.env.is(SetOption::Xtrace) {
                    let shown = [quote::traced(&subject), op.to_vec(), quote::traced(&other)];
                    self.trace_test(sense, &shown).await;
                }
                let Some(left) = self.cond_number(&subject).await? else { return Ok(Some(false)) };
                let Some(right) = self.cond_number(&other).await? else { return Ok(Some(false)) };
                Ok(test::compare_numbers(op, left, right))
            }
            _ => {
                let other = self.expand_subject(right).await?;
                if self.env.is(SetOption::Xtrace) {
                    let shown = [quote::traced(&subject), op.to_vec(), quote::traced(&other)];
                    self.trace_test(sense, &shown).await;
                }
                Ok(Some(test::binary(self, &subject, op, &other).unwrap_or(false)))
            }
        }
    }

    /// The value of an operand; none after an error that was said.
    async fn cond_number(&mut self, text: &[u8]) -> Outcome<Option<i64>> {
        match self.evaluate(text).await? {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                if error.is_fatal() {
                    self.complain(&error.message);
                    return Err(Unwind::Exit(self.fatal_status()));
                }
                self.complain([b"[[: ", &error.message[..]].concat());
                Ok(None)
            }
        }
    }

    /// `=~`: a POSIX extended expression; the groups go into `BASH_REMATCH`.
    fn match_regex(&mut self, subject: &[u8], regex: &[u8]) -> Outcome<Option<bool>> {
        let nocase = self.env.shopt(Shopt::Nocasematch);
        let compiled = match super::regex::compile(regex, nocase) {
            Ok(compiled) => compiled,
            Err(BadRegex::BackReference) => {
                self.complain("[[: back-references are not supported in regular expressions");
                return Ok(None);
            }
            // Bash says nothing of a bad expression; the status does.
            Err(BadRegex::Invalid) => return Ok(None),
        };
        let groups = compiled.match_groups(subject);
        let matched = groups.is_some();
        let array = Indexed::from_values(groups.unwrap_or_default());
        let _ = self.env.assign_indexed(b"BASH_REMATCH", array);
        Ok(Some(matched))
    }
}
