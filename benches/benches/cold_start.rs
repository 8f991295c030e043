//! From nothing to a command's output: what an embedder waits for, beside starting a host's shell.

use criterion::{Criterion, criterion_group, criterion_main};
use runtime::{Engine, Output, Sandbox};
use software::Pack;

fn sandbox(engine: &Engine, pack: &Pack) -> Sandbox {
    Sandbox::builder().engine(engine.clone()).software(pack.clone()).build().expect("a sandbox")
}

fn run(mut sandbox: Sandbox, script: &str) -> (Sandbox, Output) {
    let output = sandbox.execute_command(script).expect("it runs");
    assert_eq!(output.exit_code, 0, "{}", String::from_utf8_lossy(&output.stderr));
    (sandbox, output)
}

fn cold_start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cold_start");
    let (warm, pack) = (Engine::new(), software::common());
    assert!(pack.is_built(), "build the commands first: {}", software::HOW_TO_BUILD);
    drop(run(sandbox(&warm, &pack), "seq 3 | sort -r"));

    agentos_benches::each(&mut group, "create", || (), |()| sandbox(&warm, &pack));
    agentos_benches::each(
        &mut group,
        "create, echo",
        || (),
        |()| run(sandbox(&warm, &pack), "echo hi"),
    );
    agentos_benches::each(
        &mut group,
        "create, first wasm command (seq 3), modules warm",
        || (),
        |()| run(sandbox(&warm, &pack), "seq 3"),
    );
    // Nothing compiled, nothing decompressed, no image of the root: as in a process's first sandbox.
    agentos_benches::each(
        &mut group,
        "create, first wasm command (seq 3), modules cold",
        software::uncached,
        |pack| run(sandbox(&Engine::new(), &pack), "seq 3"),
    );
    let mut open = sandbox(&warm, &pack);
    agentos_benches::each(
        &mut group,
        "echo in a sandbox that is there",
        || (),
        |()| open.execute_command("echo hi").expect("it runs"),
    );
    for shell in agentos_benches::shells() {
        for (name, script) in [("echo", "echo hi"), ("seq 3", "seq 3")] {
            agentos_benches::each(
                &mut group,
                &format!("the host's {shell} -c, {name}"),
                || (),
                |()| agentos_benches::host(shell, &["-c", script]).expect("a shell of the host"),
            );
        }
    }
}

criterion_group!(benches, cold_start);
criterion_main!(benches);
