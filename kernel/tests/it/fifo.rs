//! Fifos: each end's `open` waits for the other.

use std::task::Poll;

use agentos_kernel::{
    Errno, ExitStatus, Fd, FileType, Mode, OFlags, Outcome, Pid, Signal, WaitStatus,
};

use crate::support::{Notes, Script, assert_clean, kernel, notes, run, run_to, start, taken};

fn with_fifo() -> Script {
    Script::new().call(|k, p| {
        k.mknodat(p, None, b"/tmp/f", FileType::Fifo, Mode::new(0o600), 0).unwrap();
    })
}

fn open(script: Script, flags: OFlags, notes: &Notes<Result<Fd, Errno>>) -> Script {
    script.note(notes, move |k, p| k.openat(p, None, b"/tmp/f", flags, Mode::empty()))
}

#[test]
fn a_reader_and_a_writer_find_each_other() {
    for reader_first in [true, false] {
        let (fds, read) = (notes(), notes());
        let delay = if reader_first { [0, 100] } else { [100, 0] };
        let reader = open(Script::new().sleep(delay[0]), OFlags::READ, &fds).read_all(Fd(3), &read);
        let writer = open(Script::new().sleep(delay[1]), OFlags::WRITE, &fds)
            .write_all(Fd(3), b"through the fifo".to_vec());
        assert_eq!(run(with_fifo().fork(reader).fork(writer).wait_all()), ExitStatus::SUCCESS);
        assert_eq!(taken(&fds), [Ok(Fd(3)), Ok(Fd(3))]);
        assert_eq!(taken(&read), [b"through the fifo"]);
    }
}

#[test]
fn a_writer_that_comes_and_goes_is_enough_for_a_waiting_reader() {
    let (fds, read) = (notes(), notes());
    let reader = open(Script::new(), OFlags::READ, &fds).read_all(Fd(3), &read);
    // Opens and closes within one step, before the reader can run.
    let writer = Script::new().sleep(10).call(|k, p| {
        let opened = k.openat(p, None, b"/tmp/f", OFlags::WRITE, Mode::empty());
        let Poll::Ready(Ok(fd)) = opened else { panic!("{opened:?}") };
        k.close(p, fd).unwrap();
    });
    run(with_fifo().fork(reader).fork(writer).wait_all());
    assert_eq!((taken(&fds), taken(&read)), (vec![Ok(Fd(3))], vec![vec![]]));
}

#[test]
fn nonblocking_opens_do_not_wait() {
    let fds = notes();
    let body = open(with_fifo(), OFlags::WRITE | OFlags::NONBLOCK, &fds);
    let body = open(body, OFlags::READ | OFlags::NONBLOCK, &fds);
    let body = open(body, OFlags::WRITE | OFlags::NONBLOCK, &fds);
    run(body);
    assert_eq!(taken(&fds), [Err(Errno::ENXIO), Ok(Fd(3)), Ok(Fd(4))]);
}

#[test]
fn opening_both_ends_at_once_does_not_wait() {
    let fds = notes();
    run(open(with_fifo(), OFlags::RDWR, &fds));
    assert_eq!(taken(&fds), [Ok(Fd(3))]);
}

#[test]
fn a_signal_interrupts_an_open_and_its_end_is_gone() {
    let (fds, status) = (notes(), notes());
    let child = Script::new().call(|k, p| {
        k.sigaction(p, Signal::USR1, agentos_kernel::Disposition::Catch).unwrap();
    });
    let child = open(child, OFlags::READ, &fds).call(|k, p| {
        k.take_signal(p).unwrap();
        let flags = OFlags::WRITE | OFlags::NONBLOCK;
        let result = k.openat(p, None, b"/tmp/f", flags, Mode::empty());
        assert_eq!(result, Poll::Ready(Err(Errno::ENXIO)));
        assert_eq!(k.counters().pipes, 0);
    });
    let body = with_fifo()
        .fork(child)
        .sleep(1)
        .call(|k, p| k.signal(Pid(p.0 + 1), Signal::USR1).unwrap())
        .wait(&status, Default::default());
    run(body);
    assert_eq!(
        (taken(&fds), taken(&status)),
        (vec![Err(Errno::EINTR)], vec![WaitStatus::Exited(0)])
    );
}

#[test]
fn killing_a_process_in_its_open_leaves_nothing() {
    let mut kernel = kernel();
    let fds = notes();
    let pid = start(&mut kernel, open(with_fifo(), OFlags::READ, &fds));
    assert_eq!(run_to(&mut kernel, pid), Outcome::Deadlock);
    assert_eq!(
        kernel.blocked()[0].to_string(),
        "process 2 (test) waits for the other end of a fifo"
    );
    kernel.kill_tree(pid);
    assert_clean(&kernel);
}
