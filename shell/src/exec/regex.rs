//! POSIX extended regular expressions, for `=~`, in terms of the `regex` crates.
//!
//! Of the matches that start first, POSIX wants the longest, Perl the one that the order of
//! alternatives prefers: `regex` finds the start, and `regex-automata`'s simulation, which can
//! go on after a match, the end. Not here: the rule that each group be as long as it can.

use regex::bytes::{Regex, RegexBuilder};
use regex_automata::nfa::thompson::{self, pikevm};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

/// How large a compiled expression may be, in bytes.
const SIZE_LIMIT: usize = 1 << 22;

/// A compiled expression.
pub(crate) struct Expression {
    regex: Regex,
    /// Where the first match that Perl would find may not be the longest.
    longest: Option<pikevm::PikeVM>,
}

/// Compiles an expression; `None` if it is not one.
pub(crate) fn compile(text: &[u8], nocase: bool) -> Option<Expression> {
    let translated = translate(text)?;
    let regex = RegexBuilder::new(&translated)
        .case_insensitive(nocase)
        .dot_matches_new_line(true)
        .unicode(true)
        .size_limit(SIZE_LIMIT)
        .build()
        .ok()?;
    let ambiguous = text.iter().any(|byte| b"|?*{".contains(byte));
    let longest = ambiguous.then(|| simulation(&translated, nocase)).flatten();
    Some(Expression { regex, longest })
}

fn simulation(translated: &str, nocase: bool) -> Option<pikevm::PikeVM> {
    let syntax =
        syntax::Config::new().utf8(false).case_insensitive(nocase).dot_matches_new_line(true);
    pikevm::PikeVM::builder()
        .syntax(syntax)
        .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT)))
        .configure(pikevm::Config::new().match_kind(MatchKind::All))
        .build(translated)
        .ok()
}

impl Expression {
    /// The match that is leftmost and then longest, and its groups: empty where they take no part.
    pub(crate) fn match_groups(&self, subject: &[u8]) -> Option<Vec<Vec<u8>>> {
        let text = |span: Option<(usize, usize)>| {
            span.and_then(|(start, end)| subject.get(start..end)).unwrap_or_default().to_vec()
        };
        let Some(longest) = &self.longest else {
            let groups = self.regex.captures(subject)?;
            let spans = groups.iter().map(|group| group.map(|m| (m.start(), m.end())));
            return Some(spans.map(text).collect());
        };
        let start = self.regex.find(subject)?.start();
        let input = Input::new(subject).range(start..).anchored(Anchored::Yes);
        let mut groups = longest.create_captures();
        longest.captures(&mut longest.create_cache(), input, &mut groups);
        let spans = groups.iter().map(|group| group.map(|span| (span.start, span.end)));
        Some(spans.map(text).collect())
    }
}

/// In the `regex` crate's syntax.
fn translate(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(c @ ('w' | 'W' | 's' | 'S')) => out.extend(['\\', c]),
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
                out.push_str(match class.as_str() {
                    "[:alpha:]" => r"\p{Alphabetic}",
                    "[:alnum:]" => r"\p{Alphabetic}\p{N}",
                    "[:lower:]" => r"\p{Lowercase}",
                    "[:upper:]" => r"\p{Uppercase}",
                    "[:space:]" => r"\s",
                    "[:cntrl:]" => r"\p{Cc}",
                    "[:print:]" => r"\P{C}",
                    "[:graph:]" => r"\P{C}&&\S",
                    "[:punct:]" => r"!-/:-@\[-`{-~\p{P}\p{S}",
                    class => class,
                });
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
