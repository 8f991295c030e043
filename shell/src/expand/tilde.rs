//! Tilde expansion (POSIX XCU 2.6.1).

use crate::env::Env;

/// What `~`, `~+`, `~-` or `~name` at the start of the text becomes, and how many bytes of the
/// text it is. `whole` tells that the text is followed by nothing of the same word.
pub(super) fn prefix(env: &Env, text: &[u8], whole: bool) -> Option<(Vec<u8>, usize)> {
    if text.first() != Some(&b'~') {
        return None;
    }
    let end = text.iter().position(|byte| matches!(byte, b'/' | b':'));
    if end.is_none() && !whole {
        return None;
    }
    let end = end.unwrap_or(text.len());
    let value = match text.get(1..end)? {
        b"" => match env.get(b"HOME") {
            Some(home) => home.into_owned(),
            None => home_of(env.host.uid())?,
        },
        b"+" => env.get(b"PWD")?.into_owned(),
        b"-" => env.get(b"OLDPWD")?.into_owned(),
        b"root" => b"/root".to_vec(),
        number if is_number(number) => entry(env, number)?,
        name => {
            let user = env.get(b"USER").filter(|user| **user == *name);
            user.and_then(|_| env.get(b"HOME"))?.into_owned()
        }
    };
    Some((value, end))
}

fn home_of(uid: u32) -> Option<Vec<u8>> {
    (uid == 0).then(|| b"/root".to_vec())
}

/// `N`, `+N` or `-N`
fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"+").or(text.strip_prefix(b"-")).unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// An entry of the directory stack: the Nth from the left, or from the right with `-`.
fn entry(env: &Env, text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"+").or(text.strip_prefix(b"-")).unwrap_or(text);
    let number: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let count = env.dir_stack.len() + 1;
    let index = if text.first() == Some(&b'-') { count.checked_sub(number + 1)? } else { number };
    match index.checked_sub(1) {
        None => Some(env.get(b"PWD")?.into_owned()),
        Some(below) => env.dir_stack.get(below).cloned(),
    }
}
