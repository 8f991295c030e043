//! A stand-in for the namespace of files until the vfs has one: its names, answering `ENOSYS`.
#![expect(missing_docs, unused_variables, reason = "goes away with the real one")]
#![expect(clippy::all, reason = "goes away with the real one")]
pub use ::vfs::*;

use std::sync::Arc;
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cred {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}
impl Cred {
    pub const ROOT: Cred = Cred { uid: 0, gid: 0, groups: Vec::new() };
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }
    pub fn check(&self, _s: &Stat, _a: Access) -> Result<()> {
        Ok(())
    }
}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MountId(pub u32);
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    pub mount: MountId,
    pub ino: Ino,
}
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub cred: &'a Cred,
    pub umask: Mode,
    pub now: Timestamp,
    pub cwd: Location,
    pub root: Location,
}
#[derive(Debug)]
pub struct OpenFile {
    pub location: Location,
    pub flags: OFlags,
    pub offset: u64,
    pub file_type: FileType,
    pub rdev: u64,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Follow {
    Yes,
    No,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetTime {
    Now,
    Omit,
    At(Timestamp),
}
pub struct Vfs;
const E: Errno = Errno::ENOSYS;
impl Vfs {
    pub fn stub() -> Vfs {
        Vfs
    }
    pub fn root(&self) -> Location {
        Location { mount: MountId(0), ino: Ino(1) }
    }
    pub fn filesystem(&self, _m: MountId) -> Option<&dyn FileSystem> {
        None
    }
    pub fn resolve(
        &mut self,
        cx: &Caller,
        dir: Location,
        path: &[u8],
        f: Follow,
    ) -> Result<Location> {
        Ok(self.root())
    }
    pub fn openat(
        &mut self,
        cx: &Caller,
        dir: Location,
        path: &[u8],
        flags: OFlags,
        mode: Mode,
    ) -> Result<OpenFile> {
        Err(E)
    }
    pub fn close(&mut self, f: &OpenFile) {}
    pub fn pin(&mut self, at: Location) -> Result<()> {
        Ok(())
    }
    pub fn unpin(&mut self, at: Location) {}
    pub fn mkdirat(&mut self, cx: &Caller, dir: Location, path: &[u8], mode: Mode) -> Result<()> {
        Err(E)
    }
    pub fn mknodat(
        &mut self,
        cx: &Caller,
        dir: Location,
        path: &[u8],
        t: FileType,
        mode: Mode,
        rdev: u64,
    ) -> Result<()> {
        Err(E)
    }
    pub fn symlinkat(&mut self, cx: &Caller, t: &[u8], dir: Location, path: &[u8]) -> Result<()> {
        Err(E)
    }
    pub fn linkat(
        &mut self,
        cx: &Caller,
        od: Location,
        o: &[u8],
        nd: Location,
        n: &[u8],
        f: AtFlags,
    ) -> Result<()> {
        Err(E)
    }
    pub fn unlinkat(&mut self, cx: &Caller, dir: Location, path: &[u8], f: AtFlags) -> Result<()> {
        Err(E)
    }
    pub fn renameat2(
        &mut self,
        cx: &Caller,
        od: Location,
        o: &[u8],
        nd: Location,
        n: &[u8],
        f: RenameFlags,
    ) -> Result<()> {
        Err(E)
    }
    pub fn readlinkat(&mut self, cx: &Caller, dir: Location, path: &[u8]) -> Result<Vec<u8>> {
        Err(E)
    }
    pub fn fstatat(&mut self, cx: &Caller, dir: Location, path: &[u8], f: AtFlags) -> Result<Stat> {
        Err(E)
    }
    pub fn faccessat(
        &mut self,
        cx: &Caller,
        dir: Location,
        path: &[u8],
        a: Access,
        f: AtFlags,
    ) -> Result<()> {
        Err(E)
    }
    pub fn fchmodat(
        &mut self,
        cx: &Caller,
        dir: Location,
        path: &[u8],
        m: Mode,
        f: AtFlags,
    ) -> Result<()> {
        Err(E)
    }
    pub fn fchownat(
        &mut self,
        cx: &Caller,
        dir: Location,
        path: &[u8],
        u: Option<u32>,
        g: Option<u32>,
        f: AtFlags,
    ) -> Result<()> {
        Err(E)
    }
    pub fn utimensat(
        &mut self,
        cx: &Caller,
        dir: Location,
        path: &[u8],
        a: SetTime,
        m: SetTime,
        f: AtFlags,
    ) -> Result<()> {
        Err(E)
    }
    pub fn truncateat(&mut self, cx: &Caller, dir: Location, path: &[u8], s: u64) -> Result<()> {
        Err(E)
    }
    pub fn statfsat(&mut self, cx: &Caller, dir: Location, path: &[u8]) -> Result<StatFs> {
        Err(E)
    }
    pub fn path_of(&self, at: Location) -> Result<Vec<u8>> {
        Ok(b"/".to_vec())
    }
    pub fn read(&mut self, now: Timestamp, f: &mut OpenFile, b: &mut [u8]) -> Result<usize> {
        Err(E)
    }
    pub fn write(&mut self, now: Timestamp, f: &mut OpenFile, b: &[u8]) -> Result<usize> {
        Err(E)
    }
    pub fn pread(&mut self, now: Timestamp, f: &OpenFile, o: u64, b: &mut [u8]) -> Result<usize> {
        Err(E)
    }
    pub fn pwrite(&mut self, now: Timestamp, f: &OpenFile, o: u64, b: &[u8]) -> Result<usize> {
        Err(E)
    }
    pub fn lseek(&self, f: &mut OpenFile, o: i64, w: Whence) -> Result<u64> {
        Err(E)
    }
    pub fn fstat(&self, f: &OpenFile) -> Result<Stat> {
        Err(E)
    }
    pub fn stat(&self, at: Location) -> Result<Stat> {
        let t = Timestamp::default();
        Ok(Stat {
            dev: 0,
            ino: at.ino,
            file_type: FileType::Directory,
            mode: Mode::new(0o777),
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: 0,
            blocks: 0,
            atime: t,
            mtime: t,
            ctime: t,
        })
    }
    pub fn ftruncate(&mut self, now: Timestamp, f: &OpenFile, s: u64) -> Result<()> {
        Err(E)
    }
    pub fn fallocate(&mut self, now: Timestamp, f: &OpenFile, o: u64, l: u64) -> Result<()> {
        Err(E)
    }
    pub fn fsync(&mut self, f: &OpenFile) -> Result<()> {
        Err(E)
    }
    pub fn fchmod(&mut self, cx: &Caller, f: &OpenFile, m: Mode) -> Result<()> {
        Err(E)
    }
    pub fn fchown(
        &mut self,
        cx: &Caller,
        f: &OpenFile,
        u: Option<u32>,
        g: Option<u32>,
    ) -> Result<()> {
        Err(E)
    }
    pub fn futimens(&mut self, cx: &Caller, f: &OpenFile, a: SetTime, m: SetTime) -> Result<()> {
        Err(E)
    }
    pub fn readdir(
        &self,
        f: &OpenFile,
        c: u64,
        e: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        Err(E)
    }
    pub fn blob(&self, at: Location) -> Option<Arc<dyn Blob>> {
        None
    }
    pub fn take_fed(&mut self) -> bool {
        false
    }
}
