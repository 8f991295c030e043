//! A whole filesystem as one value, and what no filesystem may look like.

use std::collections::{BTreeMap, BTreeSet};

use super::Facts;
use crate::{Errno, FileSystem, FileType, Ino, Result};

/// What is at one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its metadata.
    pub facts: Facts,
    /// The content of a regular file, the target of a symbolic link.
    pub content: Vec<u8>,
    /// The smallest of the paths of this inode: two with the same are hard links.
    pub first: Vec<u8>,
}

/// Every path of a filesystem without a leading slash; the root is the empty one.
pub type Tree = BTreeMap<Vec<u8>, Node>;

/// Everything that a filesystem has.
///
/// # Errors
/// What the filesystem answers.
pub fn tree(fs: &dyn FileSystem) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut first: BTreeMap<Ino, Vec<u8>> = BTreeMap::new();
    let mut inos = Vec::new();
    let mut todo = vec![(Vec::new(), fs.root())];
    while let Some((path, ino)) = todo.pop() {
        let stat = fs.stat(ino)?;
        let content = match stat.file_type {
            FileType::Regular => content(fs, ino)?,
            FileType::Symlink => fs.read_link(ino)?,
            _ => Vec::new(),
        };
        if stat.is_dir() {
            for (name, child, _) in entries(fs, ino)? {
                let slash: &[u8] = if path.is_empty() { b"" } else { b"/" };
                todo.push(([&path, slash, &name].concat(), child));
            }
        }
        let smallest = first.entry(ino).or_insert_with(|| path.clone());
        if path < *smallest {
            smallest.clone_from(&path);
        }
        inos.push((path.clone(), ino));
        tree.insert(path, Node { facts: (&stat).into(), content, first: Vec::new() });
    }
    for (path, ino) in inos {
        if let (Some(node), Some(first)) = (tree.get_mut(&path), first.get(&ino)) {
            node.first.clone_from(first);
        }
    }
    Ok(tree)
}

/// Everything that a filesystem has, after making sure that it is one consistent tree: names and
/// link counts agree, each directory knows its parent and is listed alike from each cookie,
/// look-up and listing name the same inodes, sizes are those of the contents.
///
/// # Panics
/// It is not.
#[track_caller]
pub fn check_tree(fs: &dyn FileSystem) -> Tree {
    let tree = tree(fs);
    assert!(tree.is_ok(), "the tree cannot be read: {tree:?}");
    let tree = tree.unwrap_or_default();
    let (mut names, mut subdirs) = (BTreeMap::<&[u8], u64>::new(), BTreeMap::<&[u8], u64>::new());
    for (path, node) in &tree {
        *names.entry(&node.first).or_default() += 1;
        if node.facts.file_type == FileType::Directory && !path.is_empty() {
            let above = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash);
            *subdirs.entry(&path[..above]).or_default() += 1;
        }
        if node.facts.file_type == FileType::Regular {
            assert_eq!(node.facts.size, node.content.len() as u64, "size of {path:?}");
        }
    }
    for (path, node) in &tree {
        let links = if node.facts.file_type == FileType::Directory {
            assert_eq!(&node.first, path, "a directory has two names");
            // Some hosts do not count and say 1.
            let counted = 2 + subdirs.get(path.as_slice()).unwrap_or(&0);
            if node.facts.nlink == 1 { 1 } else { counted }
        } else {
            names.get(node.first.as_slice()).copied().unwrap_or(0)
        };
        assert_eq!(node.facts.nlink, links, "links of {:?}", String::from_utf8_lossy(path));
    }
    check_dir(fs, fs.root(), fs.root());
    tree
}

/// Checks one directory, and those below.
#[track_caller]
fn check_dir(fs: &dyn FileSystem, dir: Ino, parent: Ino) {
    assert_eq!(fs.parent(dir), Ok(parent), "parent of {dir:?}");
    let all = entries(fs, dir).unwrap_or_default();
    let unique: BTreeSet<&[u8]> = all.iter().map(|(name, ..)| name.as_slice()).collect();
    assert_eq!(unique.len(), all.len(), "a name twice in {all:?}");
    let mut cookie = 0;
    for (n, (name, ino, file_type)) in all.iter().enumerate() {
        assert_eq!(fs.lookup(dir, name), Ok(*ino), "{name:?}");
        let stat = fs.stat(*ino);
        assert_eq!(fs.lookup_stat(dir, name), stat, "{name:?} looked up with its metadata");
        assert_eq!(stat.map(|stat| (stat.ino, stat.file_type)), Ok((*ino, *file_type)), "{name:?}");
        let mut here = None;
        let mut next = cookie;
        let read = fs.read_dir(dir, cookie, &mut |entry| {
            here = Some(entry.name.to_vec());
            next = entry.next;
            false
        });
        assert_eq!((read, here.as_ref()), (Ok(()), Some(name)), "entry {n} by its cookie");
        cookie = next;
        if *file_type == FileType::Directory {
            check_dir(fs, *ino, dir);
        }
    }
    let mut more = false;
    let read = fs.read_dir(dir, cookie, &mut |_| {
        more = true;
        false
    });
    assert_eq!((read, more), (Ok(()), false), "after the last cookie");
    assert_eq!(fs.lookup(dir, b"no such name"), Err(Errno::ENOENT));
}

/// The entries of a directory.
fn entries(fs: &dyn FileSystem, dir: Ino) -> Result<Vec<(Vec<u8>, Ino, FileType)>> {
    let mut all = Vec::new();
    fs.read_dir(dir, 0, &mut |entry| {
        all.push((entry.name.to_vec(), entry.ino, entry.file_type));
        true
    })?;
    Ok(all)
}

/// The whole content of a regular file.
pub(super) fn content(fs: &dyn FileSystem, ino: Ino) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut buf = vec![0; 64 * 1024];
    loop {
        match fs.read_at(ino, content.len() as u64, &mut buf)? {
            0 => return Ok(content),
            len => content.extend_from_slice(&buf[..len]),
        }
    }
}
