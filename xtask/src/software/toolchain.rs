//! A compiler for `wasm32-wasip1`: rustup's where it has the target or can add it, Debian's elsewhere.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{debian, guests, zig};
use crate::process::Cmd;

/// The target that the commands are built for.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// The oldest compiler that the guests' crates take (`uutils` 0.12; `edition = "2024"`; ours).
pub(super) const OLDEST: (u32, u32) = (1, 88);

/// Where the compiler comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Route {
    /// Rustup's, else Debian's.
    Auto,
    /// The toolchain in use, with its own wasm32-wasip1.
    Rustup,
    /// Debian's rustc-web, with std and libc built under `target`.
    Debian,
}

/// What builds the guests.
pub(crate) struct Toolchain {
    /// `None`: the cargo and rustc that run this tool.
    debian: Option<debian::Toolchain>,
    c: zig::Compiler,
    cargo_home: PathBuf,
}

/// The toolchain by this route, installed or built if need be.
pub(crate) fn get(route: Route) -> Result<Toolchain> {
    let c = zig::get()?;
    let debian = match route {
        Route::Rustup if rustup_has_target() || rustup_adds_target() => None,
        Route::Rustup => bail!("no std for {TARGET}: run `rustup target add {TARGET}`"),
        Route::Debian => Some(debian::get(&c)?),
        Route::Auto if rustup_has_target() || rustup_adds_target() => None,
        Route::Auto if debian::is_debian() => Some(debian::get(&c)?),
        Route::Auto => bail!(
            "no std for {TARGET}: run `rustup target add {TARGET}`, then this command again \
             (without rustup, Debian 12 and later have what it takes)"
        ),
    };
    Ok(Toolchain { debian, c, cargo_home: guests::cargo_home()? })
}

impl Toolchain {
    /// Its C compiler and archiver.
    pub(crate) fn c_compiler(&self) -> (&Path, &Path) {
        (&self.c.cc, &self.c.ar)
    }

    /// Its cargo, set up for the target; what the caller's build had set up for the host is gone.
    pub(crate) fn cargo(&self) -> Cmd {
        let cmd = match &self.debian {
            None => Cmd::cargo(),
            Some(debian) => debian.cargo(),
        };
        clean(cmd)
            .env("CARGO_HOME", &self.cargo_home)
            .env("CC_wasm32_wasip1", &self.c.cc)
            .env("AR_wasm32_wasip1", &self.c.ar)
            // uucore's build script embeds the builder's language beside English.
            .env("LANG", "en_US.UTF-8")
    }
}

/// Removes what would make a nested build follow the settings of the outer one.
pub(super) fn clean(mut cmd: Cmd) -> Cmd {
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        // Set by `cargo run` to the libraries of the compiler that built this tool.
        "LD_LIBRARY_PATH",
    ] {
        cmd = cmd.env_remove(name);
    }
    cmd
}

fn rustup_has_target() -> bool {
    let Ok(dir) = Cmd::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output()
    else {
        return false;
    };
    let Ok(entries) = std::fs::read_dir(Path::new(dir.trim())) else { return false };
    entries.flatten().any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"libstd-"))
}

/// Asks rustup once, quietly: where it cannot, there is another route or another message.
fn rustup_adds_target() -> bool {
    let added = Cmd::new("rustup")
        .args(["target", "add", TARGET])
        .env("RUSTUP_MAX_RETRIES", "0")
        .output()
        .is_ok();
    added && rustup_has_target()
}
