//! `agentos`: processes, signals and terminals beyond the published extension ABI.

use std::task::Poll;

use agentos_syscalls::Answer;
use kernel::{Fd, HostFile, InitProcess, Kernel, Loader, Pid, Program, Slice, Step};
use vfs::{Errno, Mode};

use crate::support::{BUF, Guest, OUT, READ, WRITE};

/// A body that writes to descriptor 1 what it has as arguments, then exits with 7.
struct Echo;

impl Program for Echo {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, _: Slice) -> Step {
        let text = kernel.argv(pid).unwrap().join(&b' ');
        let _ = kernel.write(pid, Fd::STDOUT, &text);
        Step::Exit(kernel::ExitStatus::Exited(7))
    }
}

struct Echoes;

impl Loader for Echoes {
    fn load(&self, _: &mut Kernel, _: Pid, _: &kernel::Image<'_>) -> vfs::Result<Box<dyn Program>> {
        Ok(Box::new(Echo))
    }
}

/// A guest that can spawn `/bin/echo`.
fn with_echo() -> Guest {
    let mut guest = Guest::new();
    guest.kernel.set_loader(std::sync::Arc::new(Echoes));
    guest.path("path_create_directory", b"bin", &[]).ok();
    guest.file(b"bin/echo", b"program");
    guest
        .kernel
        .fchmodat(guest.pid, None, b"/bin/echo", Mode::new(0o755), vfs::AtFlags::empty())
        .unwrap();
    guest
}

/// Where the record, its strings and its actions are.
const RECORD: u32 = 0x2000;
const STRINGS: u32 = 0x2100;
const ACTIONS: u32 = 0x2800;

/// Writes a record: path, argv and environment; actions as six numbers each.
fn record(guest: &mut Guest, path: &[u8], argv: &[u8], env: &[u8], actions: &[[u32; 6]]) -> u64 {
    let mut at = STRINGS;
    let mut words = Vec::new();
    for text in [path, argv, env, b""] {
        guest.put(at, text);
        words.extend([at, text.len() as u32]);
        at += text.len() as u32;
    }
    words.extend([ACTIONS, actions.len() as u32, u32::MAX, 0, 0, 0, 0, 0, 0, 0]);
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    guest.put(RECORD, &bytes);
    let bytes: Vec<u8> = actions.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
    guest.put(ACTIONS, &bytes);
    RECORD.into()
}

/// The arguments of `proc_exec`.
fn exec(guest: &mut Guest, path: &[u8], argv: &[u8], env: &[u8]) -> Poll<Answer> {
    let [path, path_len] = guest.put(STRINGS, path);
    let [argv, argv_len] = guest.put(0x2300, argv);
    let [env, env_len] = guest.put(0x2400, env);
    guest.call("proc_exec", &[path, path_len, argv, argv_len, env, env_len])
}

#[test]
fn exec_makes_the_next_program_or_changes_nothing() {
    let mut guest = with_echo();
    guest.file(b"bin/text", b"no program");
    let vfs = guest.kernel.vfs_mut();
    let root = vfs.superuser(vfs::Timestamp::default());
    vfs.fchmodat(&root, root.cwd, b"/bin/text", Mode::new(0o644), vfs::AtFlags::empty()).unwrap();
    let before = guest.kernel.argv(guest.pid).unwrap().to_vec();
    let (long, root) = (vec![b'x'; 3 << 10], b"PATH=/bin\0");
    for (path, argv, errno) in [
        (&b"/bin/none"[..], &b"x\0"[..], Errno::ENOENT),
        (b"/bin/text", b"x\0", Errno::EACCES),
        (b"/bin", b"x\0", Errno::EACCES),
        (b"", b"none\0", Errno::ENOENT),
        (b"", b"", Errno::EINVAL),
    ] {
        let answer = exec(&mut guest, path, argv, root);
        let wanted = Answer::Value(agentos_syscalls::errno_number(errno).into());
        assert_eq!(answer, Poll::Ready(wanted), "{}", String::from_utf8_lossy(path));
    }
    let far = guest.call("proc_exec", &[0, 0, 0, 0, u64::from(u32::MAX), 8]);
    assert_eq!(far, Poll::Ready(Answer::Value(21)), "EFAULT");
    let too_long = exec(&mut guest, &[&b"/bin/"[..], &long, &long].concat(), b"x\0", b"");
    assert_eq!(too_long, Poll::Ready(Answer::Value(37)), "ENAMETOOLONG");
    assert!(guest.next.is_none());
    assert_eq!(guest.kernel.argv(guest.pid).unwrap(), before);
    assert_eq!(exec(&mut guest, b"", b"echo\0a\0", root), Poll::Ready(Answer::Exec));
    assert!(guest.next.is_some());
}

#[test]
fn a_spawned_process_has_its_actions_done_and_reports_its_status() {
    let mut guest = with_echo();
    guest.put(0x3000, b"/out");
    // Opens descriptor 1 as a new file: write, create; mode 600.
    let open = [2, 1, 2 | 4, 0x3000, 4, 0o600];
    let at = record(&mut guest, b"/bin/echo", b"echo\0a\0\0b\0", b"", &[open]);
    guest.ok("proc_spawn", &[at, OUT.into()]);
    let pid = guest.u32(OUT);
    let wait = [pid.into(), 0, OUT.into(), (OUT + 4).into()];
    assert_eq!(guest.call("proc_wait", &wait), Poll::Pending);
    while guest.kernel.run_one() {}
    guest.ok("proc_wait", &wait);
    assert_eq!((guest.u32(OUT), guest.u32(OUT + 4)), (7 << 8, pid));
    let fd = guest.open(b"out", 0, READ);
    assert_eq!(guest.read(fd, 20), b"echo a  b");
    guest.fails("proc_wait", &wait, Errno::ECHILD);
}

#[test]
fn a_name_is_searched_for_and_what_is_wrong_is_told() {
    let mut guest = with_echo();
    let at = record(&mut guest, b"", b"echo\0", b"PATH=/none:/bin\0", &[]);
    guest.ok("proc_spawn", &[at, OUT.into()]);
    let at = record(&mut guest, b"", b"echo\0", b"PATH=/none\0", &[]);
    guest.fails("proc_spawn", &[at, OUT.into()], Errno::ENOENT);
    let at = record(&mut guest, b"", b"", b"", &[]);
    guest.fails("proc_spawn", &[at, OUT.into()], Errno::EINVAL);
    for (action, errno) in [
        ([0, 77, 1, 0, 0, 0], Errno::EBADF),
        ([9, 0, 0, 0, 0, 0], Errno::EINVAL),
        ([2, 1, 1 << 10, 0, 0, 0], Errno::EINVAL),
        ([2, 1, 1, u32::MAX, 9, 0], Errno::EFAULT),
    ] {
        let at = record(&mut guest, b"/bin/echo", b"echo\0", b"", &[action]);
        guest.fails("proc_spawn", &[at, OUT.into()], errno);
    }
    guest.fails("proc_spawn", &[u32::MAX.into(), OUT.into()], Errno::EFAULT);
}

#[test]
fn waiting_without_hanging_reports_pid_zero() {
    let mut guest = with_echo();
    let any = [u32::MAX.into(), 1, OUT.into(), (OUT + 4).into()];
    guest.fails("proc_wait", &any, Errno::ECHILD);
    let at = record(&mut guest, b"/bin/echo", b"echo\0", b"", &[]);
    guest.ok("proc_spawn", &[at, OUT.into()]);
    guest.ok("proc_wait", &any);
    assert_eq!(guest.u32(OUT + 4), 0);
    guest.fails("proc_wait", &[u32::MAX.into(), 64, OUT.into(), OUT.into()], Errno::EINVAL);
}

#[test]
fn the_mask_is_joined_cut_and_set() {
    let mut guest = Guest::new();
    for (how, set, old) in [(0, 0b11, 0), (0, 0b100, 0b11), (1, 0b1, 0b111), (2, 0b1000, 0b110)] {
        guest.ok("proc_sigprocmask", &[how, set, OUT.into()]);
        assert_eq!(guest.u64(OUT), old);
    }
    // KILL cannot be masked.
    guest.ok("proc_sigprocmask", &[2, u64::MAX, OUT.into()]);
    guest.ok("proc_sigprocmask", &[0, 0, OUT.into()]);
    assert_eq!(guest.u64(OUT) & (1 << 8), 0);
    guest.fails("proc_sigprocmask", &[3, 0, OUT.into()], Errno::EINVAL);
}

#[test]
fn signals_are_caught_only_where_handlers_run() {
    let mut guest = Guest::new();
    guest.fails("proc_sigaction", &[10, 2, 0, 0, 0], Errno::ENOTSUP);
    guest.ok("proc_sigaction", &[10, 1, 0, 0, 0]);
    guest.fails("proc_sigaction", &[9, 1, 0, 0, 0], Errno::EINVAL);
    guest.fails("proc_sigaction", &[99, 1, 0, 0, 0], Errno::EINVAL);
    guest.fails("proc_sigaction", &[10, 3, 0, 0, 0], Errno::EINVAL);
    guest.state = core::mem::take(&mut guest.state).with_handlers();
    guest.ok("proc_sigaction", &[10, 2, 0, 0, 0]);
    guest.ok("proc_alarm", &[1_000_000_000, OUT.into()]);
    guest.ok("proc_alarm", &[0, OUT.into()]);
    assert!(guest.u64(OUT) > 0);
}

#[test]
fn sessions_and_times_of_a_process() {
    let mut guest = Guest::new();
    guest.ok("proc_getsid", &[0, OUT.into()]);
    assert_eq!(guest.u32(OUT), guest.pid.0);
    guest.fails("proc_setsid", &[OUT.into()], Errno::EPERM);
    guest.fails("proc_getsid", &[999, OUT.into()], Errno::ESRCH);
    guest.kernel.charge(guest.pid, 1234).unwrap();
    guest.ok("proc_getrusage", &[OUT.into()]);
    assert_eq!((guest.u64(OUT), guest.u64(OUT + 8)), (1234, 0));
}

#[test]
fn pipes_and_descriptors_have_flags() {
    let mut guest = Guest::new();
    guest.ok("fd_pipe2", &[3, OUT.into(), (OUT + 4).into()]);
    let read = u64::from(guest.u32(OUT));
    let [iov, n] = guest.element(b"....");
    guest.fails("fd_read", &[read, iov, n, OUT.into()], Errno::EAGAIN);
    for (action, old) in [(0, 1), (2, 1), (0, 0), (1, 0)] {
        guest.ok("fd_cloexec", &[read, action, OUT.into()]);
        assert_eq!(guest.u32(OUT), old);
    }
    guest.fails("fd_cloexec", &[77, 0, OUT.into()], Errno::EBADF);
    guest.fails("fd_pipe2", &[4, OUT.into(), OUT.into()], Errno::EINVAL);
}

#[test]
fn a_lock_excludes_another_description() {
    let mut guest = Guest::new();
    guest.file(b"f", b"");
    let (a, b) = (guest.open(b"f", 0, READ), guest.open(b"f", 0, READ));
    guest.ok("fd_flock", &[a, 2]);
    guest.fails("fd_flock", &[b, 6], Errno::EAGAIN);
    assert_eq!(guest.call("fd_flock", &[b, 2]), Poll::Pending);
    guest.ok("fd_flock", &[a, 8]);
    assert_eq!(guest.call("fd_flock", &[b, 2]), Poll::Ready(Answer::Value(0)));
    guest.fails("fd_flock", &[b, 3], Errno::EINVAL);
}

#[test]
fn metadata_is_set_through_descriptors() {
    let mut guest = Guest::new();
    let fd = guest.open(b"f", 1, WRITE);
    guest.ok("fd_chmod", &[fd, 0o640]);
    guest.ok("fd_chown", &[fd, 5, u32::MAX.into()]);
    guest.ok("fd_stat", &[fd, BUF.into()]);
    assert_eq!((guest.u32(BUF + 24), guest.u32(BUF + 28)), (0o100_640, 5));
    guest.path("path_create_directory", b"d", &[]).ok();
    let dir = guest.open(b"d", 2, READ);
    guest.ok("fd_chdir", &[dir]);
    guest.ok("getcwd", &[BUF.into(), 10, OUT.into()]);
    assert_eq!(guest.u32(OUT), 2);
    guest.fails("fd_chdir", &[fd], Errno::ENOTDIR);
}

#[test]
fn a_terminal_has_a_size_and_a_foreground_group() {
    let mut guest = Guest::new();
    guest.fails("fd_winsize", &[1, OUT.into(), (OUT + 4).into()], Errno::ENOTTY);
    guest.fails("fd_tcgetpgrp", &[1, OUT.into()], Errno::ENOTTY);
    let tty = guest.kernel.tty(kernel::WindowSize { rows: 30, cols: 100 });
    let body: Box<dyn Program> = Box::new(Echo);
    let init = InitProcess {
        argv: vec![b"on-tty".to_vec()],
        stdin: HostFile::Tty(tty),
        body: Some(body),
        ..InitProcess::default()
    };
    guest.pid = guest.kernel.create_process(init).unwrap();
    guest.ok("fd_winsize", &[0, OUT.into(), (OUT + 4).into()]);
    assert_eq!((guest.u32(OUT), guest.u32(OUT + 4)), (30, 100));
    guest.ok("fd_tcgetpgrp", &[0, OUT.into()]);
    let group = guest.u32(OUT);
    assert_eq!(group, guest.pid.0);
    guest.ok("fd_tcsetpgrp", &[0, group.into()]);
    guest.fails("fd_tcsetpgrp", &[0, 999], Errno::EPERM);
}
