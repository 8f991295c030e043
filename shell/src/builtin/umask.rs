//! `umask`

use vfs::Mode;

use super::lossy;
use crate::exec::Outcome;
use crate::shell::Shell;

pub(super) fn umask(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "pS") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let current = current(shell);
    let Some(mode) = args.get(options.used) else {
        let prefix = if options.has(b'p') { "umask " } else { "" };
        if options.has(b'S') {
            let flag = if options.has(b'p') { "-S " } else { "" };
            shell.print(format!("{prefix}{flag}{}\n", symbolic(current)));
        } else {
            shell.print(format!("{prefix}{current:04o}\n"));
        }
        return Ok(0);
    };
    let new = if mode.first().is_some_and(u8::is_ascii_digit) {
        let text = lossy(mode);
        match u32::from_str_radix(&text, 8) {
            Ok(mask) if mask <= 0o7777 => mask & 0o777,
            _ => {
                shell.complain(format!("{text}: octal number out of range"));
                return Ok(1);
            }
        }
    } else {
        match parse(mode, current) {
            Ok(mask) => mask,
            Err(message) => {
                shell.complain(message);
                return Ok(1);
            }
        }
    };
    let _ = shell.sys.with(|kernel, pid| kernel.umask(pid, Mode::new(new)));
    if options.has(b'S') {
        shell.print(format!("{}\n", symbolic(new)));
    }
    Ok(0)
}

/// The kernel only exchanges masks.
fn current(shell: &Shell) -> u32 {
    shell.sys.with(|kernel, pid| {
        let old = kernel.umask(pid, Mode::empty()).unwrap_or(Mode::empty());
        let _ = kernel.umask(pid, old);
        old.bits().into()
    })
}

/// `u=rwx,g=rx,o=rx`: what is allowed.
fn symbolic(mask: u32) -> String {
    let part = |shift: u32| -> String {
        let allowed = !mask >> shift;
        [(4, 'r'), (2, 'w'), (1, 'x')]
            .iter()
            .filter(|(bit, _)| allowed & bit != 0)
            .map(|(_, letter)| *letter)
            .collect()
    };
    format!("u={},g={},o={}", part(6), part(3), part(0))
}

/// A symbolic mode, as chmod(1) takes it, applied to what the mask allows.
fn parse(mode: &[u8], mask: u32) -> Result<u32, String> {
    let mut allowed = !mask & 0o777;
    for clause in mode.split(|b| *b == b',') {
        let who_len = clause.iter().take_while(|b| b"ugoa".contains(b)).count();
        let (who, rest) = clause.split_at(who_len);
        let mut bits = 0;
        for letter in who {
            bits |= match letter {
                b'u' => 0o700,
                b'g' => 0o070,
                b'o' => 0o007,
                _ => 0o777,
            };
        }
        if who.is_empty() {
            bits = 0o777;
        }
        let mut rest = rest;
        if rest.is_empty() {
            return Err("`': invalid symbolic mode operator".to_owned());
        }
        while let Some((operator, tail)) = rest.split_first() {
            if !b"+-=".contains(operator) {
                let operator = char::from(*operator);
                return Err(format!("`{operator}': invalid symbolic mode operator"));
            }
            let len = tail.iter().take_while(|b| !b"+-=".contains(b)).count();
            let (letters, next) = tail.split_at(len);
            let mut perm = 0;
            for letter in letters {
                perm |= match letter {
                    b'r' => 0o444,
                    b'w' => 0o222,
                    b'x' => 0o111,
                    b'X' => {
                        if allowed & 0o111 != 0 {
                            0o111
                        } else {
                            0
                        }
                    }
                    b's' | b't' => 0,
                    b'u' => (allowed >> 6 & 7) * 0o111,
                    b'g' => (allowed >> 3 & 7) * 0o111,
                    b'o' => (allowed & 7) * 0o111,
                    other => {
                        let other = char::from(*other);
                        return Err(format!("`{other}': invalid symbolic mode character"));
                    }
                };
            }
            allowed = match operator {
                b'+' => allowed | (perm & bits),
                b'-' => allowed & !(perm & bits),
                _ => (allowed & !bits) | (perm & bits),
            };
            rest = next;
        }
    }
    Ok(!allowed & 0o777)
}
