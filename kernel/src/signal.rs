//! Signals: their names, sets and what each does by default. Analogous to `<signal.h>`.
//!
//! Not here: sending them and acting on them (`kill`).

/// A signal, with Linux's numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "`description` and signal(7) say what each one is")]
#[repr(u8)]
pub enum Signal {
    HUP = 1,
    INT = 2,
    QUIT = 3,
    ILL = 4,
    TRAP = 5,
    ABRT = 6,
    BUS = 7,
    FPE = 8,
    KILL = 9,
    USR1 = 10,
    SEGV = 11,
    USR2 = 12,
    PIPE = 13,
    ALRM = 14,
    TERM = 15,
    STKFLT = 16,
    CHLD = 17,
    CONT = 18,
    STOP = 19,
    TSTP = 20,
    TTIN = 21,
    TTOU = 22,
    URG = 23,
    XCPU = 24,
    XFSZ = 25,
    VTALRM = 26,
    PROF = 27,
    WINCH = 28,
    IO = 29,
    PWR = 30,
    SYS = 31,
}

/// Number order: name, `strsignal(3)` text of glibc, default action.
const TABLE: [(Signal, &str, &str, DefaultAction); 31] = {
    use DefaultAction::{Continue, Ignore, Stop, Terminate};
    [
        (Signal::HUP, "HUP", "Hangup", Terminate),
        (Signal::INT, "INT", "Interrupt", Terminate),
        (Signal::QUIT, "QUIT", "Quit", Terminate),
        (Signal::ILL, "ILL", "Illegal instruction", Terminate),
        (Signal::TRAP, "TRAP", "Trace/breakpoint trap", Terminate),
        (Signal::ABRT, "ABRT", "Aborted", Terminate),
        (Signal::BUS, "BUS", "Bus error", Terminate),
        (Signal::FPE, "FPE", "Floating point exception", Terminate),
        (Signal::KILL, "KILL", "Killed", Terminate),
        (Signal::USR1, "USR1", "User defined signal 1", Terminate),
        (Signal::SEGV, "SEGV", "Segmentation fault", Terminate),
        (Signal::USR2, "USR2", "User defined signal 2", Terminate),
        (Signal::PIPE, "PIPE", "Broken pipe", Terminate),
        (Signal::ALRM, "ALRM", "Alarm clock", Terminate),
        (Signal::TERM, "TERM", "Terminated", Terminate),
        (Signal::STKFLT, "STKFLT", "Stack fault", Terminate),
        (Signal::CHLD, "CHLD", "Child exited", Ignore),
        (Signal::CONT, "CONT", "Continued", Continue),
        (Signal::STOP, "STOP", "Stopped (signal)", Stop),
        (Signal::TSTP, "TSTP", "Stopped", Stop),
        (Signal::TTIN, "TTIN", "Stopped (tty input)", Stop),
        (Signal::TTOU, "TTOU", "Stopped (tty output)", Stop),
        (Signal::URG, "URG", "Urgent I/O condition", Ignore),
        (Signal::XCPU, "XCPU", "CPU time limit exceeded", Terminate),
        (Signal::XFSZ, "XFSZ", "File size limit exceeded", Terminate),
        (Signal::VTALRM, "VTALRM", "Virtual timer expired", Terminate),
        (Signal::PROF, "PROF", "Profiling timer expired", Terminate),
        (Signal::WINCH, "WINCH", "Window changed", Ignore),
        (Signal::IO, "IO", "I/O possible", Terminate),
        (Signal::PWR, "PWR", "Power failure", Terminate),
        (Signal::SYS, "SYS", "Bad system call", Terminate),
    ]
};

/// What a signal does to a process that neither ignores nor catches it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultAction {
    /// The process ends. There are no core dumps.
    Terminate,
    /// Nothing.
    Ignore,
    /// The process stops.
    Stop,
    /// The process goes on if it was stopped.
    Continue,
}

impl Signal {
    /// Every signal, in order of its number.
    pub const ALL: [Signal; 31] = {
        let mut all = [Signal::HUP; 31];
        let mut i = 0;
        while i < all.len() {
            all[i] = TABLE[i].0;
            i += 1;
        }
        all
    };

    /// The number, as on Linux.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The signal with this number.
    pub fn from_number(number: u32) -> Option<Signal> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    fn row(self) -> &'static (Signal, &'static str, &'static str, DefaultAction) {
        &TABLE[usize::from(self.number()) - 1]
    }

    /// The name without its prefix: `"TERM"`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The signal of a name, with or without `SIG`, in any case; `CLD`, `IOT` and `POLL` too.
    pub fn from_name(name: &str) -> Option<Signal> {
        let upper = name.to_ascii_uppercase();
        let short = upper.strip_prefix("SIG").unwrap_or(&upper);
        let short = match short {
            "CLD" => "CHLD",
            "IOT" => "ABRT",
            "POLL" => "IO",
            other => other,
        };
        TABLE.iter().find(|row| row.1 == short).map(|row| row.0)
    }

    /// The text of `strsignal(3)`, as glibc has it: `"Terminated"`.
    pub fn description(self) -> &'static str {
        self.row().2
    }

    /// What happens unless the process ignores or catches it.
    pub fn default_action(self) -> DefaultAction {
        self.row().3
    }

    /// Whether its disposition cannot be changed: `SIGKILL`, `SIGSTOP`.
    pub const fn is_unstoppable(self) -> bool {
        matches!(self, Signal::KILL | Signal::STOP)
    }
}

impl core::fmt::Display for Signal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SIG{}", self.name())
    }
}

/// A set of signals. Analogous to `sigset_t`: bit *n* − 1 is signal *n*.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SigSet(pub u64);

impl SigSet {
    /// No signal.
    pub const EMPTY: SigSet = SigSet(0);
    /// Every signal.
    pub const ALL: SigSet = SigSet((1 << 31) - 1);

    const fn bit(signal: Signal) -> u64 {
        1 << (signal as u8 - 1)
    }

    /// This set and one more.
    #[must_use]
    pub const fn with(self, signal: Signal) -> SigSet {
        SigSet(self.0 | Self::bit(signal))
    }

    /// This set but for one.
    #[must_use]
    pub const fn without(self, signal: Signal) -> SigSet {
        SigSet(self.0 & !Self::bit(signal))
    }

    /// Adds a signal.
    pub fn insert(&mut self, signal: Signal) {
        *self = self.with(signal);
    }

    /// Removes a signal.
    pub fn remove(&mut self, signal: Signal) {
        *self = self.without(signal);
    }

    /// Whether the signal is a member.
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & Self::bit(signal) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        Signal::ALL.into_iter().filter(move |s| self.contains(*s))
    }

    /// The members that are not in `other`.
    #[must_use]
    pub const fn difference(self, other: SigSet) -> SigSet {
        SigSet(self.0 & !other.0)
    }
}

impl FromIterator<Signal> for SigSet {
    fn from_iter<I: IntoIterator<Item = Signal>>(signals: I) -> SigSet {
        signals.into_iter().fold(SigSet::EMPTY, SigSet::with)
    }
}

/// What a process does about a signal. Analogous to `sa_handler`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Disposition {
    /// `SIG_DFL`: the signal's default action.
    #[default]
    Default,
    /// `SIG_IGN`: the signal is discarded.
    Ignore,
    /// The signal stays pending until the program asks for it (`take_signal`).
    Catch,
}

/// The dispositions of a process, the mask and what is pending.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SignalState {
    /// Signals whose disposition is `Ignore`.
    pub(crate) ignored: SigSet,
    /// Signals whose disposition is `Catch`.
    pub(crate) caught: SigSet,
    /// Signals that wait until they are unmasked.
    pub(crate) mask: SigSet,
    /// Signals that were sent and not yet acted on.
    pub(crate) pending: SigSet,
}

impl SignalState {
    pub(crate) fn disposition(&self, signal: Signal) -> Disposition {
        if self.caught.contains(signal) {
            Disposition::Catch
        } else if self.ignored.contains(signal) {
            Disposition::Ignore
        } else {
            Disposition::Default
        }
    }

    pub(crate) fn set_disposition(&mut self, signal: Signal, disposition: Disposition) {
        self.caught.remove(signal);
        self.ignored.remove(signal);
        match disposition {
            Disposition::Default => {}
            Disposition::Ignore => self.ignored.insert(signal),
            Disposition::Catch => self.caught.insert(signal),
        }
    }

    /// Whether the signal would be thrown away if it came now.
    pub(crate) fn is_discarded(&self, signal: Signal) -> bool {
        match self.disposition(signal) {
            Disposition::Ignore => true,
            Disposition::Catch => false,
            Disposition::Default => signal.default_action() == DefaultAction::Ignore,
        }
    }

    /// The caught signals that a program can take now.
    pub(crate) fn deliverable(&self) -> SigSet {
        SigSet(self.pending.0 & self.caught.0 & !self.mask.0)
    }
}
