//! `ulimit`

use super::{lossy, number};
use crate::env::ResourceLimit;
use crate::exec::Outcome;
use crate::shell::Shell;

/// Letter, description, unit, and the kernel's value if it has such a limit.
type Row = (u8, &'static str, &'static str, fn(&kernel::Limits) -> Option<u64>);

const ROWS: &[Row] = &[
    (b'c', "core file size", "(blocks, -c)", |_| Some(0)),
    (b'd', "data seg size", "(kbytes, -d)", |_| None),
    (b'e', "scheduling priority", "(-e)", |_| Some(0)),
    (b'f', "file size", "(blocks, -f)", |_| None),
    (b'l', "max locked memory", "(kbytes, -l)", |_| None),
    (b'm', "max memory size", "(kbytes, -m)", |_| None),
    (b'n', "open files", "(-n)", |limits| Some(limits.descriptors.into())),
    (b'p', "pipe size", "(512 bytes, -p)", |limits| Some(limits.pipe_capacity / 512)),
    (b's', "stack size", "(kbytes, -s)", |_| None),
    (b't', "cpu time", "(seconds, -t)", |limits| {
        limits.fuel_per_process.map(|fuel| fuel / 1_000_000_000)
    }),
    (b'u', "max user processes", "(-u)", |limits| Some(limits.processes.into())),
    (b'v', "virtual memory", "(kbytes, -v)", |_| None),
];

/// Shows the limits and lowers them. What holds is the sandbox's own, which nobody raises; a lower
/// one is kept for scripts that set it and ask for it, by this shell and its subshells.
pub(super) fn ulimit(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "SHacdeflmnpstuv") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let (soft, hard) = (options.has(b'S'), options.has(b'H'));
    let shown = |limit: ResourceLimit| {
        let value = if hard && !soft { limit.hard } else { limit.soft };
        value.map_or("unlimited".to_owned(), |value| value.to_string())
    };
    if options.has(b'a') {
        for (letter, text, unit, _) in ROWS {
            let value = shown(current(shell, *letter));
            shell.print(format!("{text:<24}{unit:>15} {value}\n"));
        }
        return Ok(0);
    }
    let letter = options.letters.iter().map(|(l, _)| *l).rfind(|l| !b"SH".contains(l));
    let letter = letter.unwrap_or(b'f');
    let Some((_, text, ..)) = ROWS.iter().find(|row| row.0 == letter) else { return Ok(1) };
    let limit = current(shell, letter);
    let Some(wanted) = args.get(options.used) else {
        shell.print(format!("{}\n", shown(limit)));
        return Ok(0);
    };
    let wanted = match (wanted.as_slice(), number(wanted)) {
        (b"unlimited", _) => None,
        (b"hard", _) => limit.hard,
        (b"soft", _) => limit.soft,
        (_, Some(n)) if n >= 0 && in_range(letter, n.unsigned_abs()) => Some(n.unsigned_abs()),
        (digits, _) if digits.iter().all(u8::is_ascii_digit) && !digits.is_empty() => {
            shell.complain(format!("{}: limit out of range", lossy(wanted)));
            return Ok(1);
        }
        _ => {
            shell.complain(format!("{}: invalid number", lossy(wanted)));
            return Ok(1);
        }
    };
    // Without -S and -H, both are set.
    let both = soft == hard;
    let changed = ResourceLimit {
        soft: if both || soft { wanted } else { limit.soft },
        hard: if both || hard { wanted } else { limit.hard },
    };
    if exceeds(changed.hard, limit.hard) {
        shell.complain(format!("{text}: cannot modify limit: Operation not permitted"));
        return Ok(1);
    }
    if exceeds(changed.soft, changed.hard) {
        shell.complain(format!("{text}: cannot modify limit: Invalid argument"));
        return Ok(1);
    }
    shell.env.limits.insert(letter, changed);
    Ok(0)
}

/// What holds of a resource: what was set, or the kernel's.
fn current(shell: &Shell, letter: u8) -> ResourceLimit {
    if let Some(limit) = shell.env.limits.get(&letter) {
        return *limit;
    }
    let limits = shell.sys.with(|kernel, _| kernel.limits().clone());
    let value = ROWS.iter().find(|row| row.0 == letter).and_then(|(.., value)| value(&limits));
    ResourceLimit { soft: value, hard: value }
}

/// Whether the limit can be counted in bytes.
fn in_range(letter: u8, value: u64) -> bool {
    let unit = match letter {
        b'c' | b'd' | b'f' | b'l' | b'm' | b's' | b'v' => 1024,
        b'p' => 512,
        _ => 1,
    };
    value.checked_mul(unit).is_some()
}

/// Whether the first is more than the second; `None` is without limit.
fn exceeds(value: Option<u64>, limit: Option<u64>) -> bool {
    limit.is_some_and(|limit| value.is_none_or(|value| value > limit))
}
