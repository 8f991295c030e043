//! Terminals: lines, editing keys, signal keys, foreground and background.

use std::task::Poll;

use agentos_kernel::{
    Errno, ExitStatus, Fd, ForkAttrs, HostFile, InitProcess, Kernel, Outcome, Pgid, Pid, Signal,
    Switch, Termios, TtyId, Until, WaitOptions, WaitStatus, WindowSize,
};

use crate::support::{Notes, Script, assert_clean, kernel, notes, taken};

fn on_terminal(body: Script) -> (Kernel, TtyId, Pid) {
    let mut kernel = kernel();
    let tty = kernel.tty(WindowSize::default());
    let init = InitProcess {
        stdin: HostFile::Tty(tty),
        stdout: HostFile::Tty(tty),
        stderr: HostFile::Tty(tty),
        body: Some(Box::new(body)),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    (kernel, tty, pid)
}

fn read_line(script: Script, notes: &Notes<Vec<u8>>) -> Script {
    script.note(notes, |k, p| {
        let mut buf = [0; 100];
        k.read(p, Fd::STDIN, &mut buf).map(|n| buf[..n.unwrap()].to_vec())
    })
}

fn idle(kernel: &mut Kernel, pid: Pid) {
    assert_eq!(kernel.run(Until { pid, deadline: None }), Outcome::Idle { until: None });
}

#[test]
fn lines_are_edited_echoed_and_ended() {
    let lines = notes();
    let body = read_line(read_line(read_line(Script::new(), &lines), &lines), &lines);
    let (mut kernel, tty, pid) = on_terminal(body);
    idle(&mut kernel, pid);
    kernel.tty_input(tty, b"abx\x7fc");
    idle(&mut kernel, pid);
    assert!(taken(&lines).is_empty(), "not before the line ends");
    kernel.tty_input(tty, b"\rjunk\x15next\nmore\x04\x04");
    let outcome = kernel.run(Until { pid, deadline: None });
    assert_eq!(outcome, Outcome::Exited(ExitStatus::SUCCESS));
    assert_eq!(taken(&lines), [&b"abc\n"[..], b"next\n", b"more"]);
    let shown = kernel.tty_output(tty);
    assert!(shown.starts_with(b"abx\x08 \x08c\r\n"), "{}", shown.escape_ascii());
    assert_clean(&kernel);
}

#[test]
fn an_end_of_file_on_an_empty_line_reads_as_nothing() {
    let lines = notes();
    let (mut kernel, tty, pid) = on_terminal(read_line(Script::new(), &lines));
    kernel.tty_input(tty, b"\x04");
    kernel.run(Until { pid, deadline: None });
    assert_eq!(taken(&lines), [b""]);
}

#[test]
fn raw_mode_gives_each_byte() {
    let lines = notes();
    let raw = Script::new().call(|k, p| {
        let raw =
            Termios { canonical: Switch::Off, echo: Switch::Off, ..k.tcgetattr(p, Fd(0)).unwrap() };
        k.tcsetattr(p, Fd(0), raw).unwrap();
    });
    let (mut kernel, tty, pid) = on_terminal(read_line(raw, &lines));
    idle(&mut kernel, pid);
    kernel.tty_input(tty, b"q");
    kernel.run(Until { pid, deadline: None });
    assert_eq!(taken(&lines), [b"q"]);
    assert!(kernel.tty_output(tty).is_empty());
}

#[test]
fn the_interrupt_key_ends_the_foreground_and_not_the_shell() {
    let status = notes();
    let own = ForkAttrs { pgid: Some(Pgid(0)), ..ForkAttrs::default() };
    let body = Script::new()
        .fork_with(own, Script::new().pause())
        .call(|k, p| {
            let job = Pgid(p.0 + 1);
            k.tcsetpgrp(p, Fd(0), job).unwrap();
            assert_eq!(k.tcgetpgrp(p, Fd(0)), Ok(job));
            assert_eq!(k.tcsetpgrp(p, Fd(0), Pgid(99)), Err(Errno::EPERM));
            assert!(k.isatty(p, Fd(0)));
        })
        .poll(|k, p| k.poll(p, &mut [], Some(10)).map(|_| ()))
        .wait(&status, WaitOptions::UNTRACED)
        .wait(&status, WaitOptions::UNTRACED);
    let (mut kernel, tty, pid) = on_terminal(body);
    kernel.run(Until { pid, deadline: Some(5) });
    kernel.tty_input(tty, b"half a line\x1a");
    kernel.run(Until { pid, deadline: Some(50) });
    kernel.tty_input(tty, b"\x03");
    kernel.signal(Pid(pid.0 + 1), Signal::CONT).unwrap();
    kernel.run(Until { pid, deadline: None });
    let expected = [WaitStatus::Stopped(Signal::TSTP), WaitStatus::Signaled(Signal::INT)];
    assert_eq!(taken(&status), expected);
    let shown = kernel.tty_output(tty);
    assert_eq!(shown.escape_ascii().to_string(), "half a line^Z^C");
}

#[test]
fn reading_from_the_background_stops() {
    let status = notes();
    let own = ForkAttrs { pgid: Some(Pgid(0)), ..ForkAttrs::default() };
    let job = Script::new().poll(|k, p| k.read(p, Fd(0), &mut [0; 9]).map(|_| ()));
    let body = Script::new()
        .fork_with(own, job)
        .wait(&status, WaitOptions::UNTRACED)
        .call(|k, p| k.kill_tree(Pid(p.0 + 1)));
    let (mut kernel, _, pid) = on_terminal(body);
    kernel.run(Until { pid, deadline: None });
    assert_eq!(taken(&status), [WaitStatus::Stopped(Signal::TTIN)]);
}

#[test]
fn the_window_has_a_size_and_changes_it() {
    let seen = notes();
    let body = Script::new()
        .note(&seen, |k, p| Poll::Ready(k.window_size(p, Fd(1))))
        .call(|k, p| {
            k.sigaction(p, Signal::WINCH, agentos_kernel::Disposition::Catch).unwrap();
        })
        .poll(|k, p| k.read(p, Fd(0), &mut [0; 9]).map(|r| assert_eq!(r, Err(Errno::EINTR))))
        .note(&seen, |k, p| Poll::Ready(k.window_size(p, Fd(1))));
    let (mut kernel, tty, pid) = on_terminal(body);
    idle(&mut kernel, pid);
    kernel.tty_resize(tty, WindowSize { rows: 50, cols: 132 });
    kernel.run(Until { pid, deadline: None });
    let sizes = [WindowSize { rows: 24, cols: 80 }, WindowSize { rows: 50, cols: 132 }];
    assert_eq!(taken(&seen), sizes.map(Ok));
}
