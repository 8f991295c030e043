//! `${name:offset:length}` of strings, arrays and parameters.

use super::Outcome;
use super::param::{Held, parameter_text};
use crate::env::Value;
use crate::pattern::{character_at, count_characters};
use crate::shell::Shell;
use crate::syntax::ast::{Param, Word};
use crate::unwind::Unwind;

impl Shell {
    /// `${name:offset:length}`
    pub(super) async fn sliced(
        &mut self,
        param: &Param,
        held: Held,
        offset: &Word,
        length: Option<&Word>,
    ) -> Outcome<Held> {
        // Of what is unset nothing is cut, so that nothing is evaluated either.
        if matches!(held, Held::Unset) {
            return Ok(held);
        }
        let name = parameter_text(param);
        let offset = self.arith_deep(offset, &name).await?;
        let length = match length {
            Some(word) => Some(self.arith_deep(word, &name).await?),
            None => None,
        };
        match held {
            Held::Unset => Ok(Held::Unset),
            Held::One(value) => {
                let count = count_characters(&value);
                let beyond = usize::try_from(offset).is_ok_and(|offset| offset > count);
                let start = from_end(offset, count as u64).filter(|_| !beyond);
                let Some(start) = start else { return Ok(Held::One(Vec::new())) };
                let end = match length {
                    None => count as u64,
                    Some(length) if length < 0 => match from_end(length, count as u64) {
                        Some(end) if end >= start => end,
                        _ => return Err(self.substring_error(length)),
                    },
                    Some(length) => start.saturating_add(length as u64),
                };
                let byte =
                    |index: u64| character_at(&value, usize::try_from(index).unwrap_or(usize::MAX));
                let slice = value.get(byte(start)..byte(end)).unwrap_or_default();
                Ok(Held::One(slice.to_vec()))
            }
            Held::Many(values, star) => {
                let limit = match length {
                    Some(length) if length < 0 => return Err(self.substring_error(length)),
                    Some(length) => usize::try_from(length).unwrap_or(usize::MAX),
                    None => usize::MAX,
                };
                let mut chosen = self.elements_from(param, values, offset);
                chosen.truncate(limit);
                Ok(Held::Many(chosen, star))
            }
        }
    }

    /// The elements whose index is the offset or more.
    fn elements_from(&self, param: &Param, values: Vec<Vec<u8>>, offset: i64) -> Vec<Vec<u8>> {
        if let Param::Element(name, _) = param {
            let variable = self.env.variable(name);
            let array = variable.as_ref().and_then(|variable| match &variable.value {
                Value::Indexed(array) => Some(array),
                _ => None,
            });
            if let Some(array) = array {
                let start = from_end(offset, array.end());
                return match start {
                    Some(start) => array.values_from(start).map(<[u8]>::to_vec).collect(),
                    None => Vec::new(),
                };
            }
            let is_assoc = variable.is_some_and(|variable| variable.is_assoc());
            let offset = if is_assoc && offset > 0 { offset - 1 } else { offset };
            let start = from_end(offset, values.len() as u64 + u64::from(is_assoc && offset < 0));
            let start = start.and_then(|start| usize::try_from(start).ok());
            return values.into_iter().skip(start.unwrap_or(usize::MAX)).collect();
        }
        // Positional parameters count from 1; 0 is the shell's name.
        let Some(start) = from_end(offset, values.len() as u64 + 1) else { return Vec::new() };
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let all = [self.env.arg0.to_vec()].into_iter().chain(values);
        all.skip(start).collect()
    }

    fn substring_error(&mut self, length: i64) -> Unwind {
        let message = format!("{length}: substring expression < 0");
        self.failure(message.as_bytes())
    }
}

/// A position that may count from the end; `None` when before the start.
fn from_end(position: i64, count: u64) -> Option<u64> {
    match u64::try_from(position) {
        Ok(position) => Some(position.min(count)),
        Err(_) => count.checked_sub(position.unsigned_abs()),
    }
}
