//! From options to a sandbox.

use std::io::Write;
use std::path::Path;

use kernel::{TraceEvent, TraceHook};
use runtime::{Builder, Limits, Sandbox};
use vfs::{HostFs, MountFlags, OverlayFs};

use crate::args::SandboxOptions;
use crate::copy;
use crate::mount::{MountMode, MountSpec, check_distinct};

/// The user that commands run as; what belongs to the owner of a mounted directory is shown as
/// this user's.
pub(crate) const USER: u32 = 1000;

/// Where commands start unless told otherwise.
pub(crate) const HOME: &str = "/home/user";

/// Makes the sandbox that the options describe.
pub(crate) fn build(options: &SandboxOptions) -> Result<Sandbox, String> {
    let cwd = options.cwd.as_deref().unwrap_or(HOME);
    check_distinct(&options.mount, cwd)?;
    let mut limits = Limits::default();
    limits.kernel.fuel = options.fuel;
    if let Some(memory) = options.memory {
        limits.memory_per_process = memory;
        limits.memory = limits.memory.max(memory);
    }
    if let Some(bytes) = options.kept_output_bytes {
        limits.kept_output_bytes = bytes;
    }
    let mut builder = Sandbox::builder().software(software::common()).limits(limits);
    for spec in &options.mount {
        builder = mount(builder, spec, spec.at(cwd))?;
    }
    for dir in &options.software {
        builder = builder.software_dir(dir);
    }
    for (name, value) in &options.env {
        builder = builder.env(name, value);
    }
    if let Some(cwd) = &options.cwd {
        builder = builder.cwd(cwd);
    }
    if let Some(dir) = &options.full_output {
        builder = builder.full_output(dir);
    }
    if let Some(timeout) = options.timeout {
        builder = builder.timeout(timeout);
    }
    if let Some(seed) = options.deterministic {
        builder = builder.deterministic(seed);
    }
    let mut sandbox = builder.build().map_err(|error| error.to_string())?;
    if let Some(file) = &options.trace {
        sandbox.kernel().set_trace(Some(trace(file.as_deref())?));
    }
    Ok(sandbox)
}

/// Writes each call of a process as a line.
fn trace(file: Option<&Path>) -> Result<TraceHook, String> {
    let mut out: Box<dyn Write + Send> = match file {
        None => Box::new(std::io::stderr()),
        Some(path) => {
            #[expect(clippy::disallowed_methods, reason = "the user names this file of the host")]
            let file = std::fs::File::create(path);
            let file = file.map_err(|error| format!("--trace={}: {error}", path.display()))?;
            Box::new(std::io::BufWriter::new(file))
        }
    };
    Ok(Box::new(move |event: &TraceEvent| {
        // A trace that cannot be written must not end what is traced.
        let _ = writeln!(out, "{event}");
    }))
}

fn mount(builder: Builder, spec: &MountSpec, at: String) -> Result<Builder, String> {
    let failed = |error: std::io::Error| format!("--mount {}: {error}", spec.host.display());
    let open = |read_only: bool| -> Result<HostFs, String> {
        let fs =
            if read_only { HostFs::open_read_only(&spec.host) } else { HostFs::open(&spec.host) };
        fs.and_then(|fs| fs.owned_by(USER, USER)).map_err(failed)
    };
    Ok(match spec.mode {
        MountMode::ReadOnly => builder.mount_with(at, open(true)?, MountFlags::RDONLY),
        MountMode::ReadWrite => builder.mount(at, open(false)?),
        MountMode::CopyOnWrite => builder.mount(at, OverlayFs::over(open(true)?)),
        MountMode::Memory => {
            let failed = |errno| format!("--mount {}: {errno}", spec.host.display());
            builder.mount(at, copy::to_memory(&open(true)?).map_err(failed)?)
        }
    })
}
