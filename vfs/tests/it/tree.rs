//! What tests of several backends share: paths over a bare `FileSystem`, dumps of whole trees.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::kernel::privileged;
use vfs::{Errno, FileSystem, FileType, Ino, Mode, NewInode, Result, Stat, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::new(1_000_000, 5);

pub(crate) fn new(mode: u32) -> NewInode {
    NewInode { mode: Mode::new(mode), uid: 0, gid: 0, now: NOW }
}

/// The inode at `path`, component by component, following nothing.
pub(crate) fn at(fs: &dyn FileSystem, path: &str) -> Result<Ino> {
    path.split('/')
        .filter(|name| !name.is_empty())
        .try_fold(fs.root(), |dir, name| fs.lookup(dir, name.as_bytes()))
}

/// The directory that has `path`, and its last component.
pub(crate) fn split<'a>(fs: &dyn FileSystem, path: &'a str) -> Result<(Ino, &'a [u8])> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    Ok((at(fs, dir)?, name.as_bytes()))
}

/// The whole content of a regular file.
pub(crate) fn content(fs: &dyn FileSystem, ino: Ino) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut buf = [0; 1000];
    loop {
        match fs.read_at(ino, content.len() as u64, &mut buf)? {
            0 => return Ok(content),
            len => content.extend_from_slice(&buf[..len]),
        }
    }
}

/// The content of the file at `path`, as text.
pub(crate) fn cat(fs: &dyn FileSystem, path: &str) -> Result<String> {
    content(fs, at(fs, path)?).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Creates the file at `path`, or empties it, and writes `text`.
pub(crate) fn put(fs: &mut dyn FileSystem, path: &str, text: &str) -> Result<Ino> {
    let (dir, name) = split(fs, path)?;
    let ino = match fs.lookup(dir, name) {
        Err(Errno::ENOENT) => fs.create(dir, name, FileType::Regular, 0, &new(0o644))?,
        found => found?,
    };
    fs.set_stat(ino, &vfs::SetStat { size: Some(0), ..vfs::SetStat::default() }, NOW)?;
    assert_eq!(fs.write_at(ino, 0, text.as_bytes(), NOW)?, text.len());
    Ok(ino)
}

/// The names of a directory, sorted.
pub(crate) fn names(fs: &dyn FileSystem, dir: Ino) -> Result<Vec<String>> {
    let mut names = Vec::new();
    fs.read_dir(dir, 0, &mut |entry| {
        names.push(String::from_utf8_lossy(entry.name).into_owned());
        true
    })?;
    names.sort();
    Ok(names)
}

/// Everything that a user sees of a tree, by path; inode numbers only as far as they are shared.
pub(crate) fn dump(fs: &dyn FileSystem) -> BTreeMap<String, String> {
    let mut seen: BTreeMap<Ino, String> = BTreeMap::new();
    let mut tree = BTreeMap::new();
    let mut todo = vec![(String::new(), fs.root())];
    while let Some((path, ino)) = todo.pop() {
        let stat = fs.stat(ino).unwrap();
        assert_eq!(stat.ino, ino, "{path}");
        if stat.is_dir() {
            for name in names(fs, ino).unwrap() {
                let child = fs.lookup(ino, name.as_bytes()).unwrap();
                if fs.stat(child).unwrap().is_dir() {
                    assert_eq!(fs.parent(child), Ok(ino), "{path}/{name}");
                }
                todo.push((format!("{path}/{name}"), child));
            }
        }
        // The smallest of its paths stands for a file with several.
        let first = seen.entry(ino).or_insert_with(|| path.clone());
        if path < *first {
            *first = path.clone();
        }
        tree.insert(path, (ino, describe(fs, &stat)));
    }
    tree.into_iter()
        .map(|(path, (ino, text))| (path, format!("{text} as {}", seen[&ino])))
        .collect()
}

fn describe(fs: &dyn FileSystem, stat: &Stat) -> String {
    let what = match stat.file_type {
        FileType::Regular => String::from_utf8_lossy(&content(fs, stat.ino).unwrap()).into_owned(),
        FileType::Symlink => String::from_utf8_lossy(&fs.read_link(stat.ino).unwrap()).into_owned(),
        _ => String::new(),
    };
    let size = if stat.is_dir() { 0 } else { stat.size };
    // Only user 0 can give files to others; what nobody gives is not worth a look.
    let (uid, gid) = if privileged() { (stat.uid, stat.gid) } else { (0, 0) };
    format!("{:o} {} {uid}:{gid} {size} {what:?}", stat.st_mode(), stat.nlink)
}

/// Every byte and every time of a tree on the host, by path.
pub(crate) fn host_dump(top: &Path) -> BTreeMap<Vec<u8>, String> {
    let mut tree = BTreeMap::new();
    let mut todo = vec![top.to_path_buf()];
    while let Some(path) = todo.pop() {
        let stat = fs::symlink_metadata(&path).unwrap();
        // Looking at it must not change it: content comes last, and times are from before.
        let mut text = format!("{stat:?} {} {}", stat.ctime(), stat.ctime_nsec());
        if stat.is_symlink() {
            // The host updates a link's time of last access whenever it is read.
            text = format!(
                "{:o} {} {:?}",
                stat.mode(),
                stat.mtime_nsec(),
                fs::read_link(&path).unwrap()
            );
        } else if stat.is_file() {
            text += &String::from_utf8_lossy(&read_quietly(&path));
        } else if stat.is_dir() {
            let here = HostNames::of(&path);
            todo.extend(
                here.0.into_iter().map(|name| path.join(std::ffi::OsStr::from_bytes(&name))),
            );
        }
        tree.insert(path.as_os_str().as_bytes().to_vec(), text);
    }
    tree
}

/// The content, without moving the time of the last access.
fn read_quietly(path: &Path) -> Vec<u8> {
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NOATIME.bits() as i32;
    let mut bytes = Vec::new();
    fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// The names of a host directory, read without moving the time of the last access.
struct HostNames(Vec<Vec<u8>>);

impl HostNames {
    fn of(path: &Path) -> HostNames {
        use rustix::fs::{Dir, Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOATIME | OFlags::CLOEXEC;
        let dir = Dir::new(rustix::fs::open(path, flags, Mode::empty()).unwrap()).unwrap();
        let names = dir.map(|entry| entry.unwrap().file_name().to_bytes().to_vec());
        HostNames(names.filter(|name| name != b"." && name != b"..").collect())
    }
}

/// A small generator of numbers, the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
