//! A C compiler for `wasm32-wasip1`, and a wasi-libc: zig's, from PyPI's package `ziglang`.
//!
//! find and grep carry a regular expression library in C. A compiler that the user names in
//! `CC_wasm32_wasip1` and `AR_wasm32_wasip1` is used instead, where only a C compiler is asked for.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::files;
use crate::process::Cmd;
use crate::workspace;

pub(super) const VERSION: &str = "0.17.1";
/// Counted up when what is made of a version changes.
const REVISION: u32 = 1;

/// The C compiler and archiver, as the crate `cc` wants them.
pub(super) struct Compiler {
    pub(super) cc: PathBuf,
    pub(super) ar: PathBuf,
}

/// The user's compiler, or zig's.
pub(super) fn get() -> Result<Compiler> {
    if let (Some(cc), Some(ar)) = (env::var_os("CC_wasm32_wasip1"), env::var_os("AR_wasm32_wasip1"))
    {
        return Ok(Compiler { cc: cc.into(), ar: ar.into() });
    }
    let dir = install()?;
    Ok(Compiler { cc: dir.join("wasi-cc"), ar: dir.join("wasi-ar") })
}

/// The folder with zig in it: `wasi-cc`, `wasi-ar`, and the Python package.
pub(super) fn install() -> Result<PathBuf> {
    let toolchains = workspace::cache_dir().join("wasi-toolchain");
    fs::create_dir_all(&toolchains)
        .with_context(|| format!("cannot make {}", toolchains.display()))?;
    let dir = toolchains.join(format!("zig-{VERSION}-r{REVISION}"));
    files::make_dir(&dir, fill)?;
    Ok(dir)
}

fn fill(dir: &Path) -> Result<()> {
    pip_install(dir)?;
    mend_linkat(dir)?;
    script(
        &dir.join("wasi-cc"),
        // `cc` names the target as Rust does; zig's name for it is wasm32-wasi.
        r#"for word in "$@"; do
    shift
    case $word in --target=*) ;; *) set -- "$@" "$word" ;; esac
done
exec "$here/ziglang/zig" cc --target=wasm32-wasi -fno-sanitize=undefined "$@""#,
    )?;
    script(&dir.join("wasi-ar"), r#"exec "$here/ziglang/zig" ar "$@""#)
}

/// Writes a script that knows the folder it lies in.
fn script(path: &Path, body: &str) -> Result<()> {
    let text = format!(
        "#!/bin/sh\nhere=${{0%/*}}\n\
         export ZIG_GLOBAL_CACHE_DIR=\"$here/cache\" ZIG_LOCAL_CACHE_DIR=\"$here/cache\"\n{body}\n"
    );
    write_script(path, &text)
}

/// Writes a file that can be executed.
pub(crate) fn write_script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    make_executable(path)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", path.display()))
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> Result<()> {
    bail!(
        "set CC_wasm32_wasip1 and AR_wasm32_wasip1 to a C compiler and archiver for wasm32-wasip1"
    )
}

/// Installs the Python package into `dir`. Debian's Python comes without pip.
fn pip_install(dir: &Path) -> Result<()> {
    let package = format!("ziglang=={VERSION}");
    let advice = || {
        format!(
            "cannot install {package}, the C compiler for find and grep: install python3 with pip, \
             or set CC_wasm32_wasip1 and AR_wasm32_wasip1 to a compiler and archiver for wasm32-wasip1"
        )
    };
    let mut python = "python3";
    if Cmd::new(python).args(["-m", "pip", "--version"]).output().is_err() {
        super::debian::install(&["python3-pip"]).with_context(advice)?;
        python = "/usr/bin/python3";
    }
    Cmd::new(python)
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"])
        .args(["--root-user-action=ignore", "--target"])
        .arg(dir)
        .arg(&package)
        .run()
        .with_context(advice)
}

/// Zig's wasi-libc is older than the mend of wasi-libc#690: `link()` looks the old path up into
/// the variables of the new one, so that hard links fail with `ENOENT`.
fn mend_linkat(dir: &Path) -> Result<()> {
    const WRONG: &str = "int old_dirfd = find_relpath(oldpath,";
    const RIGHT: &str = "int old_dirfd = find_relpath_alt(oldpath,";
    let file = dir.join("ziglang/lib/libc/wasi/libc-bottom-half/sources/posix.c");
    let source =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    if !source.contains(WRONG) && !source.contains(RIGHT) {
        bail!("{} is not as expected: zig {VERSION} has changed", file.display());
    }
    fs::write(&file, source.replace(WRONG, RIGHT))
        .with_context(|| format!("cannot write {}", file.display()))
}
