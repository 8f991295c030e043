//! From an executable file to a process body: WebAssembly, or a native program by name.

use std::sync::Arc;

use kernel::{Fd, Image, Kernel, Loader, Pid, Program};
use syscalls::Preopen;
use vfs::{Errno, Result};

use crate::engine::Engine;
use crate::limiter::{Limiter, MemoryBudget};
use crate::module::{LoadError, MAX_MODULE_BYTES, Source};
use crate::program::{Start, WasmProgram};

/// The first bytes of a file that stands for a program of the host's: the name follows, then a
/// newline. Such a file grants nothing: a guest that writes one gets what it names, if it exists.
pub(crate) const NATIVE_MAGIC: &[u8] = b"\x7fAGENTOS\n";

/// The first bytes of a WebAssembly module.
const WASM_MAGIC: &[u8] = b"\0asm";

/// Loads the programs of one sandbox.
pub(crate) struct SandboxLoader {
    pub(crate) engine: Engine,
    pub(crate) memory: Arc<MemoryBudget>,
}

impl Loader for SandboxLoader {
    fn load(&self, kernel: &mut Kernel, pid: Pid, image: &Image<'_>) -> Result<Box<dyn Program>> {
        if let Some(rest) = image.head.strip_prefix(NATIVE_MAGIC) {
            let name = rest.split(|b| *b == b'\n').next().unwrap_or_default();
            return native(name).ok_or(Errno::ENOEXEC);
        }
        if !image.head.starts_with(WASM_MAGIC) {
            return Err(Errno::ENOEXEC);
        }
        self.wasm(kernel, pid, image).map_err(|error| match error {
            LoadError::Errno(errno) => errno,
            LoadError::Wasm(why) => {
                let text = format!("{}: {why}\n", String::from_utf8_lossy(image.path));
                // The errno that exec answers has no room for the reason.
                let _ = kernel.write(pid, Fd::STDERR, text.as_bytes());
                Errno::ENOEXEC
            }
        })
    }
}

impl SandboxLoader {
    fn wasm(
        &self,
        kernel: &mut Kernel,
        pid: Pid,
        image: &Image<'_>,
    ) -> Result<Box<dyn Program>, LoadError> {
        let engine = self.engine.inner();
        if image.size > MAX_MODULE_BYTES {
            return Err(LoadError::Errno(Errno::EFBIG));
        }
        let loaded = match &image.blob {
            Some(blob) => engine.module_of(blob)?,
            None => {
                engine.module(&image.content(kernel).map_err(LoadError::Errno)?, Source::Other)?
            }
        };
        let strings = image.argv.iter().chain(image.env);
        let argv_env = strings.map(|text| text.len() as u64 + STRING).sum();
        let limiter =
            Limiter::new(self.memory.clone(), argv_env).ok_or(LoadError::Errno(Errno::ENOMEM))?;
        let argv0 = image.argv.first().map_or(image.path, Vec::as_slice);
        let name = String::from_utf8_lossy(argv0).into_owned();
        let preopens = vec![Preopen::root()];
        // A working directory that was removed has no name.
        let cwd = kernel.getcwd(pid).unwrap_or_else(|_| b"/".to_vec());
        let start = Start { limiter, name, preopens, cwd };
        Ok(Box::new(WasmProgram::new(engine, &loaded, pid, start)?))
    }
}

/// What an argument or a variable of a process costs the host beside its text.
const STRING: u64 = 48;

/// The programs that are part of this crate.
pub(crate) const NATIVE: &[&str] = &["bash", "sh"];

fn native(name: &[u8]) -> Option<Box<dyn Program>> {
    match name {
        b"bash" | b"sh" => Some(shell::program(shell::ProgramOptions::default())),
        _ => None,
    }
}

/// The content of the file that stands for a native program.
pub(crate) fn native_file(name: &str) -> Vec<u8> {
    [NATIVE_MAGIC, name.as_bytes(), b"\n"].concat()
}

/// A process body from bytes that are no file of the sandbox. The pid is known when it is first
/// stepped.
///
/// # Errors
/// Why they are no program, in words.
pub(crate) fn body_of(
    sandbox: &crate::Sandbox,
    name: &[u8],
    bytes: &[u8],
    preopens: Vec<Preopen>,
    cwd: &str,
) -> std::result::Result<Box<dyn Program>, String> {
    let engine = sandbox.engine.inner();
    let limiter = Limiter::new(sandbox.memory.clone(), 0).ok_or(Errno::ENOMEM.to_string())?;
    let name = String::from_utf8_lossy(name).into_owned();
    let start = Start { limiter, name, preopens, cwd: cwd.as_bytes().to_vec() };
    let made = engine
        .module(bytes, Source::Other)
        .and_then(|loaded| WasmProgram::new(engine, &loaded, Pid::INIT, start));
    match made {
        Ok(program) => Ok(Box::new(program)),
        Err(LoadError::Errno(errno)) => Err(errno.to_string()),
        Err(LoadError::Wasm(why)) => Err(why),
    }
}
