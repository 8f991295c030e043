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
