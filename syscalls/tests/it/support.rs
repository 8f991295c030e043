//! A guest without an engine: memory, a process, and calls by name.

use std::task::Poll;

use agentos_syscalls::{Answer, Cx, GuestMemory, WasiState, errno_number, tables};
use kernel::{CaptureId, Config, HostFile, InitProcess, Kernel, Limits, Pid, Program, Slice, Step};
use vfs::{Errno, MemFs, MountFlags, Vfs, devfs};

/// Where results go.
pub(crate) const OUT: u32 = 0x100;
/// Where strings go.
pub(crate) const TEXT: u32 = 0x1000;
/// Where buffers are.
pub(crate) const BUF: u32 = 0x4000;
/// One page.
pub(crate) const SIZE: usize = 0x10000;

pub(crate) const ALL_RIGHTS: u64 = (1 << 30) - 1;
pub(crate) const READ: u64 = 1 << 1 | 1 << 14;
pub(crate) const WRITE: u64 = 1 << 6;

/// A body that never does anything: the tests act for it.
struct Idle;

impl Program for Idle {
    fn step(&mut self, _: &mut Kernel, _: Pid, _: Slice) -> Step {
        Step::Block
    }
}

pub(crate) struct Guest {
    pub(crate) kernel: Kernel,
    pub(crate) pid: Pid,
    pub(crate) memory: Vec<u8>,
    pub(crate) state: WasiState,
    pub(crate) stdout: CaptureId,
    pub(crate) next: Option<Box<dyn Program>>,
}

impl Guest {
    pub(crate) fn new() -> Guest {
        Guest::with(b"")
    }

    /// A guest with this standard input.
    pub(crate) fn with(stdin: &'static [u8]) -> Guest {
        let mut kernel =
            Kernel::new(Vfs::new(Box::new(MemFs::new(vfs::Limits::default()))), Config::default());
        let stdout = kernel.capture(Limits::default().output_bytes);
        let pid = kernel
            .create_process(InitProcess {
                argv: vec![b"prog".to_vec(), Vec::new(), b"x y".to_vec()],
                env: vec![b"A=1".to_vec(), b"PATH=/bin".to_vec()],
                stdin: HostFile::Bytes(bytes::Bytes::from_static(stdin)),
                stdout: HostFile::Capture(stdout),
                body: Some(Box::new(Idle)),
                ..InitProcess::default()
            })
            .unwrap();
        // Its body blocks once, so that the waits of the calls that follow are what it waits for.
        kernel.run_one();
        let state = WasiState::default();
        Guest { kernel, pid, memory: vec![0; SIZE], state, stdout, next: None }
    }

    /// The same with `/dev`.
    pub(crate) fn with_devices() -> Guest {
        let mut guest = Guest::new();
        guest.path("path_create_directory", b"dev", &[]).ok();
        let dev = devfs(vfs::Timestamp::default()).unwrap();
        guest.kernel.vfs_mut().mount(b"/dev", Box::new(dev), MountFlags::empty()).unwrap();
        guest
    }

    /// Makes a call of any module; a function of two forms is told by the number of arguments.
    pub(crate) fn call(&mut self, name: &str, args: &[u64]) -> Poll<Answer> {
        let row = tables().find(|r| r.name == name && r.params.len() == args.len()).unwrap();
        let mut cx = Cx {
            kernel: &mut self.kernel,
            pid: self.pid,
            memory: GuestMemory::new(&mut self.memory),
            state: &mut self.state,
            next: &mut self.next,
        };
        row.call(&mut cx, args)
    }

    /// Makes a call that does not wait, and gives its number.
    #[track_caller]
    pub(crate) fn value(&mut self, name: &str, args: &[u64]) -> u32 {
        match self.call(name, args) {
            Poll::Ready(Answer::Value(value)) => value,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn ok(&mut self, name: &str, args: &[u64]) {
        assert_eq!(self.value(name, args), 0, "{name}");
    }

    #[track_caller]
    pub(crate) fn fails(&mut self, name: &str, args: &[u64], errno: Errno) {
        assert_eq!(self.value(name, args), u32::from(errno_number(errno)), "{name}");
    }

    /// Puts a string at an address, and gives both numbers for it.
    pub(crate) fn put(&mut self, at: u32, text: &[u8]) -> [u64; 2] {
        self.memory[at as usize..at as usize + text.len()].copy_from_slice(text);
        [at.into(), text.len() as u64]
    }

    /// A call on `(3, path, more…)`.
    #[track_caller]
    pub(crate) fn path(&mut self, name: &str, path: &[u8], more: &[u64]) -> Status {
        let [at, len] = self.put(TEXT, path);
        let args: Vec<u64> = [3, at, len].into_iter().chain(more.iter().copied()).collect();
        Status(self.value(name, &args))
    }

    /// `path_open` below 3, following links.
    #[track_caller]
    pub(crate) fn open(&mut self, path: &[u8], oflags: u64, rights: u64) -> u64 {
        let status = self.try_open(path, oflags, rights, 0);
        assert_eq!(status, Status(0), "open {}", String::from_utf8_lossy(path));
        self.u32(OUT).into()
    }

    pub(crate) fn try_open(&mut self, path: &[u8], oflags: u64, rights: u64, flags: u64) -> Status {
        let [at, len] = self.put(TEXT, path);
        Status(
            self.value(
                "path_open",
                &[3, 1, at, len, oflags, rights, ALL_RIGHTS, flags, OUT.into()],
            ),
        )
    }

    /// Creates a file.
    #[track_caller]
    pub(crate) fn file(&mut self, path: &[u8], content: &[u8]) {
        let fd = self.open(path, 1 | 8, WRITE);
        assert_eq!(self.write(fd, content), content.len() as u32);
        self.ok("fd_close", &[fd]);
    }

    /// `fd_write` of one element; the count.
    #[track_caller]
    pub(crate) fn write(&mut self, fd: u64, content: &[u8]) -> u32 {
        let [iov, n] = self.element(content);
        self.ok("fd_write", &[fd, iov, n, OUT.into()]);
        self.u32(OUT)
    }

    /// One scatter/gather element with this content.
    pub(crate) fn element(&mut self, content: &[u8]) -> [u64; 2] {
        self.put(BUF, content);
        self.put(0x40, &BUF.to_le_bytes());
        self.put(0x44, &(content.len() as u32).to_le_bytes());
        [0x40, 1]
    }

    /// `fd_read` of up to `len` bytes.
    #[track_caller]
    pub(crate) fn read(&mut self, fd: u64, len: usize) -> Vec<u8> {
        let [iov, n] = self.element(&vec![0; len]);
        self.ok("fd_read", &[fd, iov, n, OUT.into()]);
        let n = self.u32(OUT) as usize;
        self.memory[BUF as usize..BUF as usize + n].to_vec()
    }

    pub(crate) fn u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.memory[at as usize..at as usize + 4].try_into().unwrap())
    }

    pub(crate) fn u64(&self, at: u32) -> u64 {
        u64::from_le_bytes(self.memory[at as usize..at as usize + 8].try_into().unwrap())
    }

    pub(crate) fn u8(&self, at: u32) -> u8 {
        self.memory[at as usize]
    }
}

/// A call's errno.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Status(pub(crate) u32);

impl Status {
    #[track_caller]
    pub(crate) fn ok(self) {
        assert_eq!(self, Status(0));
    }

    #[track_caller]
    pub(crate) fn is(self, errno: Errno) {
        assert_eq!(self, Status(errno_number(errno).into()));
    }
}
