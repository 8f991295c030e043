//! From what a command is to be, to its process; or to why it cannot be started.

use kernel::{HostFile, InitProcess, Pid};
use syscalls::Preopen;
use vfs::{Cred, Errno, Mode};

use super::{Request, What};
use crate::error::ErrorKind;
use crate::sandbox::Sandbox;
use crate::{Error, rootfs};

/// Checks a variable of an environment.
pub(crate) fn check_env(name: &str, value: &str) -> Result<(), Error> {
    let message = if name.is_empty() {
        "the name of a variable is empty".to_owned()
    } else if name.contains(['=', '\0']) {
        format!("the name of the variable `{name}` has `=` or NUL in it")
    } else if value.contains('\0') {
        format!("the value of the variable `{name}` has a NUL in it")
    } else {
        return Ok(());
    };
    Err(ErrorKind::Argument(message).into())
}

/// A command with everything checked that can be before it starts.
pub(super) struct Prepared {
    what: What,
    args: Vec<Vec<u8>>,
    env: Vec<Vec<u8>>,
    cwd: String,
    path_var: Vec<u8>,
    preopens: Vec<Preopen>,
}

impl Prepared {
    pub(super) fn new(sandbox: &Sandbox, request: Request) -> Result<Prepared, Error> {
        let Request { what, args, env, inherits, cwd, preopens } = request;
        let (What::Script(text) | What::Program(text) | What::Module(text, _)) = &what;
        if text.contains(&0) || args.iter().any(|arg| arg.contains(&0)) {
            return Err(ErrorKind::Argument("an argument has a NUL in it".to_owned()).into());
        }
        let mut vars = if inherits { sandbox.env.clone() } else { Vec::new() };
        for (name, value) in env {
            check_env(&name, &value)?;
            vars.retain(|(known, _)| *known != name);
            vars.push((name, value));
        }
        let chosen = cwd.or_else(|| sandbox.cwd.clone());
        let cwd = chosen.unwrap_or_else(|| sandbox.default_cwd.to_owned());
        if inherits && !vars.iter().any(|(name, _)| name == "PWD") {
            vars.push(("PWD".to_owned(), cwd.clone()));
        }
        let path = vars.iter().find(|(name, _)| name == "PATH");
        let path_var = path.map_or(Vec::new(), |(_, value)| value.clone().into_bytes());
        let env = vars.iter().map(|(name, value)| format!("{name}={value}").into_bytes()).collect();
        Ok(Prepared { what, args, env, cwd, path_var, preopens })
    }

    /// The process to start, or why the program cannot be: a status and a message.
    fn process(self, sandbox: &mut Sandbox) -> Result<InitProcess, (i32, String)> {
        let cwd = self.cwd;
        let mut init = InitProcess {
            env: self.env,
            cwd: cwd.clone().into_bytes(),
            cred: Cred::user(rootfs::USER.0, rootfs::USER.1),
            umask: Mode::new(0o022),
            ..InitProcess::default()
        };
        match self.what {
            What::Script(text) => {
                init.path = Some(b"/usr/bin/bash".to_vec());
                init.argv = vec![b"bash".to_vec(), b"-c".to_vec(), text];
                if !self.args.is_empty() {
                    init.argv.push(b"bash".to_vec());
                }
                init.body = Some(shell::program(shell::ProgramOptions { carets: true }));
            }
            What::Module(name, bytes) => {
                let body = crate::loader::body_of(sandbox, &name, &bytes, self.preopens, &cwd);
                let why =
                    |why| (126, format!("agentos: {}: {why}\n", String::from_utf8_lossy(&name)));
                init.body = Some(body.map_err(why)?);
                init.argv = vec![name];
            }
            What::Program(name) => {
                let found = sandbox.kernel.find_in_path(Pid::INIT, &name, &self.path_var);
                let path = found.map_err(|errno| not_found(sandbox, &name, errno))?;
                init.path = Some(path);
                init.argv = vec![name];
            }
        }
        init.argv.extend(self.args);
        Ok(init)
    }
}

/// As a shell says it: 127 for what is not there, 126 for what cannot be run.
fn not_found(sandbox: &Sandbox, name: &[u8], errno: Errno) -> (i32, String) {
    let name = String::from_utf8_lossy(name);
    match errno {
        Errno::ENOENT if !name.contains('/') => {
            let hint = if sandbox.has_software {
                String::new()
            } else {
                format!(" (this build has no commands: run `{}`)", software::HOW_TO_BUILD)
            };
            (127, format!("agentos: {name}: command not found{hint}\n"))
        }
        Errno::ENOENT => (127, format!("agentos: {name}: {errno}\n")),
        _ => (126, format!("agentos: {name}: {errno}\n")),
    }
}

/// Starts the process, or answers why the program cannot be: a status and a message.
pub(super) fn launch(
    sandbox: &mut Sandbox,
    command: Prepared,
    [stdin, stdout, stderr]: [HostFile; 3],
) -> Result<Result<Pid, (i32, String)>, Error> {
    let cwd = command.cwd.clone();
    let mut init = match command.process(sandbox) {
        Ok(init) => init,
        Err(refusal) => return Ok(Err(refusal)),
    };
    (init.stdin, init.stdout, init.stderr) = (stdin, stdout, stderr);
    let name = init.argv.first().cloned().unwrap_or_default();
    match sandbox.kernel.create_process(init) {
        Ok(pid) => Ok(Ok(pid)),
        Err(errno) if cwd_is_bad(sandbox, &cwd) => Err(Error::path(&cwd, errno)),
        Err(errno) => Ok(Err(not_found(sandbox, &name, errno))),
    }
}

fn cwd_is_bad(sandbox: &mut Sandbox, cwd: &str) -> bool {
    let now = sandbox.kernel.now();
    let vfs = sandbox.kernel.vfs_mut();
    let cred = Cred::user(rootfs::USER.0, rootfs::USER.1);
    let caller = vfs::Caller { cred: &cred, ..vfs.superuser(now) };
    let access = vfs::Access::EXEC;
    let stat = vfs.fstatat(&caller, caller.cwd, cwd.as_bytes(), vfs::AtFlags::empty());
    !stat.is_ok_and(|stat| stat.is_dir() && cred.check(&stat, access).is_ok())
}
