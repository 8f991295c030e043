//! The few commands that cases need beside builtins: files, directories, the environment, sleep.
//!
//! They know what the cases use of them, no more.

use kernel::{ExitStatus, Fd, Program};
use vfs::{AtFlags, Errno, Mode, OFlags};

use crate::sys::{Body, Ending, Sys};

/// What there is.
pub(super) const NAMES: [&str; 8] =
    ["cat", "chmod", "echo", "ln", "mkdir", "printenv", "rm", "sleep"];

/// The body of a process that runs one of them.
pub(super) fn program(name: &[u8]) -> Box<dyn Program> {
    let name = String::from_utf8_lossy(name).into_owned();
    Body::new(move |sys| main(sys, name))
}

async fn main(sys: Sys, name: String) -> Ending {
    let argv = sys.with(|k, pid| k.argv(pid).map(<[_]>::to_vec)).unwrap_or_default();
    let args = argv.get(1..).unwrap_or_default();
    let (options, operands): (Vec<_>, Vec<_>) =
        args.iter().map(Vec::as_slice).partition(|arg| arg.len() > 1 && arg.starts_with(b"-"));
    let mut status = 0;
    let mut failed = |operand: &[u8], error: Errno| {
        let operand = String::from_utf8_lossy(operand);
        status = 1;
        format!("{name}: {operand}: {}\n", error.message())
    };
    let mut messages = String::new();
    match name.as_str() {
        "cat" if operands.is_empty() => {
            if let Err(error) = copy(&sys, Fd::STDIN).await {
                messages += &failed(b"-", error);
            }
        }
        "echo" => {
            let text = [&args.join(&b' ')[..], b"\n"].concat();
            let _ = sys.write_all(Fd::STDOUT, &text).await;
        }
        "cat" => {
            for path in operands {
                match sys.open(path, OFlags::READ, 0).await {
                    Ok(fd) => {
                        messages +=
                            &copy(&sys, fd).await.err().map_or(String::new(), |e| failed(path, e));
                        let _ = sys.close(fd);
                    }
                    Err(error) => messages += &failed(path, error),
                }
            }
        }
        "printenv" => match environment(&sys, operands.first().copied()) {
            Some(text) => {
                let _ = sys.write_all(Fd::STDOUT, &text).await;
            }
            None => status = 1,
        },
        "sleep" => {
            let seconds = operands.first().map(|text| String::from_utf8_lossy(text).into_owned());
            sleep(&sys, seconds.and_then(|text| text.parse().ok()).unwrap_or(0.0)).await;
        }
        "chmod" => {
            let mode = operands.first().copied().unwrap_or_default();
            let mode = u32::from_str_radix(&String::from_utf8_lossy(mode), 8).unwrap_or(0o755);
            for path in operands.iter().skip(1) {
                let flags = AtFlags::empty();
                let done = sys.with(|k, pid| k.fchmodat(pid, None, path, Mode::new(mode), flags));
                messages += &done.err().map_or(String::new(), |error| failed(path, error));
            }
        }
        "ln" => {
            let (old, new) = (operands.first().copied(), operands.get(1).copied());
            let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
            let symbolic = options.contains(&&b"-s"[..]);
            let done = sys.with(|k, pid| match symbolic {
                true => k.symlinkat(pid, old, None, new),
                false => k.linkat(pid, None, old, None, new, AtFlags::empty()),
            });
            messages += &done.err().map_or(String::new(), |error| failed(new, error));
        }
        _ => {
            for path in operands {
                let done = match name.as_str() {
                    "mkdir" => make_directories(&sys, path, options.contains(&&b"-p"[..])),
                    _ => remove(&sys, path),
                };
                let forced = options.contains(&&b"-f"[..]) || options.contains(&&b"-rf"[..]);
                if let Err(error) = done
                    && !(forced && error == Errno::ENOENT)
                {
                    messages += &failed(path, error);
                }
            }
        }
    }
    let _ = sys.write_all(Fd::STDERR, messages.as_bytes()).await;
    Ending::Exit(ExitStatus::Exited(status))
}

async fn copy(sys: &Sys, fd: Fd) -> vfs::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match sys.read(fd, &mut buffer).await? {
            0 => return Ok(()),
            count => sys.write_all(Fd::STDOUT, &buffer[..count]).await?,
        }
        // A file that is copied to itself has no end.
        if !sys.charge(1000) {
            sys.yield_now().await;
        }
    }
}

/// The value of one variable, or all of them.
fn environment(sys: &Sys, name: Option<&[u8]>) -> Option<Vec<u8>> {
    let environ = sys.with(|k, pid| k.env(pid).map(<[_]>::to_vec)).unwrap_or_default();
    let Some(name) = name else {
        return Some(environ.iter().flat_map(|entry| [entry, &b"\n"[..]].concat()).collect());
    };
    let prefix = [name, b"="].concat();
    let value = environ.iter().find_map(|entry| entry.strip_prefix(&prefix[..]))?;
    Some([value, b"\n"].concat())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds that a case sleeps are few"
)]
async fn sleep(sys: &Sys, seconds: f64) {
    let until = sys.monotonic_ns().saturating_add((seconds * 1e9) as u64);
    let _ = std::future::poll_fn(|_| sys.with(|k, pid| k.poll(pid, &mut [], Some(until)))).await;
}

fn make_directories(sys: &Sys, path: &[u8], parents: bool) -> vfs::Result<()> {
    let make = |path: &[u8]| sys.with(|k, pid| k.mkdirat(pid, None, path, Mode::new(0o777)));
    if !parents {
        return make(path);
    }
    for (at, _) in path.iter().enumerate().filter(|(at, byte)| *at > 0 && **byte == b'/') {
        let _ = make(&path[..at]);
    }
    make(path).or_else(|error| if error == Errno::EEXIST { Ok(()) } else { Err(error) })
}

/// A file, or a directory with all in it.
fn remove(sys: &Sys, path: &[u8]) -> vfs::Result<()> {
    if !sys.lstat(path)?.is_dir() {
        return sys.with(|k, pid| k.unlinkat(pid, None, path, AtFlags::empty()));
    }
    for entry in sys.with(|k, pid| k.read_dir(pid, path))? {
        remove(sys, &[path, b"/", &entry.name].concat())?;
    }
    sys.with(|k, pid| k.unlinkat(pid, None, path, AtFlags::REMOVEDIR))
}
