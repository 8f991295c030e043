//! From a path to a process body: permission to execute, `#!`, and the loader.
//!
//! Analogous to Linux's `fs/exec.c` and `fs/binfmt_script.c`. What a program is made of the
//! kernel does not know: that is the [`Loader`]'s.

use std::sync::Arc;

use bytes::Bytes;
use vfs::{Access, AtFlags, Blob, Errno, FileType, Location, Result};

use crate::kernel::System;
use crate::process;
use crate::sched::Program;
use crate::{Kernel, Pid};

/// How much of a file is looked at for `#!`. Linux's `BINPRM_BUF_SIZE`.
const HEAD: usize = 256;

/// How often a `#!` may lead to another `#!`. Linux gives up at the same depth.
const MAX_INTERPRETERS: usize = 4;

/// Makes process bodies from executable files.
pub trait Loader: Send + Sync {
    /// From an executable file to a body. `#!` was already followed.
    ///
    /// `argv` and `env` of the new program are in the image; the process gets them with the body.
    ///
    /// # Errors
    /// - `ENOEXEC`: not a program that this loader knows.
    /// - whatever else is to be the answer of exec.
    fn load(&self, kernel: &mut Kernel, pid: Pid, image: &Image<'_>) -> Result<Box<dyn Program>>;
}

/// An executable file that is to become a process body.
pub struct Image<'a> {
    /// The path at which it was found.
    pub path: &'a [u8],
    /// Its inode.
    pub location: Location,
    /// The arguments; `argv[0]` first.
    pub argv: &'a [Vec<u8>],
    /// The environment.
    pub env: &'a [Vec<u8>],
    /// Its first bytes, at most 256.
    pub head: &'a [u8],
    /// Its size in bytes.
    pub size: u64,
    /// The whole content, if the filesystem shares it; [`content`](Image::content) always has it.
    pub blob: Option<Arc<dyn Blob>>,
}

impl Image<'_> {
    /// The whole content: shared if it can be, else read. The caller has looked at the size.
    ///
    /// # Errors
    /// - what the filesystem says.
    pub fn content(&self, kernel: &mut Kernel) -> Result<Bytes> {
        match &self.blob {
            Some(blob) => blob.bytes(),
            None => kernel.sys().read_all(self.location, self.size).map(Bytes::from),
        }
    }
}

/// A `#!` line: the interpreter, and one argument if there is one.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Interpreter {
    path: Vec<u8>,
    argument: Option<Vec<u8>>,
}

/// Reads a `#!` line as Linux does: blanks around, one argument that may contain blanks.
///
/// # Errors
/// - `ENOEXEC`: no interpreter is named, or its path is cut off by the end of `head`.
fn parse_interpreter(head: &[u8]) -> Result<Option<Interpreter>> {
    let Some(rest) = head.strip_prefix(b"#!") else { return Ok(None) };
    let newline = rest.iter().position(|b| *b == b'\n');
    let line = rest[..newline.unwrap_or(rest.len())].trim_ascii_start();
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | 0);
    let end = line.iter().position(is_blank);
    let cut = newline.is_none() && head.len() == HEAD;
    if end.is_none() && cut {
        return Err(Errno::ENOEXEC);
    }
    let (path, argument) = line.split_at(end.unwrap_or(line.len()));
    if path.is_empty() {
        return Err(Errno::ENOEXEC);
    }
    let argument = argument.split(|b| *b == 0).find(|part| !part.is_empty()).unwrap_or_default();
    let argument = argument.trim_ascii();
    let argument = (!argument.is_empty()).then(|| argument.to_vec());
    Ok(Some(Interpreter { path: path.to_vec(), argument }))
}

impl Kernel {
    /// Searches the directories of a `PATH` for a program. A name with a slash is not searched
    /// for. An empty element is the working directory.
    ///
    /// # Errors
    /// - `EACCES`: only files that may not be executed were found.
    /// - `ENOENT`: nothing was found.
    /// - `ESRCH`: no such process.
    pub fn find_in_path(&mut self, pid: Pid, name: &[u8], path_var: &[u8]) -> Result<Vec<u8>> {
        let system = self.sys();
        if name.is_empty() {
            return Err(Errno::ENOENT);
        }
        if name.contains(&b'/') {
            return system.may_execute(pid, name).map(|_| name.to_vec());
        }
        let mut result = Errno::ENOENT;
        for element in path_var.split(|b| *b == b':') {
            let mut candidate = element.to_vec();
            if !candidate.is_empty() && !candidate.ends_with(b"/") {
                candidate.push(b'/');
            }
            candidate.extend_from_slice(name);
            match system.may_execute(pid, &candidate) {
                Ok(_) => return Ok(candidate),
                Err(Errno::EACCES) => result = Errno::EACCES,
                Err(Errno::ESRCH) => return Err(Errno::ESRCH),
                Err(_) => {}
            }
        }
        Err(result)
    }

    /// Loads a program for a process and remembers what it is to become with it.
    pub(crate) fn load(
        &mut self,
        pid: Pid,
        path: &[u8],
        mut argv: Vec<Vec<u8>>,
        env: Vec<Vec<u8>>,
    ) -> Result<Box<dyn Program>> {
        let system = self.sys();
        let mut path = path.to_vec();
        let mut followed = 0;
        let (location, size, head) = loop {
            let (location, size) = system.may_execute(pid, &path)?;
            let head = system.read_all(location, size.min(HEAD as u64))?;
            let Some(interpreter) = parse_interpreter(&head)? else {
                break (location, size, head);
            };
            followed += 1;
            if followed > MAX_INTERPRETERS {
                return Err(Errno::ELOOP);
            }
            let script = core::mem::replace(&mut path, interpreter.path.clone());
            let given = argv.into_iter().skip(1);
            argv = vec![interpreter.path];
            argv.extend(interpreter.argument);
            argv.push(script);
            argv.extend(given);
        };
        system.check_argv_env(&argv, &env)?;
        let loader = system.loader.clone().ok_or(Errno::ENOEXEC)?;
        let blob = system.vfs.blob(location);
        let exe = system.vfs.path_of(location).unwrap_or_else(|_| path.clone());
        let image =
            Image { path: &path, location, argv: &argv, env: &env, head: &head, size, blob };
        let body = loader.load(self, pid, &image)?;
        let image = process::Image { exe, argv, env };
        self.sys().processes.get_mut(pid)?.pending_exec = Some(image);
        Ok(body)
    }
}

impl System {
    /// Whether the process may execute what a path names; its inode and size.
    ///
    /// # Errors
    /// - `EACCES`: not a regular file, or without permission.
    /// - as the path says.
    fn may_execute(&mut self, pid: Pid, path: &[u8]) -> Result<(Location, u64)> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        let location = self.locate(pid, path)?;
        let stat = self.vfs.stat(location)?;
        if stat.file_type != FileType::Regular {
            return Err(Errno::EACCES);
        }
        self.at(pid, crate::DirFd::Cwd, path, |vfs, cx, at| {
            vfs.faccessat(cx, at, path, Access::EXEC, AtFlags::empty())
        })?;
        Ok((location, stat.size))
    }

    /// The first `len` bytes of a file, with the kernel's own rights.
    fn read_all(&mut self, location: Location, len: u64) -> Result<Vec<u8>> {
        let filesystem = self.vfs.filesystem(location.mount).ok_or(Errno::ESTALE)?;
        let len = usize::try_from(len).map_err(|_| Errno::ENOMEM)?;
        let mut content = vec![0; len];
        let mut done = 0;
        while done < len {
            match filesystem.read_at(location.ino, done as u64, &mut content[done..])? {
                0 => break,
                n => done += n,
            }
        }
        content.truncate(done);
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::{HEAD, parse_interpreter};
    use vfs::Errno;

    #[track_caller]
    fn check(head: &[u8], path: &[u8], argument: Option<&[u8]>) {
        let found = parse_interpreter(head).unwrap().unwrap();
        assert_eq!((&found.path[..], found.argument.as_deref()), (path, argument));
    }

    #[test]
    fn one_argument_may_contain_blanks() {
        check(b"#!/bin/sh\n", b"/bin/sh", None);
        check(b"#! \t/bin/sh  \necho", b"/bin/sh", None);
        check(b"#!/usr/bin/env -S a b \n", b"/usr/bin/env", Some(b"-S a b"));
        check(b"#!/bin/sh", b"/bin/sh", None);
    }

    #[test]
    fn without_a_path_it_is_no_program() {
        assert_eq!(parse_interpreter(b"#!\n"), Err(Errno::ENOEXEC));
        assert_eq!(parse_interpreter(b"#!   "), Err(Errno::ENOEXEC));
        let mut long = b"#!/".to_vec();
        long.resize(HEAD, b'x');
        assert_eq!(parse_interpreter(&long), Err(Errno::ENOEXEC));
        assert_eq!(parse_interpreter(b"\x7fELF"), Ok(None));
    }
}
