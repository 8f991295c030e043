//! `Resolve::Beneath` against the host kernel's `RESOLVE_BENEATH`, whose `EXDEV` is our `EPERM`.

use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, OFlags, ResolveFlags, openat2};
use vfs::{
    Caller, Errno, Follow, HostFs, MemFs, Mode, Resolve, Timestamp, Vfs, export_tar, import_tar,
};

/// Each path of up to three of these below `/base` is tried.
const COMPONENTS: [&str; 13] =
    [".", "..", "d", "e", "d/e", "f", "up", "down", "over", "absolute", "back", "loop", "none"];

/// A tree with links of each kind: inside, out of the tree, out and in again, absolute.
fn tree(root: &Path) {
    for dir in ["base/d/e", "outside/d"] {
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(root.join(dir)).unwrap();
    }
    std::fs::write(root.join("base/f"), "f").unwrap();
    std::fs::write(root.join("outside/f"), "f").unwrap();
    for dir in ["base", "base/d"] {
        let at = root.join(dir);
        symlink("..", at.join("up")).unwrap();
        symlink("d/e", at.join("down")).unwrap();
        symlink("d/../../outside/d", at.join("over")).unwrap();
        symlink("/base/d", at.join("absolute")).unwrap();
        symlink("../base", at.join("back")).unwrap();
        symlink("loop", at.join("loop")).unwrap();
    }
}

/// What the host says. It gives up when anything is renamed anywhere during a `..`, and says so.
fn on_host(base: impl std::os::fd::AsFd, path: &str) -> Result<(), Errno> {
    let open =
        || openat2(&base, path, OFlags::PATH, rustix::fs::Mode::empty(), ResolveFlags::BENEATH);
    let again = |found: &Result<_, _>| matches!(found, Err(rustix::io::Errno::AGAIN));
    match std::iter::repeat_with(open).find(|found| !again(found)) {
        Some(Ok(_)) => Ok(()),
        Some(Err(rustix::io::Errno::XDEV)) => Err(Errno::EPERM),
        Some(Err(rustix::io::Errno::NOENT)) => Err(Errno::ENOENT),
        Some(Err(rustix::io::Errno::NOTDIR)) => Err(Errno::ENOTDIR),
        Some(Err(rustix::io::Errno::LOOP)) => Err(Errno::ELOOP),
        // None of the errors that the walk can answer.
        _ => Err(Errno::EIO),
    }
}

fn in_vfs(vfs: &mut Vfs, path: &str) -> Result<(), Errno> {
    let cx = vfs.superuser(Timestamp::default());
    let base = vfs.resolve(&cx, cx.root, b"/base", Follow::Yes).unwrap();
    let cx = Caller { resolve: Resolve::Beneath, umask: Mode::empty(), ..cx };
    vfs.resolve(&cx, base, path.as_bytes(), Follow::Yes).map(|_| ())
}

#[test]
fn a_caller_held_beneath_leaves_where_the_host_lets_him() {
    let scratch = tempfile::tempdir().unwrap();
    tree(scratch.path());
    let base = rustix::fs::openat(
        CWD,
        scratch.path().join("base"),
        OFlags::DIRECTORY | OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    let host = HostFs::open_read_only(scratch.path()).unwrap();
    let mut archive = Vec::new();
    export_tar(&host, vfs::FileSystem::root(&host), &mut archive).unwrap();
    let mut memory = MemFs::default();
    let root = vfs::FileSystem::root(&memory);
    import_tar(&mut memory, root, &archive[..], Timestamp::default()).unwrap();
    let mut namespaces = [Vfs::new(Box::new(host)), Vfs::new(Box::new(memory))];
    let (mut held, mut tried) = (0, 0);
    for first in COMPONENTS {
        for second in COMPONENTS {
            for third in COMPONENTS {
                let path = format!("{first}/{second}/{third}");
                let wanted = on_host(&base, &path);
                for vfs in &mut namespaces {
                    assert_eq!(in_vfs(vfs, &path), wanted, "{path}");
                }
                held += usize::from(wanted == Err(Errno::EPERM));
                tried += usize::from(wanted == Ok(()));
            }
        }
    }
    assert!(held > 500 && tried > 40, "{held} held, {tried} found");
}
