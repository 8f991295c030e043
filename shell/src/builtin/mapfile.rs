//! `mapfile`, `readarray`

use vfs::Errno;

use super::{lossy, number};
use crate::env::{Indexed, Mode, is_name};
use crate::exec::Outcome;
use crate::expand::quote;
use crate::shell::Shell;
use crate::sys::{Deep, Fd};

pub(super) fn mapfile<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let options = match shell.options(args, "d:n:O:s:tu:C:c:") {
            Ok(options) => options,
            Err(status) => return Ok(status),
        };
        let mut numbers = [0_u64; 5];
        for (slot, letter) in numbers.iter_mut().zip(*b"nOsuc") {
            if let Some(text) = options.value(letter) {
                match number(text).and_then(|n| u64::try_from(n).ok()) {
                    Some(n) => *slot = n,
                    None => {
                        let what = if letter == b'O' {
                            "invalid array origin"
                        } else {
                            "invalid line count"
                        };
                        shell.complain(format!("{}: {what}", lossy(text)));
                        return Ok(1);
                    }
                }
            }
        }
        let [count, origin, skip, fd, quantum] = numbers;
        let name = args.get(options.used).map_or(b"MAPFILE".to_vec(), Clone::clone);
        if !is_name(&name) {
            shell.complain(format!("`{}': not a valid identifier", lossy(&name)));
            return Ok(1);
        }
        let target = shell.env.resolve(&name).filter(|target| target.subscript.is_none());
        let name = target.map_or(name.clone(), |target| target.name.into_owned());
        let fd = Fd(u32::try_from(fd).unwrap_or(u32::MAX));
        if !shell.sys.is_open(fd) {
            shell.complain(format!("{}: invalid file descriptor: Bad file descriptor", fd.0));
            return Ok(1);
        }
        let delimiter = options.value(b'd').map_or(b'\n', |d| d.first().copied().unwrap_or(0));
        if !options.has(b'O')
            && let Err(error) = shell.env.assign_indexed(&name, Indexed::default())
        {
            shell.complain(error.message());
            return Ok(1);
        }
        let callback = options.value(b'C').map(<[u8]>::to_vec);
        let quantum = if quantum == 0 { 5000 } else { quantum };
        let mut read = 0;
        let mut stored = 0;
        while count == 0 || stored < count {
            let line = match line(shell, fd, delimiter).await {
                Ok(Some(line)) => line,
                Err(Errno::ENOMEM) => return Err(shell.exhausted()),
                // Bash does not say what it cannot read.
                Ok(None) | Err(_) => break,
            };
            read += 1;
            if read <= skip {
                continue;
            }
            let mut value = line;
            if options.has(b't') && value.last() == Some(&delimiter) {
                value.pop();
            }
            // What follows a null byte is lost.
            if let Some(end) = value.iter().position(|byte| *byte == 0) {
                value.truncate(end);
            }
            let index = (origin + stored).to_string().into_bytes();
            stored += 1;
            if let Some(callback) = &callback
                && stored % quantum == 0
            {
                let quoted = quote::single(&value);
                let text = [&callback[..], b" ", &index, b" ", &quoted].concat();
                let outer = shell.builtin.take();
                let line = shell.env.line;
                shell.run_text(&text, line, "").await?;
                shell.builtin = outer;
            }
            if let Err(error) = shell.env.assign_element(&name, &index, value, Mode::Set) {
                shell.complain(error.message());
                return Ok(1);
            }
            if shell.env.has_grown() {
                shell.account()?;
            }
        }
        Ok(0)
    })
}

/// One line with its delimiter; none at the end of the file.
async fn line(shell: &mut Shell, fd: Fd, delimiter: u8) -> Result<Option<Vec<u8>>, Errno> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match shell.sys.read(fd, &mut byte).await {
            Ok(0) => return Ok((!line.is_empty()).then_some(line)),
            Ok(_) => {
                line.push(byte[0]);
                if line.len() > shell.sys.room() {
                    return Err(Errno::ENOMEM);
                }
                if byte[0] == delimiter {
                    return Ok(Some(line));
                }
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
