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

/// Why a text is no expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BadRegex {
    /// By the rules of POSIX, as glibc reads them.
    Invalid,
    /// `\\1`: nothing here matches that in linear time.
    BackReference,
}

/// A compiled expression.
pub(crate) struct Expression {
    regex: Regex,
    /// Where the first match that Perl would find may not be the longest.
    longest: Option<pikevm::PikeVM>,
}

/// Compiles an expression.
///
/// # Errors
/// It is not one.
pub(crate) fn compile(text: &[u8], nocase: bool) -> Result<Expression, BadRegex> {
    let translated = translate(text)?;
    let regex = RegexBuilder::new(&translated)
        .case_insensitive(nocase)
        .dot_matches_new_line(true)
        .unicode(true)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|_| BadRegex::Invalid)?;
    let ambiguous = text.iter().any(|byte| b"|?*{".contains(byte));
    let longest = ambiguous.then(|| simulation(&translated, nocase)).flatten();
    Ok(Expression { regex, longest })
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

/// The expression in the `regex` crate's syntax, in the making.
#[derive(Default)]
struct Translation {
    out: String,
    /// Where what a repetition would repeat begins.
    atom: Option<usize>,
    /// It is repeated already.
    repeated: bool,
    /// Where the open groups begin.
    groups: Vec<usize>,
}

/// The largest count of a repetition (glibc's `RE_DUP_MAX`).
const MAX_COUNT: u32 = 0x7fff;

fn translate(text: &[u8]) -> Result<String, BadRegex> {
    let text = String::from_utf8_lossy(text);
    let mut to = Translation::default();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => to.escaped(rest.next().ok_or(BadRegex::Invalid)?)?,
            '[' => {
                to.begin_atom();
                bracket(&mut rest, &mut to.out).ok_or(BadRegex::Invalid)?;
            }
            '(' => {
                to.groups.push(to.out.len());
                to.out.push('(');
                to.atom = None;
            }
            ')' => match to.groups.pop() {
                Some(start) => {
                    to.out.push(')');
                    (to.atom, to.repeated) = (Some(start), false);
                }
                None => to.literal(')'),
            },
            '|' | '^' | '$' => {
                to.out.push(c);
                to.atom = None;
            }
            '*' | '+' | '?' => to.repeat(&c.to_string())?,
            '{' => {
                let count = interval(&mut rest).ok_or(BadRegex::Invalid)?;
                to.repeat(&count)?;
            }
            '.' => {
                to.begin_atom();
                to.out.push('.');
            }
            c => to.literal(c),
        }
    }
    if to.groups.is_empty() { Ok(to.out) } else { Err(BadRegex::Invalid) }
}

impl Translation {
    fn begin_atom(&mut self) {
        (self.atom, self.repeated) = (Some(self.out.len()), false);
    }

    fn literal(&mut self, c: char) {
        self.begin_atom();
        self.out.push_str(&regex::escape(&c.to_string()));
    }

    fn escaped(&mut self, c: char) -> Result<(), BadRegex> {
        let class = match c {
            'w' => "\\w",
            'W' => "\\W",
            's' => "\\s",
            'S' => "\\S",
            'b' => "\\b",
            'B' => "\\B",
            '<' => "\\b{start}",
            '>' => "\\b{end}",
            '1'..='9' => return Err(BadRegex::BackReference),
            c => {
                self.literal(c);
                return Ok(());
            }
        };
        self.begin_atom();
        self.out.push_str(class);
        Ok(())
    }

    /// Repeats what stands before; a repetition of that is one of a group, or it would be lazy.
    fn repeat(&mut self, count: &str) -> Result<(), BadRegex> {
        let atom = self.atom.ok_or(BadRegex::Invalid)?;
        if self.repeated {
            self.out.insert_str(atom, "(?:");
            self.out.push(')');
        }
        self.out.push_str(count);
        self.repeated = true;
        Ok(())
    }
}

/// `n}`, `n,}`, `,m}` or `n,m}`: in braces as the `regex` crate takes them.
fn interval(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let number = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        let mut digits = String::new();
        while let Some(digit) = rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        if digits.is_empty() { Some(None) } else { digits.parse::<u32>().ok().map(Some) }
    };
    let least = number(rest)?;
    let bounds = if rest.next_if_eq(&',').is_some() {
        let most = number(rest)?;
        let least = least.unwrap_or(0);
        if most.is_some_and(|most| most < least || most > MAX_COUNT) || least > MAX_COUNT {
            return None;
        }
        format!("{{{least},{}}}", most.map_or(String::new(), |most| most.to_string()))
    } else {
        format!("{{{}}}", least.filter(|least| *least <= MAX_COUNT)?)
    };
    rest.next_if_eq(&'}').map(|_| bounds)
}

/// The classes of characters that POSIX knows.
const CLASSES: [&str; 12] = [
    "[:alnum:]",
    "[:alpha:]",
    "[:blank:]",
    "[:cntrl:]",
    "[:digit:]",
    "[:graph:]",
    "[:lower:]",
    "[:print:]",
    "[:punct:]",
    "[:space:]",
    "[:upper:]",
    "[:xdigit:]",
];

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
                if !CLASSES.contains(&class.as_str()) {
                    return None;
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
