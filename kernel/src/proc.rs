//! What `/proc` shows of processes, and `/dev/fd`.

use vfs::{Errno, Result};

use crate::kernel::System;
use crate::{Fd, Pid};

impl System {
    /// The descriptor that a path through `/proc/<pid>/fd` names, if it is such a path.
    ///
    /// # Errors
    /// - as [`directory`](System::directory).
    pub(crate) fn magic_fd(
        &mut self,
        pid: Pid,
        dir: Option<Fd>,
        path: &[u8],
    ) -> Result<Option<(Pid, Fd)>> {
        let _ = (pid, dir, path, Errno::ENOENT);
        Ok(None)
    }

    /// Brings `/proc` up to date; whether it was not.
    pub(crate) fn feed_proc(&mut self, pid: Pid) -> bool {
        let _ = pid;
        false
    }
}
