//! An overlay's changes as a tar stream, and back: by path, so that they survive the process and
//! meet the lower layer as it is then.
//!
//! Each change is one entry with its facts in PAX records (`AGENTOS.path`, `.kind`, `.from`,
//! `.base`, …) and its content as the entry's own. They come in the order in which they can be
//! carried out: renamed entries step aside, deleted ones go, the rest is put in place from the
//! root down.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use super::commit::{find, is_below, locate};
use super::diff::{ChangeKind, Delta, join};
use super::escape::{escaped, unescaped};
use super::whiteout::Version;
use super::{Layer, OverlayFs, lower_number};
use crate::{
    Errno, FileSystem, FileType, Ino, Limits, Mode, NewInode, RenameFlags, Result, SetStat,
    Timestamp,
};

/// The longest list of facts that is read of one change.
const FACTS_MAX: u64 = 64 * 1024;

/// The facts of one change, by their names without the prefix.
type Facts = BTreeMap<String, Vec<u8>>;

const PREFIX: &str = "AGENTOS.";

impl OverlayFs {
    /// Writes the changes to `out`, for [`load`](OverlayFs::load).
    ///
    /// # Errors
    /// What the layers answer (`other`), and what `out` does.
    pub fn save(&self, out: impl Write) -> io::Result<()> {
        let (deltas, _) = self.deltas().map_err(failed)?;
        let mut tar = tar::Builder::new(out);
        let mut aside: Vec<&Delta> = deltas.iter().filter(|delta| is_rename(delta)).collect();
        let mut gone: Vec<&Delta> =
            deltas.iter().filter(|delta| delta.change.kind == ChangeKind::Deleted).collect();
        aside.sort_by(|a, b| b.lower_path.cmp(&a.lower_path));
        gone.sort_by(|a, b| b.lower_path.cmp(&a.lower_path));
        for delta in aside {
            self.save_one(&mut tar, "aside", delta, None)?;
        }
        for delta in gone {
            self.save_one(&mut tar, "delete", delta, None)?;
        }
        let others = self.other_names(&deltas).map_err(failed)?;
        let mut written: BTreeMap<Ino, Vec<u8>> = BTreeMap::new();
        // Further names of what did not change come last: its own may be in a renamed directory.
        let other = |delta: &Delta| {
            !in_place(delta) && delta.ino.is_some_and(|ino| others.contains_key(&ino))
        };
        let mut placed: Vec<&Delta> =
            deltas.iter().filter(|delta| delta.change.kind != ChangeKind::Deleted).collect();
        placed.sort_by_key(|delta| !is_rename(delta) && other(delta));
        for delta in placed {
            let kind = match delta.change.kind {
                ChangeKind::Renamed { .. } => "place",
                ChangeKind::ModeChanged => "mode",
                ChangeKind::Added => "add",
                _ => "modify",
            };
            let same = match delta.ino {
                Some(ino) if !in_place(delta) => written.get(&ino).or_else(|| others.get(&ino)),
                _ => None,
            };
            self.save_one(&mut tar, kind, delta, same.map(Vec::as_slice))?;
            if let Some(ino) = delta.ino {
                written.entry(ino).or_insert_with(|| delta.change.path.clone());
            }
        }
        tar.into_inner()?.flush()
    }

    fn save_one(
        &self,
        tar: &mut tar::Builder<impl Write>,
        kind: &str,
        delta: &Delta,
        same: Option<&[u8]>,
    ) -> io::Result<()> {
        let mut facts: Vec<(String, Vec<u8>)> = Vec::new();
        let mut fact =
            |name: &str, value: &[u8]| facts.push((format!("{PREFIX}{name}"), escaped(value)));
        fact("kind", kind.as_bytes());
        fact("path", &delta.change.path);
        fact("from", &delta.lower_path);
        if let Some(version) = delta.base {
            fact("base", version.to_text().as_bytes());
        }
        if let Some((_, version)) = &delta.replaced {
            fact("replaced", version.to_text().as_bytes());
        }
        if let Some(path) = same {
            fact("same", path);
        }
        let mut size = 0;
        if let Some(ino) = delta.ino {
            let stat = self.stat(ino).map_err(failed)?;
            fact("type", type_name(stat.file_type).as_bytes());
            for (name, value) in [
                ("mode", i64::from(stat.mode.bits())),
                ("uid", stat.uid.into()),
                ("gid", stat.gid.into()),
            ] {
                fact(name, value.to_string().as_bytes());
            }
            fact("rdev", stat.rdev.to_string().as_bytes());
            fact("mtime", stat.mtime.as_nanos().to_string().as_bytes());
            if stat.file_type == FileType::Symlink {
                fact("target", &self.read_link(ino).map_err(failed)?);
            }
            if in_place(delta) {
                fact("in_place", b"");
            }
            // Also of what is another name: the first may find no place.
            let has_content = stat.file_type == FileType::Regular;
            if has_content && (kind == "add" || kind == "modify") {
                size = stat.size;
            }
        }
        tar.append_pax_extensions(
            facts.iter().map(|(name, value)| (name.as_str(), value.as_slice())),
        )?;
        let mut header = tar::Header::new_ustar();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_entry_type(tar::EntryType::Regular);
        let content = Content { fs: self, ino: delta.ino.unwrap_or(Ino(0)), at: 0 }.take(size);
        tar.append_data(&mut header, "change", content)
    }

    /// A name that did not change of each inode that got another one.
    fn other_names(&self, deltas: &[Delta]) -> Result<BTreeMap<Ino, Vec<u8>>> {
        let mut wanted: BTreeMap<Ino, Vec<u8>> = BTreeMap::new();
        // What was deleted has left its path to others.
        let new = deltas
            .iter()
            .filter(|delta| delta.ino.is_some() && !in_place(delta) && !is_rename(delta));
        let paths: BTreeSet<&[u8]> = new.map(|delta| delta.change.path.as_slice()).collect();
        for ino in deltas.iter().filter(|delta| !in_place(delta)).filter_map(|delta| delta.ino) {
            let stat = self.stat(ino)?;
            if matches!(Layer::of(ino), Layer::Lower(_)) && !stat.is_dir() && stat.nlink > 1 {
                wanted.insert(ino, Vec::new());
            }
        }
        let mut todo = vec![(Vec::new(), self.root())];
        while let Some((path, dir)) = todo.pop().filter(|_| !wanted.is_empty()) {
            self.read_dir(dir, 0, &mut |entry| {
                let path = join(&path, entry.name);
                match wanted.get_mut(&entry.ino) {
                    Some(found) if found.is_empty() && !paths.contains(path.as_slice()) => {
                        *found = path;
                    }
                    _ if entry.file_type == FileType::Directory => todo.push((path, entry.ino)),
                    _ => {}
                }
                true
            })?;
        }
        wanted.retain(|_, path| !path.is_empty());
        Ok(wanted)
    }

    /// An overlay over `lower` with the changes that [`save`](OverlayFs::save) wrote, and the paths
    /// of those that `lower` has no place for any more. Where it has other versions than it had
    /// when they were changed, a [`commit`](OverlayFs::commit) refuses, as it would have then.
    ///
    /// # Errors
    /// - `InvalidData`: not what `save` writes.
    /// - What `input` answers; what the changes meet: a limit, say (`other`).
    pub fn load(
        lower: Arc<dyn FileSystem>,
        limits: Limits,
        input: impl Read,
    ) -> io::Result<(OverlayFs, Vec<Vec<u8>>)> {
        let mut load =
            Load { fs: OverlayFs::with_limits(lower, limits), staged: BTreeMap::new(), serial: 0 };
        let mut lost = Vec::new();
        let mut archive = tar::Archive::new(input);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let facts = read_facts(&mut entry)?;
            match load.one(&facts, &mut entry)? {
                Ok(()) => {}
                Err(
                    Errno::ENOENT
                    | Errno::ENOTDIR
                    | Errno::ENOTEMPTY
                    | Errno::EISDIR
                    | Errno::EEXIST,
                ) => {
                    lost.push(text(&facts, "path")?.to_vec());
                }
                Err(errno) => return Err(failed(errno)),
            }
        }
        for aside in load.staged.clone().into_values() {
            load.drop_aside(&aside);
        }
        lost.dedup();
        Ok((load.fs, lost))
    }
}

struct Load {
    fs: OverlayFs,
    /// Where renamed entries wait, by the path that they left.
    staged: BTreeMap<Vec<u8>, Vec<u8>>,
    serial: u64,
}

impl Load {
    /// Carries one change out. The outer error is the stream's.
    fn one(&mut self, facts: &Facts, content: &mut impl Read) -> io::Result<Result<()>> {
        let (path, from) = (text(facts, "path")?, text(facts, "from")?);
        if [path, from].iter().any(|path| !is_plain(path)) {
            return Err(invalid("a path that leads elsewhere"));
        }
        let base = version(facts, "base")?;
        match text(facts, "kind")? {
            b"aside" => Ok(self.step_aside(from, base)),
            b"delete" => Ok(self.delete(from, base)),
            b"place" => {
                let replaced = version(facts, "replaced")?;
                Ok(self.place(path, from, replaced))
            }
            b"mode" => {
                let done = find(&self.fs, path).and_then(|ino| self.attributes(ino, facts));
                self.first_seen(from, base);
                Ok(done)
            }
            b"add" => self.write(path, None, facts, content),
            b"modify" => {
                let written = self.write(path, base, facts, content)?;
                self.first_seen(from, base);
                Ok(written)
            }
            _ => Err(invalid("an unknown kind of change")),
        }
    }

    fn now(facts: &Facts) -> Timestamp {
        Timestamp::from_nanos(number(facts, "mtime").unwrap_or(0))
    }

    fn step_aside(&mut self, from: &[u8], base: Option<Version>) -> Result<()> {
        let (dir, name) = locate(&self.fs, from)?;
        let root = self.fs.root();
        let aside = loop {
            self.serial += 1;
            let name = format!(".agentos-load-{}", self.serial).into_bytes();
            if self.fs.lookup(root, &name).is_err() {
                break name;
            }
        };
        self.fs.rename(
            (dir, name),
            (root, &aside),
            RenameFlags::NOREPLACE,
            Timestamp::default(),
        )?;
        self.first_seen(from, base);
        self.staged.insert(from.to_vec(), aside);
        Ok(())
    }

    /// What no change puts in place was not to be moved at all.
    fn drop_aside(&mut self, aside: &[u8]) {
        let from =
            self.staged.iter().find(|(_, name)| *name == aside).map(|(from, _)| from.clone());
        let Some(from) = from else { return };
        let root = self.fs.root();
        if let Ok((dir, name)) = locate(&self.fs, &from) {
            let back = (dir, name.to_vec());
            let _ = self.fs.rename(
                (root, aside),
                (back.0, &back.1),
                RenameFlags::NOREPLACE,
                Timestamp::default(),
            );
        }
        self.staged.remove(&from);
    }

    fn delete(&mut self, from: &[u8], base: Option<Version>) -> Result<()> {
        let above = self.staged.iter().filter(|(left, _)| is_below(from, left));
        let path = match above.max_by_key(|(left, _)| left.len()) {
            Some((left, aside)) => [aside, from.get(left.len()..).unwrap_or_default()].concat(),
            None => from.to_vec(),
        };
        let (dir, name) = locate(&self.fs, &path)?;
        let child = self.fs.lookup(dir, name)?;
        if self.fs.is_dir(child)? {
            self.fs.rmdir(dir, name, Timestamp::default())?;
        } else {
            self.fs.unlink(dir, name, Timestamp::default())?;
        }
        self.first_seen(from, base);
        Ok(())
    }

    fn place(&mut self, path: &[u8], from: &[u8], replaced: Option<Version>) -> Result<()> {
        let aside = self.staged.get(from).ok_or(Errno::ENOENT)?.clone();
        let (dir, name) = locate(&self.fs, path)?;
        let root = self.fs.root();
        self.fs.rename((root, &aside), (dir, name), RenameFlags::empty(), Timestamp::default())?;
        self.staged.remove(from);
        if replaced.is_some() {
            self.first_seen(path, replaced);
        }
        Ok(())
    }

    /// Makes `path` what the facts and the content say.
    fn write(
        &mut self,
        path: &[u8],
        base: Option<Version>,
        facts: &Facts,
        content: &mut impl Read,
    ) -> io::Result<Result<()>> {
        let file_type = type_of(text(facts, "type")?)?;
        let (dir, name) = match locate(&self.fs, path) {
            Ok(found) => found,
            Err(errno) => return Ok(Err(errno)),
        };
        let now = Load::now(facts);
        let new = NewInode {
            mode: Mode::new(number(facts, "mode")?),
            uid: number(facts, "uid")?,
            gid: number(facts, "gid")?,
            now,
        };
        let found = self.fs.lookup(dir, name).and_then(|ino| self.fs.stat(ino)).ok();
        let in_place = facts.contains_key("in_place");
        let kept = found.filter(|stat| in_place && stat.file_type == file_type);
        let made = match (kept, found) {
            (Some(stat), _) if file_type != FileType::Symlink => Ok(stat.ino),
            (_, Some(stat)) => self
                .replace(path, dir, name, stat.is_dir(), base)
                .and_then(|()| self.make(dir, name, file_type, facts, &new)),
            (_, None) => self.make(dir, name, file_type, facts, &new),
        };
        let ino = match made {
            Ok(ino) => ino,
            Err(errno) => return Ok(Err(errno)),
        };
        let same = facts.get("same").is_some_and(|same| find(&self.fs, same) == Ok(ino));
        if file_type == FileType::Regular && !same {
            let empty = SetStat { size: Some(0), ..SetStat::default() };
            if let Err(errno) = self.fs.set_stat(ino, &empty, now) {
                return Ok(Err(errno));
            }
            if let Err(errno) = self.fill(ino, content, now)? {
                return Err(failed(errno));
            }
        }
        Ok(self.attributes(ino, facts))
    }

    /// Removes what is in the way. What the lower layer did not have then is not expected ever.
    fn replace(
        &mut self,
        path: &[u8],
        dir: Ino,
        name: &[u8],
        is_dir: bool,
        base: Option<Version>,
    ) -> Result<()> {
        if is_dir {
            self.fs.rmdir(dir, name, Timestamp::default())?;
        } else {
            self.fs.unlink(dir, name, Timestamp::default())?;
        }
        if base.is_none() {
            self.first_seen(path, Some(Version::NEVER));
        }
        Ok(())
    }

    fn make(
        &mut self,
        dir: Ino,
        name: &[u8],
        file_type: FileType,
        facts: &Facts,
        new: &NewInode,
    ) -> Result<Ino> {
        if let Some(ino) = facts.get("same").and_then(|same| find(&self.fs, same).ok()) {
            self.fs.link(ino, dir, name, new.now)?;
            return Ok(ino);
        }
        match file_type {
            FileType::Directory => self.fs.mkdir(dir, name, new),
            FileType::Symlink => {
                let target = facts.get("target").map_or(&[][..], Vec::as_slice);
                self.fs.symlink(dir, name, target, new)
            }
            _ => self.fs.create(dir, name, file_type, number(facts, "rdev").unwrap_or(0), new),
        }
    }

    fn fill(
        &mut self,
        ino: Ino,
        content: &mut impl Read,
        now: Timestamp,
    ) -> io::Result<Result<()>> {
        let mut buf = vec![0; 64 * 1024];
        let mut offset = 0;
        loop {
            let len = content.read(&mut buf)?;
            let mut part = buf.get(..len).unwrap_or_default();
            if part.is_empty() {
                return Ok(Ok(()));
            }
            while !part.is_empty() {
                match self.fs.write_at(ino, offset, part, now) {
                    Ok(0) => return Ok(Err(Errno::ENOSPC)),
                    Ok(len) => {
                        offset += len as u64;
                        part = part.get(len..).unwrap_or_default();
                    }
                    Err(errno) => return Ok(Err(errno)),
                }
            }
        }
    }

    fn attributes(&mut self, ino: Ino, facts: &Facts) -> Result<()> {
        let is_link = self.fs.stat(ino)?.file_type == FileType::Symlink;
        let mode: u32 = number(facts, "mode").map_err(|_| Errno::EINVAL)?;
        let changes = SetStat {
            mode: (!is_link).then_some(Mode::new(mode)),
            uid: number(facts, "uid").ok(),
            gid: number(facts, "gid").ok(),
            mtime: Some(Load::now(facts)),
            ..SetStat::default()
        };
        self.fs.set_stat(ino, &changes, Load::now(facts))
    }

    /// Notes which version the lower layer had under a path when it was changed.
    fn first_seen(&mut self, path: &[u8], base: Option<Version>) {
        let Some(base) = base else { return };
        let lower = self.fs.lower.clone();
        let Ok(ino) = find(lower.as_ref(), path) else { return };
        // The number stays what it is now, by which the entry is known; the rest tells the versions apart.
        let noted = if base.ino == ino { base } else { Version { ino, ..Version::NEVER } };
        if let Some(changed) = self.fs.changed.get_mut(&ino) {
            changed.version = Version { file_type: changed.version.file_type, ..noted };
        }
        let Ok((dir, name)) = locate(lower.as_ref(), path) else { return };
        let hidden = match self.fs.changed.get_mut(&dir) {
            Some(changed) => changed.hidden.get_mut(name),
            None => self.fs.buried.get_mut(&dir).and_then(|hidden| hidden.get_mut(name)),
        };
        if let Some(hidden) = hidden {
            hidden.version = Version { file_type: hidden.version.file_type, ..noted };
        }
    }
}

/// The content of one of our files, as a stream.
struct Content<'a> {
    fs: &'a OverlayFs,
    ino: Ino,
    at: u64,
}

impl Read for Content<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.fs.read_at(self.ino, self.at, buf).map_err(failed)?;
        self.at += len as u64;
        Ok(len)
    }
}

/// Whether it is the inode that the lower layer has there.
fn in_place(delta: &Delta) -> bool {
    matches!((delta.ino, delta.lower), (Some(seen), Some(lower)) if lower_number(lower) == Ok(seen))
}

fn is_rename(delta: &Delta) -> bool {
    matches!(delta.change.kind, ChangeKind::Renamed { .. })
}

/// Whether each component is a name: no `..`, nothing empty.
fn is_plain(path: &[u8]) -> bool {
    path == b"."
        || path
            .split(|&byte| byte == b'/')
            .all(|name| !matches!(name, b"" | b"." | b"..") && !name.contains(&0))
}

fn read_facts(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<Facts> {
    let mut facts = Facts::new();
    let mut length = 0;
    for record in entry.pax_extensions()?.ok_or_else(|| invalid("an entry without facts"))? {
        let record = record?;
        length += record.value_bytes().len() as u64;
        if length > FACTS_MAX {
            return Err(invalid("too many facts"));
        }
        if let Some(name) = record.key().ok().and_then(|key| key.strip_prefix(PREFIX)) {
            facts.insert(
                name.to_string(),
                unescaped(record.value_bytes()).ok_or_else(|| invalid("a malformed escape"))?,
            );
        }
    }
    Ok(facts)
}

fn text<'a>(facts: &'a Facts, name: &str) -> io::Result<&'a [u8]> {
    facts.get(name).map(Vec::as_slice).ok_or_else(|| invalid("a fact is missing"))
}

fn number<T: std::str::FromStr>(facts: &Facts, name: &str) -> io::Result<T> {
    let digits = std::str::from_utf8(text(facts, name)?).ok();
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| invalid("not a number"))
}

fn version(facts: &Facts, name: &str) -> io::Result<Option<Version>> {
    match facts.get(name) {
        Some(value) => Version::from_text(value).map(Some).ok_or_else(|| invalid("not a version")),
        None => Ok(None),
    }
}

const TYPES: [(FileType, &str); 7] = [
    (FileType::Regular, "file"),
    (FileType::Directory, "directory"),
    (FileType::Symlink, "symlink"),
    (FileType::Fifo, "fifo"),
    (FileType::CharDevice, "char"),
    (FileType::BlockDevice, "block"),
    (FileType::Socket, "socket"),
];

fn type_name(file_type: FileType) -> &'static str {
    TYPES.iter().find(|(known, _)| *known == file_type).map_or("file", |(_, name)| name)
}

fn type_of(name: &[u8]) -> io::Result<FileType> {
    let known = TYPES.iter().find(|(_, known)| known.as_bytes() == name);
    known.map(|(file_type, _)| *file_type).ok_or_else(|| invalid("an unknown type"))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn failed(errno: Errno) -> io::Error {
    io::Error::other(errno)
}

impl Version {
    /// What no inode is.
    const NEVER: Version = Version {
        ino: Ino(u64::MAX),
        file_type: FileType::Regular,
        size: u64::MAX,
        mtime: Timestamp::from_nanos(i64::MIN),
        ctime: Timestamp::from_nanos(i64::MIN),
    };

    /// As one line.
    fn to_text(self) -> String {
        let (mtime, ctime) = (self.mtime.as_nanos(), self.ctime.as_nanos());
        format!("{} {} {} {mtime} {ctime}", self.ino.0, type_name(self.file_type), self.size)
    }

    /// Back from one line.
    fn from_text(line: &[u8]) -> Option<Version> {
        let mut words = std::str::from_utf8(line).ok()?.split(' ');
        let ino = Ino(words.next()?.parse().ok()?);
        let file_type = type_of(words.next()?.as_bytes()).ok()?;
        let size = words.next()?.parse().ok()?;
        let mtime = Timestamp::from_nanos(words.next()?.parse().ok()?);
        let ctime = Timestamp::from_nanos(words.next()?.parse().ok()?);
        Some(Version { ino, file_type, size, mtime, ctime })
    }
}
