//! How a sandbox is made.

use std::path::PathBuf;
use std::time::Duration;

use kernel::{Clock, Entropy, HostClock, HostEntropy, Kernel, SeededEntropy, VirtualClock};
use software::Pack;
use vfs::{Cred, Errno, FileSystem, Mode, MountFlags, OFlags, Timestamp};

use crate::error::ErrorKind;
use crate::limiter::MemoryBudget;
use crate::loader::SandboxLoader;
use crate::sandbox::Sandbox;
use crate::{Engine, Error, Limits, packages, rootfs};

/// Describes a sandbox; [`build`](Builder::build) makes it.
pub struct Builder {
    engine: Engine,
    pack: Pack,
    software_dirs: Vec<PathBuf>,
    mounts: Vec<(String, Box<dyn FileSystem>, MountFlags)>,
    env: Vec<(String, String)>,
    cwd: Option<String>,
    limits: Limits,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    hostname: String,
    timeout: Option<Duration>,
    full_output: Option<String>,
}

/// The environment of a login of the sandbox's user.
const ENV: &[(&str, &str)] = &[
    ("HOME", "/home/user"),
    ("HOSTNAME", "agentos"),
    ("LANG", "C.UTF-8"),
    ("LOGNAME", "user"),
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("SHELL", "/bin/bash"),
    ("USER", "user"),
];

/// Where commands start unless told otherwise.
const CWD: &str = "/home/user";

/// What the virtual clock of a deterministic sandbox shows at first: 2020-01-01 00:00:00 UTC.
const EPOCH: Timestamp = Timestamp::new(1_577_836_800, 0);

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder {
            engine: Engine::shared(),
            pack: Pack::default(),
            software_dirs: Vec::new(),
            mounts: Vec::new(),
            env: ENV.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            cwd: None,
            limits: Limits::default(),
            clock: Box::new(HostClock::new()),
            entropy: Box::new(HostEntropy),
            hostname: "agentos".to_owned(),
            timeout: None,
            full_output: None,
        }
    }

    /// The commands in `/usr/bin`. Without them there is the shell with its builtins.
    pub fn software(mut self, pack: Pack) -> Builder {
        self.pack = pack;
        self
    }

    /// Adds the WebAssembly commands of a directory of the host to `/usr/bin`, in place of others
    /// of the same name but `sh` and `bash`; may be called again.
    ///
    /// It holds the modules itself, with or without `.wasm` behind the command's name, or in
    /// `wasm/`, as packages of Agent OS do, or it holds such packages, as `node_modules` does. What
    /// a package says of its commands' permissions is not looked at: what a command may do is up
    /// to the sandbox. Modules are read when they first run.
    pub fn software_dir(mut self, dir: impl Into<PathBuf>) -> Builder {
        self.software_dirs.push(dir.into());
        self
    }

    /// Shows a filesystem at an absolute path, whose directories are made as needed.
    pub fn mount(self, at: impl Into<String>, fs: impl FileSystem) -> Builder {
        self.mount_with(at, fs, MountFlags::empty())
    }

    /// As [`mount`](Builder::mount), with flags: `RDONLY` for one that is only to be read.
    pub fn mount_with(
        mut self,
        at: impl Into<String>,
        fs: impl FileSystem,
        flags: MountFlags,
    ) -> Builder {
        self.mounts.push((at.into(), Box::new(fs), flags));
        self
    }

    /// Sets a variable of every command's environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Builder {
        let name = name.into();
        self.env.retain(|(known, _)| *known != name);
        self.env.push((name, value.into()));
        self
    }

    /// The directory that commands start in. Default `/home/user`.
    pub fn cwd(mut self, cwd: impl Into<String>) -> Builder {
        self.cwd = Some(cwd.into());
        self
    }

    /// The limits.
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// How long a command may take unless it says itself. Default: as long as it wants.
    pub fn timeout(mut self, timeout: Duration) -> Builder {
        self.timeout = Some(timeout);
        self
    }

    /// Where each command's outputs go as a whole that are longer than is kept:
    /// [`Command::full_output`](crate::Command::full_output) of every command.
    pub fn full_output(mut self, dir: impl Into<String>) -> Builder {
        self.full_output = Some(dir.into());
        self
    }

    /// Where time comes from. Default: the host's clocks.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Builder {
        self.clock = Box::new(clock);
        self
    }

    /// Where randomness comes from. Default: the host.
    pub fn entropy(mut self, entropy: impl Entropy + 'static) -> Builder {
        self.entropy = Box::new(entropy);
        self
    }

    /// A virtual clock, on which sleeping takes no time, and randomness from a seed: the same
    /// commands give the same bytes on each run.
    pub fn deterministic(self, seed: u64) -> Builder {
        self.clock(VirtualClock::starting_at(EPOCH)).entropy(SeededEntropy::new(seed))
    }

    /// The host name. Default `agentos`.
    pub fn hostname(mut self, name: impl Into<String>) -> Builder {
        self.hostname = name.into();
        self
    }

    /// The engine, for a cache of compiled modules of its own. Default: the process's.
    pub fn engine(mut self, engine: Engine) -> Builder {
        self.engine = engine;
        self
    }

    /// Makes the sandbox.
    ///
    /// # Errors
    /// - [`ErrorKind::Mount`]: a mount point is not absolute, is given twice, or cannot be made.
    /// - [`ErrorKind::Argument`]: a variable's name is empty, or has `=` or NUL in it.
    /// - [`ErrorKind::Software`]: a directory of commands cannot be read, or has none.
    /// - [`ErrorKind::Path`]: the root filesystem cannot be made within the limits.
    pub fn build(mut self) -> Result<Sandbox, Error> {
        let now = self.clock.realtime();
        let mounts = core::mem::take(&mut self.mounts);
        let mut root: Option<Box<dyn FileSystem>> = None;
        let mut others: Vec<(String, Box<dyn FileSystem>, MountFlags)> = Vec::new();
        for (at, fs, flags) in mounts {
            let at = check_mount_point(&at)?;
            if at == "/" && root.is_none() {
                root = Some(fs);
            } else if at == "/" || others.iter().any(|(known, ..)| *known == at) {
                return Err(ErrorKind::Mount { at, why: "it is mounted on already".into() }.into());
            } else {
                others.push((at, fs, flags));
            }
        }
        let vfs = self.namespace(root, others, now)?;
        for (name, value) in &self.env {
            crate::command::check_env(name, value)?;
        }
        let memory = MemoryBudget::new(
            self.limits.memory_per_process,
            self.limits.memory,
            self.limits.table_elements,
        );
        let config = kernel::Config {
            limits: self.limits.kernel.clone(),
            clock: self.clock,
            entropy: self.entropy,
            hostname: self.hostname.into_bytes(),
        };
        let mut kernel = Kernel::new(vfs, config);
        let loader = SandboxLoader { engine: self.engine.clone(), memory: memory.clone() };
        kernel.set_loader(std::sync::Arc::new(loader));
        kernel.set_memory_meter(memory.clone());
        Ok(Sandbox {
            kernel,
            engine: self.engine,
            memory,
            limits: self.limits,
            env: self.env,
            cwd: self.cwd,
            default_cwd: CWD,
            timeout: self.timeout,
            full_output: self.full_output,
            full_outputs: 0,
            has_software: self.pack.is_built() || !self.software_dirs.is_empty(),
            life: crate::sandbox::Life::Ready,
        })
    }

    fn namespace(
        &self,
        root: Option<Box<dyn FileSystem>>,
        mounts: Vec<(String, Box<dyn FileSystem>, MountFlags)>,
        now: Timestamp,
    ) -> Result<vfs::Vfs, Error> {
        let at_root = |errno| Error::path("/", errno);
        let root = match root {
            Some(root) => root,
            None => {
                let mut others = Vec::new();
                for dir in &self.software_dirs {
                    others.extend(packages::commands(&self.engine, dir)?);
                }
                let files = self.limits.files;
                Box::new(rootfs::root(&self.engine, &self.pack, others, files).map_err(at_root)?)
            }
        };
        let mut vfs = rootfs::namespace(root, now).map_err(at_root)?;
        for (at, fs, flags) in mounts {
            let mounted =
                make_dirs(&mut vfs, &at, now).and_then(|()| vfs.mount(at.as_bytes(), fs, flags));
            if let Err(errno) = mounted {
                return Err(ErrorKind::Mount { at, why: errno.to_string() }.into());
            }
        }
        Ok(vfs)
    }
}

/// The mount point without doubled and trailing slashes.
fn check_mount_point(at: &str) -> Result<String, Error> {
    let fail = |why: &str| Err(ErrorKind::Mount { at: at.to_owned(), why: why.to_owned() }.into());
    if !at.starts_with('/') {
        return fail("the path is not absolute");
    }
    let names: Vec<&str> = at.split('/').filter(|name| !name.is_empty()).collect();
    if names.iter().any(|name| matches!(*name, "." | "..")) {
        return fail("the path has `.` or `..` in it");
    }
    if at.contains('\0') {
        return fail("the path has a NUL in it");
    }
    Ok(format!("/{}", names.join("/")))
}

/// Makes a directory with those above it, as `mkdir -p` of the sandbox's user would.
pub(crate) fn make_dirs(vfs: &mut vfs::Vfs, path: &str, now: Timestamp) -> vfs::Result<()> {
    let root = vfs.superuser(now);
    let cred = Cred::user(rootfs::USER.0, rootfs::USER.1);
    let mut made = String::new();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        made.push('/');
        made.push_str(name);
        match vfs.mkdirat(&root, root.cwd, made.as_bytes(), Mode::new(0o755)) {
            Ok(()) => {
                let flags = OFlags::READ | OFlags::DIRECTORY;
                let dir = vfs.openat(&root, root.cwd, made.as_bytes(), flags, Mode::empty())?;
                let owned = vfs.fchown(&root, &dir, Some(cred.uid), Some(cred.gid));
                vfs.close(&dir);
                // A backend without owners keeps its own.
                match owned {
                    Ok(()) | Err(Errno::EPERM) => {}
                    Err(errno) => return Err(errno),
                }
            }
            Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
