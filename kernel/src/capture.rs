//! What is kept of an output for the driver, and where the rest goes.

use vfs::{Cred, Errno, Mode, OFlags, OpenFile, Result};

use crate::kernel::System;
use crate::{Kernel, Limit};

/// Names what is captured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CaptureId(pub(crate) u32);

/// What a capture kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Captured {
    /// The first bytes, up to the capture's limit.
    pub bytes: Vec<u8>,
    /// How many more were written, and dropped here.
    pub truncated: u64,
    /// What became of the file for all of them, if one was wanted and there were more.
    pub spilled: Option<Spilled>,
}

/// A file with the whole of an output of which a capture kept only the first bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spilled {
    /// Its path.
    pub path: Vec<u8>,
    /// How many bytes were written to it: all, unless there was an error.
    pub bytes: u64,
    /// Why no more could be.
    pub error: Option<Errno>,
}

#[derive(Debug)]
pub(crate) struct Capture {
    kept: Captured,
    limit: u64,
    total: u64,
    spill: Option<Spill>,
    /// Open file descriptions that write to it.
    pub(crate) refs: u32,
}

/// Where the whole of a capture is to go.
#[derive(Debug)]
struct Spill {
    path: Vec<u8>,
    cred: Cred,
    file: Option<OpenFile>,
    bytes: u64,
    error: Option<Errno>,
}

impl Kernel {
    /// Makes a place that keeps up to `limit` bytes of what is written to it.
    pub fn capture(&mut self, limit: u64) -> CaptureId {
        let kept = Captured::default();
        let capture = Capture { kept, limit, total: 0, spill: None, refs: 0 };
        CaptureId(u32::try_from(self.sys().captures.insert(capture)).unwrap_or(u32::MAX))
    }

    /// As [`capture`](Kernel::capture). If more than that is written, all of it goes into a file,
    /// too, which is made then with the rights of `cred`; what is there of that name is emptied,
    /// but a link is not followed. What the filesystem does not take is lost;
    /// [`Captured::spilled`] says so.
    pub fn capture_with_file(&mut self, limit: u64, path: &[u8], cred: Cred) -> CaptureId {
        let id = self.capture(limit);
        if let Some(capture) = self.sys().captures.get_mut(id.0 as usize) {
            let path = path.to_vec();
            capture.spill = Some(Spill { path, cred, file: None, bytes: 0, error: None });
        }
        id
    }

    /// Takes what a capture has kept so far; its limit starts anew, and what is written from now
    /// on goes to no file. Once no process can write to it any more, its name ends with this call.
    pub fn take_capture(&mut self, id: CaptureId) -> Captured {
        let system = self.sys();
        let Some(capture) = system.captures.get_mut(id.0 as usize) else {
            return Captured::default();
        };
        let mut kept = core::mem::take(&mut capture.kept);
        if let Some(spill) = capture.spill.take().filter(|_| kept.truncated > 0) {
            if let Some(file) = &spill.file {
                system.vfs.close(file);
            }
            let Spill { path, bytes, error, .. } = spill;
            kept.spilled = Some(Spilled { path, bytes, error });
        }
        if capture.refs == 0 {
            system.captures.remove(id.0 as usize);
        }
        kept
    }

    /// Whether some process can still write to a capture.
    pub fn capture_is_open(&self, id: CaptureId) -> bool {
        self.sys_ref().captures.get(id.0 as usize).is_some_and(|capture| capture.refs > 0)
    }
}

impl System {
    /// Appends to a capture. All bytes count as written.
    pub(crate) fn write_capture(&mut self, id: CaptureId, buf: &[u8]) -> usize {
        let Some(capture) = self.captures.get_mut(id.0 as usize) else { return buf.len() };
        let room = capture.limit.saturating_sub(capture.kept.bytes.len() as u64);
        let keep = usize::try_from(room).unwrap_or(usize::MAX).min(buf.len());
        capture.kept.bytes.extend_from_slice(&buf[..keep]);
        capture.kept.truncated += (buf.len() - keep) as u64;
        capture.total = capture.total.saturating_add(buf.len() as u64);
        let ends = capture.total > self.limits.output_bytes;
        if capture.kept.truncated > 0 && capture.spill.is_some() {
            self.spill(id, &buf[keep..]);
        }
        if ends {
            self.end_by_limit(Limit::OutputBytes);
        }
        buf.len()
    }

    /// Writes what a capture drops to its file; before the first of that, what it has kept.
    fn spill(&mut self, id: CaptureId, dropped: &[u8]) {
        let Some(capture) = self.captures.get_mut(id.0 as usize) else { return };
        let Some(mut spill) = capture.spill.take() else { return };
        let result = match &spill.file {
            _ if spill.error.is_some() => Ok(()),
            Some(_) => self.append(&mut spill, dropped),
            None => {
                let kept = core::mem::take(&mut capture.kept.bytes);
                let result = self.start_spill(&mut spill, &kept, dropped);
                if let Some(capture) = self.captures.get_mut(id.0 as usize) {
                    capture.kept.bytes = kept;
                }
                result
            }
        };
        spill.error = spill.error.or(result.err());
        if let Some(capture) = self.captures.get_mut(id.0 as usize) {
            capture.spill = Some(spill);
        }
    }

    fn start_spill(&mut self, spill: &mut Spill, kept: &[u8], dropped: &[u8]) -> Result<()> {
        let now = self.now();
        let cx = vfs::Caller { cred: &spill.cred, ..self.vfs.superuser(now) };
        // A fifo there would have to be waited for: it is opened as an inode, and refuses.
        let flags = OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC | OFlags::NOFOLLOW;
        let file = self.vfs.openat(&cx, cx.root, &spill.path, flags, Mode::new(0o600))?;
        if file.file_type != vfs::FileType::Regular {
            self.vfs.close(&file);
            return Err(Errno::EINVAL);
        }
        spill.file = Some(file);
        self.append(spill, kept)?;
        self.append(spill, dropped)
    }

    fn append(&mut self, spill: &mut Spill, mut rest: &[u8]) -> Result<()> {
        let now = self.now();
        let Some(file) = &mut spill.file else { return Ok(()) };
        while !rest.is_empty() {
            let n = self.vfs.write(now, file, rest)?;
            spill.bytes += n as u64;
            rest = &rest[n..];
        }
        Ok(())
    }

    pub(crate) fn close_capture(&mut self, id: CaptureId) {
        if let Some(capture) = self.captures.get_mut(id.0 as usize) {
            capture.refs -= 1;
        }
    }
}
