//! A fourth backend in an afternoon: files from a map, read-only, and proven by the conformance
//! suite. Run it with `cargo run -p agentos-vfs --features testing --example map_fs`.

use std::collections::BTreeMap;

use agentos_vfs::{DirEntry, Errno, FileSystem, FileType, Ino, Mode, Result, Stat, Timestamp};

/// Files by path. An inode's number is its place in the list; directories are implied.
pub(crate) struct MapFs(Vec<(String, Option<Vec<u8>>)>);

impl MapFs {
    /// A filesystem of these files.
    pub(crate) fn new(files: &[(&str, &[u8])]) -> MapFs {
        let mut all = BTreeMap::from([(String::new(), None)]);
        for (path, content) in files {
            all.extend(path.match_indices('/').map(|(n, _)| (path[..n].to_owned(), None)));
            all.insert((*path).to_owned(), Some(content.to_vec()));
        }
        MapFs(all.into_iter().collect())
    }

    fn get(&self, ino: Ino) -> Result<(&str, Option<&[u8]>)> {
        let (path, content) = self.0.get(ino.0 as usize).ok_or(Errno::ESTALE)?;
        Ok((path, content.as_deref()))
    }

    fn children(&self, dir: Ino) -> Result<impl Iterator<Item = (u64, &str, FileType)>> {
        let (dir, None) = self.get(dir)? else { return Err(Errno::ENOTDIR) };
        Ok(self.0.iter().zip(0..).filter_map(move |((path, content), ino)| {
            let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
            let file_type = content.as_ref().map_or(FileType::Directory, |_| FileType::Regular);
            (above == dir && !name.is_empty()).then_some((ino, name, file_type))
        }))
    }
}

impl FileSystem for MapFs {
    fn root(&self) -> Ino {
        Ino(0)
    }

    fn kind(&self) -> &'static str {
        "mapfs"
    }

    fn read_only(&self) -> bool {
        true
    }

    fn lookup(&self, dir: Ino, name: &[u8]) -> Result<Ino> {
        let mut children = self.children(dir)?;
        let found = children.find(|child| child.1.as_bytes() == name);
        found.map(|(ino, ..)| Ino(ino)).ok_or(Errno::ENOENT)
    }

    fn stat(&self, ino: Ino) -> Result<Stat> {
        let (_, content) = self.get(ino)?;
        let (file_type, mode, nlink) = match content {
            Some(_) => (FileType::Regular, Mode::new(0o444), 1),
            None => {
                let dirs = self.children(ino)?.filter(|child| child.2 == FileType::Directory);
                (FileType::Directory, Mode::new(0o555), 2 + dirs.count() as u64)
            }
        };
        let (size, time) = (content.map_or(0, <[u8]>::len) as u64, Timestamp::default());
        let (atime, mtime, ctime, blocks) = (time, time, time, size.div_ceil(512));
        let (dev, rdev, uid, gid) = (0, 0, 0, 0);
        Ok(Stat {
            dev,
            ino,
            file_type,
            mode,
            nlink,
            uid,
            gid,
            rdev,
            size,
            blocks,
            atime,
            mtime,
            ctime,
        })
    }

    fn read_at(&self, ino: Ino, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let content = self.get(ino)?.1.ok_or(Errno::EISDIR)?;
        let rest = content.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        for (ino, name, file_type) in self.children(dir)?.filter(|child| child.0 >= cookie) {
            let entry = DirEntry { name: name.as_bytes(), ino: Ino(ino), file_type, next: ino + 1 };
            if !emit(entry) {
                break;
            }
        }
        Ok(())
    }

    fn read_link(&self, ino: Ino) -> Result<Vec<u8>> {
        self.get(ino).and(Err(Errno::EINVAL))
    }

    fn parent(&self, dir: Ino) -> Result<Ino> {
        let (path, None) = self.get(dir)? else { return Err(Errno::ENOTDIR) };
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        let found = self.0.iter().position(|(path, _)| path == above);
        found.map(|ino| Ino(ino as u64)).ok_or(Errno::ESTALE)
    }

    fn pin(&mut self, ino: Ino) -> Result<()> {
        self.get(ino).map(drop)
    }
}

fn main() {
    agentos_vfs::testing::conformance_read_only(|files| Box::new(MapFs::new(files)));
}
