//! `ulimit`

use super::{lossy, number};
use crate::exec::Outcome;
use crate::shell::Shell;

/// Letter, description, unit, and the kernel's value if it has such a limit.
type Row = (u8, &'static str, &'static str, fn(&kernel::Limits) -> Option<u64>);

const ROWS: &[Row] = &[
    (b'c', "core file size", "(blocks, -c)", |_| Some(0)),
    (b'd', "data seg size", "(kbytes, -d)", |_| None),
    (b'f', "file size", "(blocks, -f)", |_| None),
    (b'n', "open files", "(-n)", |limits| Some(limits.descriptors.into())),
    (b'p', "pipe size", "(512 bytes, -p)", |limits| Some(limits.pipe_capacity / 512)),
    (b's', "stack size", "(kbytes, -s)", |_| None),
    (b't', "cpu time", "(seconds, -t)", |limits| {
        limits.fuel_per_process.map(|fuel| fuel / 1_000_000_000)
    }),
    (b'u', "max user processes", "(-u)", |limits| Some(limits.processes.into())),
    (b'v', "virtual memory", "(kbytes, -v)", |_| None),
];

/// Shows the limits. They are the sandbox's: a process cannot change them, only ask for what they
/// are already.
pub(super) fn ulimit(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let options = match shell.options(args, "SHacdfnpstuv") {
        Ok(options) => options,
        Err(status) => return Ok(status),
    };
    let limits = shell.sys.with(|kernel, _| kernel.limits().clone());
    let shown = |value: Option<u64>| value.map_or("unlimited".to_owned(), |v| v.to_string());
    if options.has(b'a') {
        for (_, text, unit, value) in ROWS {
            shell.print(format!("{text:<24}{unit:>15} {}\n", shown(value(&limits))));
        }
        return Ok(0);
    }
    let letter = options.letters.iter().map(|(l, _)| *l).rfind(|l| !b"SH".contains(l));
    let letter = letter.unwrap_or(b'f');
    let Some((_, text, _, value)) = ROWS.iter().find(|row| row.0 == letter) else { return Ok(1) };
    let value = value(&limits);
    let Some(wanted) = args.get(options.used) else {
        shell.print(format!("{}\n", shown(value)));
        return Ok(0);
    };
    let keywords: [&[u8]; 3] = [b"unlimited", b"hard", b"soft"];
    let wanted_value = match number(wanted) {
        Some(n) if n >= 0 => Some(n.unsigned_abs()),
        _ if keywords.contains(&wanted.as_slice()) => value,
        _ => {
            shell.complain(format!("{}: invalid number", lossy(wanted)));
            return Ok(1);
        }
    };
    if wanted_value == value {
        return Ok(0);
    }
    shell.complain(format!("{text}: cannot modify limit: Operation not permitted"));
    Ok(1)
}
