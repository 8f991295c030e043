//! Lets the host's calls fail, to see that each failure is reported and leaves nothing half done.
//!
//! With the feature `testing` only; without it [`step`] is nothing. The calls themselves are in
//! `host/sys.rs`.

use rustix::io::Errno as Host;

#[cfg(feature = "testing")]
pub use armed::fail_host_calls;

/// Comes before each call to the host.
#[cfg(not(feature = "testing"))]
#[expect(clippy::unnecessary_wraps, reason = "with faults it can fail")]
pub(super) fn step() -> Result<(), Host> {
    Ok(())
}

#[cfg(feature = "testing")]
pub(super) use armed::step;

#[cfg(feature = "testing")]
mod armed {
    use std::cell::RefCell;
    use std::sync::Arc;

    use super::Host;
    use crate::Errno;
    use crate::testing::Fault;

    thread_local! {
        // Of the thread, since the calls are made without a `HostFs`.
        static FAULT: RefCell<Option<(Arc<Fault>, Host)>> = const { RefCell::new(None) };
    }

    /// Lets `fault` decide which of the calls that any [`HostFs`](crate::HostFs) makes to the host
    /// on this thread fails, before it does anything: with `ENOSPC`, with `ENFILE` as a process
    /// that is out of descriptors, or else with `EIO`. Not counted are the calls of
    /// [`HostFs::open`](crate::HostFs::open).
    pub fn fail_host_calls(fault: Arc<Fault>, errno: Errno) {
        let host = match errno {
            Errno::ENOSPC => Host::NOSPC,
            Errno::ENFILE => Host::MFILE,
            _ => Host::IO,
        };
        FAULT.set(Some((fault, host)));
    }

    /// Comes before each call to the host.
    pub(in crate::host) fn step() -> Result<(), Host> {
        FAULT.with_borrow(|fault| match fault {
            Some((fault, errno)) if fault.strikes() => Err(*errno),
            _ => Ok(()),
        })
    }
}
