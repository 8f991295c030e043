//! `select name in words; do list; done`

use super::Outcome;
use super::compound::Next;
use super::script::LineRead;
use crate::env::Mode;
use crate::shell::Shell;
use crate::syntax::ast::{List, Word};
use crate::unwind::Unwind;

impl Shell {
    pub(super) async fn run_select(
        &mut self,
        name: &[u8],
        words: Option<&[Word]>,
        body: &List,
    ) -> Outcome {
        let items = match words {
            Some(words) => self.expand_args(words).await?,
            None => self.env.positional.to_vec(),
        };
        self.note_command(|| super::compound::loop_head(b"select ", name, words));
        self.run_debug_trap().await?;
        if items.is_empty() {
            self.env.status = 0;
            return Ok(());
        }
        self.loops += 1;
        let result = self.select_rounds(name, &items, body).await;
        self.loops -= 1;
        result
    }

    async fn select_rounds(&mut self, name: &[u8], items: &[Vec<u8>], body: &List) -> Outcome {
        let mut show = true;
        loop {
            if show {
                let columns = self.env.get(b"COLUMNS");
                let width = columns.and_then(|text| String::from_utf8_lossy(&text).parse().ok());
                self.print_error(&menu(items, width.unwrap_or(80)));
            }
            let prompt = match self.env.get(b"PS3") {
                Some(prompt) => prompt.into_owned(),
                None => b"#? ".to_vec(),
            };
            self.print_error(&prompt);
            let Some(line) = self.read_line_for_select().await? else {
                let _ = self.write_retrying(crate::sys::Fd::STDOUT, b"\n").await;
                self.env.status = 1;
                return Ok(());
            };
            show = line.is_empty();
            let _ = self.env.assign(b"REPLY", line.clone(), Mode::Set);
            if show {
                continue;
            }
            let number = std::str::from_utf8(&line).ok().and_then(|text| text.trim().parse().ok());
            let chosen = number.and_then(|number: usize| items.get(number.checked_sub(1)?));
            self.assign_loop_variable(name, chosen.cloned().unwrap_or_default())?;
            let round = self.run_list(body).await;
            match self.after_round(round)? {
                Next::Round => {}
                Next::Leave => return Ok(()),
            }
            show = self.env.get(b"REPLY").is_some_and(|reply| reply.is_empty());
        }
    }

    /// One line of standard input; `None` at the end.
    async fn read_line_for_select(&mut self) -> Outcome<Option<Vec<u8>>> {
        match self.read_script_line(crate::sys::Fd::STDIN).await {
            LineRead::Line(mut line) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Ok(Some(line))
            }
            LineRead::End => Ok(None),
            LineRead::Interrupted => Err(Unwind::Error(130)),
        }
    }
}

/// The menu in bash's columns.
fn menu(items: &[Vec<u8>], width: usize) -> Vec<u8> {
    let digits = items.len().to_string().len();
    let longest = items.iter().map(|item| crate::pattern::count_characters(item)).max();
    let cell = longest.unwrap_or(0) + digits + 2 + 2;
    let mut columns = (width / cell).max(1);
    let mut rows = items.len().div_ceil(columns);
    columns = items.len().div_ceil(rows);
    if rows == 1 {
        rows = columns;
        columns = 1;
    }
    let mut text = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let position = column * rows + row;
            let Some(item) = items.get(position) else { continue };
            let entry = format!("{:>digits$}) ", position + 1);
            text.extend_from_slice(entry.as_bytes());
            text.extend_from_slice(item);
            if items.get((column + 1) * rows + row).is_some() {
                let used = digits + 2 + crate::pattern::count_characters(item);
                text.extend(std::iter::repeat_n(b' ', cell.saturating_sub(used)));
            }
        }
        text.push(b'\n');
    }
    text
}
