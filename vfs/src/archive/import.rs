//! Reading a tar stream into a filesystem. The stream may be hostile.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::at;
use crate::{
    Errno, FileSystem, FileType, Ino, Mode, NewInode, Result, SetStat, Timestamp, makedev,
};

/// How much content is moved at once; a piece of zeros becomes a hole.
const CHUNK: usize = 64 * 1024;

/// Unpacks a tar stream into the directory `dir`. What has no time gets `now`.
///
/// Directories that paths imply are made with mode 755. A directory that is there is kept and
/// gets the mode, owner and time of its entry; anything else that is there is replaced. Nothing
/// is followed: a path through a symbolic link is an error, and so are `..` and absolute paths.
/// After an error what came before it stays unpacked.
///
/// # Errors
/// - `InvalidData`: not a tar stream; a path that is absolute, has `..` or a NUL; a hard link to
///   what was not unpacked; an entry of a type that a filesystem has no word for.
/// - `UnexpectedEof`: the stream ends inside an entry.
/// - What the filesystem answers (`other`), with the path: `ENOTDIR` for a path through what is
///   not a directory, `ENOSPC`, `ENAMETOOLONG`, …
/// - What `input` answers.
pub fn import_tar(
    fs: &mut dyn FileSystem,
    dir: Ino,
    input: impl Read,
    now: Timestamp,
) -> io::Result<()> {
    let room = fs.statfs().map_err(|errno| at(b".", errno))?;
    let room = room.blocks.saturating_mul(room.block_size);
    let mut import = Import { fs, top: dir, now, room, dirs: BTreeMap::new() };
    let mut archive = tar::Archive::new(input);
    for entry in archive.entries().map_err(not_tar)? {
        import.one(entry.map_err(not_tar)?)?;
    }
    import.finish_dirs()
}

/// What the `tar` crate complains about is the stream's fault, except for its source's own errors.
fn not_tar(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::Other if error.raw_os_error().is_none() => {
            let cut = error.to_string().contains("failed to read entire block");
            let kind = if cut { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::InvalidData };
            io::Error::new(kind, error)
        }
        _ => error,
    }
}

fn invalid(path: &[u8], what: &str) -> io::Error {
    let path = String::from_utf8_lossy(path);
    io::Error::new(io::ErrorKind::InvalidData, format!("{path}: {what}"))
}

struct Import<'a> {
    fs: &'a mut dyn FileSystem,
    top: Ino,
    now: Timestamp,
    /// Bytes that the filesystem could hold at all.
    room: u64,
    /// Modes and times of directories, set last: what is put into one changes it.
    dirs: BTreeMap<Ino, (Vec<u8>, SetStat)>,
}

/// An entry's facts, from the header and the records before it.
struct Facts {
    mode: Mode,
    uid: u32,
    gid: u32,
    mtime: Timestamp,
}

impl Import<'_> {
    fn one(&mut self, mut entry: tar::Entry<'_, impl Read>) -> io::Result<()> {
        let path = entry.path_bytes().into_owned();
        let entry_type = entry.header().entry_type();
        if entry_type.is_pax_global_extensions() {
            return Ok(());
        }
        let names = components(&path)?;
        let facts = facts(&mut entry, &path)?;
        let Some((name, above)) = names.split_last() else {
            return match entry_type {
                tar::EntryType::Directory => self.note_dir(&path, self.top, &facts),
                _ => Err(invalid(&path, "only a directory can be the root")),
            };
        };
        let dir = self.make_dirs(above).map_err(|errno| at(&path, errno))?;
        if entry_type == tar::EntryType::Directory {
            let ino = self.dir(dir, name).map_err(|errno| at(&path, errno))?;
            return self.note_dir(&path, ino, &facts);
        }
        if entry_type == tar::EntryType::Link {
            let target = link_name(&entry, &path)?;
            return self.link(&path, dir, name, &target);
        }
        self.clear(dir, name).map_err(|errno| at(&path, errno))?;
        let new = NewInode { mode: facts.mode, uid: facts.uid, gid: facts.gid, now: self.now };
        let made = match entry_type {
            tar::EntryType::Symlink => {
                let target = link_name(&entry, &path)?;
                self.fs.symlink(dir, name, &target, &new)
            }
            tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::GNUSparse => {
                let made = self.fs.create(dir, name, FileType::Regular, 0, &new);
                let ino = made.map_err(|errno| at(&path, errno))?;
                self.content(&path, ino, &mut entry)?;
                Ok(ino)
            }
            tar::EntryType::Fifo => self.fs.create(dir, name, FileType::Fifo, 0, &new),
            tar::EntryType::Char | tar::EntryType::Block => {
                let file_type = match entry_type {
                    tar::EntryType::Char => FileType::CharDevice,
                    _ => FileType::BlockDevice,
                };
                let (major, minor) =
                    (entry.header().device_major()?, entry.header().device_minor()?);
                let rdev = makedev(major.unwrap_or(0), minor.unwrap_or(0));
                self.fs.create(dir, name, file_type, rdev, &new)
            }
            _ => return Err(invalid(&path, "an entry of an unknown type")),
        };
        let ino = made.map_err(|errno| at(&path, errno))?;
        let times = SetStat { mtime: Some(facts.mtime), ..SetStat::default() };
        self.fs.set_stat(ino, &times, self.now).map_err(|errno| at(&path, errno))
    }

    /// The directory that these names lead to, made as far as it is missing.
    fn make_dirs(&mut self, names: &[&[u8]]) -> Result<Ino> {
        names.iter().try_fold(self.top, |dir, name| self.dir(dir, name))
    }

    /// The directory `name` of `dir`, made if it is missing. Nothing is followed.
    fn dir(&mut self, dir: Ino, name: &[u8]) -> Result<Ino> {
        match self.fs.lookup(dir, name) {
            Ok(ino) if self.fs.stat(ino)?.is_dir() => Ok(ino),
            Ok(_) => Err(Errno::ENOTDIR),
            Err(Errno::ENOENT) => {
                let new = NewInode { mode: Mode::new(0o755), uid: 0, gid: 0, now: self.now };
                self.fs.mkdir(dir, name, &new)
            }
            Err(errno) => Err(errno),
        }
    }

    /// Makes way for a new entry.
    fn clear(&mut self, dir: Ino, name: &[u8]) -> Result<()> {
        match self.fs.unlink(dir, name, self.now) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn note_dir(&mut self, path: &[u8], ino: Ino, facts: &Facts) -> io::Result<()> {
        let change = SetStat {
            mode: Some(facts.mode),
            uid: Some(facts.uid),
            gid: Some(facts.gid),
            mtime: Some(facts.mtime),
            ..SetStat::default()
        };
        self.dirs.insert(ino, (path.to_vec(), change));
        Ok(())
    }

    fn finish_dirs(&mut self) -> io::Result<()> {
        for (ino, (path, change)) in std::mem::take(&mut self.dirs) {
            match self.fs.set_stat(ino, &change, self.now) {
                // Made way for something later in the stream.
                Ok(()) | Err(Errno::ESTALE) => {}
                Err(errno) => return Err(at(&path, errno)),
            }
        }
        Ok(())
    }

    fn link(&mut self, path: &[u8], dir: Ino, name: &[u8], target: &[u8]) -> io::Result<()> {
        let found =
            components(target)?.iter().try_fold(self.top, |dir, name| self.fs.lookup(dir, name));
        let ino = match found {
            Ok(ino) => ino,
            Err(Errno::ENOENT | Errno::ENOTDIR) => {
                return Err(invalid(path, "a hard link to what is not in the archive"));
            }
            Err(errno) => return Err(at(path, errno)),
        };
        if self.fs.lookup(dir, name) == Ok(ino) {
            return Ok(());
        }
        self.clear(dir, name)
            .and_then(|()| self.fs.link(ino, dir, name, self.now))
            .map_err(|errno| at(path, errno))
    }

    /// Copies an entry's content; pieces of zeros become holes.
    fn content(
        &mut self,
        path: &[u8],
        ino: Ino,
        entry: &mut tar::Entry<'_, impl Read>,
    ) -> io::Result<()> {
        let size = entry.size();
        if size > self.room {
            // Also a sparse one: its zeros would take for ever.
            return Err(at(path, Errno::ENOSPC));
        }
        let mut buf = vec![0; CHUNK];
        let mut offset = 0;
        loop {
            let len = entry.read(&mut buf)?;
            let part = buf.get(..len).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            if part.iter().any(|byte| *byte != 0) {
                self.write_all(ino, offset, part).map_err(|errno| at(path, errno))?;
            }
            offset += len as u64;
        }
        if offset < size {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("{}: the archive ends here", String::from_utf8_lossy(path)),
            ));
        }
        let change = SetStat { size: Some(size), ..SetStat::default() };
        self.fs.set_stat(ino, &change, self.now).map_err(|errno| at(path, errno))
    }

    fn write_all(&mut self, ino: Ino, mut offset: u64, mut part: &[u8]) -> Result<()> {
        while !part.is_empty() {
            let len = self.fs.write_at(ino, offset, part, self.now)?;
            offset += len as u64;
            part = part.get(len..).filter(|_| len > 0).ok_or(Errno::ENOSPC)?;
        }
        Ok(())
    }
}

/// The names of a path; none for the root.
fn components(path: &[u8]) -> io::Result<Vec<&[u8]>> {
    if path.first() == Some(&b'/') {
        return Err(invalid(path, "an absolute path"));
    }
    if path.contains(&0) {
        return Err(invalid(path, "a NUL in a path"));
    }
    let names = path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    let names: Vec<&[u8]> = names.collect();
    if names.contains(&&b".."[..]) {
        return Err(invalid(path, "`..` in a path"));
    }
    Ok(names)
}

fn link_name(entry: &tar::Entry<'_, impl Read>, path: &[u8]) -> io::Result<Vec<u8>> {
    match entry.link_name_bytes() {
        Some(target) if !target.is_empty() && !target.contains(&0) => Ok(target.into_owned()),
        _ => Err(invalid(path, "a link to nothing")),
    }
}

fn facts(entry: &mut tar::Entry<'_, impl Read>, path: &[u8]) -> io::Result<Facts> {
    let id = |id: io::Result<u64>, what: &str| -> io::Result<u32> {
        u32::try_from(id?).map_err(|_| invalid(path, what))
    };
    let header = entry.header();
    let mut facts = Facts {
        mode: Mode::new(header.mode()?),
        uid: id(header.uid(), "a user without a number")?,
        gid: id(header.gid(), "a group without a number")?,
        mtime: Timestamp::new(i64::try_from(header.mtime()?).unwrap_or(i64::MAX), 0),
    };
    let Some(records) = entry.pax_extensions()? else { return Ok(facts) };
    for record in records {
        let record = record.map_err(|_| invalid(path, "a malformed record"))?;
        let value = String::from_utf8_lossy(record.value_bytes());
        let malformed = || invalid(path, "a malformed record");
        match record.key_bytes() {
            b"uid" => facts.uid = value.parse().map_err(|_| malformed())?,
            b"gid" => facts.gid = value.parse().map_err(|_| malformed())?,
            b"mtime" => facts.mtime = time(&value).ok_or_else(malformed)?,
            key if key.starts_with(b"GNU.sparse.") => {
                return Err(invalid(path, "a sparse file in GNU's PAX format"));
            }
            _ => {}
        }
    }
    Ok(facts)
}

/// A time as PAX writes it: seconds, perhaps negative, perhaps with a fraction.
fn time(text: &str) -> Option<Timestamp> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (secs, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let secs = i64::try_from(secs.parse::<u64>().ok()?).ok()?;
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanos = secs.checked_mul(1_000_000_000)?.checked_add(digits.parse().ok()?)?;
    Some(Timestamp::from_nanos(if negative { -nanos } else { nanos }))
}
