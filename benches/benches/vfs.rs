//! The filesystem beside the host's own in memory (`/dev/shm`): the same work on both.
//!
//! Targets: a snapshot of 100,000 files in less than 10 µs; a path looked up in at most three
//! times what a `stat` of tmpfs takes.
#![allow(missing_docs, reason = "criterion's macros make what they make")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot run has nothing to say")]
#![allow(clippy::disallowed_methods, reason = "the host is what we are compared with")]

use std::fs;
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use vfs::{
    AtFlags, Caller, Errno, FileSystem, FileType, HostFs, MemFs, Mode, NewInode, OFlags, OpenFile,
    OverlayFs, Timestamp, Vfs, Whence,
};

const NOW: Timestamp = Timestamp::new(1_700_000_000, 0);
const DEEP: &str = "usr/share/doc/project/src/deep/er/module.rs";

/// A directory in the host's memory that goes when it is dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn new(name: &str) -> Tmpfs {
        let top = PathBuf::from(format!("/dev/shm/agentos-bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&top).unwrap();
        Tmpfs(top)
    }

    fn file(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn namespace(fs: impl FileSystem + 'static) -> Vfs {
    Vfs::new(Box::new(fs))
}

/// Makes a file and the directories above it.
fn file(vfs: &mut Vfs, path: &str, content: &[u8]) {
    let root = vfs.superuser(NOW);
    for (slash, _) in path.match_indices('/') {
        match vfs.mkdirat(&root, root.cwd, &path.as_bytes()[..slash], Mode::new(0o755)) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => assert_eq!(errno, Errno::EEXIST),
        }
    }
    let mut file = open(vfs, path, OFlags::WRITE | OFlags::CREAT);
    vfs.write(NOW, &mut file, content).unwrap();
    vfs.close(&file);
}

fn open(vfs: &mut Vfs, path: &str, flags: OFlags) -> OpenFile {
    let root = vfs.superuser(NOW);
    vfs.openat(&root, root.cwd, path.as_bytes(), flags, Mode::new(0o644)).unwrap()
}

fn stat(vfs: &mut Vfs, cx: &Caller<'_>, path: &str) -> u64 {
    vfs.fstatat(cx, cx.cwd, path.as_bytes(), AtFlags::empty()).unwrap().size
}

/// A path of eight components.
fn stat_deep_path(c: &mut Criterion) {
    let mut group = c.benchmark_group("vfs/stat_deep_path");
    let mut vfs = namespace(MemFs::default());
    file(&mut vfs, DEEP, b"x");
    let root = vfs.superuser(NOW);
    group.bench_function("memory", |b| b.iter(|| stat(&mut vfs, &root, black_box(DEEP))));
    let tmpfs = Tmpfs::new("stat");
    let path = tmpfs.file(DEEP, b"x");
    // From the directory, as ours: the path alone is eight components.
    let dir =
        rustix::fs::open(&tmpfs.0, rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).unwrap();
    group.bench_function("tmpfs", |b| {
        b.iter(|| {
            rustix::fs::statat(&dir, black_box(DEEP), rustix::fs::AtFlags::empty()).unwrap().st_size
        });
    });
    let mut vfs = namespace(HostFs::open(&tmpfs.0).unwrap());
    let root = vfs.superuser(NOW);
    group.bench_function("host", |b| b.iter(|| stat(&mut vfs, &root, black_box(DEEP))));
    drop(path);
    group.finish();
}

fn read_4k(c: &mut Criterion) {
    let mut group = c.benchmark_group("vfs/read_4k");
    let content = vec![7; 1 << 20];
    let mut buf = [0; 4096];
    let mut vfs = namespace(MemFs::default());
    file(&mut vfs, "f", &content);
    let open = open(&mut vfs, "f", OFlags::READ);
    let mut at = 0;
    group.bench_function("memory", |b| {
        b.iter(|| {
            at = (at + 4096) % (1 << 20);
            vfs.pread(NOW, &open, at, black_box(&mut buf)).unwrap()
        });
    });
    let tmpfs = Tmpfs::new("read");
    let file = fs::File::open(tmpfs.file("f", &content)).unwrap();
    group.bench_function("tmpfs", |b| {
        b.iter(|| {
            at = (at + 4096) % (1 << 20);
            std::os::unix::fs::FileExt::read_at(&file, black_box(&mut buf), at).unwrap()
        });
    });
    group.finish();
}

/// A kilobyte at the end of a file, which starts anew after 64 MiB.
fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("vfs/append_1k");
    let line = [7; 1024];
    let mut vfs = namespace(MemFs::default());
    let mut open = open(&mut vfs, "f", OFlags::WRITE | OFlags::CREAT | OFlags::APPEND);
    let mut written = 0;
    group.bench_function("memory", |b| {
        b.iter(|| {
            written += 1;
            if written % (64 << 10) == 0 {
                vfs.ftruncate(NOW, &open, 0).unwrap();
            }
            vfs.write(NOW, &mut open, black_box(&line)).unwrap()
        });
    });
    let tmpfs = Tmpfs::new("append");
    let mut file = fs::OpenOptions::new().append(true).open(tmpfs.file("f", b"")).unwrap();
    group.bench_function("tmpfs", |b| {
        b.iter(|| {
            written += 1;
            if written % (64 << 10) == 0 {
                file.set_len(0).unwrap();
            }
            file.write(black_box(&line)).unwrap()
        });
    });
    group.finish();
}

/// All names of a directory of 10,000.
fn readdir_10k(c: &mut Criterion) {
    let mut group = c.benchmark_group("vfs/readdir_10k");
    let mut vfs = namespace(MemFs::default());
    let tmpfs = Tmpfs::new("readdir");
    for n in 0..10_000 {
        let path = format!("d/file-{n:05}");
        file(&mut vfs, &path, b"");
        tmpfs.file(&path, b"");
    }
    let open = open(&mut vfs, "d", OFlags::READ);
    group.bench_function("memory", |b| {
        b.iter(|| {
            let mut bytes = 0;
            vfs.readdir(&open, 0, &mut |entry| {
                bytes += entry.name.len();
                true
            })
            .unwrap();
            bytes
        });
    });
    let dir = tmpfs.0.join("d");
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY;
    let dir = rustix::fs::open(&dir, flags, rustix::fs::Mode::empty()).unwrap();
    group.bench_function("tmpfs", |b| {
        b.iter(|| {
            rustix::fs::seek(&dir, rustix::fs::SeekFrom::Start(0)).unwrap();
            let mut buffer = [std::mem::MaybeUninit::uninit(); 32 * 1024];
            let mut entries = rustix::fs::RawDir::new(&dir, &mut buffer);
            let mut bytes = 0;
            while let Some(entry) = entries.next() {
                bytes += entry.unwrap().file_name().to_bytes().len();
            }
            bytes
        });
    });
    group.finish();
}

/// A hundred directories of a thousand files.
fn hundred_thousand() -> MemFs {
    let mut fs = MemFs::default();
    let root = fs.root();
    let new = NewInode { mode: Mode::new(0o755), uid: 0, gid: 0, now: NOW };
    for d in 0..100 {
        let dir = fs.mkdir(root, format!("d{d}").as_bytes(), &new).unwrap();
        for f in 0..1000 {
            let name = format!("file-{f}");
            let ino = fs.create(dir, name.as_bytes(), FileType::Regular, 0, &new).unwrap();
            fs.write_at(ino, 0, name.as_bytes(), NOW).unwrap();
        }
    }
    fs
}

/// Beside it what the host does for the same: a copy of the tree (of a hundredth of it).
fn snapshot_100k_files(c: &mut Criterion) {
    let mut group = c.benchmark_group("vfs/snapshot_100k_files");
    let mut fs = hundred_thousand();
    group.bench_function("memory", |b| b.iter(|| black_box(&fs).snapshot()));
    let (root, mut n) = (fs.root(), 0);
    let dir = fs.lookup(root, b"d7").unwrap();
    // What sharing costs afterwards: the first write to a file of the copied tree.
    group.bench_function("memory, and a write", |b| {
        b.iter(|| {
            n = (n + 1) % 1000;
            let snapshot = fs.snapshot();
            let ino = fs.lookup(dir, format!("file-{n}").as_bytes()).unwrap();
            fs.write_at(ino, 0, b"changed", NOW).unwrap();
            snapshot
        });
    });
    let vfs = namespace(fs);
    group.bench_function("memory, as a namespace", |b| b.iter(|| black_box(&vfs).fork()));
    group.finish();
}

/// A path that is in the lower layer, below a directory that was changed.
fn overlay_lookup(c: &mut Criterion) {
    let mut group = c.benchmark_group("vfs/overlay_lookup");
    let mut lower = namespace(MemFs::default());
    file(&mut lower, DEEP, b"x");
    let fs = lower.filesystem(lower.root().mount).and_then(FileSystem::fork).unwrap();
    let mut vfs = namespace(OverlayFs::new(Arc::from(fs)));
    file(&mut vfs, "usr/share/new", b"y");
    let root = vfs.superuser(NOW);
    group.bench_function("over memory", |b| b.iter(|| stat(&mut vfs, &root, black_box(DEEP))));
    let tmpfs = Tmpfs::new("overlay");
    let path = tmpfs.file(DEEP, b"x");
    let mut vfs = namespace(OverlayFs::over(HostFs::open(&tmpfs.0).unwrap()));
    file(&mut vfs, "usr/share/new", b"y");
    let root = vfs.superuser(NOW);
    group.bench_function("over the host", |b| b.iter(|| stat(&mut vfs, &root, black_box(DEEP))));
    group.bench_function("tmpfs", |b| b.iter(|| fs::metadata(black_box(&path)).unwrap().len()));
    group.finish();
}

/// 64 MiB in pieces of 64 KiB.
fn sequential(c: &mut Criterion) {
    const SIZE: usize = 64 << 20;
    let mut group = c.benchmark_group("vfs/read_64m");
    group.throughput(criterion::Throughput::Bytes(SIZE as u64));
    group.sample_size(20);
    let content = vec![7; SIZE];
    let mut buf = vec![0; 64 << 10];
    let mut vfs = namespace(MemFs::default());
    file(&mut vfs, "f", &content);
    let mut open = open(&mut vfs, "f", OFlags::READ);
    group.bench_function("memory", |b| {
        b.iter(|| {
            vfs.lseek(&mut open, 0, Whence::Set).unwrap();
            while vfs.read(NOW, &mut open, black_box(&mut buf)).unwrap() > 0 {}
        });
    });
    let tmpfs = Tmpfs::new("sequential");
    let mut file = fs::File::open(tmpfs.file("f", &content)).unwrap();
    group.bench_function("tmpfs", |b| {
        b.iter(|| {
            file.seek(SeekFrom::Start(0)).unwrap();
            while file.read(black_box(&mut buf)).unwrap() > 0 {}
        });
    });
    group.finish();
}

criterion_group!(
    vfs_benches,
    stat_deep_path,
    read_4k,
    append,
    readdir_10k,
    snapshot_100k_files,
    overlay_lookup,
    sequential
);
criterion_main!(vfs_benches);
