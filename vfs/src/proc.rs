//! `/proc`: what the kernel last said of itself, as files.
//!
//! The kernel feeds a [`ProcState`]; nothing here asks for anything. Formats are those of
//! `proc(5)`, with the fields that a system without pages and CPUs can fill.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Blob, DirEntry, Errno, FileSystem, FileType, Ino, Mode, MountFlags, MountInfo, Result, Stat,
    Timestamp,
};

/// What `/proc` shows.
#[derive(Clone, Debug, Default)]
pub struct ProcState {
    /// The processes by pid.
    pub processes: BTreeMap<u32, ProcProcess>,
    /// Whose `/proc/self` is asked for.
    pub current: u32,
    /// What is mounted.
    pub mounts: Vec<MountInfo>,
    /// Nanoseconds since start.
    pub uptime_ns: u64,
    /// The host name.
    pub hostname: Vec<u8>,
    /// Bytes of memory in all, and free.
    pub memory: (u64, u64),
    /// The time that files get.
    pub now: Timestamp,
}

/// What `/proc/<pid>` shows.
#[derive(Clone, Debug, Default)]
pub struct ProcProcess {
    /// The parent.
    pub ppid: u32,
    /// The process group.
    pub pgid: u32,
    /// The session.
    pub sid: u32,
    /// The owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// The file name of the program, at most 15 bytes.
    pub comm: Vec<u8>,
    /// Arguments.
    pub argv: Vec<Vec<u8>>,
    /// Environment.
    pub environ: Vec<Vec<u8>>,
    /// The working directory.
    pub cwd: Vec<u8>,
    /// The program.
    pub exe: Vec<u8>,
    /// `R`, `S`, `T` or `Z`.
    pub state: char,
    /// CPU time, in nanoseconds.
    pub utime_ns: u64,
    /// When it started, in nanoseconds since start.
    pub start_ns: u64,
    /// The foreground group of its terminal, if it has one.
    pub tpgid: Option<u32>,
    /// The permission bits that new files do not get.
    pub umask: u32,
    /// Descriptors and what they are: a path, `pipe:[7]`.
    pub fds: BTreeMap<u32, Vec<u8>>,
}

/// The filesystem.
#[derive(Debug, Default)]
pub struct ProcFs {
    state: ProcState,
}

/// What an inode number stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Node {
    Root,
    SelfLink,
    SysDir,
    SysKernelDir,
    Global(usize),
    Hostname,
    Pid(u32),
    PidFile(u32, usize),
    FdDir(u32),
    Fd(u32, u32),
}

const GLOBAL: &[&str] =
    &["cpuinfo", "filesystems", "loadavg", "meminfo", "mounts", "stat", "uptime", "version"];

const PID_FILES: &[(&str, FileType)] = &[
    ("cmdline", FileType::Regular),
    ("comm", FileType::Regular),
    ("cwd", FileType::Symlink),
    ("environ", FileType::Regular),
    ("exe", FileType::Symlink),
    ("mounts", FileType::Regular),
    ("root", FileType::Symlink),
    ("stat", FileType::Regular),
    ("status", FileType::Regular),
];

/// Bits of an inode number below the pid.
const PID_SHIFT: u32 = 24;
const FD_BASE: u64 = 1 << 20;

impl Node {
    fn ino(self) -> Ino {
        let pid = |pid: u32, rest: u64| (u64::from(pid) << PID_SHIFT) | rest;
        Ino(match self {
            Node::Root => 1,
            Node::SelfLink => 2,
            Node::SysDir => 3,
            Node::SysKernelDir => 4,
            Node::Hostname => 5,
            Node::Global(i) => 16 + i as u64,
            Node::Pid(p) => pid(p, 1),
            Node::FdDir(p) => pid(p, 2),
            Node::PidFile(p, i) => pid(p, 16 + i as u64),
            Node::Fd(p, fd) => pid(p, FD_BASE + u64::from(fd)),
        })
    }

    fn from_ino(ino: Ino) -> Result<Node> {
        let pid = u32::try_from(ino.0 >> PID_SHIFT).map_err(|_| Errno::ESTALE)?;
        let rest = ino.0 & ((1 << PID_SHIFT) - 1);
        let index = |len: usize| {
            usize::try_from(rest.wrapping_sub(16)).ok().filter(|i| *i < len).ok_or(Errno::ESTALE)
        };
        Ok(match (pid, rest) {
            (0, 1) => Node::Root,
            (0, 2) => Node::SelfLink,
            (0, 3) => Node::SysDir,
            (0, 4) => Node::SysKernelDir,
            (0, 5) => Node::Hostname,
            (0, _) => Node::Global(index(GLOBAL.len())?),
            (_, 1) => Node::Pid(pid),
            (_, 2) => Node::FdDir(pid),
            (_, rest) if rest >= FD_BASE => Node::Fd(pid, (rest - FD_BASE) as u32),
            _ => Node::PidFile(pid, index(PID_FILES.len())?),
        })
    }

    fn file_type(self) -> FileType {
        match self {
            Node::Root | Node::SysDir | Node::SysKernelDir | Node::Pid(_) | Node::FdDir(_) => {
                FileType::Directory
            }
            Node::SelfLink | Node::Fd(..) => FileType::Symlink,
            Node::Global(_) | Node::Hostname => FileType::Regular,
            Node::PidFile(_, i) => PID_FILES.get(i).map_or(FileType::Regular, |file| file.1),
        }
    }

    fn parent(self) -> Node {
        match self {
            Node::SysKernelDir => Node::SysDir,
            Node::Hostname => Node::SysKernelDir,
            Node::FdDir(pid) | Node::PidFile(pid, _) => Node::Pid(pid),
            Node::Fd(pid, _) => Node::FdDir(pid),
            _ => Node::Root,
        }
    }
}

impl ProcFs {
    /// A `/proc` of nothing, to be fed.
    pub fn new() -> ProcFs {
        ProcFs::default()
    }

    /// Replaces what is shown.
    pub fn feed(&mut self, state: ProcState) {
        self.state = state;
    }

    fn process(&self, pid: u32) -> Result<&ProcProcess> {
        self.state.processes.get(&pid).ok_or(Errno::ENOENT)
    }

    /// The names of a directory, in order.
    fn entries(&self, node: Node) -> Result<Vec<(Vec<u8>, Node)>> {
        let named = |name: &str, node| (name.as_bytes().to_vec(), node);
        Ok(match node {
            Node::Root => {
                let mut all: Vec<_> = GLOBAL
                    .iter()
                    .enumerate()
                    .map(|(i, name)| named(name, Node::Global(i)))
                    .collect();
                all.push(named("self", Node::SelfLink));
                all.push(named("sys", Node::SysDir));
                let pids = self.state.processes.keys();
                all.extend(pids.map(|pid| named(&pid.to_string(), Node::Pid(*pid))));
                all
            }
            Node::SysDir => vec![named("kernel", Node::SysKernelDir)],
            Node::SysKernelDir => vec![named("hostname", Node::Hostname)],
            Node::Pid(pid) => {
                self.process(pid)?;
                let files = PID_FILES.iter().enumerate();
                let mut all: Vec<_> =
                    files.map(|(i, (name, _))| named(name, Node::PidFile(pid, i))).collect();
                all.push(named("fd", Node::FdDir(pid)));
                all
            }
            Node::FdDir(pid) => {
                let fds = self.process(pid)?.fds.keys();
                fds.map(|fd| named(&fd.to_string(), Node::Fd(pid, *fd))).collect()
            }
            _ => return Err(Errno::ENOTDIR),
        })
    }

    fn text(&self, node: Node) -> Result<Vec<u8>> {
        match node {
            Node::Global(i) => Ok(self.global(GLOBAL.get(i).copied().unwrap_or_default())),
            Node::Hostname => Ok([&self.state.hostname[..], b"\n"].concat()),
            Node::PidFile(pid, i) => {
                let process = self.process(pid)?;
                match PID_FILES.get(i) {
                    Some((name, FileType::Regular)) => Ok(self.of_process(pid, process, name)),
                    _ => Err(Errno::EINVAL),
                }
            }
            node if node.file_type() == FileType::Directory => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    fn global(&self, name: &str) -> Vec<u8> {
        let seconds = |ns: u64| format!("{}.{:02}", ns / 1_000_000_000, ns / 10_000_000 % 100);
        let state = &self.state;
        match name {
            "cpuinfo" => "processor\t: 0\nvendor_id\t: agentos\nmodel name\t: WebAssembly interpreter\ncpu cores\t: 1\nflags\t\t: simd128\n\n".into(),
            "filesystems" => "nodev\tproc\nnodev\tmemfs\nnodev\toverlay\nnodev\thostfs\n".into(),
            "loadavg" => {
                let running = state.processes.values().filter(|p| p.state == 'R').count();
                let newest = state.processes.keys().next_back().copied().unwrap_or(0);
                let all = state.processes.len();
                format!("0.00 0.00 0.00 {running}/{all} {newest}\n").into_bytes()
            }
            "meminfo" => {
                let (total, free) = (state.memory.0 / 1024, state.memory.1 / 1024);
                format!("MemTotal:       {total:8} kB\nMemFree:        {free:8} kB\nMemAvailable:   {free:8} kB\nBuffers:               0 kB\nCached:                0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n").into_bytes()
            }
            "mounts" => self.mounts(),
            "stat" => {
                let ticks: u64 = state.processes.values().map(|p| p.utime_ns / 10_000_000).sum();
                format!("cpu  {ticks} 0 0 0 0 0 0 0 0 0\ncpu0 {ticks} 0 0 0 0 0 0 0 0 0\nprocesses {}\n", state.processes.len()).into_bytes()
            }
            "uptime" => format!("{} 0.00\n", seconds(state.uptime_ns)).into_bytes(),
            "version" => concat!("Linux version 6.1.0-agentos (agentos ", env!("CARGO_PKG_VERSION"), ") #1 WebAssembly\n").into(),
            _ => Vec::new(),
        }
    }

    fn mounts(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for mount in &self.state.mounts {
            let how = if mount.flags.contains(MountFlags::RDONLY) { "ro" } else { "rw" };
            text.extend_from_slice(mount.kind.as_bytes());
            text.push(b' ');
            for byte in &mount.path {
                match byte {
                    b' ' | b'\t' | b'\n' | b'\\' => {
                        text.extend_from_slice(format!("\\{byte:03o}").as_bytes());
                    }
                    byte => text.push(*byte),
                }
            }
            text.extend_from_slice(format!(" {} {how} 0 0\n", mount.kind).as_bytes());
        }
        text
    }

    fn of_process(&self, pid: u32, process: &ProcProcess, name: &str) -> Vec<u8> {
        let joined = |strings: &[Vec<u8>]| -> Vec<u8> {
            strings.iter().flat_map(|s| s.iter().copied().chain([0])).collect()
        };
        match name {
            "cmdline" => joined(&process.argv),
            "comm" => [&process.comm[..], b"\n"].concat(),
            "environ" => joined(&process.environ),
            "mounts" => self.mounts(),
            "stat" => {
                let comm = String::from_utf8_lossy(&process.comm);
                let (utime, start) = (process.utime_ns / 10_000_000, process.start_ns / 10_000_000);
                let tpgid = process.tpgid.map_or(-1, i64::from);
                let zeros = " 0".repeat(30);
                format!("{pid} ({comm}) {} {} {} {} 0 {tpgid} 0 0 0 0 0 {utime} 0 0 0 20 0 1 0 {start}{zeros}\n", process.state, process.ppid, process.pgid, process.sid).into_bytes()
            }
            "status" => {
                let state = match process.state {
                    'R' => "R (running)",
                    'T' => "T (stopped)",
                    'Z' => "Z (zombie)",
                    _ => "S (sleeping)",
                };
                let comm = String::from_utf8_lossy(&process.comm);
                let (uid, gid) = (process.uid, process.gid);
                format!(
                    "Name:\t{comm}\nUmask:\t{:04o}\nState:\t{state}\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t{}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t{gid}\t{gid}\t{gid}\nFDSize:\t{}\nThreads:\t1\n",
                    process.umask,
                    process.ppid,
                    process.fds.keys().next_back().map_or(0, |fd| fd + 1),
                )
                .into_bytes()
            }
            _ => Vec::new(),
        }
    }
}

impl FileSystem for ProcFs {
    fn root(&self) -> Ino {
        Node::Root.ino()
    }

    fn kind(&self) -> &'static str {
        "proc"
    }

    fn lookup(&self, dir: Ino, name: &[u8]) -> Result<Ino> {
        let node = Node::from_ino(dir)?;
        // A number is looked up without listing all processes.
        let number = std::str::from_utf8(name)
            .ok()
            .and_then(|name| name.parse::<u32>().ok().filter(|number| number.to_string() == name));
        match (node, number) {
            (Node::Root, Some(pid)) => self.process(pid).map(|_| Node::Pid(pid).ino()),
            (Node::FdDir(pid), Some(fd)) if self.process(pid)?.fds.contains_key(&fd) => {
                Ok(Node::Fd(pid, fd).ino())
            }
            _ => {
                let entries = self.entries(node)?;
                let entry = entries.into_iter().find(|entry| entry.0 == name);
                entry.map(|entry| entry.1.ino()).ok_or(Errno::ENOENT)
            }
        }
    }

    fn stat(&self, ino: Ino) -> Result<Stat> {
        let node = Node::from_ino(ino)?;
        let (uid, gid) = match node {
            Node::Pid(pid) | Node::PidFile(pid, _) | Node::FdDir(pid) | Node::Fd(pid, _) => {
                let process = self.process(pid)?;
                (process.uid, process.gid)
            }
            _ => (0, 0),
        };
        let file_type = node.file_type();
        let mode = match (file_type, node) {
            (FileType::Symlink, Node::Fd(..)) => 0o700,
            (FileType::Symlink, _) => 0o777,
            (FileType::Directory, Node::FdDir(_)) => 0o500,
            (FileType::Directory, _) => 0o555,
            (_, Node::PidFile(_, i)) if PID_FILES.get(i).is_some_and(|f| f.0 == "environ") => 0o400,
            _ => 0o444,
        };
        let now = self.state.now;
        let nlink = if file_type == FileType::Directory { 2 } else { 1 };
        let (atime, mtime, ctime) = (now, now, now);
        let stat = Stat::new(ino, file_type, Mode::new(mode));
        Ok(Stat { nlink, uid, gid, atime, mtime, ctime, ..stat })
    }

    fn read_dir(
        &self,
        dir: Ino,
        cookie: u64,
        emit: &mut dyn FnMut(DirEntry<'_>) -> bool,
    ) -> Result<()> {
        // Inode numbers ascend in the order of the entries, and so serve as cookies.
        let mut entries = self.entries(Node::from_ino(dir)?)?;
        entries.sort_by_key(|entry| entry.1.ino());
        for (name, node) in entries.iter().filter(|entry| entry.1.ino().0 > cookie) {
            let ino = node.ino();
            if !emit(DirEntry { name, ino, file_type: node.file_type(), next: ino.0 }) {
                break;
            }
        }
        Ok(())
    }

    fn read_link(&self, ino: Ino) -> Result<Vec<u8>> {
        match Node::from_ino(ino)? {
            Node::SelfLink => Ok(self.state.current.to_string().into_bytes()),
            Node::Fd(pid, fd) => self.process(pid)?.fds.get(&fd).cloned().ok_or(Errno::ENOENT),
            Node::PidFile(pid, i) => {
                let process = self.process(pid)?;
                match PID_FILES.get(i) {
                    Some(("cwd", _)) => Ok(process.cwd.clone()),
                    Some(("exe", _)) => Ok(process.exe.clone()),
                    Some(("root", _)) => Ok(b"/".to_vec()),
                    _ => Err(Errno::EINVAL),
                }
            }
            _ => Err(Errno::EINVAL),
        }
    }

    fn blob(&self, ino: Ino) -> Option<Arc<dyn Blob>> {
        let text = self.text(Node::from_ino(ino).ok()?).ok()?;
        Some(Arc::new(Bytes::from(text)))
    }

    fn parent(&self, dir: Ino) -> Result<Ino> {
        let node = Node::from_ino(dir)?;
        if node.file_type() != FileType::Directory {
            return Err(Errno::ENOTDIR);
        }
        Ok(node.parent().ino())
    }

    fn is_fed(&self) -> bool {
        true
    }

    fn magic_fd(&self, ino: Ino) -> Option<(u32, u32)> {
        match Node::from_ino(ino) {
            Ok(Node::Fd(pid, fd)) => Some((pid, fd)),
            _ => None,
        }
    }

    fn fork(&self) -> Option<Box<dyn FileSystem>> {
        Some(Box::new(ProcFs::new()))
    }
}
