//! A fourth backend in forty lines: files from a map, read-only, and proven by the conformance
//! suite. Run it with `cargo run -p agentos-vfs --features testing --example map_fs`.

use std::{collections::BTreeMap, sync::Arc};

use agentos_vfs::{Blob, DirEntry, Errno, FileSystem, FileType, Ino, Mode, Result, Stat};
use bytes::Bytes;

/// What is at each path: `/a/b`, or nothing for the root. An inode's number is its place.
pub(crate) struct MapFs(Vec<(String, (FileType, Bytes))>);

impl MapFs {
    /// A filesystem of these files, and of the directories that their paths imply.
    pub(crate) fn new(files: &[(&str, &[u8])]) -> MapFs {
        let dir = (FileType::Directory, Bytes::new());
        let mut all = BTreeMap::from([(String::new(), dir.clone())]);
        for (path, content) in files {
            let path = format!("/{path}");
            all.extend(path.match_indices('/').map(|(n, _)| (path[..n].to_owned(), dir.clone())));
            all.insert(path, (FileType::Regular, Bytes::copy_from_slice(content)));
        }
        MapFs(all.into_iter().collect())
    }

    fn get(&self, ino: Ino) -> Result<&(String, (FileType, Bytes))> {
        self.0.get(ino.0 as usize).ok_or(Errno::ESTALE)
    }
}

impl FileSystem for MapFs {
    fn root(&self) -> Ino {
        Ino(0)
    }

    fn kind(&self) -> &'static str {
        "mapfs"
    }

    fn stat(&self, ino: Ino) -> Result<Stat> {
        let (_, (file_type, content)) = self.get(ino)?;
        let stat = Stat::new(ino, *file_type, Mode::new(0o555));
        Ok(Stat { size: content.len() as u64, ..stat })
    }

    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        let (dir, (FileType::Directory, _)) = self.get(dir)? else { return Err(Errno::ENOTDIR) };
        for (ino, (path, (file_type, _))) in (0..).zip(&self.0).skip(cookie as usize) {
            let Some((above, name)) = path.rsplit_once('/') else { continue };
            let (name, file_type) = (name.as_bytes(), *file_type);
            if above == dir && !emit(DirEntry { name, ino: Ino(ino), file_type, next: ino + 1 }) {
                break;
            }
        }
        Ok(())
    }

    fn blob(&self, ino: Ino) -> Option<Arc<dyn Blob>> {
        let (_, (FileType::Regular, content)) = self.get(ino).ok()? else { return None };
        Some(Arc::new(content.clone()))
    }
}

fn main() {
    agentos_vfs::testing::conformance_read_only(|files| Box::new(MapFs::new(files)));
}
