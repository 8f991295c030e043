//! The same inputs and the same seed: the same calls with the same results at the same times.

use std::sync::{Arc, Mutex};

use agentos_kernel::{Config, ExitStatus, Fd, Outcome, SeededEntropy};

use crate::support::{Script, kernel_with, notes, run_to, start};

fn trace(seed: u64) -> Vec<String> {
    let entropy = Box::new(SeededEntropy::new(seed));
    let mut kernel = kernel_with(Config { entropy, ..Config::default() });
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    kernel.set_trace(Some(Box::new(move |event| {
        sink.lock().unwrap().push(format!("{} {event}", event.time));
    })));
    let mut body = Script::new().pipe();
    for i in 0..5 {
        let writer = Script::new().close(Fd(3)).sleep(i * 10).call(|k, p| {
            let mut bytes = [0; 16];
            k.getrandom(&mut bytes);
            assert!(k.write(p, Fd(4), &bytes).is_ready());
        });
        body = body.fork(writer);
    }
    let pid = start(&mut kernel, body.close(Fd(4)).read_all(Fd(3), &notes()).wait_all());
    assert_eq!(run_to(&mut kernel, pid), Outcome::Exited(ExitStatus::SUCCESS));
    let events = events.lock().unwrap();
    events.clone()
}

#[test]
fn two_runs_have_one_trace() {
    let first = trace(1);
    assert_eq!(first, trace(1));
    assert!(first.len() > 20);
    assert_eq!(first[0], "0 [pid 2] pipe2(OFlags(0x0)) = (Fd(3), Fd(4))");
    assert!(first.iter().any(|line| line.ends_with("= ? (waits)")), "{first:#?}");
}

#[test]
fn another_seed_is_another_run() {
    assert_ne!(trace(1), trace(2));
}
