//! Sandboxes beside each other, and the host.

use agentos_runtime::{ErrorKind, Sandbox};

#[test]
fn files_of_one_are_not_the_others() {
    let mut a = Sandbox::builder().build().unwrap();
    let mut b = Sandbox::builder().build().unwrap();
    a.execute_command("echo secret > /tmp/x").unwrap();
    assert_eq!(a.read_file("/tmp/x").unwrap(), b"secret\n");
    let output = b.execute_command("read x < /tmp/x; echo $?").unwrap();
    assert_eq!(output.stdout, b"1\n");
    assert_eq!(b.read_file("/tmp/x").unwrap_err().errno(), Some(vfs::Errno::ENOENT));
}

#[test]
fn the_hosts_environment_and_files_are_not_seen() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let output =
        sandbox.execute_command("echo ${CARGO_MANIFEST_DIR-none}; echo /proc/1/*").unwrap();
    assert!(output.stdout_text().starts_with("none\n"), "{}", output.stdout_text());
    assert!(sandbox.read_file(env!("CARGO_MANIFEST_DIR")).is_err());
}

#[test]
fn what_the_api_writes_the_shell_sees() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let results = sandbox.write_files([("/workspace/a/b", "one"), ("/proc/x", "two")]);
    assert!(results[0].result.is_ok());
    assert!(matches!(
        results[1].result.as_ref().unwrap_err().kind(),
        ErrorKind::Path { errno: vfs::Errno::EROFS, .. }
    ));
    let output =
        sandbox.execute_command("cd /workspace; read x < a/b; echo $x > c; echo $x").unwrap();
    assert_eq!(output.stdout, b"one\n");
    assert_eq!(sandbox.read_file("/workspace/c").unwrap(), b"one\n");
}

#[test]
fn after_dispose_nothing_runs() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    sandbox.dispose();
    sandbox.dispose();
    let error = sandbox.execute_command("echo x").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Disposed));
}

#[test]
fn a_thousand_at_once() {
    let mut all: Vec<Sandbox> = (0..1000).map(|_| Sandbox::builder().build().unwrap()).collect();
    for (i, sandbox) in all.iter_mut().enumerate() {
        let output = sandbox
            .execute_command(&format!("echo {i} > /tmp/x; read y < /tmp/x; echo $y"))
            .unwrap();
        assert_eq!(output.stdout_text(), format!("{i}\n"));
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed| {
        let mut sandbox = Sandbox::builder().deterministic(seed).build().unwrap();
        sandbox.execute_command("echo $RANDOM $RANDOM $EPOCHSECONDS $$").unwrap().stdout
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
