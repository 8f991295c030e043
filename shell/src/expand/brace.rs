//! Brace expansion: before all others, from one word to several.
//!
//! Only unquoted literals take part; quotes and expansions inside are carried along unseen.

use crate::syntax::ast::{Invalid, Param, Word, WordPart};
use crate::syntax::{ParseError, ParseErrorKind, Span};

/// So many words may come of one, and of one range; beyond, the braces stay as they are.
const MAX_WORDS: usize = 1 << 20;

/// A byte of a literal, or any other part as a whole.
#[derive(Clone, Debug)]
enum Atom<'a> {
    Byte(u8),
    Part(&'a WordPart),
    /// A backslash that quotes nothing: only its quoting is left.
    Nothing,
}

impl Atom<'_> {
    fn is(&self, byte: u8) -> bool {
        matches!(self, Atom::Byte(own) if *own == byte)
    }
}

/// What may still be made.
struct Budget {
    words: usize,
    atoms: usize,
    /// Atoms that are looked at for the end of a brace.
    steps: usize,
}

/// Of one word, so much is looked at again and again.
const MAX_STEPS: usize = 1 << 26;

impl Budget {
    fn take_words(&mut self, words: usize, atoms: usize) -> Option<()> {
        self.words = self.words.checked_sub(words)?;
        self.atoms = self.atoms.checked_sub(atoms)?;
        Some(())
    }
}

/// The words that a word stands for; `None` when it has no braces to expand, or for want of
/// `room`, which is bytes.
pub(super) fn expand(word: &Word, room: usize) -> Option<Vec<Word>> {
    let literal = |part: &WordPart| matches!(part, WordPart::Literal(text) if text.contains(&b'{'));
    if !word.parts.iter().any(literal) {
        return None;
    }
    let mut atoms = Vec::new();
    for part in &word.parts {
        match part {
            WordPart::Literal(text) => atoms.extend(text.iter().map(|byte| Atom::Byte(*byte))),
            part => atoms.push(Atom::Part(part)),
        }
    }
    // Each is copied on its way to a word, and lies in it beside what a word takes itself.
    let atoms_in_room = room / (4 * size_of::<Atom<'_>>());
    let mut budget = Budget { words: MAX_WORDS, atoms: atoms_in_room, steps: MAX_STEPS };
    let words = alternatives(&atoms, &mut budget, 0)?;
    if let [only] = words.as_slice()
        && only.len() == atoms.len()
    {
        return None;
    }
    Some(words.into_iter().map(|atoms| to_word(&atoms, word.span)).collect())
}

fn to_word(atoms: &[Atom<'_>], span: Span) -> Word {
    let mut parts: Vec<WordPart> = Vec::new();
    let mut literal = Vec::new();
    for (at, atom) in atoms.iter().enumerate() {
        match atom {
            // Braces are text: in `$x{1,2}` they make other names.
            Atom::Byte(byte) if literal.is_empty() && is_name_byte(*byte) => {
                match parts.last_mut() {
                    Some(WordPart::Param(param)) if param.bare => {
                        lengthen(&mut param.param, *byte, &mut literal);
                    }
                    _ => literal.push(*byte),
                }
            }
            Atom::Byte(b'`') if at + 1 < atoms.len() => {
                if !literal.is_empty() {
                    parts.push(WordPart::Literal(std::mem::take(&mut literal).into()));
                }
                // Only a range makes one, and bash reads it as one that is never closed.
                let kind = ParseErrorKind::BadSubstitution(b"`".as_slice().into());
                let error = ParseError { kind, span };
                parts.push(WordPart::Invalid(Box::new(Invalid { text: b"`"[..].into(), error })));
            }
            Atom::Byte(byte) => literal.push(*byte),
            Atom::Nothing => parts.push(WordPart::SingleQuoted(Box::default())),
            Atom::Part(part) => {
                if !literal.is_empty() {
                    parts.push(WordPart::Literal(std::mem::take(&mut literal).into()));
                }
                parts.push((*part).clone());
            }
        }
    }
    if !literal.is_empty() {
        parts.push(WordPart::Literal(literal.into()));
    }
    Word { parts, span }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn lengthen(param: &mut Param, byte: u8, literal: &mut Vec<u8>) {
    match param {
        Param::Variable(name) => *name = [&**name, &[byte]].concat().into(),
        _ => literal.push(byte),
    }
}

/// What a word takes beside its text, in atoms.
const WORD: usize = 16;

/// Braces nest so deep; deeper ones stay as they are.
const MAX_DEPTH: u32 = 200;

/// `None` when there would be too many.
fn alternatives<'a>(
    atoms: &[Atom<'a>],
    budget: &mut Budget,
    depth: u32,
) -> Option<Vec<Vec<Atom<'a>>>> {
    let found = if depth < MAX_DEPTH { first_brace(atoms, &mut budget.steps)? } else { None };
    let Some((open, close, commas)) = found else { return Some(vec![atoms.to_vec()]) };
    let (before, inside, after) =
        (atoms.get(..open)?, atoms.get(open + 1..close)?, atoms.get(close + 1..)?);
    let middles: Vec<Vec<Atom<'a>>> = if commas.is_empty() {
        range(inside, budget)?
    } else {
        let mut middles = Vec::new();
        let mut start = 0;
        for comma in commas.iter().map(|at| at - open - 1).chain([inside.len()]) {
            middles.extend(alternatives(inside.get(start..comma)?, budget, depth + 1)?);
            start = comma + 1;
        }
        middles
    };
    let tails = alternatives(after, budget, depth + 1)?;
    let words = middles.len().checked_mul(tails.len())?;
    let of = |words: &[Vec<Atom<'_>>]| words.iter().map(Vec::len).sum::<usize>();
    let (of_middles, of_tails) = (of(&middles), of(&tails));
    let atoms = before.len().checked_add(WORD)?.checked_mul(words)?;
    let atoms = atoms.checked_add(of_middles.checked_mul(tails.len())?)?;
    budget.take_words(words, atoms.checked_add(of_tails.checked_mul(middles.len())?)?)?;
    let mut words = Vec::with_capacity(middles.len() * tails.len());
    for middle in &middles {
        for tail in &tails {
            words.push([before, middle, tail].concat());
        }
    }
    Some(words)
}

/// Where braces open and close, and the commas between.
type Found = (usize, usize, Vec<usize>);

/// The first braces that are to be expanded.
///
/// `None` where that takes too long.
fn first_brace(atoms: &[Atom<'_>], steps: &mut usize) -> Option<Option<Found>> {
    let mut from = 0;
    while let Some(open) = atoms.get(from..)?.iter().position(|atom| atom.is(b'{')) {
        let open = from + open;
        let found = closing(atoms, open);
        let end = found.as_ref().map_or(atoms.len(), |(close, _)| *close);
        *steps = steps.checked_sub(end - open)?;
        if let Some((close, commas)) = found {
            let inside = atoms.get(open + 1..close)?;
            if !commas.is_empty() || ends(inside).is_some() {
                return Some(Some((open, close, commas)));
            }
        }
        from = open + 1;
    }
    Some(None)
}

fn closing(atoms: &[Atom<'_>], open: usize) -> Option<(usize, Vec<usize>)> {
    let mut depth = 0_u32;
    let mut commas = Vec::new();
    for (at, atom) in atoms.iter().enumerate().skip(open + 1) {
        match atom {
            Atom::Byte(b'{') => depth += 1,
            Atom::Byte(b'}') if depth == 0 => return Some((at, commas)),
            Atom::Byte(b'}') => depth -= 1,
            Atom::Byte(b',') if depth == 0 => commas.push(at),
            _ => {}
        }
    }
    None
}

/// A range: its ends, its step, and how it is written.
struct Range {
    first: i64,
    last: i64,
    step: u64,
    form: Form,
}

enum Form {
    Letters,
    /// Padded with zeros to this width.
    Numbers(usize),
}

fn ends(inside: &[Atom<'_>]) -> Option<Range> {
    let text: Option<Vec<u8>> = inside
        .iter()
        .map(|atom| match atom {
            Atom::Byte(byte) => Some(*byte),
            Atom::Part(_) | Atom::Nothing => None,
        })
        .collect();
    let text = String::from_utf8(text?).ok()?;
    let mut parts = text.split("..");
    let (first, last, step) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let step = match step {
        Some(step) => step.parse::<i64>().ok()?.unsigned_abs().max(1),
        None => 1,
    };
    let letter = |text: &str| match text.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(i64::from(*letter)),
        _ => None,
    };
    if let (Some(first), Some(last)) = (letter(first), letter(last)) {
        return Some(Range { first, last, step, form: Form::Letters });
    }
    let padded = |text: &str| {
        let digits = text.trim_start_matches(['-', '+']);
        digits.len() > 1 && digits.starts_with('0')
    };
    let width = if padded(first) || padded(last) { first.len().max(last.len()) } else { 0 };
    Some(Range {
        first: first.parse().ok()?,
        last: last.parse().ok()?,
        step,
        form: Form::Numbers(width),
    })
}

fn range<'a>(inside: &[Atom<'_>], budget: &mut Budget) -> Option<Vec<Vec<Atom<'a>>>> {
    let Range { first, last, step, form } = ends(inside)?;
    let count = usize::try_from(first.abs_diff(last) / step).ok()?.checked_add(1)?;
    if count > budget.words || count > budget.atoms {
        return None;
    }
    let value = |index: usize| {
        let distance = (index as u64).wrapping_mul(step) as i64;
        if first <= last { first.wrapping_add(distance) } else { first.wrapping_sub(distance) }
    };
    let written = |value: i64| match form {
        // It lies between `Z` and `a`.
        Form::Letters if value == i64::from(b'\\') => vec![Atom::Nothing],
        Form::Letters => vec![Atom::Byte(value as u8)],
        Form::Numbers(width) => format!("{value:0width$}").bytes().map(Atom::Byte).collect(),
    };
    Some((0..count).map(|index| written(value(index))).collect())
}
