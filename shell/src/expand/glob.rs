//! Pathname expansion (POSIX XCU 2.6.6, 2.14.3), with bash's options.

use super::Outcome;
use super::field::Field;
use crate::env::Shopt;
use crate::pattern::{Pattern, PatternOptions, Piece};
use crate::shell::Shell;

/// A component of a path between slashes.
enum Component {
    /// As it is, backslashes removed.
    Literal(Vec<u8>),
    Pattern(Pattern),
    /// `**` under globstar.
    Everything,
}

impl Shell {
    /// Whether the field is going to be replaced by paths that match.
    pub(super) fn is_pattern(&self, field: &Field) -> bool {
        let noglob = self.env.is(crate::env::SetOption::Noglob);
        !noglob && is_pattern(field, self.env.shopt(Shopt::Extglob))
    }

    /// Inserts what each pattern stands for before the text that it says.
    pub(super) fn expand_pathnames(
        &mut self,
        texts: Vec<Vec<u8>>,
        patterns: Vec<(usize, Field)>,
    ) -> Outcome<Vec<Vec<u8>>> {
        let mut fields = Vec::with_capacity(texts.len() + patterns.len());
        let mut texts = texts.into_iter();
        let mut done = 0;
        for (position, pattern) in patterns {
            fields.extend(texts.by_ref().take(position - done));
            done = position;
            self.expand_pathname(pattern, &mut fields)?;
        }
        fields.extend(texts);
        Ok(fields)
    }

    /// Appends the paths that match the pattern; the pattern itself when nothing matches.
    fn expand_pathname(&mut self, field: Field, fields: &mut Vec<Vec<u8>>) -> Outcome<()> {
        let mut paths = self.matching_paths(&field);
        if paths.is_empty() {
            if self.env.shopt(Shopt::Failglob) {
                let message = [b"no match: ", field.text.as_slice()].concat();
                return Err(self.failure(&message));
            }
            if !self.env.shopt(Shopt::Nullglob) {
                fields.push(field.text);
            }
            return Ok(());
        }
        fields.append(&mut paths);
        Ok(())
    }

    fn matching_paths(&self, field: &Field) -> Vec<Vec<u8>> {
        let options = PatternOptions {
            extglob: self.env.shopt(Shopt::Extglob),
            nocase: self.env.shopt(Shopt::Nocaseglob),
            period: !self.env.shopt(Shopt::Dotglob),
        };
        let globstar = self.env.shopt(Shopt::Globstar);
        let components = components(field, options, globstar);
        let mut paths = vec![Vec::new()];
        let mut globbed = false;
        for (index, component) in components.iter().enumerate() {
            let last = index + 1 == components.len();
            paths = match component {
                Component::Literal(name) => self.extended(paths, name, last, globbed),
                Component::Pattern(pattern) => self.listed(&paths, pattern, last),
                Component::Everything => self.everything(&paths, last, globbed, options.period),
            };
            globbed |= !matches!(component, Component::Literal(_));
            if paths.is_empty() {
                break;
            }
        }
        paths.sort_unstable();
        paths.dedup();
        self.without_ignored(paths)
    }

    /// Appends a component that is no pattern; after a pattern, where it exists only.
    fn extended(
        &self,
        paths: Vec<Vec<u8>>,
        name: &[u8],
        last: bool,
        globbed: bool,
    ) -> Vec<Vec<u8>> {
        let extended = paths.into_iter().filter_map(|mut path| {
            path.extend_from_slice(name);
            if !last {
                path.push(b'/');
            }
            let exists = match (globbed, last) {
                (false, _) => true,
                // The slash at the end asks for a directory.
                (true, true) if name.is_empty() => self.sys.is_dir(&path),
                (true, true) => self.sys.lstat(&path).is_ok(),
                (true, false) => name.is_empty() || self.sys.is_dir(&path),
            };
            exists.then_some(path)
        });
        extended.collect()
    }

    /// Appends every entry that matches; before a slash, directories only.
    fn listed(&self, paths: &[Vec<u8>], pattern: &Pattern, last: bool) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for path in paths {
            let dots: &[&[u8]] =
                if self.env.shopt(Shopt::Globskipdots) { &[] } else { &[b".", b".."] };
            let entries = self.entries(path).into_iter().map(|(name, _)| name);
            for name in entries.chain(dots.iter().map(|name| name.to_vec())) {
                if !pattern.matches(&name) {
                    continue;
                }
                let mut full = [path.as_slice(), &name].concat();
                if !last {
                    if !self.sys.is_dir(&full) {
                        continue;
                    }
                    full.push(b'/');
                }
                found.push(full);
            }
        }
        found
    }

    /// `**`: the directory itself and all below it; links are not followed.
    fn everything(
        &self,
        paths: &[Vec<u8>],
        last: bool,
        globbed: bool,
        skip_hidden: bool,
    ) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for path in paths {
            match path.strip_suffix(b"/") {
                // As bash: a directory that a pattern found loses its slash here.
                Some(directory) if last && globbed => found.push(directory.to_vec()),
                None if last => {}
                _ => found.push(path.clone()),
            }
            let mut pending = vec![path.clone()];
            while let Some(directory) = pending.pop() {
                for (name, is_dir) in self.entries(&directory) {
                    if skip_hidden && name.first() == Some(&b'.') {
                        continue;
                    }
                    let full = [directory.as_slice(), &name].concat();
                    if is_dir {
                        let below = [full.as_slice(), b"/"].concat();
                        if !last {
                            found.push(below.clone());
                        }
                        pending.push(below);
                    }
                    if last {
                        found.push(full);
                    }
                }
            }
        }
        found
    }

    /// The names in a directory, and whether each is one; none when it cannot be read.
    fn entries(&self, path: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let path = if path.is_empty() { b"." } else { path };
        let entries = self.sys.with(|kernel, pid| kernel.read_dir(pid, path)).unwrap_or_default();
        let named = entries.into_iter().map(|entry| {
            let is_dir = entry.file_type == vfs::FileType::Directory;
            (entry.name, is_dir)
        });
        named.collect()
    }

    fn without_ignored(&self, mut paths: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let Some(ignored) = self.env.get(b"GLOBIGNORE").filter(|value| !value.is_empty()) else {
            return paths;
        };
        let options =
            PatternOptions { extglob: self.env.shopt(Shopt::Extglob), ..Default::default() };
        for pattern in split_ignored(&ignored, options.extglob) {
            let pattern = Pattern::unquoted(pattern, options);
            paths.retain(|path| !pattern.matches(path));
        }
        paths.retain(|path| !matches!(path.rsplit(|b| *b == b'/').next(), Some(b"." | b"..")));
        paths
    }
}

/// The patterns of `GLOBIGNORE`: colons that are escaped, in brackets or in groups separate none.
fn split_ignored(text: &[u8], extglob: bool) -> Vec<&[u8]> {
    let mut patterns = Vec::new();
    let (mut start, mut at, mut groups) = (0, 0, 0_usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => {
                let rest = text.get(at..).unwrap_or_default();
                at += bracket_length(rest).map_or(0, |length| length - 1);
            }
            b'(' if extglob => groups += 1,
            b')' => groups = groups.saturating_sub(1),
            b':' if groups == 0 => {
                patterns.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    patterns.push(text.get(start..).unwrap_or_default());
    patterns
}

/// How long the bracket expression is that the text begins with; `None` if it is not closed.
fn bracket_length(text: &[u8]) -> Option<usize> {
    let mut at = 1 + usize::from(matches!(text.get(1), Some(b'!' | b'^')));
    at += usize::from(text.get(at) == Some(&b']'));
    loop {
        match text.get(at)? {
            b']' => return Some(at + 1),
            b'[' if matches!(text.get(at + 1), Some(b':' | b'.' | b'=')) => {
                let mark = text.get(at + 1)?;
                let rest = text.get(at + 2..)?;
                at += 4 + rest.windows(2).position(|pair| pair == [*mark, b']'])?;
            }
            _ => at += 1,
        }
    }
}

/// Whether there is an unquoted `*` or `?`, a `[` with its `]`, or an extended group.
fn is_pattern(field: &Field, extglob: bool) -> bool {
    let special: &[u8] = if extglob { b"*?[(" } else { b"*?[" };
    if !field.has_unquoted(special) {
        return false;
    }
    let (mut open, mut before) = (false, 0);
    for piece in field.pieces() {
        let mut escaped = false;
        for byte in piece.text.iter().copied() {
            if piece.quoted || std::mem::take(&mut escaped) {
                before = 0;
                continue;
            }
            match byte {
                b'*' | b'?' => return true,
                b'[' => open = true,
                b']' if open => return true,
                b'(' if extglob && b"@+!".contains(&before) => return true,
                b'\\' => escaped = true,
                _ => {}
            }
            before = byte;
        }
    }
    false
}

fn components(field: &Field, options: PatternOptions, globstar: bool) -> Vec<Component> {
    let mut components = Vec::new();
    let mut pieces: Vec<(Vec<u8>, bool)> = Vec::new();
    for piece in field.pieces() {
        for (index, text) in piece.text.split(|byte| *byte == b'/').enumerate() {
            if index > 0 {
                components.push(component(&pieces, options, globstar));
                pieces.clear();
            }
            if !text.is_empty() {
                pieces.push((text.to_vec(), piece.quoted));
            }
        }
    }
    components.push(component(&pieces, options, globstar));
    components
}

fn component(pieces: &[(Vec<u8>, bool)], options: PatternOptions, globstar: bool) -> Component {
    if globstar
        && let [(text, false)] = pieces
        && text.as_slice() == b"**"
    {
        return Component::Everything;
    }
    let mut field = Field::default();
    for (text, quoted) in pieces {
        field.push(text, *quoted);
    }
    if is_pattern(&field, options.extglob) {
        let pieces: Vec<Piece<'_>> = field.pieces().collect();
        return Component::Pattern(Pattern::compile(&pieces, options));
    }
    Component::Literal(literal_text(&field))
}

/// The text without the backslashes that came from an expansion.
fn literal_text(field: &Field) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.text.len());
    for piece in field.pieces() {
        let mut bytes = piece.text.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' if !piece.quoted => text.extend(bytes.next()),
                byte => text.push(*byte),
            }
        }
    }
    text
}
