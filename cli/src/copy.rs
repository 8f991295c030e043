//! `--mount …:mem`: a directory tree of one filesystem, copied into another in memory.

use vfs::{FileSystem, FileType, Ino, Limits, MemFs, NewInode, Result, SetStat, Stat};

/// Directories, regular files, symbolic links and fifos, with their modes and times. A file with
/// several names becomes several files; devices and sockets are left out.
pub(crate) fn to_memory(from: &impl FileSystem) -> Result<MemFs> {
    let mut to = MemFs::new(Limits::default());
    let root = to.root();
    let stat = from.stat(from.root())?;
    to.set_stat(root, &attributes(&stat), stat.ctime)?;
    let mut pending = vec![(from.root(), root)];
    while let Some((source, target)) = pending.pop() {
        let mut names: Vec<Vec<u8>> = Vec::new();
        from.read_dir(source, 0, &mut |entry| {
            names.push(entry.name.to_vec());
            true
        })?;
        for name in names {
            let ino = from.lookup(source, &name)?;
            let stat = from.stat(ino)?;
            if let Some(made) = copy_one(from, (ino, &stat), &mut to, (target, &name))? {
                pending.push((ino, made));
            }
        }
        // Only now: each entry that was made has changed the time of its directory.
        let stat = from.stat(source)?;
        to.set_stat(target, &attributes(&stat), stat.ctime)?;
    }
    Ok(to)
}

/// Copies one entry; a directory's inode, whose entries are still to be copied.
fn copy_one(
    from: &impl FileSystem,
    (ino, stat): (Ino, &Stat),
    to: &mut MemFs,
    (dir, name): (Ino, &[u8]),
) -> Result<Option<Ino>> {
    let new = NewInode { mode: stat.mode, uid: stat.uid, gid: stat.gid, now: stat.ctime };
    let made = match stat.file_type {
        FileType::Directory => return to.mkdir(dir, name, &new).map(Some),
        FileType::Symlink => to.symlink(dir, name, &from.read_link(ino)?, &new)?,
        FileType::Fifo => to.create(dir, name, FileType::Fifo, 0, &new)?,
        FileType::Regular => {
            let made = to.create(dir, name, FileType::Regular, 0, &new)?;
            let mut chunk = vec![0; 1 << 20];
            let mut offset = 0;
            loop {
                let n = from.read_at(ino, offset, &mut chunk)?;
                if n == 0 {
                    break;
                }
                to.write_at(made, offset, chunk.get(..n).unwrap_or_default(), stat.ctime)?;
                offset += n as u64;
            }
            made
        }
        FileType::CharDevice | FileType::BlockDevice | FileType::Socket => return Ok(None),
    };
    to.set_stat(made, &attributes(stat), stat.ctime)?;
    Ok(None)
}

fn attributes(stat: &Stat) -> SetStat {
    let mode = (stat.file_type != FileType::Symlink).then_some(stat.mode);
    let (uid, gid) = (Some(stat.uid), Some(stat.gid));
    let (atime, mtime) = (Some(stat.atime), Some(stat.mtime));
    SetStat { mode, uid, gid, atime, mtime, ..SetStat::default() }
}
