//! The conformance suite on every backend.

use std::sync::Arc;

use tempfile::TempDir;
use vfs::testing::{Traits, conformance, conformance_read_only};
use vfs::{FileSystem, FileType, HostFs, MemFs, OverlayFs};

use crate::kernel::{privileged, scratch};
use crate::random::{host, of_host};
use crate::tree::{NOW, at, new, split};

#[path = "../../examples/map_fs.rs"]
#[expect(dead_code, reason = "an example's `main`")]
mod map_fs;

/// Directories that live as long as the test.
#[derive(Default)]
struct Tops(Vec<TempDir>);

impl Tops {
    fn host(&mut self) -> HostFs {
        let top = scratch();
        let fs = host(top.path());
        self.0.push(top);
        fs
    }
}

#[test]
fn memory() {
    conformance(Traits::default(), || Box::new(MemFs::default()));
}

#[test]
fn fork_of_memory() {
    conformance(Traits::default(), || MemFs::default().fork().unwrap());
}

/// Needs user 0 on the host, as whom alone files can be others'.
#[test]
fn host_directory() {
    if privileged() {
        let mut tops = Tops::default();
        conformance(of_host(), || Box::new(tops.host()));
    }
}

fn over_memory() -> OverlayFs {
    OverlayFs::over(MemFs::default())
}

const NO_ATIME: Traits = Traits {
    host_clock: false,
    no_atime: true,
    no_setid: false,
    writer_drops: false,
    protected_hardlinks: false,
    protected_sticky: false,
    loose_scans: false,
};

#[test]
fn overlay_over_memory() {
    conformance(NO_ATIME, || Box::new(over_memory()));
}

#[test]
fn fork_of_an_overlay() {
    conformance(NO_ATIME, || over_memory().fork().unwrap());
}

#[test]
fn overlay_over_an_overlay() {
    conformance(NO_ATIME, || Box::new(OverlayFs::over(over_memory())));
}

#[test]
fn overlay_over_a_host_directory() {
    let mut tops = Tops::default();
    conformance(Traits { no_setid: false, ..of_host() }, || Box::new(OverlayFs::over(tops.host())));
}

#[test]
fn shared_filesystems_are_only_read() {
    conformance_read_only(|files| {
        let mut fs = MemFs::default();
        fill(&mut fs, files);
        Box::new(Arc::new(fs))
    });
}

#[test]
fn host_directory_read_only() {
    let mut tops = Tops::default();
    conformance_read_only(|files| {
        fill(&mut tops.host(), files);
        Box::new(HostFs::open_read_only(tops.0.last().unwrap().path()).unwrap())
    });
}

#[test]
fn map() {
    conformance_read_only(|files| Box::new(map_fs::MapFs::new(files)));
}

/// Makes the files, and the directories that their paths imply.
fn fill(fs: &mut dyn FileSystem, files: &[(&str, &[u8])]) {
    for (path, content) in files {
        for (slash, _) in path.match_indices('/') {
            let dir = &path[..slash];
            if at(fs, dir).is_err() {
                let (above, name) = split(fs, dir).unwrap();
                fs.mkdir(above, name, &new(0o755)).unwrap();
            }
        }
        let (dir, name) = split(fs, path).unwrap();
        let ino = fs.create(dir, name, FileType::Regular, 0, &new(0o644)).unwrap();
        assert_eq!(fs.write_at(ino, 0, content, NOW), Ok(content.len()));
    }
}
