//! The programs of `fixtures` on a root in memory, on the host and copied on write.

use std::path::Path;

use agentos_runtime::{Builder, Sandbox};
use fixtures::{Case, WASI};
use vfs::{FileSystem, HostFs, MemFs, OverlayFs, SetStat, Timestamp};

/// The user that commands run as.
const USER: u32 = 1000;

#[derive(Clone, Copy, Debug)]
enum Root {
    Memory,
    Host,
    Overlay,
}

/// Mounts an empty directory that is the user's.
fn mount(builder: Builder, root: Root, at: &str, dir: &Path) -> Builder {
    match root {
        Root::Memory => {
            let mut fs = MemFs::default();
            let owner = SetStat { uid: Some(USER), gid: Some(USER), ..SetStat::default() };
            fs.set_stat(fs.root(), &owner, Timestamp::default()).unwrap();
            builder.mount(at, fs)
        }
        Root::Host => builder.mount(at, HostFs::open(dir).unwrap().owned_by(USER, USER).unwrap()),
        Root::Overlay => {
            let lower = HostFs::open_read_only(dir).unwrap().owned_by(USER, USER).unwrap();
            builder.mount(at, OverlayFs::over(lower))
        }
    }
}

/// What is wrong with a program's answers, if something is.
fn failure(case: &Case, root: Root) -> Option<String> {
    let spec = case.spec().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut builder = Sandbox::builder();
    let mut preopens = Vec::new();
    if spec.root.is_some() {
        builder = mount(builder, root, "/", scratch.path());
        preopens.push(("/".to_owned(), "/".to_owned()));
    }
    for dir in &spec.dirs {
        let at = format!("/{dir}");
        builder = mount(builder, root, &at, scratch.path());
        preopens.push((dir.clone(), at));
    }
    let mut sandbox = builder.cwd("/").build().unwrap();
    let wasm = case.wasm().unwrap();
    let mut command = sandbox.module(case.name, wasm).preopens(preopens).env_clear();
    for (name, value) in &spec.env {
        command = command.env(name, value);
    }
    let output = command.args(spec.args).output().unwrap();
    let wrote = spec.stdout.is_none_or(|stdout| output.stdout == stdout.as_bytes());
    let ended = output.exit_code == spec.exit_code;
    let (name, why) = (case.name, output.stderr_text());
    (!ended || !wrote).then(|| format!("{name}: {:?}, {}, {why}", output.ended, output.exit_code))
}

#[track_caller]
fn check(root: Root) {
    let failures: Vec<String> = WASI.iter().filter_map(|case| failure(case, root)).collect();
    assert!(failures.is_empty(), "{root:?}:\n{}", failures.join("\n"));
}

#[test]
fn programs_in_memory() {
    check(Root::Memory);
}

#[test]
fn programs_on_the_host() {
    check(Root::Host);
}

#[test]
fn programs_on_an_overlay() {
    check(Root::Overlay);
}
