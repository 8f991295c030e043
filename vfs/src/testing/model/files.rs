//! The calls on open files.

use super::{Kind, Model, Open, Scan, Who};
use crate::testing::op::{Answer, Op};
use crate::{Errno, FileType, Mode, OFlags, Result, SetTime, Whence};

impl Model {
    pub(super) fn file_call(&mut self, op: &Op) -> Result<Answer> {
        let (slot, io) = op.slot();
        let Some(open) = self.slots[slot].clone() else { return Err(Errno::EBADF) };
        let (ino, flags) = (open.ino, open.flags);
        let file_type = self.file_type(ino);
        if io && !matches!(file_type, FileType::Regular | FileType::Directory) {
            return Ok(Answer::Done);
        }
        let path_only = flags.contains(OFlags::PATH);
        match *op {
            Op::Fstat(_) => return Ok(Answer::Facts(self.facts(ino))),
            Op::Futimens { atime: SetTime::Omit, mtime: SetTime::Omit, .. } => {}
            Op::Fsync(_) if !path_only => return Ok(Answer::Done),
            Op::Rewind(_) => self.scan(slot, Scan::default()),
            _ if path_only
                && !matches!(*op, Op::Seek { .. } if file_type == FileType::Directory) =>
            {
                return Err(Errno::EBADF);
            }
            Op::Read { len, .. } => {
                let bytes = self.read(slot, open.offset, len)?;
                self.seek(slot, open.offset + bytes.len() as u64);
                return Ok(Answer::Bytes(bytes));
            }
            Op::Pread { offset, len, .. } => {
                return self.read(slot, offset, len).map(Answer::Bytes);
            }
            Op::Write { byte, len, .. } => {
                let at = if flags.contains(OFlags::APPEND) { self.size(ino) } else { open.offset };
                self.write(slot, at, byte, len)?;
                if len > 0 {
                    self.seek(slot, at + len as u64);
                }
                return Ok(Answer::Count(len as u64));
            }
            Op::Pwrite { offset, byte, len, .. } => {
                let at = if flags.contains(OFlags::APPEND) { self.size(ino) } else { offset };
                self.write(slot, at, byte, len)?;
                return Ok(Answer::Count(len as u64));
            }
            Op::Seek { .. } if file_type == FileType::Directory => {}
            Op::Seek { offset, whence, .. } => {
                let base = match whence {
                    Whence::Set => 0,
                    Whence::Cur => open.offset,
                    Whence::End => self.size(ino),
                };
                let target = base.checked_add_signed(offset).ok_or(Errno::EINVAL)?;
                self.seek(slot, target);
                return Ok(Answer::Count(target));
            }
            Op::Ftruncate { size, .. } => {
                if file_type != FileType::Regular || !flags.contains(OFlags::WRITE) {
                    return Err(Errno::EINVAL);
                }
                self.resize(ino, size, self.writer(&open));
            }
            Op::Fallocate { offset, len, .. } => {
                if len == 0 {
                    return Err(Errno::EINVAL);
                }
                if !flags.contains(OFlags::WRITE) {
                    return Err(Errno::EBADF);
                }
                let size = self.size(ino).max(offset + len);
                self.resize(ino, size, self.writer(&open));
            }
            Op::Fchmod { mode, .. } => self.chmod(ino, mode)?,
            Op::Fchown { uid, gid, .. } => self.chown(ino, uid, gid)?,
            Op::Futimens { atime, mtime, .. } => self.utimens(ino, atime, mtime)?,
            Op::ReadDir { .. } => {
                if file_type != FileType::Directory {
                    return Err(Errno::ENOTDIR);
                }
                if self.is_dead(ino) {
                    return Err(Errno::ENOENT);
                }
                // Which ones is judged by `check_entries`.
                return Ok(Answer::Entries { names: Vec::new(), end: false });
            }
            _ => {}
        }
        Ok(Answer::Done)
    }

    fn size(&self, ino: usize) -> u64 {
        self.facts(ino).size
    }

    fn seek(&mut self, slot: usize, offset: u64) {
        if let Some(open) = &mut self.slots[slot] {
            open.offset = offset;
        }
    }

    fn scan(&mut self, slot: usize, scan: Scan) {
        if let Some(open) = &mut self.slots[slot] {
            open.scan = scan;
        }
    }

    fn read(&mut self, slot: usize, offset: u64, len: usize) -> Result<Vec<u8>> {
        let Some(open) = &self.slots[slot] else { return Err(Errno::EBADF) };
        if !open.flags.contains(OFlags::READ) {
            return Err(Errno::EBADF);
        }
        let inode = &mut self.inodes[open.ino];
        let Kind::File(content) = &inode.kind else { return Err(Errno::EISDIR) };
        let from = content.len().min(offset as usize);
        let to = content.len().min(from + len);
        let bytes = content[from..to].to_vec();
        if !bytes.is_empty() {
            // Whether a read moves it depends on the mount.
            inode.atime = None;
        }
        Ok(bytes)
    }

    fn write(&mut self, slot: usize, at: u64, byte: u8, len: usize) -> Result<()> {
        let Some(open) = self.slots[slot].clone() else { return Err(Errno::EBADF) };
        if !open.flags.contains(OFlags::WRITE) {
            return Err(Errno::EBADF);
        }
        if len == 0 {
            return Ok(());
        }
        if let Kind::File(content) = &mut self.inodes[open.ino].kind {
            let (from, to) = (at as usize, at as usize + len);
            if content.len() < to {
                content.resize(to, 0);
            }
            content[from..to].fill(byte);
        }
        self.modified(open.ino);
        self.written(open.ino, self.writer(&open));
        Ok(())
    }

    /// Who counts as the one that changes content.
    fn writer(&self, open: &Open) -> Who {
        if self.traits.writer_drops { self.who } else { open.opener }
    }

    /// Cuts or extends.
    pub(super) fn resize(&mut self, ino: usize, size: u64, writer: Who) {
        if let Kind::File(content) = &mut self.inodes[ino].kind {
            content.resize(size as usize, 0);
        }
        self.modified(ino);
        self.written(ino, writer);
    }

    /// Takes the right to run as the owner away, unless it was root who wrote.
    fn written(&mut self, ino: usize, writer: Who) {
        if writer.uid != 0 {
            self.inodes[ino].mode = self.without_setid(ino, writer);
        }
    }

    /// The mode without set-user-ID, and without set-group-ID where that means execution or the
    /// group is another one.
    pub(super) fn without_setid(&self, ino: usize, who: Who) -> Mode {
        let inode = &self.inodes[ino];
        let mut mode = inode.mode;
        if !self.is_dir(ino) {
            mode -= Mode::ISUID;
            if mode.contains(Mode::IXGRP) || (who.uid != 0 && who.gid != inode.gid) {
                mode -= Mode::ISGID;
            }
        }
        mode
    }

    /// Judges entries that a directory handed out: each is there and was not handed out before;
    /// at the end none is left that was there all the time.
    pub(super) fn check_entries(
        &mut self,
        slot: usize,
        names: &[(Vec<u8>, FileType)],
        end: bool,
    ) -> Result<(), String> {
        let Some(open) = self.slots[slot].clone() else { return Err("nothing is open".into()) };
        let mut scan = open.scan;
        let entries = self.entries(open.ino);
        if !scan.started {
            scan.started = true;
            scan.due = entries.values().map(|(_, serial)| *serial).collect();
        }
        let unchanged = entries.len() == scan.due.len()
            && entries.values().all(|(_, serial)| scan.due.contains(serial));
        let exact = unchanged || !self.traits.loose_scans;
        for (name, file_type) in names {
            let Some((ino, serial)) = entries.get(name) else {
                return Err(format!("there is no {name:?}"));
            };
            if self.file_type(*ino) != *file_type {
                return Err(format!("{name:?} is no {file_type:?}"));
            }
            if !scan.seen.insert(*serial) && exact {
                return Err(format!("{name:?} was handed out before"));
            }
        }
        let missing = entries
            .iter()
            .find(|(_, (_, serial))| scan.due.contains(serial) && !scan.seen.contains(serial));
        let complaint =
            missing.filter(|_| end && exact).map(|(name, _)| format!("{name:?} was left out"));
        self.scan(slot, scan);
        complaint.map_or(Ok(()), Err)
    }
}
