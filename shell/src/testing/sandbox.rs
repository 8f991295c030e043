//! A kernel for one script: a filesystem in memory with the few commands of `command`.

use std::sync::Arc;

use kernel::{Config, HostFile, Image, InitProcess, Kernel, Loader, Outcome, Pid, Program, Until};
use vfs::{Errno, Limits, MemFs, Mode, OFlags, Timestamp, Vfs};

use super::command;

/// A script to run.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What the shell is called: `bash`, or `sh` for POSIX mode.
    pub arg0: &'a str,
    /// The script, as after `-c`.
    pub script: &'a [u8],
    /// How much it may work, in units of the kernel's fuel.
    pub fuel: Option<u64>,
}

/// What a script left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// Standard output, its first MiB.
    pub stdout: Vec<u8>,
    /// Standard error, its first MiB.
    pub stderr: Vec<u8>,
    /// What `$?` is after the shell.
    pub status: u8,
}

/// How much of an output is kept.
const KEPT: u64 = 1 << 20;

/// Runs a script with `/dev`, `/proc`, an empty `/tmp/work` that is the working directory, and the
/// commands `cat chmod echo ln mkdir printenv rm sleep` beside the shells. Time is virtual.
///
/// # Errors
/// Why the script did not end: a limit, or a deadlock.
pub fn run(job: Job<'_>) -> Result<Finished, Outcome> {
    let mut config = Config::default();
    config.limits.fuel = job.fuel;
    config.limits.output_bytes = 64 * KEPT;
    let vfs = filesystem().map_err(|_| Outcome::Deadlock)?;
    let mut kernel = Kernel::new(vfs, config);
    kernel.set_loader(Arc::new(Commands));
    let (stdout, stderr) = (kernel.capture(KEPT), kernel.capture(KEPT));
    let env = ["PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8"];
    let init = InitProcess {
        argv: vec![job.arg0.into(), b"-c".to_vec(), b"--".to_vec(), job.script.to_vec()],
        env: env.map(|text| text.as_bytes().to_vec()).to_vec(),
        cwd: b"/tmp/work".to_vec(),
        stdout: HostFile::Capture(stdout),
        stderr: HostFile::Capture(stderr),
        body: Some(crate::program(crate::ProgramOptions::default())),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).map_err(|_| Outcome::Deadlock)?;
    let status = match kernel.run(Until { pid, deadline: None }) {
        Outcome::Exited(status) => status.shell_status(),
        outcome => return Err(outcome),
    };
    // As a caller that reads to the end of the output, it waits for what is in the background.
    if (kernel.capture_is_open(stdout) || kernel.capture_is_open(stderr))
        && let Outcome::Limit(limit) = kernel.run_until(u64::MAX)
    {
        return Err(Outcome::Limit(limit));
    }
    let (stdout, stderr) = (kernel.take_capture(stdout).bytes, kernel.take_capture(stderr).bytes);
    Ok(Finished { stdout, stderr, status })
}

const MAGIC: &[u8] = b"\x7fcommand ";

/// Root's tree: the directories, and a file for each command.
fn filesystem() -> vfs::Result<Vfs> {
    let now = Timestamp::default();
    let mut vfs = Vfs::new(Box::new(MemFs::new(Limits::default())));
    let root = vfs.superuser(now);
    for dir in ["/dev", "/proc", "/tmp", "/tmp/work", "/usr", "/usr/bin"] {
        vfs.mkdirat(&root, root.cwd, dir.as_bytes(), Mode::new(0o755))?;
    }
    vfs.symlinkat(&root, b"usr/bin", root.cwd, b"/bin")?;
    for name in command::NAMES.iter().chain(&["bash", "sh"]) {
        let path = format!("/usr/bin/{name}");
        let flags = OFlags::CREAT | OFlags::WRITE;
        let mut file = vfs.openat(&root, root.cwd, path.as_bytes(), flags, Mode::new(0o755))?;
        vfs.write(now, &mut file, &[MAGIC, name.as_bytes()].concat())?;
        vfs.close(&file);
    }
    vfs.mount(b"/dev", Box::new(vfs::devfs(now)?), vfs::MountFlags::empty())?;
    vfs.mount(b"/proc", Box::new(vfs::ProcFs::new()), vfs::MountFlags::empty())?;
    Ok(vfs)
}

/// Knows the shells and the commands by what their files contain.
struct Commands;

impl Loader for Commands {
    fn load(&self, _: &mut Kernel, _: Pid, image: &Image<'_>) -> vfs::Result<Box<dyn Program>> {
        match image.head.strip_prefix(MAGIC) {
            Some(b"bash" | b"sh") => Ok(crate::program(crate::ProgramOptions::default())),
            Some(name) => Ok(command::program(name)),
            None => Err(Errno::ENOEXEC),
        }
    }
}
