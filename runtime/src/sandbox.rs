//! A sandbox: a kernel, its files, and the commands that run in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use kernel::Kernel;
use vfs::{Errno, Mode, OFlags};

use crate::builder::{Builder, make_dirs};
use crate::command::Command;
use crate::error::ErrorKind;
use crate::limiter::MemoryBudget;
use crate::{Error, Limits, Output, rootfs};

/// A place where untrusted commands run: processes, files and limits of its own.
///
/// Commands run while one of the methods is called, on the caller's thread. Files stay from
/// one command to the next; so do processes that a command leaves behind, which go on whenever
/// another command runs, until [`dispose`](Sandbox::dispose) or the end of the value.
pub struct Sandbox {
    pub(crate) kernel: Kernel,
    pub(crate) engine: crate::Engine,
    pub(crate) memory: Arc<MemoryBudget>,
    pub(crate) limits: Limits,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: Option<String>,
    pub(crate) default_cwd: &'static str,
    pub(crate) timeout: Option<Duration>,
    /// Where outputs go that are longer than is kept, and how many commands were asked to.
    pub(crate) full_output: Option<String>,
    pub(crate) full_outputs: u64,
    pub(crate) has_software: bool,
    pub(crate) life: Life,
}

/// Whether a sandbox can be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Life {
    Ready,
    Disposed,
    /// A bug was met: what it left behind is not to be trusted.
    Poisoned(String),
}

/// What became of one of the files that [`Sandbox::write_files`] was given.
#[derive(Debug)]
pub struct FileResult {
    /// The path as it was given.
    pub path: String,
    /// Whether it was written.
    pub result: Result<(), Error>,
}

impl Sandbox {
    /// Starts the description of a sandbox.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Runs a script with bash and waits for its end.
    ///
    /// Standard input is empty. That the script fails is no error: see [`Output::exit_code`].
    ///
    /// # Errors
    /// - [`ErrorKind::Argument`]: the script has a NUL in it.
    /// - [`ErrorKind::Path`]: the working directory cannot be entered.
    /// - [`ErrorKind::Disposed`], [`ErrorKind::Bug`]: the sandbox cannot be used.
    pub fn execute_command(&mut self, script: &str) -> Result<Output, Error> {
        self.script(script).output()
    }

    /// A script to be run with bash, as `bash -c` takes it.
    pub fn script(&mut self, text: impl Into<Vec<u8>>) -> Command<'_> {
        Command::script(self, text.into())
    }

    /// A program to be run without a shell, found as a shell would find it.
    pub fn command(&mut self, program: impl Into<Vec<u8>>) -> Command<'_> {
        Command::program(self, program.into())
    }

    /// A WebAssembly program that is not a file of the sandbox: its `argv[0]` and its bytes.
    pub fn module(&mut self, name: impl Into<Vec<u8>>, bytes: Vec<u8>) -> Command<'_> {
        Command::module(self, name.into(), bytes)
    }

    /// Writes files, and makes the directories above them; all of them are tried.
    ///
    /// It has the rights of root; what it makes belongs to the user that commands run as. Relative
    /// paths start at the directory that commands start in.
    pub fn write_files<P, C>(&mut self, files: impl IntoIterator<Item = (P, C)>) -> Vec<FileResult>
    where
        P: Into<String>,
        C: AsRef<[u8]>,
    {
        let write = |(path, content): (P, C)| {
            let path = path.into();
            let result = self.write_file(&path, content.as_ref());
            FileResult { path, result }
        };
        files.into_iter().map(write).collect()
    }

    /// Writes one file, as [`write_files`](Sandbox::write_files) does.
    ///
    /// # Errors
    /// - [`ErrorKind::Path`]: why it could not be written. What was there is then cut or partly
    ///   overwritten, as by any write that fails in the middle.
    /// - [`ErrorKind::Disposed`], [`ErrorKind::Bug`]: the sandbox cannot be used.
    pub fn write_file(&mut self, path: &str, content: &[u8]) -> Result<(), Error> {
        self.check_life()?;
        let full = self.absolute(path);
        self.guarded(|sandbox| sandbox.try_write(&full, content))?
            .map_err(|errno| Error::path(path, errno))
    }

    fn try_write(&mut self, path: &str, content: &[u8]) -> vfs::Result<()> {
        let now = self.kernel.now();
        let vfs = self.kernel.vfs_mut();
        if let Some((above, _)) = path.rsplit_once('/') {
            make_dirs(vfs, above, now)?;
        }
        let root = vfs.superuser(now);
        let existed = vfs.fstatat(&root, root.cwd, path.as_bytes(), vfs::AtFlags::empty()).is_ok();
        let flags = OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC | OFlags::NONBLOCK;
        let mut file = vfs.openat(&root, root.cwd, path.as_bytes(), flags, Mode::new(0o666))?;
        let written = (|| {
            if file.file_type != vfs::FileType::Regular {
                return Err(Errno::EINVAL);
            }
            let mut rest = content;
            while !rest.is_empty() {
                let n = vfs.write(now, &mut file, rest)?;
                rest = rest.get(n..).unwrap_or_default();
            }
            if existed {
                return Ok(());
            }
            match vfs.fchown(&root, &file, Some(rootfs::USER.0), Some(rootfs::USER.1)) {
                // A backend without owners keeps its own.
                Ok(()) | Err(Errno::EPERM) => Ok(()),
                Err(errno) => Err(errno),
            }
        })();
        vfs.close(&file);
        written
    }

    /// Reads a file, with the rights of root.
    ///
    /// # Errors
    /// - [`ErrorKind::Path`]: why it cannot be read: `ENOENT`, `EISDIR`, `EINVAL` for what is not
    ///   a regular file.
    /// - [`ErrorKind::Disposed`], [`ErrorKind::Bug`]: the sandbox cannot be used.
    pub fn read_file(&mut self, path: &str) -> Result<Vec<u8>, Error> {
        self.check_life()?;
        let full = self.absolute(path);
        self.guarded(|sandbox| sandbox.try_read(&full))?.map_err(|errno| Error::path(path, errno))
    }

    fn try_read(&mut self, path: &str) -> vfs::Result<Vec<u8>> {
        let now = self.kernel.now();
        let vfs = self.kernel.vfs_mut();
        let root = vfs.superuser(now);
        let flags = OFlags::READ | OFlags::NONBLOCK;
        let mut file = vfs.openat(&root, root.cwd, path.as_bytes(), flags, Mode::empty())?;
        let read = (|| {
            match file.file_type {
                vfs::FileType::Regular => {}
                vfs::FileType::Directory => return Err(Errno::EISDIR),
                _ => return Err(Errno::EINVAL),
            }
            let size = usize::try_from(vfs.fstat(&file)?.size).map_err(|_| Errno::EFBIG)?;
            let mut content = Vec::new();
            // One more byte than there is, so that the end is met without another round.
            let mut chunk = vec![0; size.clamp(1, 1 << 20) + 1];
            loop {
                let n = vfs.read(now, &mut file, &mut chunk)?;
                content.extend_from_slice(chunk.get(..n).unwrap_or_default());
                if n == 0 {
                    return Ok(content);
                }
            }
        })();
        vfs.close(&file);
        read
    }

    /// Ends every process. The sandbox can not be used any more; a second call does nothing.
    pub fn dispose(&mut self) {
        if self.life == Life::Ready {
            self.kernel.kill_all();
            self.life = Life::Disposed;
        }
    }

    /// The kernel, for what this type has no method for.
    pub fn kernel(&mut self) -> &mut Kernel {
        &mut self.kernel
    }

    /// An absolute path from one that starts where commands start.
    pub(crate) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        format!("{}/{path}", self.cwd.as_deref().unwrap_or(self.default_cwd))
    }

    pub(crate) fn check_life(&self) -> Result<(), Error> {
        match &self.life {
            Life::Ready => Ok(()),
            Life::Disposed => Err(ErrorKind::Disposed.into()),
            Life::Poisoned(what) => Err(ErrorKind::Bug(what.clone()).into()),
        }
    }

    /// Runs what may meet a bug: a panic becomes an error, and poisons the sandbox.
    pub(crate) fn guarded<T>(&mut self, run: impl FnOnce(&mut Sandbox) -> T) -> Result<T, Error> {
        catch_unwind(AssertUnwindSafe(|| run(self))).map_err(|panic| {
            let what = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "a panic without a message".to_owned());
            self.life = Life::Poisoned(what.clone());
            ErrorKind::Bug(what).into()
        })
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("life", &self.life).finish_non_exhaustive()
    }
}
