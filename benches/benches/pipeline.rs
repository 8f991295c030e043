//! A pipeline of a builtin and two WebAssembly processes, beside the same one on the host.

use criterion::{Criterion, criterion_group, criterion_main};
use runtime::Sandbox;

/// A few lines, and many.
const SCRIPTS: [(&str, &str); 2] = [
    ("printf, sort, head", "printf 'banana\\napple\\ncherry\\n' | sort | head -n 2"),
    ("seq 100000, sort, head", "seq 100000 | sort -rn | head -n 1"),
];

fn pipeline(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pipeline");
    group.sample_size(20);
    for (name, script) in SCRIPTS {
        let mut sandbox =
            Sandbox::builder().software(software::common()).build().expect("a sandbox");
        agentos_benches::each(
            &mut group,
            name,
            || (),
            |()| {
                let output = sandbox.execute_command(script).expect("it runs");
                assert_eq!(output.exit_code, 0, "{}", String::from_utf8_lossy(&output.stderr));
                output
            },
        );
        for shell in agentos_benches::shells() {
            agentos_benches::each(
                &mut group,
                &format!("{name}, the host's {shell}"),
                || (),
                |()| agentos_benches::host(shell, &["-c", script]).expect("a shell of the host"),
            );
        }
    }
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
