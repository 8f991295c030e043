//! The tokens of arithmetic.

use super::Binary;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    /// As written: digits, letters, `#`, `@`, `_`.
    Number(&'a [u8]),
    /// A name, and what stands between brackets after it.
    Name(&'a [u8], Option<&'a [u8]>),
    Binary(Binary),
    Power,
    Not,
    BitNot,
    /// `=`, or an operator and `=`.
    Assign(Option<Binary>),
    /// `++` or `--` before a name: what is added.
    Increment(i64),
    /// `++` or `--` after a name.
    PostIncrement(i64),
    Question,
    Colon,
    Comma,
    Open,
    Close,
    End,
}

pub(super) struct Lexer<'a> {
    pub(super) text: &'a [u8],
    /// After the last token.
    pub(super) position: usize,
    /// Where the last token starts: what an error points to.
    pub(super) last: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Lexer<'a> {
        Lexer { text, position: 0, last: 0 }
    }

    /// The next token. `++` means another thing after a name than before one.
    ///
    /// # Errors
    /// Bash's words for a character that is not arithmetic, or a bracket without its pair.
    pub(super) fn next(
        &mut self,
        after_name: bool,
        after_operand: bool,
    ) -> Result<Token<'a>, &'static str> {
        self.position = self.after_blanks(self.position);
        let rest = self.text.get(self.position..).unwrap_or_default();
        let Some(&first) = rest.first() else { return Ok(Token::End) };
        self.last = self.position;
        let (token, length) = match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => name(rest)?,
            b'0'..=b'9' => {
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"#@_".contains(byte);
                let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                (Token::Number(&rest[..length]), length)
            }
            _ => match operator(rest, after_name) {
                Some(found) => found,
                None if after_operand => return Err("syntax error: invalid arithmetic operator"),
                None => return Err("syntax error: operand expected"),
            },
        };
        self.position += length;
        Ok(token)
    }

    /// Whether `=` comes next, and not `==`.
    pub(super) fn at_plain_assignment(&self) -> bool {
        let rest = self.text.get(self.after_blanks(self.position)..).unwrap_or_default();
        rest.first() == Some(&b'=') && rest.get(1) != Some(&b'=')
    }

    /// The first place from `position` on that is not blank.
    pub(super) fn after_blanks(&self, position: usize) -> usize {
        let rest = self.text.get(position..).unwrap_or_default();
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        position + rest.iter().position(|byte| !is_blank(byte)).unwrap_or(rest.len())
    }
}

fn name(rest: &[u8]) -> Result<(Token<'_>, usize), &'static str> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(length);
    if after.first() != Some(&b'[') {
        return Ok((Token::Name(name, None), length));
    }
    let end = closing_bracket(after).ok_or("bad array subscript")?;
    Ok((Token::Name(name, Some(&after[1..end])), length + end + 1))
}

/// Where the bracket that opens `text` is closed; quoted ones do not count.
pub(crate) fn closing_bracket(text: &[u8]) -> Option<usize> {
    let mut depth = 0_u32;
    let mut bytes = text.iter().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'[' => depth += 1,
            b']' if depth == 1 => return Some(index),
            b']' => depth = depth.checked_sub(1)?,
            b'\'' | b'"' => {
                bytes.find(|(_, other)| *other == byte)?;
            }
            _ => {}
        }
    }
    None
}

fn operator(rest: &[u8], after_name: bool) -> Option<(Token<'_>, usize)> {
    let assign = |operator| Token::Assign(Some(operator));
    Some(match rest {
        [b'<', b'<', b'=', ..] => (assign(Binary::Shl), 3),
        [b'>', b'>', b'=', ..] => (assign(Binary::Shr), 3),
        [b'=', b'=', ..] => (Token::Binary(Binary::Eq), 2),
        [b'!', b'=', ..] => (Token::Binary(Binary::Ne), 2),
        [b'>', b'=', ..] => (Token::Binary(Binary::Ge), 2),
        [b'<', b'=', ..] => (Token::Binary(Binary::Le), 2),
        [b'<', b'<', ..] => (Token::Binary(Binary::Shl), 2),
        [b'>', b'>', ..] => (Token::Binary(Binary::Shr), 2),
        [b'&', b'&', ..] => (Token::Binary(Binary::And), 2),
        [b'|', b'|', ..] => (Token::Binary(Binary::Or), 2),
        [b'*', b'*', ..] => (Token::Power, 2),
        [sign @ (b'+' | b'-'), again, after @ ..] if sign == again => {
            let step = if *sign == b'+' { 1 } else { -1 };
            let name_follows = after
                .trim_ascii_start()
                .first()
                .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
            match (after_name, name_follows) {
                (true, _) => (Token::PostIncrement(step), 2),
                (false, true) => (Token::Increment(step), 2),
                (false, false) if *sign == b'+' => (Token::Binary(Binary::Add), 1),
                (false, false) => (Token::Binary(Binary::Sub), 1),
            }
        }
        [operator, b'=', ..] if b"*/%+-&^|".contains(operator) => {
            let (Token::Binary(binary), _) = single(*operator)? else { return None };
            (assign(binary), 2)
        }
        [operator, ..] => single(*operator)?,
        [] => return None,
    })
}

fn single(operator: u8) -> Option<(Token<'static>, usize)> {
    let token = match operator {
        b'=' => Token::Assign(None),
        b'>' => Token::Binary(Binary::Gt),
        b'<' => Token::Binary(Binary::Lt),
        b'+' => Token::Binary(Binary::Add),
        b'-' => Token::Binary(Binary::Sub),
        b'*' => Token::Binary(Binary::Mul),
        b'/' => Token::Binary(Binary::Div),
        b'%' => Token::Binary(Binary::Rem),
        b'&' => Token::Binary(Binary::BitAnd),
        b'|' => Token::Binary(Binary::BitOr),
        b'^' => Token::Binary(Binary::BitXor),
        b'!' => Token::Not,
        b'~' => Token::BitNot,
        b'(' => Token::Open,
        b')' => Token::Close,
        b'?' => Token::Question,
        b':' => Token::Colon,
        b',' => Token::Comma,
        _ => return None,
    };
    Some((token, 1))
}
