//! The root filesystem of a fresh sandbox: a small Linux.
//!
//! Built once for each set of commands and forked for each sandbox, which takes constant time.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use software::Pack;
use vfs::{Blob, Errno, FileSystem, Ino, Limits, MemFs, Mode, NewInode, Result, Timestamp, Vfs};

use crate::engine::Engine;
use crate::loader::{NATIVE, native_file};
use crate::module::Source;
use crate::packages::Command;

/// The user that commands run as.
pub(crate) const USER: (u32, u32) = (1000, 1000);

/// Directories: path, mode, whether they are the user's.
const DIRS: &[(&str, u32, bool)] = &[
    ("dev", 0o755, false),
    ("etc", 0o755, false),
    ("home", 0o755, false),
    ("home/user", 0o755, true),
    ("media", 0o755, false),
    ("mnt", 0o755, false),
    ("opt", 0o755, false),
    ("proc", 0o555, false),
    ("root", 0o700, false),
    ("run", 0o755, false),
    ("run/lock", 0o1777, false),
    ("srv", 0o755, false),
    ("sys", 0o555, false),
    ("tmp", 0o1777, false),
    ("usr", 0o755, false),
    ("usr/bin", 0o755, false),
    ("usr/games", 0o755, false),
    ("usr/include", 0o755, false),
    ("usr/lib", 0o755, false),
    ("usr/local", 0o755, false),
    ("usr/local/bin", 0o755, false),
    ("usr/local/lib", 0o755, false),
    ("usr/local/sbin", 0o755, false),
    ("usr/local/share", 0o755, false),
    ("usr/sbin", 0o755, false),
    ("usr/share", 0o755, false),
    ("usr/src", 0o755, false),
    ("var", 0o755, false),
    ("var/cache", 0o755, false),
    ("var/lib", 0o755, false),
    ("var/log", 0o755, false),
    ("var/mail", 0o755, false),
    ("var/spool", 0o755, false),
    ("var/tmp", 0o1777, false),
    ("workspace", 0o755, true),
];

const LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("lib", "usr/lib"),
    ("sbin", "usr/sbin"),
    ("etc/mtab", "/proc/mounts"),
    ("etc/os-release", "../usr/lib/os-release"),
    ("var/lock", "/run/lock"),
    ("var/run", "/run"),
];

const FILES: &[(&str, &str)] = &[
    (
        "etc/group",
        "root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\ntty:x:5:\nusers:x:100:\nuser:x:1000:\nnogroup:x:65534:\n",
    ),
    ("etc/hostname", "agentos\n"),
    ("etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\tagentos\n"),
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\nuser:x:1000:1000::/home/user:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ),
    ("etc/profile", "export PATH=/usr/local/bin:/usr/bin:/bin\n"),
    ("etc/shells", "/bin/sh\n/bin/bash\n/usr/bin/sh\n/usr/bin/bash\n"),
    (
        "usr/lib/os-release",
        concat!(
            "NAME=\"agentos\"\nID=agentos\nID_LIKE=debian\nVERSION_ID=\"",
            env!("CARGO_PKG_VERSION"),
            "\"\nPRETTY_NAME=\"agentos ",
            env!("CARGO_PKG_VERSION"),
            "\"\n"
        ),
    ),
];

/// A module of a pack as the content of a file.
struct Packed {
    pack: Pack,
    name: Box<str>,
    len: u64,
}

impl Blob for Packed {
    fn len(&self) -> u64 {
        self.len
    }

    fn bytes(&self) -> Result<Bytes> {
        self.pack.get(&self.name).ok_or(Errno::EIO)?.bytes().map_err(|_| Errno::EIO)
    }
}

/// The root filesystem with the commands of a pack, forked from one that was built before, and
/// other commands, which take the place of what has the same name; but the shell stays.
pub(crate) fn root(
    engine: &Engine,
    pack: &Pack,
    others: Vec<Command>,
    limits: Limits,
) -> Result<MemFs> {
    let key = pack.commands().next().map_or(0, |first| std::ptr::from_ref(first.module) as usize);
    let mut images = engine.inner().images.lock();
    let image = match images.iter().find(|(known, ..)| *known == key) {
        Some((.., image)) => image.snapshot(),
        None => {
            let image = build(engine, pack)?;
            // The pack is held by the image's files, so its address stays its own.
            images.push((key, image.snapshot()));
            image
        }
    };
    drop(images);
    let mut tree = Tree { fs: image, now: Timestamp::default() };
    for (name, content) in others {
        if NATIVE.contains(&name.as_str()) {
            continue;
        }
        let path = format!("usr/bin/{name}");
        let (dir, last) = tree.parent(&path)?;
        match tree.fs.unlink(dir, last, tree.now) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
        tree.file(&path, content, 0o755)?;
    }
    tree.fs.set_limits(limits);
    Ok(tree.fs)
}

fn build(engine: &Engine, pack: &Pack) -> Result<MemFs> {
    let now = Timestamp::default();
    let mut tree = Tree { fs: MemFs::new(Limits::none()), now };
    for (path, mode, users) in DIRS {
        let (dir, name) = tree.parent(path)?;
        let new = tree.new_inode(*mode, *users);
        tree.fs.mkdir(dir, name, &new)?;
    }
    for (path, target) in LINKS {
        let (dir, name) = tree.parent(path)?;
        let new = tree.new_inode(0o777, false);
        tree.fs.symlink(dir, name, target.as_bytes(), &new)?;
    }
    for (path, text) in FILES {
        tree.file(path, Arc::new(Bytes::from_static(text.as_bytes())), 0o644)?;
    }
    for name in NATIVE {
        let content = Arc::new(Bytes::from(native_file(name)));
        tree.file(&format!("usr/bin/{name}"), content, 0o755)?;
    }
    // Names of one module share its bytes, and so its compiled form.
    let mut blobs: BTreeMap<usize, Arc<dyn Blob>> = BTreeMap::new();
    for command in pack.commands() {
        let key = std::ptr::from_ref(command.module) as usize;
        let blob = blobs.entry(key).or_insert_with(|| {
            let len = command.module.len() as u64;
            let blob: Arc<dyn Blob> =
                Arc::new(Packed { pack: pack.clone(), name: command.name.into(), len });
            engine.inner().know(&blob, Source::BuiltIn);
            blob
        });
        if !NATIVE.contains(&command.name) {
            tree.file(&format!("usr/bin/{}", command.name), blob.clone(), 0o755)?;
        }
    }
    Ok(tree.fs)
}

struct Tree {
    fs: MemFs,
    now: Timestamp,
}

impl Tree {
    fn new_inode(&self, mode: u32, users: bool) -> NewInode {
        let (uid, gid) = if users { USER } else { (0, 0) };
        NewInode { mode: Mode::new(mode), uid, gid, now: self.now }
    }

    fn parent<'p>(&self, path: &'p str) -> Result<(Ino, &'p [u8])> {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut ino = self.fs.root();
        for name in dir.split('/').filter(|name| !name.is_empty()) {
            ino = self.fs.lookup(ino, name.as_bytes())?;
        }
        Ok((ino, name.as_bytes()))
    }

    fn file(&mut self, path: &str, content: Arc<dyn Blob>, mode: u32) -> Result<()> {
        let (dir, name) = self.parent(path)?;
        let new = self.new_inode(mode, false);
        self.fs.add_blob(dir, name, content, &new)?;
        Ok(())
    }
}

/// Makes a namespace of a root filesystem with `/dev` and `/proc`, where it has these directories.
pub(crate) fn namespace(root: Box<dyn FileSystem>, now: Timestamp) -> Result<Vfs> {
    let mut vfs = Vfs::new(root);
    mount_if_there(&mut vfs, b"/dev", Box::new(vfs::devfs(now)?))?;
    mount_if_there(&mut vfs, b"/proc", Box::new(vfs::ProcFs::new()))?;
    Ok(vfs)
}

fn mount_if_there(vfs: &mut Vfs, at: &[u8], fs: Box<dyn FileSystem>) -> Result<()> {
    match vfs.mount(at, fs, vfs::MountFlags::empty()) {
        Ok(_) | Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(()),
        Err(errno) => Err(errno),
    }
}
