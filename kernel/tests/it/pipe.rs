//! Pipes: order, end of file, atomicity, `SIGPIPE`, waiting and growing.

use std::task::Poll;

use agentos_kernel::{
    Config, Disposition, Errno, ExitStatus, Fd, Limits, OFlags, Outcome, Pid, PollEvents, PollFd,
    Signal, WaitStatus, WaitTarget,
};

use crate::support::{
    Script, assert_clean, kernel, kernel_with, notes, ready, run, run_to, start, taken,
};

const R: Fd = Fd(3);
const W: Fd = Fd(4);

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

#[test]
fn a_megabyte_goes_through_in_order_and_then_ends() {
    let read = notes();
    let writer = Script::new().close(R).write_all(W, pattern(1 << 20));
    let body = Script::new().pipe().fork(writer).close(W).read_all(R, &read).wait_all();
    assert_eq!(run(body), ExitStatus::SUCCESS);
    assert!(taken(&read) == [pattern(1 << 20)]);
}

#[test]
fn writing_without_a_reader_ends_the_writer() {
    let status = notes();
    let writer = Script::new().close(R).sleep(1).write_all(W, vec![0; 10]);
    let body = Script::new().pipe().fork(writer).close(R).wait(&status, Default::default());
    run(body);
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::PIPE)]);
}

#[test]
fn a_blocked_writer_is_told_that_the_reader_is_gone() {
    let status = notes();
    let writer = Script::new().close(R).write_all(W, vec![0; 100_000]);
    let body = Script::new()
        .pipe()
        .fork(writer)
        .close(W)
        .sleep(1)
        .close(R)
        .wait(&status, Default::default());
    run(body);
    assert_eq!(taken(&status), [WaitStatus::Signaled(Signal::PIPE)]);
}

#[test]
fn who_ignores_sigpipe_gets_epipe() {
    let result = notes();
    let body = Script::new()
        .pipe()
        .call(|k, p| {
            k.sigaction(p, Signal::PIPE, Disposition::Ignore).unwrap();
        })
        .close(R)
        .note(&result, |k, p| k.write(p, W, b"x"));
    run(body);
    assert_eq!(taken(&result), [Err(Errno::EPIPE)]);
}

#[test]
fn nonblocking_ends_answer_eagain() {
    let body = Script::new().call(|k, p| {
        k.pipe2(p, OFlags::NONBLOCK).unwrap();
        assert_eq!(k.read(p, R, &mut [0; 4]), Poll::Ready(Err(Errno::EAGAIN)));
        assert_eq!(ready(k.write(p, W, &[0; 65_536])), Ok(65_536));
        assert_eq!(k.write(p, W, &[0; 1]), Poll::Ready(Err(Errno::EAGAIN)));
        ready(k.read(p, R, &mut [0; 5_000])).unwrap();
        assert_eq!(ready(k.write(p, W, &[0; 5_001])), Ok(5_000), "large: what fits");
        ready(k.read(p, R, &mut [0; 100])).unwrap();
        assert_eq!(
            k.write(p, W, &[0; 101]),
            Poll::Ready(Err(Errno::EAGAIN)),
            "small: all or nothing"
        );
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn wrong_ends_and_seeks_are_refused() {
    let body = Script::new().pipe().call(|k, p| {
        assert_eq!(k.read(p, W, &mut [0; 4]), Poll::Ready(Err(Errno::EBADF)));
        assert_eq!(k.write(p, R, b"x"), Poll::Ready(Err(Errno::EBADF)));
        assert_eq!(k.lseek(p, R, 0, agentos_kernel::Whence::Cur), Err(Errno::ESPIPE));
        assert_eq!(k.pread(p, R, 0, &mut [0; 4]), Err(Errno::ESPIPE));
        assert_eq!(k.read(p, Fd(9), &mut [0; 4]), Poll::Ready(Err(Errno::EBADF)));
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn grows_for_a_writer_that_holds_the_only_reading_end() {
    let read = notes();
    let body = Script::new().pipe().write_all(W, pattern(1_000_000)).close(W).read_all(R, &read);
    run(body);
    assert!(taken(&read) == [pattern(1_000_000)]);
}

#[test]
fn grows_when_the_reader_waits_for_the_writer() {
    let read = notes();
    let writer = Script::new().close(R).write_all(W, pattern(1_000_000));
    let body = Script::new().pipe().fork(writer).close(W).wait_all().read_all(R, &read);
    run(body);
    assert!(taken(&read) == [pattern(1_000_000)]);
}

#[test]
fn grows_when_the_reader_waits_for_the_writer_through_another() {
    let read = notes();
    let writer = Script::new().write_all(W, pattern(300_000));
    let between = Script::new().close(R).fork(writer).wait_all();
    let body = Script::new().pipe().fork(between).close(W).wait_all().read_all(R, &read);
    run(body);
    assert!(taken(&read) == [pattern(300_000)]);
}

#[test]
fn grows_among_many_processes_too() {
    for wait_first in [true, false] {
        let read = notes();
        let mut body = Script::new();
        for _ in 0..100 {
            body = body.fork(Script::new().sleep(1_000_000));
        }
        let writer = Script::new().close(R).write_all(W, pattern(300_000));
        let body = if wait_first {
            let child = Pid(103);
            body.pipe().fork(writer).close(W).poll(move |k, p| {
                let done = k.waitpid(p, WaitTarget::Pid(child), Default::default());
                done.map(|r| assert_eq!(r, Ok(Some((child, WaitStatus::Exited(0))))))
            })
        } else {
            body.pipe().write_all(W, pattern(300_000)).close(W)
        };
        let before = |k: &mut agentos_kernel::Kernel, _| {
            assert!(k.clock_gettime(agentos_kernel::ClockId::Monotonic) < 1_000_000);
        };
        run(body.call(before).read_all(R, &read));
        assert!(taken(&read) == [pattern(300_000)]);
    }
}

#[test]
fn a_full_limit_does_not_end_a_writer_whose_reader_only_sleeps() {
    let limits = Limits { pipe_bytes: 50_000, ..Limits::default() };
    let mut kernel = kernel_with(Config { limits, ..Config::default() });
    let read = notes();
    let writer = Script::new().close(R).write_all(W, pattern(200_000));
    let body = Script::new().pipe().fork(writer).close(W).sleep(100).read_all(R, &read);
    let pid = start(&mut kernel, body.wait_all());
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert!(taken(&read) == [pattern(200_000)]);
    assert_clean(&kernel);
}

#[test]
fn does_not_grow_while_a_reader_can_run() {
    let mut kernel = kernel();
    let reader = Script::new().close(W).sleep(1_000).poll(|k, p| {
        assert_eq!(k.counters().pipe_bytes, 65_536, "the writer waits");
        k.read(p, R, &mut [0; 10]).map(|_| ())
    });
    let writer = Script::new().close(R).write_all(W, vec![b'y'; 10_000_000]);
    let body = Script::new().pipe().fork(writer).fork(reader).close(R).close(W).wait_all();
    let pid = start(&mut kernel, body);
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    assert_clean(&kernel);
}

#[test]
fn two_processes_that_wait_for_each_other_are_named() {
    let mut kernel = kernel();
    let reader = Script::new().read_all(R, &notes());
    let pid = start(&mut kernel, Script::new().pipe().fork(reader).wait_all());
    assert_eq!(run_to(&mut kernel, pid), Outcome::Deadlock);
    let text: Vec<String> = kernel.blocked().iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "process 2 (test) waits for any child",
            "process 3 (test) waits for data in the pipe at descriptor 3"
        ]
    );
    kernel.kill_tree(pid);
    assert_clean(&kernel);
}

#[test]
fn poll_tells_data_room_and_hang_up() {
    let poll = |k: &mut agentos_kernel::Kernel, p, fd, events| {
        let mut fds = [PollFd::new(fd, events)];
        ready(k.poll(p, &mut fds, Some(0))).unwrap();
        fds[0].revents
    };
    let body = Script::new().pipe().call(move |k, p| {
        let (input, output) = (PollEvents::IN, PollEvents::OUT);
        assert_eq!(poll(k, p, R, input), PollEvents::empty());
        assert_eq!(poll(k, p, W, output), output);
        ready(k.write(p, W, b"x")).unwrap();
        assert_eq!(poll(k, p, R, input), input);
        k.close(p, W).unwrap();
        assert_eq!(poll(k, p, R, input), input | PollEvents::HUP);
        assert_eq!(poll(k, p, W, output), PollEvents::NVAL);
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn poll_wakes_at_data_or_at_its_deadline() {
    let ready = notes();
    let writer = Script::new().sleep(500).write_all(W, vec![1]);
    let body = Script::new()
        .pipe()
        .note(&ready, |k, p| k.poll(p, &mut [PollFd::new(R, PollEvents::IN)], Some(100)))
        .fork(writer)
        .note(&ready, |k, p| k.poll(p, &mut [PollFd::new(R, PollEvents::IN)], Some(10_000)))
        .call(|k, _| assert!(k.clock_gettime(agentos_kernel::ClockId::Monotonic) < 1_000));
    assert_eq!(run(body), ExitStatus::SUCCESS);
    assert_eq!(taken(&ready), [Ok(0), Ok(1)]);
}
