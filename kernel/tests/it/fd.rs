//! Descriptors: numbers, sharing, close-on-exec, and what the driver gives.

use agentos_kernel::{
    CloseOnExec, Config, Errno, ExitStatus, Fd, FdAction, FileType, ForkAttrs, HostEnd, HostFile,
    InitProcess, Limit, Limits, OFlags, Outcome, Until,
};

use crate::support::{
    Script, assert_clean, kernel, kernel_with, notes, ready, run, run_to, start, taken,
};

#[test]
fn the_lowest_free_number_is_taken() {
    let body = Script::new().call(|k, p| {
        assert_eq!(k.dup(p, Fd(0)), Ok(Fd(3)));
        assert_eq!(k.dup(p, Fd(0)), Ok(Fd(4)));
        k.close(p, Fd(3)).unwrap();
        assert_eq!(k.dup(p, Fd(0)), Ok(Fd(3)));
        assert_eq!(k.dup_min(p, Fd(0), Fd(10), CloseOnExec::Yes), Ok(Fd(10)));
        assert_eq!(k.fcntl_getfd(p, Fd(10)), Ok(CloseOnExec::Yes));
        assert_eq!(k.fcntl_getfd(p, Fd(3)), Ok(CloseOnExec::No));
        assert_eq!(k.dup2(p, Fd(0), Fd(10), CloseOnExec::No), Ok(Fd(10)));
        assert_eq!(k.fcntl_getfd(p, Fd(10)), Ok(CloseOnExec::No));
        assert_eq!(k.dup2(p, Fd(7), Fd(7), CloseOnExec::No), Err(Errno::EBADF));
        assert_eq!(k.dup2(p, Fd(0), Fd(4_000_000_000), CloseOnExec::No), Err(Errno::EBADF));
        assert_eq!(k.close(p, Fd(7)), Err(Errno::EBADF));
        assert_eq!(k.close(p, Fd(u32::MAX)), Err(Errno::EBADF));
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn too_many_descriptors_are_named() {
    let limits = Limits { descriptors: 5, ..Limits::default() };
    let mut kernel = kernel_with(Config { limits, ..Config::default() });
    let body = Script::new().call(|k, p| {
        assert_eq!(k.pipe2(p, OFlags::empty()), Ok((Fd(3), Fd(4))));
        assert_eq!(k.dup(p, Fd(0)), Err(Errno::EMFILE));
        k.close(p, Fd(4)).unwrap();
        assert_eq!(k.pipe2(p, OFlags::empty()), Err(Errno::EMFILE));
        assert_eq!(k.counters().descriptors, 4, "nothing half made");
    });
    let pid = start(&mut kernel, body);
    run_to(&mut kernel, pid);
    let reached = kernel.take_limits_reached();
    assert_eq!(reached.iter().map(|l| l.limit).collect::<Vec<_>>(), [Limit::Descriptors]);
    assert_eq!(reached[0].to_string(), "limit `descriptors` of 5 reached");
    assert_clean(&kernel);
}

#[test]
fn standard_input_is_read_once_by_all_who_share_it() {
    let mut kernel = kernel();
    let read = notes();
    let take = |k: &mut agentos_kernel::Kernel, p| {
        let mut buf = [0; 3];
        k.read(p, Fd::STDIN, &mut buf).map(|n| buf[..n.unwrap()].to_vec())
    };
    let child = Script::new().note(&read, take);
    let body = Script::new().note(&read, take).fork(child).wait_all().note(&read, take);
    let init = InitProcess {
        stdin: HostFile::Bytes(b"abcdefgh"[..].into()),
        body: Some(Box::new(body.note(&read, take))),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    run_to(&mut kernel, pid);
    assert_eq!(taken(&read), [&b"abc"[..], b"def", b"gh", b""]);
    assert_clean(&kernel);
}

#[test]
fn a_capture_keeps_the_start_and_counts_the_rest() {
    let mut kernel = kernel();
    let capture = kernel.capture(5);
    let body = Script::new().write_all(Fd::STDOUT, b"hello world".to_vec()).call(|k, p| {
        assert_eq!(k.fstat(p, Fd::STDOUT).unwrap().file_type, FileType::Fifo);
        assert_eq!(k.fstat(p, Fd::STDERR).unwrap().file_type, FileType::CharDevice);
        assert!(!k.isatty(p, Fd::STDOUT));
    });
    let init = InitProcess {
        stdout: HostFile::Capture(capture),
        body: Some(Box::new(body)),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    run_to(&mut kernel, pid);
    let captured = kernel.take_capture(capture);
    assert_eq!((&captured.bytes[..], captured.truncated), (&b"hello"[..], 6));
    assert_clean(&kernel);
}

#[test]
fn the_driver_streams_through_pipes() {
    let mut kernel = kernel();
    let (input, output) = (kernel.host_pipe(HostEnd::Write), kernel.host_pipe(HostEnd::Read));
    let read = notes();
    let body = Script::new().read_all(Fd::STDIN, &read).write_all(Fd::STDOUT, vec![7; 100_000]);
    let init = InitProcess {
        stdin: HostFile::Pipe(input),
        stdout: HostFile::Pipe(output),
        body: Some(Box::new(body)),
        ..InitProcess::default()
    };
    let pid = kernel.create_process(init).unwrap();
    let until = Until { pid, deadline: None };
    assert_eq!(kernel.run(until), Outcome::Idle { until: None });
    assert_eq!(kernel.host_write(input, b"typed"), Ok(5));
    assert_eq!(kernel.run(until), Outcome::Idle { until: None });
    kernel.host_close(input);
    let (mut seen, mut buf) = (0, [0; 30_000]);
    assert_eq!(kernel.host_read(output, &mut buf), Err(Errno::EAGAIN));
    while let Outcome::Idle { .. } = kernel.run(until) {
        seen += kernel.host_read(output, &mut buf).unwrap();
    }
    loop {
        match kernel.host_read(output, &mut buf).unwrap() {
            0 => break,
            n => seen += n,
        }
    }
    kernel.host_close(output);
    assert_eq!((seen, taken(&read)), (100_000, vec![b"typed".to_vec()]));
    assert_clean(&kernel);
}

#[test]
fn actions_arrange_the_descriptors_of_a_child() {
    let seen = notes();
    let child = Script::new().note(&seen, |k, p| {
        let open: Vec<u32> = k.descriptors(p).unwrap().iter().map(|(fd, _)| fd.0).collect();
        std::task::Poll::Ready(open)
    });
    let actions = vec![
        FdAction::Dup2(Fd(4), Fd(1)),
        FdAction::Dup2(Fd(3), Fd(9)),
        FdAction::Close(Fd(0)),
        FdAction::Close(Fd(77)),
        FdAction::CloseFrom(Fd(3)),
    ];
    run(Script::new().pipe().fork_with(ForkAttrs { actions, pgid: None }, child).wait_all());
    assert_eq!(taken(&seen), [[1, 2]]);
}

#[test]
fn a_failing_action_leaves_no_process() {
    let body = Script::new().call(|k, p| {
        let actions = vec![FdAction::Dup2(Fd(50), Fd(1))];
        let attrs = ForkAttrs { actions, pgid: None };
        let result = k.fork(p, attrs, Box::new(Script::new()));
        assert_eq!(result, Err(Errno::EBADF));
        assert_eq!(k.counters().processes, 2);
        let wait = k.waitpid(p, agentos_kernel::WaitTarget::Any, Default::default());
        assert_eq!(ready(wait), Err(Errno::ECHILD));
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}

#[test]
fn flags_belong_to_the_description_and_cloexec_to_the_descriptor() {
    let body = Script::new().pipe().call(|k, p| {
        let other = k.dup(p, Fd(3)).unwrap();
        k.fcntl_setfl(p, Fd(3), OFlags::NONBLOCK | OFlags::WRITE).unwrap();
        assert_eq!(k.fcntl_getfl(p, other), Ok(OFlags::READ | OFlags::NONBLOCK));
        k.fcntl_setfd(p, Fd(3), CloseOnExec::Yes).unwrap();
        assert_eq!(k.fcntl_getfd(p, other), Ok(CloseOnExec::No));
    });
    assert_eq!(run(body), ExitStatus::SUCCESS);
}
