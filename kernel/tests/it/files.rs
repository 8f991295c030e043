//! Files through descriptors: sharing, devices, `/dev/fd`, `/proc`, locks, directories.

use std::task::Poll;

use agentos_kernel::{
    Access, AtFlags, CloseOnExec, Cred, Errno, ExitStatus, Fd, HostFile, InitProcess, Kernel,
    LockOp, Mode, OFlags, Outcome, Pid, Result, Whence,
};

use crate::support::{Script, assert_clean, kernel, notes, put, ready, run, run_to, start, taken};

fn open(k: &mut Kernel, p: Pid, path: &str, flags: OFlags) -> Result<Fd> {
    ready(k.openat(p, None, path.as_bytes(), flags, Mode::new(0o644)))
}

fn read(k: &mut Kernel, p: Pid, fd: Fd) -> Vec<u8> {
    let mut buf = [0; 4000];
    let n = ready(k.read(p, fd, &mut buf)).unwrap();
    buf[..n].to_vec()
}

fn cat(k: &mut Kernel, p: Pid, path: &str) -> String {
    let fd = open(k, p, path, OFlags::READ).unwrap();
    let text = read(k, p, fd);
    k.close(p, fd).unwrap();
    String::from_utf8(text).unwrap()
}

const NEW: OFlags = OFlags::RDWR.union(OFlags::CREAT).union(OFlags::TRUNC);

#[test]
fn dup_and_fork_share_the_offset_and_open_does_not() {
    let child = Script::new().call(|k, p| {
        ready(k.write(p, Fd(3), b"child ")).unwrap();
    });
    let body = Script::new()
        .call(|k, p| {
            let fd = open(k, p, "/tmp/a", NEW).unwrap();
            assert_eq!(ready(k.write(p, fd, b"parent ")), Ok(7));
            k.dup2(p, fd, Fd(9), CloseOnExec::No).unwrap();
        })
        .fork(child)
        .wait_all()
        .call(|k, p| {
            ready(k.write(p, Fd(9), b"dup")).unwrap();
            assert_eq!(k.lseek(p, Fd(3), 0, Whence::Cur), Ok(16));
            assert_eq!(cat(k, p, "/tmp/a"), "parent child dup");
            assert_eq!(k.pread(p, Fd(3), 7, &mut [0; 5]), Ok(5));
            assert_eq!(k.lseek(p, Fd(3), 0, Whence::Cur), Ok(16));
        });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn an_unlinked_file_lives_while_it_is_open() {
    let body = Script::new().call(|k, p| {
        let fd = open(k, p, "/tmp/a", NEW).unwrap();
        k.unlinkat(p, None, b"/tmp/a", AtFlags::empty()).unwrap();
        ready(k.write(p, fd, b"still here")).unwrap();
        k.lseek(p, fd, 0, Whence::Set).unwrap();
        assert_eq!(read(k, p, fd), b"still here");
        assert_eq!(k.fstat(p, fd).unwrap().nlink, 0);
        assert_eq!(open(k, p, "/tmp/a", OFlags::READ), Err(Errno::ENOENT));
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn append_goes_to_the_end_and_can_be_switched_on() {
    let body = Script::new().call(|k, p| {
        let fd = open(k, p, "/tmp/a", NEW).unwrap();
        ready(k.write(p, fd, b"12345")).unwrap();
        k.lseek(p, fd, 0, Whence::Set).unwrap();
        k.fcntl_setfl(p, fd, OFlags::APPEND).unwrap();
        ready(k.write(p, fd, b"6")).unwrap();
        assert_eq!(cat(k, p, "/tmp/a"), "123456");
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn devices_do_what_they_do_on_linux() {
    let body = Script::new().call(|k, p| {
        let [null, zero, full, random] = ["null", "zero", "full", "urandom"]
            .map(|name| open(k, p, &format!("/dev/{name}"), OFlags::RDWR).unwrap());
        let mut buf = [7; 8];
        assert_eq!(ready(k.read(p, null, &mut buf)), Ok(0));
        assert_eq!(ready(k.write(p, null, &buf)), Ok(8));
        assert_eq!(ready(k.read(p, zero, &mut buf)), Ok(8));
        assert_eq!(buf, [0; 8]);
        assert_eq!(ready(k.write(p, full, &buf)), Err(Errno::ENOSPC));
        assert_eq!(ready(k.read(p, random, &mut buf)), Ok(8));
        assert_ne!(buf, [0; 8]);
        assert_eq!(open(k, p, "/dev/tty", OFlags::RDWR), Err(Errno::ENXIO), "no terminal");
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn dev_fd_is_the_same_description_again() {
    let body = Script::new().pipe().call(|k, p| {
        ready(k.write(p, Fd(4), b"in the pipe")).unwrap();
        assert_eq!(cat(k, p, "/dev/fd/3"), "in the pipe");
        let out = open(k, p, "/proc/self/fd/4", OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC);
        ready(k.write(p, out.unwrap(), b"again")).unwrap();
        assert_eq!(read(k, p, Fd(3)), b"again");
        assert_eq!(open(k, p, "/dev/fd/4", OFlags::READ), Err(Errno::EACCES));
        assert_eq!(open(k, p, "/dev/fd/77", OFlags::READ), Err(Errno::ENOENT));
        let stat = k.fstatat(p, None, b"/dev/fd/3", AtFlags::empty()).unwrap();
        assert_eq!(stat, k.fstat(p, Fd(3)).unwrap());
        let readable = k.faccessat(p, None, b"/dev/fd/3", Access::READ, AtFlags::empty());
        assert_eq!(readable, Ok(()));
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn dev_stdout_never_means_somebody_elses_file() {
    let mut kernel = kernel();
    put(&mut kernel, "/tmp/precious", b"precious", 0o644);
    let reader = Script::new().call(|k, p| {
        let fd = open(k, p, "/tmp/precious", OFlags::RDWR).unwrap();
        k.dup2(p, fd, Fd::STDOUT, CloseOnExec::No).unwrap();
        // Feeds /proc with this process.
        assert!(cat(k, p, "/proc/self/status").contains("Pid:\t3"));
    });
    let body = Script::new().fork(reader).wait_all().call(|k, p| {
        let flags = OFlags::WRITE | OFlags::CREAT | OFlags::TRUNC;
        let fd = open(k, p, "/dev/stdout", flags).unwrap();
        ready(k.write(p, fd, b"out")).unwrap();
        assert_eq!(cat(k, p, "/tmp/precious"), "precious");
    });
    let capture = kernel.capture(100);
    let init = InitProcess {
        stdout: HostFile::Capture(capture),
        body: Some(Box::new(body)),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert_eq!(kernel.take_capture(capture).bytes, b"out");
    assert_clean(&kernel);
}

#[test]
fn proc_shows_processes_as_they_are() {
    let body = Script::new().fork(Script::new().pause()).sleep(1).call(|k, p| {
        let status = cat(k, p, "/proc/self/status");
        assert!(
            status.contains("State:\tR (running)") && status.contains("Name:\ttest"),
            "{status}"
        );
        let child = Pid(p.0 + 1);
        let status = cat(k, p, &format!("/proc/{child}/status"));
        assert!(
            status.contains("State:\tS") && status.contains(&format!("PPid:\t{p}")),
            "{status}"
        );
        assert_eq!(cat(k, p, "/proc/self/cmdline"), "test\0");
        k.kill_tree(child);
        let gone = open(k, p, &format!("/proc/{child}/status"), OFlags::READ);
        assert_eq!(gone, Err(Errno::ENOENT));
        assert_eq!(k.readlinkat(p, None, b"/proc/self/cwd"), Ok(b"/".to_vec()));
        let open_files = k.read_dir(p, b"/proc/self/fd").unwrap();
        assert!(open_files.len() >= 3, "{open_files:?}");
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn locks_belong_to_descriptions() {
    let order = notes();
    let child = Script::new()
        .call(|k, p| {
            open(k, p, "/tmp/lock", OFlags::READ).unwrap();
            assert_eq!(ready(k.flock(p, Fd(4), LockOp::TryShared)), Err(Errno::EAGAIN));
            assert_eq!(
                ready(k.flock(p, Fd(3), LockOp::TryExclusive)),
                Ok(()),
                "inherited: its own"
            );
        })
        .poll(|k, p| k.flock(p, Fd(4), LockOp::Exclusive).map(|r| r.unwrap()))
        .note(&order, |_, _| Poll::Ready("child"));
    let body = Script::new()
        .call(|k, p| {
            let fd = open(k, p, "/tmp/lock", NEW).unwrap();
            assert_eq!(ready(k.flock(p, fd, LockOp::Exclusive)), Ok(()));
        })
        .fork(child)
        .sleep(100)
        .note(&order, |_, _| Poll::Ready("parent"))
        .call(|k, p| ready(k.flock(p, Fd(3), LockOp::Unlock)).unwrap())
        .wait_all();
    assert_eq!(run(body), ExitStatus::SUCCESS);
    assert_eq!(taken(&order), ["parent", "child"]);
}

#[test]
fn each_process_has_its_own_directory_and_umask() {
    let child = Script::new().call(|k, p| {
        k.chdir(p, b"/tmp").unwrap();
        k.umask(p, Mode::new(0o077)).unwrap();
        let fd = open(k, p, "mine", NEW).unwrap();
        assert_eq!(k.fstat(p, fd).unwrap().mode, Mode::new(0o600));
    });
    let body = Script::new().fork(child).wait_all().call(|k, p| {
        assert_eq!(k.getcwd(p), Ok(b"/".to_vec()));
        assert_eq!(k.umask(p, Mode::new(0o022)), Ok(Mode::new(0o022)));
        assert_eq!(k.chdir(p, b"/tmp/mine"), Err(Errno::ENOTDIR));
        assert_eq!(k.chdir(p, b"/nowhere"), Err(Errno::ENOENT));
        let dir = open(k, p, "/tmp", OFlags::READ | OFlags::DIRECTORY).unwrap();
        assert!(k.fstatat(p, Some(dir), b"mine", AtFlags::empty()).is_ok());
        assert_eq!(k.fstatat(p, Some(Fd(55)), b"mine", AtFlags::empty()), Err(Errno::EBADF));
        assert_eq!(k.fstatat(p, Some(Fd(0)), b"mine", AtFlags::empty()), Err(Errno::ENOTDIR));
        let mut names = Vec::new();
        k.getdents(p, dir, 0, &mut |entry| {
            names.push(entry.name.to_vec());
            true
        })
        .unwrap();
        assert_eq!(names, [&b"."[..], b"..", b"mine"]);
        k.fchdir(p, dir).unwrap();
        assert_eq!(k.getcwd(p), Ok(b"/tmp".to_vec()));
        k.mkdirat(p, None, b"gone", Mode::new(0o755)).unwrap();
        k.chdir(p, b"gone").unwrap();
        k.unlinkat(p, None, b"/tmp/gone", AtFlags::REMOVEDIR).unwrap();
        assert_eq!(k.getcwd(p), Err(Errno::ENOENT));
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn a_user_is_held_to_permissions() {
    let mut kernel = kernel();
    put(&mut kernel, "/tmp/secret", b"root's", 0o600);
    let body = Script::new().call(|k, p| {
        assert_eq!(open(k, p, "/tmp/secret", OFlags::READ), Err(Errno::EACCES));
        assert_eq!(open(k, p, "/bin/new", NEW), Err(Errno::EACCES));
        let fd = open(k, p, "/tmp/mine", NEW).unwrap();
        assert_eq!(k.fstat(p, fd).unwrap().uid, 1000);
        let sticky = k.unlinkat(p, None, b"/tmp/secret", AtFlags::empty());
        assert_eq!(sticky, Err(Errno::EPERM));
    });
    let init = InitProcess {
        cred: Cred { uid: 1000, gid: 1000, groups: Vec::new() },
        body: Some(Box::new(body)),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert_clean(&kernel);
}

#[test]
fn a_process_that_ends_unpins_its_directory() {
    let mut kernel = kernel();
    let body = Script::new().call(|k, p| {
        k.mkdirat(p, None, b"/tmp/d", Mode::new(0o755)).unwrap();
        k.chdir(p, b"/tmp/d").unwrap();
        open(k, p, "/proc/version", OFlags::READ).unwrap();
    });
    let pid = start(&mut kernel, body);
    run_to(&mut kernel, pid);
    assert!(kernel.vfs_mut().umount(b"/proc").is_ok(), "nothing is open there");
}
