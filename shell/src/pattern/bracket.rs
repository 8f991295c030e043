//! Bracket expressions: `[a-z]`, `[!…]`, `[[:alpha:]]`.

use super::character::Code;

/// A set of characters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Bracket {
    pub(super) negated: bool,
    pub(super) ranges: Vec<(Code, Code)>,
    pub(super) classes: Vec<Class>,
}

impl Bracket {
    pub(super) fn contains(&self, code: Code, nocase: bool) -> bool {
        let found =
            self.has(code) || (nocase && (self.has(code.folded()) || self.has(code.raised())));
        found != self.negated
    }

    fn has(&self, code: Code) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&code))
            || code.character().is_some_and(|c| self.classes.iter().any(|class| class.contains(c)))
    }
}

/// A character class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Alnum,
    Alpha,
    Ascii,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Word,
    Xdigit,
    /// A name that is none: matches nothing.
    Unknown,
}

impl Class {
    pub(super) fn from_name(name: &[u8]) -> Class {
        match name {
            b"alnum" => Class::Alnum,
            b"alpha" => Class::Alpha,
            b"ascii" => Class::Ascii,
            b"blank" => Class::Blank,
            b"cntrl" => Class::Cntrl,
            b"digit" => Class::Digit,
            b"graph" => Class::Graph,
            b"lower" => Class::Lower,
            b"print" => Class::Print,
            b"punct" => Class::Punct,
            b"space" => Class::Space,
            b"upper" => Class::Upper,
            b"word" => Class::Word,
            b"xdigit" => Class::Xdigit,
            _ => Class::Unknown,
        }
    }

    fn contains(self, c: char) -> bool {
        match self {
            Class::Alnum => c.is_alphanumeric(),
            Class::Alpha => c.is_alphabetic(),
            Class::Ascii => c.is_ascii(),
            Class::Blank => c == ' ' || c == '\t',
            Class::Cntrl => c.is_control(),
            Class::Digit => c.is_ascii_digit(),
            Class::Graph => !c.is_control() && !c.is_whitespace(),
            Class::Lower => c.is_lowercase(),
            Class::Print => !c.is_control(),
            Class::Punct => !c.is_control() && !c.is_whitespace() && !c.is_alphanumeric(),
            Class::Space => c.is_whitespace(),
            Class::Upper => c.is_uppercase(),
            Class::Word => c.is_alphanumeric() || c == '_',
            Class::Xdigit => c.is_ascii_hexdigit(),
            Class::Unknown => false,
        }
    }
}
