//! `times`

use crate::exec::Outcome;
use crate::shell::Shell;

/// CPU time is fuel, one unit a nanosecond; there is no system time.
pub(super) fn times(shell: &mut Shell, _: &[Vec<u8>]) -> Outcome<u8> {
    let used = shell.sys.with(|kernel, pid| kernel.rusage(pid)).unwrap_or_default();
    for ns in [used.own, used.children] {
        let (minutes, ms) = (ns / 60_000_000_000, ns / 1_000_000 % 60_000);
        shell.print(format!("{minutes}m{}.{:03}s 0m0.000s\n", ms / 1000, ms % 1000));
    }
    Ok(0)
}
