//! What bash says of a signal that ended or stopped a process.

use kernel::Signal;

/// `Killed`, `Segmentation fault`, …
pub(crate) fn description(signal: Signal) -> String {
    match signal {
        Signal::TSTP => "Stopped".to_owned(),
        Signal::STOP => "Stopped (signal)".to_owned(),
        Signal::TTIN => "Stopped (tty input)".to_owned(),
        Signal::TTOU => "Stopped (tty output)".to_owned(),
        Signal::ABRT | Signal::QUIT | Signal::SEGV | Signal::ILL => signal.description().to_owned(),
        _ => signal.description().to_owned(),
    }
}
