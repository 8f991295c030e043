//! POSIX extended regular expressions, for `=~`, in terms of the `regex` crate.

use regex::bytes::{Regex, RegexBuilder};

/// Compiles an expression; `None` if it is not one.
pub(crate) fn compile(text: &[u8], nocase: bool) -> Option<Regex> {
    let translated = translate(text)?;
    RegexBuilder::new(&translated)
        .case_insensitive(nocase)
        .dot_matches_new_line(true)
        .unicode(true)
        .size_limit(1 << 22)
        .build()
        .ok()
}

/// In the `regex` crate's syntax.
fn translate(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('w') => out.push_str("[[:word:]]"),
                Some('W') => out.push_str("[^[:word:]]"),
                Some('s') => out.push_str("[[:space:]]"),
                Some('S') => out.push_str("[^[:space:]]"),
                Some(c @ ('b' | 'B' | '<' | '>')) => {
                    out.push('\\');
                    match c {
                        '<' => out.push_str("b{start}"),
                        '>' => out.push_str("b{end}"),
                        c => out.push(c),
                    }
                }
                Some(c) => push_literal(c, &mut out),
                None => return None,
            },
            '[' => bracket(&mut rest, &mut out)?,
            '{' if !rest.peek().is_some_and(char::is_ascii_digit) => out.push_str("\\{"),
            '#' | '&' | '~' | '-' => push_literal(c, &mut out),
            // Two repetitions in a row: the second would make the first lazy.
            '*' | '+' | '?' => {
                let repeated = matches!(out.chars().last(), Some('*' | '+' | '?'))
                    && !out.ends_with("\\*")
                    && !out.ends_with("\\+")
                    && !out.ends_with("\\?");
                if repeated {
                    continue;
                }
                if out.is_empty() || out.ends_with('(') || out.ends_with('|') {
                    if c == '*' { out.push_str("\\*") } else { return None }
                } else {
                    out.push(c);
                }
            }
            c => out.push(c),
        }
    }
    Some(out)
}

fn push_literal(c: char, out: &mut String) {
    out.push_str(&regex::escape(&c.to_string()));
}

/// A bracket expression: nothing but `]`, `-`, `^` and classes is special in it.
fn bracket(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let c = rest.next()?;
        match c {
            ']' if !first => break,
            '[' if matches!(rest.peek(), Some(':')) => {
                let mut class = String::from("[");
                loop {
                    let c = rest.next()?;
                    class.push(c);
                    if c == ']' && class.ends_with(":]") && class.len() > 3 {
                        break;
                    }
                }
                out.push_str(&class);
            }
            '[' if matches!(rest.peek(), Some('.' | '=')) => {
                let mark = rest.next()?;
                let c = rest.next()?;
                out.push_str(&regex::escape(&c.to_string()));
                while rest.next()? != mark {}
                rest.next_if_eq(&']')?;
            }
            '-' => {
                if first || matches!(rest.peek(), Some(']')) {
                    out.push_str("\\-");
                } else {
                    out.push('-');
                }
            }
            '\\' | '[' | ']' | '&' | '~' | '^' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        first = false;
    }
    out.push(']');
    Some(())
}
