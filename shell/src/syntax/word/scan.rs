//! Finding a closing bracket without parsing what is between.
//!
//! Decides between `((` and `( (`, and where text that cannot be expanded ends. No recursion:
//! what is open stands on a stack of bytes.

use crate::syntax::Grammar;

impl Grammar<'_> {
    /// The position of the byte that closes the bracket opened just before `from`.
    pub(in crate::syntax) fn find_closing(&self, from: usize, close: u8) -> Option<usize> {
        let mut open = vec![close];
        let mut pos = from;
        loop {
            let byte = self.input.at(pos);
            let innermost = *open.last()?;
            match byte {
                0 => return None,
                b'\\' => pos += 1,
                b'`' => pos = self.find_backquote(pos + 1)?,
                b'"' if innermost == b'"' => {
                    open.pop();
                }
                b'"' => open.push(b'"'),
                b'$' if self.input.at(pos + 1) == b'(' => {
                    open.push(b')');
                    pos += 1;
                }
                b'$' if self.input.at(pos + 1) == b'{' => {
                    open.push(b'}');
                    pos += 1;
                }
                _ if innermost == b'"' => {}
                b'\'' => pos = self.find_byte(pos + 1, b'\'')?,
                _ if byte == innermost => {
                    open.pop();
                    if open.is_empty() {
                        return Some(pos);
                    }
                }
                b'(' if innermost == b')' => open.push(b')'),
                b'[' if innermost == b']' => open.push(b']'),
                _ => {}
            }
            pos += 1;
        }
    }

    /// The position of the backquote that closes the one just before `from`.
    pub(in crate::syntax) fn find_backquote(&self, from: usize) -> Option<usize> {
        let mut pos = from;
        loop {
            match self.input.at(pos) {
                0 => return None,
                b'`' => return Some(pos),
                b'\\' => pos += 2,
                _ => pos += 1,
            }
        }
    }

    fn find_byte(&self, from: usize, wanted: u8) -> Option<usize> {
        let mut pos = from;
        loop {
            match self.input.at(pos) {
                0 => return None,
                byte if byte == wanted => return Some(pos),
                _ => pos += 1,
            }
        }
    }
}
