//! Random calls of every row with random arguments on random memory: each is answered, none
//! panics, and when the process is gone the kernel holds nothing of it.

#![no_main]

use std::task::Poll;

use arbitrary::{Arbitrary, Result, Unstructured};
use kernel::{Config, InitProcess, Kernel, Limits, Pid, Program, Slice, Step};
use libfuzzer_sys::fuzz_target;
use syscalls::{Answer, Cx, GuestMemory, Preopen, Row, WasiState, tables};
use vfs::{MemFs, Vfs};

/// Bytes of the guest's memory.
const MEMORY: usize = 1 << 16;

/// The process whose calls these are; the target makes them for it.
struct Idle;

impl Program for Idle {
    fn step(&mut self, _: &mut Kernel, _: Pid, _: Slice) -> Step {
        Step::Block
    }
}

/// A number that a guest may well pass: often a descriptor, an address or an edge.
fn argument(u: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match u.int_in_range(0..=9)? {
        0..=3 => u.int_in_range(0..=9)?,
        4..=6 => u.int_in_range(0..=MEMORY as u64 + 8)?,
        7 => *u.choose(&[u32::MAX.into(), u64::MAX, i64::MAX as u64, 1 << 31, 1 << 32])?,
        8 => u.int_in_range(0..=1 << 12)?,
        _ => u64::arbitrary(u)?,
    })
}

/// Strings in memory that are paths, so that calls get far.
fn plant(memory: &mut [u8], u: &mut Unstructured<'_>) -> Result<()> {
    for _ in 0..u.int_in_range(0..=8)? {
        let text =
            *u.choose(&[&b"d"[..], b"d/f", b"..", b"/", b"l", b"d/../f", b"f\0", b"a\0b=c\0"])?;
        let at: usize = u.int_in_range(0..=256)?;
        memory[at..at + text.len()].copy_from_slice(text);
    }
    Ok(())
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let rows: Vec<&Row> = tables().collect();
    let limits = Limits { processes: 20, descriptors: 30, open_files: 60, ..Limits::default() };
    let files = vfs::Limits { bytes: 1 << 20, inodes: 200, ..Default::default() };
    let config = Config { limits, ..Config::default() };
    let mut kernel = Kernel::new(Vfs::new(Box::new(MemFs::new(files))), config);
    let init = InitProcess {
        body: Some(Box::new(Idle)),
        argv: vec![b"guest".to_vec()],
        ..InitProcess::default()
    };
    let Ok(pid) = kernel.create_process(init) else { return Ok(()) };
    kernel.run_one();
    let mut state = if u.arbitrary()? {
        WasiState::strict(vec![Preopen::root()])
    } else {
        WasiState::default().with_handlers()
    };
    let mut memory = vec![0; MEMORY];
    let len = u.int_in_range(0..=64)?.min(u.len());
    let seed = u.bytes(len)?;
    memory[..seed.len()].copy_from_slice(seed);
    plant(&mut memory, u)?;
    for _ in 0..200 {
        if u.is_empty() || kernel.must_yield(pid) {
            break;
        }
        let row = *u.choose(&rows)?;
        let args = row.params.iter().map(|_| argument(u)).collect::<Result<Vec<_>>>()?;
        let bytes = GuestMemory::new(&mut memory);
        let mut cx =
            Cx { kernel: &mut kernel, pid, memory: bytes, state: &mut state, next: &mut None };
        match row.call(&mut cx, &args) {
            Poll::Ready(Answer::Exit(_) | Answer::Exec) => break,
            Poll::Ready(Answer::Value(_)) | Poll::Pending => {}
        }
    }
    kernel.kill_all();
    let left = kernel.counters();
    assert_eq!((left.processes, left.descriptors, left.open_files, left.pipes), (1, 0, 0, 0));
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    // Too few bytes are no finding.
    let _ = run(&mut Unstructured::new(data));
});
