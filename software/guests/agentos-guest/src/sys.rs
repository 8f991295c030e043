//! The calls that WASI preview1 lacks, as the kernel's extension modules offer them.
//!
//! Errors are WASI's numbers, which are std's raw OS errors on this target.

use std::ffi::OsString;
use std::io;
use std::os::wasi::ffi::OsStringExt;

#[link(wasm_import_module = "agentos")]
unsafe extern "C" {
    #[link_name = "getcwd"]
    fn agentos_getcwd(buf: *mut u8, buf_len: usize, ret_len: *mut usize) -> i32;
}

/// `ERANGE` in WASI's numbers: the buffer is too small.
const ERANGE: i32 = 68;
/// Longest directory asked for; the kernel's own limit on paths is lower.
const PATH_LIMIT: usize = 1 << 16;

/// The directory the process was started in.
///
/// # Errors
/// - `ENOENT`: it has been removed.
/// - `ERANGE`: its path is longer than 64 KiB.
pub fn getcwd() -> io::Result<OsString> {
    let mut buf = vec![0; 512];
    loop {
        let mut len = 0;
        // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`, and one size to `len`.
        let errno = unsafe { agentos_getcwd(buf.as_mut_ptr(), buf.len(), &raw mut len) };
        match errno {
            0 => {
                buf.truncate(len);
                return Ok(OsString::from_vec(buf));
            }
            ERANGE if buf.len() < PATH_LIMIT => buf.resize(buf.len() * 4, 0),
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}
