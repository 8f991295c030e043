//! Rights: what `fd_fdstat_set_rights` took away stays away.
//!
//! A descriptor that was never narrowed has every right that its type has; what it may do then
//! is what its file permits, which the kernel checks.

use crate::abi::*;
use crate::context::WasiState;
use crate::table::wide;

/// Whether the call's descriptors have kept the rights that it takes.
pub(crate) fn granted(state: &WasiState, name: &str, args: &[u64]) -> bool {
    if state.rights.is_empty() {
        return true;
    }
    required(name, args).into_iter().flatten().all(|(index, right)| {
        let fd = wide(args, index) as u32;
        state.rights.get(&fd).is_none_or(|(base, _)| base & right == right)
    })
}

/// Which of a call's arguments are descriptors, and the rights that it takes on each. From the
/// list of `rights` in the specification of preview1.
fn required(name: &str, args: &[u64]) -> [Option<(usize, u64)>; 2] {
    let right = match name {
        "fd_advise" => RIGHT_FD_ADVISE,
        "fd_allocate" => RIGHT_FD_ALLOCATE,
        "fd_datasync" => RIGHT_FD_DATASYNC,
        "fd_fdstat_set_flags" => RIGHT_FD_FDSTAT_SET_FLAGS,
        "fd_filestat_get" => RIGHT_FD_FILESTAT_GET,
        "fd_filestat_set_size" => RIGHT_FD_FILESTAT_SET_SIZE,
        "fd_filestat_set_times" => RIGHT_FD_FILESTAT_SET_TIMES,
        "fd_pread" => RIGHT_FD_READ | RIGHT_FD_SEEK,
        "fd_pwrite" => RIGHT_FD_WRITE | RIGHT_FD_SEEK,
        "fd_read" => RIGHT_FD_READ,
        "fd_readdir" => RIGHT_FD_READDIR,
        // Asking for the offset is telling it.
        "fd_seek" if wide(args, 1) == 0 && wide(args, 2) == 1 => RIGHT_FD_TELL,
        "fd_seek" => RIGHT_FD_SEEK,
        "fd_sync" => RIGHT_FD_SYNC,
        "fd_tell" => RIGHT_FD_TELL,
        "fd_write" => RIGHT_FD_WRITE,
        "path_create_directory" => RIGHT_PATH_CREATE_DIRECTORY,
        "path_filestat_get" => RIGHT_PATH_FILESTAT_GET,
        "path_filestat_set_times" => RIGHT_PATH_FILESTAT_SET_TIMES,
        "path_link" => {
            return [Some((0, RIGHT_PATH_LINK_SOURCE)), Some((4, RIGHT_PATH_LINK_TARGET))];
        }
        "path_open" => {
            let oflags = wide(args, 4) as u32;
            let when = |flag, right| if oflags & flag != 0 { right } else { 0 };
            RIGHT_PATH_OPEN
                | when(OFLAGS_CREAT, RIGHT_PATH_CREATE_FILE)
                | when(OFLAGS_TRUNC, RIGHT_PATH_FILESTAT_SET_SIZE)
        }
        "path_readlink" => RIGHT_PATH_READLINK,
        "path_remove_directory" => RIGHT_PATH_REMOVE_DIRECTORY,
        "path_rename" => {
            return [Some((0, RIGHT_PATH_RENAME_SOURCE)), Some((3, RIGHT_PATH_RENAME_TARGET))];
        }
        "path_symlink" => return [Some((2, RIGHT_PATH_SYMLINK)), None],
        "path_unlink_file" => RIGHT_PATH_UNLINK_FILE,
        _ => return [None, None],
    };
    [Some((0, right)), None]
}
