//! Open file descriptions: everything a descriptor can refer to, shared by `dup` and fork.
//!
//! Not here: descriptors (`fd`), and what reading and writing do (`io`).

use bytes::Bytes;
use vfs::{FileType, Location, OFlags, OpenFile};

use crate::CaptureId;
use crate::kernel::System;
use crate::tty::TtyId;
use crate::{Limit, Pid};

/// The key of an open file description.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct FileId(pub(crate) u32);

/// The key of a pipe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct PipeId(pub(crate) u32);

/// A character device that the kernel implements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Device {
    /// 1:3. Reads: end of file. Writes: gone.
    Null,
    /// 1:5. Reads: zeros.
    Zero,
    /// 1:7. Reads: zeros. Writes: `ENOSPC`.
    Full,
    /// 1:8 and 1:9.
    Random,
}

impl Device {
    /// The device of this number, if it is one that needs nothing but the kernel.
    pub(crate) fn from_rdev(rdev: u64) -> Option<Device> {
        const NULL: u64 = vfs::makedev(1, 3);
        const ZERO: u64 = vfs::makedev(1, 5);
        const FULL: u64 = vfs::makedev(1, 7);
        const RANDOM: u64 = vfs::makedev(1, 8);
        const URANDOM: u64 = vfs::makedev(1, 9);
        match rdev {
            NULL => Some(Device::Null),
            ZERO => Some(Device::Zero),
            FULL => Some(Device::Full),
            RANDOM | URANDOM => Some(Device::Random),
            _ => None,
        }
    }
}

/// What an open file description stands for.
#[derive(Debug)]
pub(crate) enum File {
    /// A regular file or a directory; anything with `O_PATH`.
    Inode(OpenFile),
    /// A device; the driver's `Null` has no inode.
    Device(Device, Option<OpenFile>),
    /// An end of a pipe, or of a fifo, which has an inode. Which end: the flags say.
    Pipe(PipeId, Option<OpenFile>),
    /// A terminal.
    Tty(TtyId, Option<OpenFile>),
    /// The driver's bytes, read once.
    Bytes(Bytes),
    /// Kept for the driver.
    Capture(CaptureId),
}

impl File {
    /// The inode, if there is one.
    pub(crate) fn open_file(&self) -> Option<&OpenFile> {
        match self {
            File::Inode(open) => Some(open),
            File::Device(_, open) | File::Pipe(_, open) | File::Tty(_, open) => open.as_ref(),
            File::Bytes(_) | File::Capture(_) => None,
        }
    }
}

/// An open file description.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) file: File,
    /// Access mode and status flags.
    pub(crate) flags: OFlags,
    /// Descriptors, and pending opens, that refer to it.
    pub(crate) refs: u32,
    /// Whether it holds or awaits a lock of `flock`.
    pub(crate) locked: Option<Location>,
}

impl System {
    /// Takes a description in, with one reference.
    ///
    /// # Errors
    /// Gives the file back if there are too many (`ENFILE`).
    pub(crate) fn add_file(&mut self, file: File, flags: OFlags) -> Result<FileId, File> {
        if self.files.len() >= self.limits.open_files as usize {
            self.note_limit(Limit::OpenFiles);
            return Err(file);
        }
        if let File::Pipe(pipe, _) = &file {
            let pipe = &mut self.pipes[pipe.0 as usize];
            pipe.readers += u32::from(flags.contains(OFlags::READ));
            pipe.writers += u32::from(flags.contains(OFlags::WRITE));
        }
        if let File::Capture(id) = &file
            && let Some(capture) = self.captures.get_mut(id.0 as usize)
        {
            capture.refs += 1;
        }
        let key = self.files.insert(Description { file, flags, refs: 1, locked: None });
        Ok(FileId(u32::try_from(key).unwrap_or(u32::MAX)))
    }

    pub(crate) fn file(&self, id: FileId) -> &Description {
        &self.files[id.0 as usize]
    }

    /// One more reference.
    pub(crate) fn retain(&mut self, id: FileId) {
        self.files[id.0 as usize].refs += 1;
    }

    /// One reference less; the last one closes the file.
    pub(crate) fn release(&mut self, id: FileId) {
        let description = &mut self.files[id.0 as usize];
        description.refs -= 1;
        if description.refs > 0 {
            return;
        }
        let Description { file, flags, locked, .. } = self.files.remove(id.0 as usize);
        if let Some(location) = locked {
            self.unlock(location, id);
        }
        if let Some(open) = file.open_file() {
            self.vfs.close(open);
        }
        match file {
            File::Pipe(pipe, _) => self.close_pipe_end(pipe, flags),
            File::Capture(capture) => self.close_capture(capture),
            _ => {}
        }
    }

    fn close_pipe_end(&mut self, id: PipeId, flags: OFlags) {
        let pipe = &mut self.pipes[id.0 as usize];
        pipe.readers -= u32::from(flags.contains(OFlags::READ));
        pipe.writers -= u32::from(flags.contains(OFlags::WRITE));
        self.pipe_end_changed(id);
    }

    /// After an end is gone: wakes those who wait for it, drops a pipe without ends.
    pub(crate) fn pipe_end_changed(&mut self, id: PipeId) {
        let pipe = &self.pipes[id.0 as usize];
        let (reader, writer) = (pipe.has_reader(), pipe.has_writer());
        if !writer {
            self.wake_queue(|s| &mut s.pipes[id.0 as usize].read_queue);
        }
        if !reader {
            self.wake_queue(|s| &mut s.pipes[id.0 as usize].write_queue);
        }
        if !reader && !writer {
            let pipe = self.pipes.remove(id.0 as usize);
            self.pipe_total -= pipe.len() as u64;
            self.fifos.retain(|_, fifo| *fifo != id);
        }
    }

    /// How `/proc/<pid>/fd` and messages name it.
    pub(crate) fn describe_file(&self, id: FileId) -> Vec<u8> {
        let description = self.file(id);
        if let Some(open) = description.file.open_file() {
            let path = self.vfs.path_of_file(open);
            return path.unwrap_or_else(|_| b"(deleted)".to_vec());
        }
        match &description.file {
            File::Pipe(pipe, _) => format!("pipe:[{}]", pipe.0).into_bytes(),
            File::Device(..) => b"/dev/null".to_vec(),
            File::Tty(..) => b"/dev/tty".to_vec(),
            File::Inode(_) | File::Bytes(_) => b"pipe:[stdin]".to_vec(),
            File::Capture(capture) => format!("pipe:[capture-{}]", capture.0).into_bytes(),
        }
    }

    /// The type that `fstat` and `getdents` report for a description without an inode.
    pub(crate) fn anonymous_type(file: &File) -> FileType {
        match file {
            File::Device(..) | File::Tty(..) => FileType::CharDevice,
            _ => FileType::Fifo,
        }
    }

    /// Whether one of the descriptors of a live process refers to an end of the pipe.
    pub(crate) fn holds_end(&self, pid: Pid, pipe: PipeId, end: OFlags) -> bool {
        self.processes.get(pid).is_ok_and(|p| {
            p.fds.iter().any(|(_, entry)| {
                let d = self.file(entry.file);
                matches!(&d.file, File::Pipe(id, _) if *id == pipe) && d.flags.intersects(end)
            })
        })
    }
}
