//! Programs that are built of crates rather than fetched: `fixtures/programs`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::software::{Route, TARGET, compiler};
use crate::workspace;

/// What goes into them, beside the compilers.
const SOURCES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "src/bin/quickjs.rs", "src/bin/sqlite.rs"];

/// The programs; each is `built/NAME.wasm` then.
const PROGRAMS: [&str; 2] = ["quickjs", "sqlite"];

/// Builds them into `dir`, unless they are there.
pub(super) fn build(dir: &Path) -> Result<()> {
    let source = workspace::root().join("fixtures/programs");
    let read = |name: &&str| {
        let file = source.join(name);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let what = SOURCES.iter().map(read).collect::<Result<String>>()?;
    let stamp = dir.join("built.key");
    if super::is_there(&stamp, &what) {
        return Ok(());
    }
    let toolchain = compiler(Route::Auto)?;
    let (sdk, target_dir) = (dir.join("wasi-sdk"), dir.join("build"));
    let (cc, ar) = toolchain.c_compiler();
    make_sdk(&sdk, cc, ar)?;
    toolchain
        .cargo()
        .env("WASI_SDK", &sdk)
        .args(["build", "--quiet", "--release", "--locked", "--target", TARGET])
        .arg("--manifest-path")
        .arg(source.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target_dir)
        .run()?;
    let built = dir.join("built");
    fs::create_dir_all(&built)?;
    for program in PROGRAMS {
        let name = format!("{program}.wasm");
        fs::copy(target_dir.join(TARGET).join("release").join(&name), built.join(&name))
            .with_context(|| format!("no {name} was built"))?;
    }
    fs::write(stamp, what)?;
    Ok(())
}

/// The places where `rquickjs-sys` looks for a C compiler. The one that we have knows its libc.
fn make_sdk(sdk: &Path, cc: &Path, ar: &Path) -> Result<()> {
    fs::create_dir_all(sdk.join("bin"))?;
    fs::create_dir_all(sdk.join("share/wasi-sysroot"))?;
    let without_sysroot = r#"for word in "$@"; do
    shift
    case $word in --sysroot=*) ;; *) set -- "$@" "$word" ;; esac
done
"#;
    for (name, before, program) in [("clang", without_sysroot, cc), ("ar", "", ar)] {
        let text = format!("#!/bin/sh\n{before}exec \"{}\" \"$@\"\n", program.display());
        crate::software::script(&sdk.join("bin").join(name), &text)?;
    }
    Ok(())
}
