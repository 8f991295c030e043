//! Trees as tar streams: out of any filesystem and into any that can be written.
//!
//! Written are ustar headers, with GNU's entries for long names and PAX records for nanoseconds
//! and large numbers: what every reader of today knows, and the best that each of them has.
//! Read is what the `tar` crate reads: ustar, PAX, GNU, V7. Not here: compression (the caller
//! wraps the stream), and changes of an overlay (`overlay/save.rs`).

mod import;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use crate::{Errno, FileSystem, FileType, Ino, Result, Stat};

pub use import::import_tar;

/// Holes that are written out as zeros, at most: the stream has no other way to say them.
const HOLES_MAX: u64 = 1 << 30;

/// The largest numbers that fit a header's octal fields of eight and twelve bytes.
const OCTAL_8: u64 = (1 << 21) - 1;
const OCTAL_12: u64 = (1 << 33) - 1;

/// Writes the directory `dir` of a filesystem and all below it to `out`, each directory before
/// its entries and these by name. Modes, owners, times of change, links of both kinds, fifos and
/// devices are kept. Sockets are left out, as GNU tar does.
///
/// ```
/// use agentos_vfs::{FileSystem, MemFs, Timestamp, export_tar, import_tar};
/// let fs = MemFs::default();
/// let mut archive = Vec::new();
/// export_tar(&fs, fs.root(), &mut archive)?;
/// let mut copy = MemFs::default();
/// let root = copy.root();
/// import_tar(&mut copy, root, archive.as_slice(), Timestamp::new(1_700_000_000, 0))?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// - What `out` answers.
/// - What the filesystem answers (`other`), with the path.
/// - `EFBIG` (`other`): a file of which more than 1 GiB is holes.
pub fn export_tar(fs: &dyn FileSystem, dir: Ino, out: impl Write) -> io::Result<()> {
    let mut export = Export { fs, tar: tar::Builder::new(out), names: BTreeMap::new() };
    let mut todo = vec![(b"./".to_vec(), dir)];
    while let Some((path, ino)) = todo.pop() {
        let stat = fs.stat(ino).map_err(|errno| at(&path, errno))?;
        if stat.is_dir() {
            let below = export.entries(&path, ino).map_err(|errno| at(&path, errno))?;
            todo.extend(below.into_iter().rev());
        }
        export.one(path, &stat)?;
    }
    export.tar.into_inner()?.flush()
}

/// An error of the filesystem at a path.
fn at(path: &[u8], errno: Errno) -> io::Error {
    io::Error::other(AtPath { path: String::from_utf8_lossy(path).into_owned(), errno })
}

/// What a filesystem answered, and about which path.
#[derive(Debug)]
struct AtPath {
    path: String,
    errno: Errno,
}

impl std::fmt::Display for AtPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.errno)
    }
}

impl std::error::Error for AtPath {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.errno)
    }
}

struct Export<'a, W: Write> {
    fs: &'a dyn FileSystem,
    tar: tar::Builder<W>,
    /// The first name of each file that has several.
    names: BTreeMap<Ino, Vec<u8>>,
}

impl<W: Write> Export<'_, W> {
    /// Puts a name into its field, and before the header if it does not fit. Not as a record:
    /// many a reader, the `tar` crate for one, takes a newline in one for its end.
    fn name(&mut self, long: tar::EntryType, name: &[u8], field: &mut [u8; 100]) -> io::Result<()> {
        let len = name.len().min(field.len());
        if let (Some(field), Some(name)) = (field.get_mut(..len), name.get(..len)) {
            field.copy_from_slice(name);
        }
        if name.len() > field.len() {
            let mut header = tar::Header::new_gnu();
            let marker = b"././@LongLink";
            header.as_old_mut().name[..marker.len()].copy_from_slice(marker);
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            header.set_size(name.len() as u64 + 1);
            header.set_entry_type(long);
            header.set_cksum();
            self.tar.append(&header, name.chain(&b"\0"[..]))?;
        }
        Ok(())
    }

    /// The entries of a directory, by name.
    fn entries(&self, path: &[u8], dir: Ino) -> Result<Vec<(Vec<u8>, Ino)>> {
        let mut all = Vec::new();
        self.fs.read_dir(dir, 0, &mut |entry| {
            let slash: &[u8] = if entry.file_type == FileType::Directory { b"/" } else { b"" };
            all.push(([path, entry.name, slash].concat(), entry.ino));
            true
        })?;
        all.sort();
        Ok(all)
    }

    fn one(&mut self, path: Vec<u8>, stat: &Stat) -> io::Result<()> {
        if stat.file_type == FileType::Socket {
            return Ok(());
        }
        let mut header = tar::Header::new_ustar();
        let mut records = Records::default();
        header.set_mode(u32::from(stat.mode.bits()));
        header.set_uid(records.number("uid", stat.uid.into(), OCTAL_8));
        header.set_gid(records.number("gid", stat.gid.into(), OCTAL_8));
        header.set_mtime(records.time("mtime", stat.mtime.secs(), stat.mtime.subsec_nanos()));
        header.set_size(0);
        self.name(tar::EntryType::GNULongName, &path, &mut header.as_old_mut().name)?;
        let first = self.names.get(&stat.ino).cloned();
        let (entry_type, target) = match (first, stat.file_type) {
            (Some(first), _) => (tar::EntryType::Link, first),
            (None, FileType::Directory) => (tar::EntryType::Directory, Vec::new()),
            (None, FileType::Symlink) => {
                let target = self.fs.read_link(stat.ino).map_err(|errno| at(&path, errno))?;
                (tar::EntryType::Symlink, target)
            }
            (None, FileType::Fifo) => (tar::EntryType::Fifo, Vec::new()),
            (None, FileType::CharDevice) => (tar::EntryType::Char, Vec::new()),
            (None, FileType::BlockDevice) => (tar::EntryType::Block, Vec::new()),
            (None, FileType::Regular | FileType::Socket) => {
                if stat.size.saturating_sub(stat.blocks.saturating_mul(512)) > HOLES_MAX {
                    return Err(at(&path, Errno::EFBIG));
                }
                header.set_size(records.number("size", stat.size, OCTAL_12));
                (tar::EntryType::Regular, Vec::new())
            }
        };
        header.set_entry_type(entry_type);
        self.name(tar::EntryType::GNULongLink, &target, &mut header.as_old_mut().linkname)?;
        if matches!(entry_type, tar::EntryType::Char | tar::EntryType::Block) {
            header.set_device_major((stat.rdev >> 8) as u32)?;
            header.set_device_minor((stat.rdev & 0xff) as u32)?;
        }
        header.set_cksum();
        let records = records.0.iter().map(|(name, value)| (*name, value.as_slice()));
        self.tar.append_pax_extensions(records)?;
        let size = if entry_type == tar::EntryType::Regular { stat.size } else { 0 };
        let mut content = Content { fs: self.fs, ino: stat.ino, at: 0, size, path: &path };
        self.tar.append(&header, &mut content)?;
        if stat.nlink > 1 && !stat.is_dir() && entry_type != tar::EntryType::Link {
            self.names.insert(stat.ino, path);
        }
        Ok(())
    }
}

/// PAX records: what does not fit the header.
#[derive(Default)]
struct Records(Vec<(&'static str, Vec<u8>)>);

impl Records {
    fn number(&mut self, name: &'static str, value: u64, max: u64) -> u64 {
        if value > max {
            self.0.push((name, value.to_string().into_bytes()));
        }
        value.min(max)
    }

    fn time(&mut self, name: &'static str, secs: i64, nanos: u32) -> u64 {
        let plain = u64::try_from(secs).ok().filter(|secs| *secs <= OCTAL_12 && nanos == 0);
        if plain.is_none() {
            // Seconds are rounded down: -1.25 is -2 s and 750,000,000 ns.
            let total = i128::from(secs) * 1_000_000_000 + i128::from(nanos);
            let (sign, total) = (if total < 0 { "-" } else { "" }, total.unsigned_abs());
            let (secs, nanos) = (total / 1_000_000_000, total % 1_000_000_000);
            self.0.push((name, format!("{sign}{secs}.{nanos:09}").into_bytes()));
        }
        plain.unwrap_or(u64::try_from(secs).unwrap_or(0).min(OCTAL_12))
    }
}

/// The content of a file as a stream of exactly its size.
struct Content<'a> {
    fs: &'a dyn FileSystem,
    ino: Ino,
    at: u64,
    size: u64,
    path: &'a [u8],
}

impl Read for Content<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.at).unwrap_or(usize::MAX).min(buf.len());
        let Some(part) = buf.get_mut(..left).filter(|part| !part.is_empty()) else { return Ok(0) };
        let len = self.fs.read_at(self.ino, self.at, part).map_err(|errno| at(self.path, errno))?;
        if len == 0 {
            // It was cut meanwhile; the header has promised more.
            return Err(at(self.path, Errno::EIO));
        }
        self.at += len as u64;
        Ok(len)
    }
}
