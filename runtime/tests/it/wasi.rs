//! The programs of `fixtures` on a root in memory, on the host and copied on write.

use std::path::Path;

use agentos_runtime::{Builder, Sandbox};
use fixtures::{Case, WASI};
use vfs::{FileSystem, HostFs, MemFs, OverlayFs, SetStat, Timestamp};

/// Follows, by each call that follows links, links that the embedder put into the mount.
const ABSOLUTE_LINKS: &str = r#"
path_open 3 FOLLOW "hosts" 0 FD_READ 0 0 ! EPERM|ENOTCAPABLE
path_open 3 FOLLOW "new" CREAT FD_WRITE 0 0 ! EPERM|ENOTCAPABLE
path_open 3 0 "etc/hosts" 0 FD_READ 0 0 ! EPERM|ENOTCAPABLE
path_open 3 0 "above/etc/hosts" 0 FD_READ 0 0 ! EPERM|ENOTCAPABLE
path_open 3 0 "self/mine" 0 FD_READ 0 0 ! EPERM|ENOTCAPABLE
path_filestat_get 3 FOLLOW "hosts" ! EPERM|ENOTCAPABLE
path_filestat_set_times 3 FOLLOW "hosts" 0 0 MTIM ! EPERM|ENOTCAPABLE
path_create_directory 3 "etc/made" ! EPERM|ENOTCAPABLE
path_rename 3 "mine" 3 "etc/hosts" ! EPERM|ENOTCAPABLE
path_link 3 0 "etc/hosts" 3 "taken" ! EPERM|ENOTCAPABLE
path_unlink_file 3 "etc/hosts" ! EPERM|ENOTCAPABLE
path_readlink 3 "etc" 99 ! EPERM|ENOTCAPABLE
path_open 3 0 "mine" 0 FD_READ 0 0
"#;

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
    for (_, name) in &spec.dirs {
        let at = format!("/{name}");
        builder = mount(builder, root, &at, scratch.path());
        preopens.push((name.clone(), at));
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

/// What a program sees of its directory `/data`, and may not reach through it.
#[track_caller]
fn check_absolute_links(root: Root) {
    let wasm = fixtures::calls::compile(ABSOLUTE_LINKS).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let builder = mount(Sandbox::builder(), root, "/data", scratch.path());
    let mut sandbox = builder.cwd("/").build().unwrap();
    let vfs = sandbox.kernel().vfs_mut();
    let cx = vfs.superuser(Timestamp::default());
    for (name, target) in [
        ("hosts", "/etc/hosts"),
        ("new", "/etc/new"),
        ("etc", "/etc"),
        ("above", ".."),
        ("self", "/data"),
    ] {
        let path = format!("/data/{name}");
        vfs.symlinkat(&cx, target.as_bytes(), cx.root, path.as_bytes()).unwrap();
    }
    let readable = "cd /data; echo mine >mine; for f in hosts self/mine above/data/mine; do
        read -r line <$f || exit; done";
    let before = sandbox.script(readable).output().unwrap();
    assert!(before.success(), "{root:?}: {}", before.stderr_text());
    let command = sandbox.module("links", wasm).preopens([("/data", "/data")]);
    let output = command.output().unwrap();
    assert!(output.success(), "{root:?}: {:?} {}", output.ended, output.stderr_text());
    let after = sandbox.script("[[ ! -e /etc/new && ! -e /etc/made ]]").output().unwrap();
    assert!(after.success(), "{root:?}: something was made in /etc");
}

#[test]
fn no_link_leads_a_strict_program_out_of_its_directory() {
    for root in [Root::Memory, Root::Host, Root::Overlay] {
        check_absolute_links(root);
    }
}
