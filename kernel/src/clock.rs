//! Clocks: where a kernel's time comes from.
//!
//! Not here: sleeping processes and their deadlines (`timer`).

use vfs::Timestamp;

/// A source of time. The kernel asks nobody else.
pub trait Clock: Send {
    /// The time of day.
    fn realtime(&mut self) -> Timestamp;

    /// Nanoseconds since some point in the past; never goes back.
    fn monotonic(&mut self) -> u64;

    /// Returns when [`monotonic`](Clock::monotonic) has reached this, or earlier.
    fn sleep_until(&mut self, monotonic_ns: u64);

    /// Learns that a process has used fuel. A clock that is not the host's may move by it.
    fn advance(&mut self, fuel: u64) {
        let _ = fuel;
    }
}

/// Which clock: `clockid_t`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ClockId {
    /// `CLOCK_REALTIME`: nanoseconds since the epoch.
    Realtime,
    /// `CLOCK_MONOTONIC`.
    Monotonic,
    /// `CLOCK_PROCESS_CPUTIME_ID`: fuel used by the process, one unit a nanosecond.
    ProcessCpu,
}

/// The host's clock.
#[derive(Debug)]
pub struct HostClock {
    start: std::time::Instant,
}

impl HostClock {
    /// A clock whose monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one door to the host's clock")]
    pub fn new() -> HostClock {
        HostClock { start: std::time::Instant::now() }
    }
}

impl Default for HostClock {
    fn default() -> HostClock {
        HostClock::new()
    }
}

fn saturating_nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock for HostClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one door to the host's clock")]
    fn realtime(&mut self) -> Timestamp {
        let now = std::time::SystemTime::now();
        let nanos = match now.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => i64::try_from(saturating_nanos(after)).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(saturating_nanos(before.duration())).map_or(i64::MIN, |n| -n)
            }
        };
        Timestamp::from_nanos(nanos)
    }

    fn monotonic(&mut self) -> u64 {
        saturating_nanos(self.start.elapsed())
    }

    #[expect(clippy::disallowed_methods, reason = "the driver's wait, when nothing is runnable")]
    fn sleep_until(&mut self, monotonic_ns: u64) {
        let wait = monotonic_ns.saturating_sub(self.monotonic());
        std::thread::sleep(std::time::Duration::from_nanos(wait));
    }
}

/// A clock that moves only when somebody sleeps or computes, a nanosecond for each unit of
/// fuel: the same run has the same times.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    epoch: Timestamp,
    elapsed: u64,
}

impl VirtualClock {
    /// A clock that shows `epoch` until it is moved.
    pub fn starting_at(epoch: Timestamp) -> VirtualClock {
        VirtualClock { epoch, elapsed: 0 }
    }
}

impl Default for VirtualClock {
    /// Starts on 2025-01-01 00:00:00 UTC.
    fn default() -> VirtualClock {
        VirtualClock::starting_at(Timestamp::new(1_735_689_600, 0))
    }
}

impl Clock for VirtualClock {
    fn realtime(&mut self) -> Timestamp {
        let elapsed = i64::try_from(self.elapsed).unwrap_or(i64::MAX);
        Timestamp::from_nanos(self.epoch.as_nanos().saturating_add(elapsed))
    }

    fn monotonic(&mut self) -> u64 {
        self.elapsed
    }

    fn sleep_until(&mut self, monotonic_ns: u64) {
        self.elapsed = self.elapsed.max(monotonic_ns);
    }

    fn advance(&mut self, fuel: u64) {
        self.elapsed = self.elapsed.saturating_add(fuel);
    }
}
