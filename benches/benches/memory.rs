//! What a thousand sandboxes weigh that are alive at once, each having run a command.
//!
//! Peak resident memory of this process (`VmHWM` in proc(5)), so it is no criterion bench.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it reads the host's /proc and prints what it found"
)]

use runtime::Sandbox;

const SANDBOXES: usize = 1000;

fn main() {
    let cases = [("echo hi", "a builtin"), ("seq 3 > f; cat f", "two WebAssembly commands")];
    for (script, what) in cases {
        // So that what all share (compiled modules, the image of the root) is there before.
        drop(ran(script));
        let before = kibibytes("VmRSS:");
        let sandboxes: Vec<Sandbox> = (0..SANDBOXES).map(|_| ran(script)).collect();
        let (peak, after) = (kibibytes("VmHWM:"), kibibytes("VmRSS:"));
        println!(
            "memory: {} sandboxes alive, each having run {what}: peak {:.1} MiB, {:.1} KiB each",
            sandboxes.len(),
            peak as f64 / 1024.0,
            after.saturating_sub(before) as f64 / SANDBOXES as f64,
        );
    }
}

fn ran(script: &str) -> Sandbox {
    let mut sandbox = Sandbox::builder().software(software::common()).build().expect("a sandbox");
    let output = sandbox.execute_command(script).expect("it runs");
    assert_eq!(output.exit_code, 0, "{}", String::from_utf8_lossy(&output.stderr));
    sandbox
}

/// A line of `/proc/self/status`.
fn kibibytes(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|text| text.strip_prefix(line));
    value.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}
