//! Debian's Rust for `wasm32-wasip1`: rustc-web knows the target but ships no std for it.
//!
//! So std is built, once, from the same version's source, against zig's wasi-libc, into a sysroot of
//! the layout that rustup would have installed. Afterwards no unstable flag is needed. (std built
//! with each program by `-Zbuild-std` would be built again for each change of a flag, and Debian's own
//! wasi-libc of 2022 lacks functions that std calls.)

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::toolchain::{OLDEST, TARGET, clean};
use super::{files, guests, zig};
use crate::process::Cmd;
use crate::workspace;

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const SOURCE: &str = "/usr/lib/rustlib/src/rust";
/// Counted up when what is made of a version changes.
const REVISION: u32 = 1;

/// Debian's cargo and rustc with a sysroot of ours.
pub(super) struct Toolchain {
    sysroot: PathBuf,
}

/// Whether packages can be installed by apt.
pub(super) fn is_debian() -> bool {
    Path::new("/usr/bin/apt-get").is_file() && Path::new("/etc/debian_version").is_file()
}

/// The toolchain, installed and built if need be.
pub(super) fn get(c: &zig::Compiler) -> Result<Toolchain> {
    let compiler = install_compiler()?;
    let name = format!("rust-{}-zig-{}-r{REVISION}", compiler.version, zig::VERSION);
    let sysroot = workspace::cache_dir().join("wasi-toolchain").join(name);
    files::make_dir(&sysroot, |dir| {
        eprintln!("xtask: building std {} for {TARGET}", compiler.version);
        lay_out(dir, &compiler)?;
        build_std(&Toolchain { sysroot: dir.to_owned() }, c)
    })?;
    Ok(Toolchain { sysroot })
}

impl Toolchain {
    pub(super) fn cargo(&self) -> Cmd {
        clean(Cmd::new(CARGO))
            .env_remove("CARGO")
            .env_remove("RUSTUP_TOOLCHAIN")
            .env("RUSTC", RUSTC)
            .env("RUSTDOC", "/usr/bin/rustdoc")
            .env("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", self.sysroot_flag())
    }

    fn sysroot_flag(&self) -> String {
        format!("--sysroot={}", self.sysroot.display())
    }

    fn target_lib(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(TARGET).join("lib")
    }
}

struct Compiler {
    version: String,
    host: String,
    llvm: String,
}

/// Installs packages by apt, as root or through sudo.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    if !is_debian() {
        bail!("no apt-get to install {} with", packages.join(" "));
    }
    let apt = |words: &[&str]| {
        let root = Cmd::new("id").arg("-u").output().is_ok_and(|id| id.trim() == "0");
        let cmd = match root {
            true => Cmd::new("apt-get"),
            false => Cmd::new("sudo").args(["-n", "apt-get"]),
        };
        // Its talk is shown only when it fails.
        cmd.args(words).env("DEBIAN_FRONTEND", "noninteractive").output()
    };
    eprintln!("xtask: apt-get install {}", packages.join(" "));
    apt(&["update", "-qq"])
        .and_then(|_| {
            let words = ["install", "-y", "-qq", "--no-install-recommends"];
            apt(&[&words[..], packages].concat())
        })
        .map(drop)
        .with_context(|| {
            let packages = packages.join(" ");
            format!("cannot install packages: run `apt-get install {packages}` as root, then this command again")
        })
}

fn install_compiler() -> Result<Compiler> {
    if !Path::new(CARGO).is_file() || !Path::new(SOURCE).is_dir() || new_enough().is_err() {
        install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    }
    let compiler = new_enough()?;
    let source = fs::canonicalize(SOURCE).with_context(|| format!("cannot find {SOURCE}"))?;
    // std is built by its own compiler or not at all: they share unstable names.
    if !source.ends_with(format!("rustc-{}", compiler.version)) {
        bail!(
            "{RUSTC} is {}, but the source of std is {}: run `apt-get install rustc-web rust-web-src`",
            compiler.version,
            source.display()
        );
    }
    if !lld(&compiler).is_file() {
        install(&[&format!("lld-{}", compiler.llvm)])?;
    }
    Ok(compiler)
}

fn lld(compiler: &Compiler) -> PathBuf {
    format!("/usr/lib/llvm-{}/bin/lld", compiler.llvm).into()
}

fn new_enough() -> Result<Compiler> {
    let text = clean(Cmd::new(RUSTC)).env_remove("RUSTUP_TOOLCHAIN").arg("-vV").output()?;
    let compiler =
        parse_version(&text).with_context(|| format!("unknown answer of {RUSTC} -vV"))?;
    let number = |part: Option<&str>| part.and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    let mut parts = compiler.version.split('.');
    let (major, minor) = (number(parts.next()), number(parts.next()));
    if (major, minor) < OLDEST {
        bail!("{RUSTC} is {}, older than {}.{}", compiler.version, OLDEST.0, OLDEST.1);
    }
    Ok(compiler)
}

fn parse_version(text: &str) -> Option<Compiler> {
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
    };
    let llvm = field("LLVM version")?;
    Some(Compiler {
        version: field("release")?,
        host: field("host")?,
        llvm: llvm.split('.').next()?.to_owned(),
    })
}

/// The sysroot without std: the host's libraries, the linker, and libc.
fn lay_out(dir: &Path, compiler: &Compiler) -> Result<()> {
    let rustlib = dir.join("lib/rustlib");
    let host = rustlib.join(&compiler.host);
    let own = rustlib.join(TARGET).join("lib/self-contained");
    for dir in [&host.join("bin"), &own] {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    link(Path::new("/usr/lib/rustlib").join(&compiler.host).join("lib"), host.join("lib"))?;
    link(lld(compiler), host.join("bin/rust-lld"))?;
    copy_libc(&own)
}

#[cfg(unix)]
fn link(target: PathBuf, link: PathBuf) -> Result<()> {
    std::os::unix::fs::symlink(target, &link)
        .with_context(|| format!("cannot make the link {}", link.display()))
}

#[cfg(not(unix))]
fn link(_target: PathBuf, _link: PathBuf) -> Result<()> {
    bail!("there is no Debian here")
}

/// Takes wasi-libc as zig builds it: its start code, and its archives merged into one `libc.a`.
fn copy_libc(self_contained: &Path) -> Result<()> {
    let zig = zig::install()?;
    let (source, program) = (self_contained.join("empty.c"), self_contained.join("empty.wasm"));
    fs::write(&source, "int main(void) { return 0; }\n")?;
    // zig builds libc for its first program and says which files it links.
    let linked = Cmd::new("/bin/sh")
        .args(["-c", r#"exec "$0" --verbose -O2 -o "$1" "$2" 2>&1"#])
        .args([&zig.join("wasi-cc"), &program, &source])
        .output()?;
    let line = linked
        .lines()
        .find(|line| line.starts_with("wasm-ld "))
        .context("zig cc --verbose shows no link line")?;
    let named = |names: &[&str]| {
        line.split(' ')
            .filter(|word| names.iter().any(|name| word.ends_with(name)))
            .collect::<Vec<_>>()
    };
    let start = named(&["/crt1-command.o"]);
    let archives = named(&["/libc.a", "/libzigc.a", "/libcompiler_rt.a"]);
    let (Some(start), false) = (start.first(), archives.is_empty()) else {
        bail!("zig's link line names no libc: {line}");
    };
    fs::copy(start, self_contained.join("crt1-command.o"))
        .with_context(|| format!("cannot copy {start}"))?;
    merge(&zig.join("wasi-ar"), &archives, &self_contained.join("libc.a"))?;
    fs::remove_file(&source)?;
    Ok(fs::remove_file(&program)?)
}

/// `ar -M`: the archiver's script language, the one portable way to merge archives.
fn merge(ar: &Path, archives: &[&str], into: &Path) -> Result<()> {
    let mut script = format!("create {}\n", into.display());
    for archive in archives {
        script += &format!("addlib {archive}\n");
    }
    script += "save\nend\n";
    let file = into.with_extension("mri");
    fs::write(&file, script)?;
    Cmd::new("/bin/sh").args(["-c", r#"exec "$0" -M < "$1""#]).arg(ar).arg(&file).run()?;
    Ok(fs::remove_file(&file)?)
}

/// Builds std as rustup's is built, and copies it into the sysroot.
fn build_std(toolchain: &Toolchain, c: &zig::Compiler) -> Result<()> {
    let build = toolchain.sysroot.join("build");
    // Warnings stay on: cargo reads "dropping unsupported crate type" among them.
    let flags = format!(
        "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes --cap-lints=warn {}",
        toolchain.sysroot_flag()
    );
    toolchain
        .cargo()
        .dir(&toolchain.sysroot)
        .args(["build", "--quiet", "--release", "--locked", "--features=panic-unwind"])
        .args(["--manifest-path", &format!("{SOURCE}/library/sysroot/Cargo.toml")])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&build)
        // std uses unstable features; its dependencies come from crates.io, by its own lock file.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_DEFAULT_LIB_METADATA", "agentos")
        .env("CARGO_HOME", guests::cargo_home()?)
        .env("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", flags)
        .env("CC_wasm32_wasip1", &c.cc)
        .run()
        .context("std did not build; run the same command again after a failure of the network")?;
    let deps = build.join(TARGET).join("release/deps");
    let lib = toolchain.target_lib();
    for entry in fs::read_dir(&deps).with_context(|| format!("cannot read {}", deps.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libsysroot-") {
            fs::copy(&path, lib.join(&name)).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))
}
