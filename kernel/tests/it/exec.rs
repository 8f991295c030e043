//! Spawn and exec: permission, `#!`, `PATH`, what is inherited and what is not.

use std::sync::Arc;
use std::task::Poll;

use agentos_kernel::{
    CloseOnExec, Cred, Disposition, Errno, ExitStatus, Fd, FdAction, Image, InitProcess, Kernel,
    Loader, Mode, OFlags, Outcome, Pgid, Pid, Program, Result, SigSet, Signal, Slice, Spawn, Step,
};

use crate::support::{Notes, Script, assert_clean, kernel, notes, put, run_to, start, taken};

/// Files that start with `echo` note their arguments and exit with the number of them.
struct Echo(Notes<Vec<String>>);

impl Loader for Echo {
    fn load(&self, kernel: &mut Kernel, _: Pid, image: &Image<'_>) -> Result<Box<dyn Program>> {
        if !image.head.starts_with(b"echo") {
            return Err(Errno::ENOEXEC);
        }
        assert_eq!(image.content(kernel).unwrap().len() as u64, image.size);
        let notes = self.0.clone();
        Ok(Box::new(Script::new().note(&notes, |k, p| {
            let argv = k.argv(p).unwrap();
            Poll::Ready(argv.iter().map(|a| String::from_utf8_lossy(a).into_owned()).collect())
        })))
    }
}

fn with_programs() -> (Kernel, Notes<Vec<String>>) {
    let mut kernel = kernel();
    let said = notes();
    kernel.set_loader(Arc::new(Echo(said.clone())));
    put(&mut kernel, "/bin/echo", b"echo", 0o755);
    (kernel, said)
}

fn spawn(path: &str, args: &[&str]) -> Spawn {
    let argv = args.iter().map(|a| a.as_bytes().to_vec()).collect();
    Spawn { path: path.into(), argv, ..Spawn::default() }
}

#[track_caller]
fn as_user(mut kernel: Kernel, body: Script) {
    let init = InitProcess {
        cred: Cred { uid: 1000, gid: 1000, groups: Vec::new() },
        body: Some(Box::new(body.wait_all())),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert_clean(&kernel);
}

#[test]
fn a_program_gets_its_arguments() {
    let (kernel, said) = with_programs();
    as_user(
        kernel,
        Script::new().call(|k, p| {
            k.spawn(p, spawn("/bin/echo", &["name", "", "a b"])).unwrap();
        }),
    );
    assert_eq!(taken(&said), [["name", "", "a b"]]);
}

#[test]
fn a_script_is_run_by_its_interpreter_with_one_argument() {
    let (mut kernel, said) = with_programs();
    put(&mut kernel, "/tmp/s", b"#! /bin/echo -x  y \nbody", 0o755);
    put(&mut kernel, "/tmp/nested", b"#!/tmp/s\n", 0o755);
    as_user(
        kernel,
        Script::new().call(|k, p| {
            k.spawn(p, spawn("/tmp/s", &["argv0", "1"])).unwrap();
            let nested =
                Spawn { cwd: Some(b"/tmp".to_vec()), ..spawn("./nested", &["argv0", "2"]) };
            k.spawn(p, nested).unwrap();
        }),
    );
    let said = taken(&said);
    assert_eq!(said[0], ["/bin/echo", "-x  y", "/tmp/s", "1"]);
    assert_eq!(said[1], ["/bin/echo", "-x  y", "/tmp/s", "./nested", "2"]);
}

#[test]
fn what_cannot_be_executed_says_why() {
    let (mut kernel, said) = with_programs();
    put(&mut kernel, "/tmp/text", b"just text\n", 0o755);
    put(&mut kernel, "/tmp/noexec", b"echo", 0o644);
    put(&mut kernel, "/tmp/others", b"echo", 0o700);
    put(&mut kernel, "/tmp/nowhere", b"#!/no/such\n", 0o755);
    put(&mut kernel, "/tmp/loop", b"#!/tmp/loop\n", 0o755);
    put(&mut kernel, "/tmp/empty", b"", 0o755);
    as_user(
        kernel,
        Script::new().call(|k, p| {
            for (path, errno) in [
                ("/tmp/text", Errno::ENOEXEC),
                ("/tmp/empty", Errno::ENOEXEC),
                ("/tmp/noexec", Errno::EACCES),
                ("/tmp/others", Errno::EACCES),
                ("/tmp", Errno::EACCES),
                ("/tmp/nowhere", Errno::ENOENT),
                ("/tmp/loop", Errno::ELOOP),
                ("/none", Errno::ENOENT),
                ("/bin/echo/x", Errno::ENOTDIR),
                ("", Errno::ENOENT),
            ] {
                assert_eq!(k.spawn(p, spawn(path, &["x"])), Err(errno), "{path}");
            }
            assert_eq!(k.counters().processes, 2, "no process is left behind");
        }),
    );
    assert!(taken(&said).is_empty());
}

#[test]
fn path_is_searched_in_order() {
    let (mut kernel, _) = with_programs();
    put(&mut kernel, "/tmp/tool", b"echo", 0o755);
    put(&mut kernel, "/tmp/plain", b"echo", 0o644);
    as_user(
        kernel,
        Script::new().call(|k, p| {
            let mut find = |name: &str, path: &str| {
                k.find_in_path(p, name.as_bytes(), path.as_bytes())
                    .map(|found| String::from_utf8(found).unwrap())
            };
            assert_eq!(find("echo", "/nowhere:/bin/:/tmp"), Ok("/bin/echo".into()));
            assert_eq!(find("tool", "/bin:/tmp"), Ok("/tmp/tool".into()));
            assert_eq!(find("plain", "/bin:/tmp"), Err(Errno::EACCES));
            assert_eq!(find("none", "/bin:/tmp"), Err(Errno::ENOENT));
            assert_eq!(find("/tmp/tool", ""), Ok("/tmp/tool".into()));
            k.chdir(p, b"/tmp").unwrap();
            assert_eq!(k.find_in_path(p, b"tool", b"/bin:"), Ok(b"tool".to_vec()));
            assert_eq!(k.find_in_path(p, b"tmp", b"/"), Err(Errno::EACCES), "a directory");
        }),
    );
}

#[test]
fn attributes_of_a_spawned_process() {
    let (kernel, _) = with_programs();
    let seen = notes();
    let notes = seen.clone();
    let body = Script::new().pipe().call(move |k, p| {
        k.fcntl_setfd(p, Fd(3), CloseOnExec::Yes).unwrap();
        k.sigaction(p, Signal::INT, Disposition::Ignore).unwrap();
        let request = Spawn {
            env: vec![b"A=1".to_vec()],
            pgid: Some(Pgid(0)),
            cwd: Some(b"/tmp".to_vec()),
            reset_signals: SigSet::EMPTY.with(Signal::INT),
            ignore_signals: SigSet::EMPTY.with(Signal::QUIT),
            actions: vec![FdAction::Open {
                fd: Fd(7),
                path: b"out".to_vec(),
                flags: OFlags::WRITE | OFlags::CREAT,
                mode: Mode::new(0o644),
            }],
            ..spawn("/bin/echo", &["e"])
        };
        let child = k.spawn(p, request).unwrap();
        let fds: Vec<u32> = k.descriptors(child).unwrap().iter().map(|(fd, _)| fd.0).collect();
        assert_eq!(fds, [0, 1, 2, 4, 7]);
        assert_eq!(k.getpgid(child), Ok(Pgid(child.0)));
        assert_eq!(k.getcwd(child), Ok(b"/tmp".to_vec()));
        assert_eq!(k.env(child).unwrap(), [b"A=1"]);
        assert_eq!(k.exe(child).unwrap(), b"/bin/echo");
        assert_eq!(k.disposition(child, Signal::INT), Ok(Disposition::Default));
        assert_eq!(k.disposition(child, Signal::QUIT), Ok(Disposition::Ignore));
        notes.lock().unwrap().push(child);
    });
    as_user(kernel, body);
    assert_eq!(taken(&seen), [Pid(3)]);
}

/// Executes `/bin/echo` in its place.
struct Exec;

impl Program for Exec {
    fn step(&mut self, k: &mut Kernel, p: Pid, _: Slice) -> Step {
        k.sigaction(p, Signal::USR1, Disposition::Catch).unwrap();
        k.dup_min(p, Fd(0), Fd(5), CloseOnExec::Yes).unwrap();
        assert!(matches!(k.exec(p, b"/none", vec![], vec![]), Err(Errno::ENOENT)));
        assert_eq!(k.argv(p).unwrap(), [b"test"], "nothing has changed yet");
        let argv = vec![b"new".to_vec()];
        Step::Exec(k.exec(p, b"/bin/echo", argv, vec![b"B=2".to_vec()]).unwrap())
    }
}

#[test]
fn exec_keeps_the_process_and_changes_the_program() {
    let (mut kernel, said) = with_programs();
    let pid = start(&mut kernel, Exec);
    kernel.run_one();
    assert_eq!(kernel.env(pid).unwrap(), [b"B=2"]);
    assert_eq!(kernel.descriptors(pid).unwrap().len(), 3);
    assert_eq!(kernel.disposition(pid, Signal::USR1), Ok(Disposition::Default));
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert_eq!(taken(&said), [["new"]]);
    assert_clean(&kernel);
}

#[test]
fn the_driver_can_start_a_program_by_its_path() {
    let (mut kernel, said) = with_programs();
    let argv = vec![b"/bin/echo".to_vec(), b"hi".to_vec()];
    let pid = kernel.create_process(InitProcess { argv, ..InitProcess::default() }).unwrap();
    run_to(&mut kernel, pid);
    assert_eq!(taken(&said), [["/bin/echo", "hi"]]);
    let argv = vec![b"/bin/none".to_vec()];
    let none = kernel.create_process(InitProcess { argv, ..InitProcess::default() });
    assert_eq!(none, Err(Errno::ENOENT));
    assert_clean(&kernel);
}
