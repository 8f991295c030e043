//! What the kernel's own work costs, without WebAssembly or a shell, beside the host's pipe.

use std::io::{Read, Write};
use std::task::Poll;
use std::thread;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kernel::{
    Config, ExitStatus, Fd, ForkAttrs, InitProcess, Kernel, OFlags, Outcome, Pid, Program, Slice,
    Step, Until, WaitOptions, WaitTarget,
};
use vfs::{MemFs, Vfs};

/// Yields so many times.
struct Yields(u64);

impl Program for Yields {
    fn step(&mut self, _: &mut Kernel, _: Pid, _: Slice) -> Step {
        if self.0 == 0 {
            return Step::Exit(ExitStatus::SUCCESS);
        }
        self.0 -= 1;
        Step::Yield
    }
}

/// Writes 64 bytes into a pipe and reads them back, so many times.
struct WriteRead(u64);

impl Program for WriteRead {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, _: Slice) -> Step {
        let (read, write) = kernel.pipe2(pid, OFlags::empty()).expect("a pipe");
        let mut buffer = [0; 64];
        for _ in 0..self.0 {
            assert_eq!(kernel.write(pid, write, &buffer), Poll::Ready(Ok(64)));
            assert_eq!(kernel.read(pid, read, &mut buffer), Poll::Ready(Ok(64)));
        }
        Step::Exit(ExitStatus::SUCCESS)
    }
}

/// Forks a child that ends at once and waits for it, so many times.
struct Forks(u64);

impl Program for Forks {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, _: Slice) -> Step {
        if kernel.waitpid(pid, WaitTarget::Any, WaitOptions::empty()).is_pending() {
            return Step::Block;
        }
        if self.0 == 0 {
            return Step::Exit(ExitStatus::SUCCESS);
        }
        self.0 -= 1;
        kernel.fork(pid, ForkAttrs::default(), Box::new(Yields(0))).expect("a child");
        let waits = kernel.waitpid(pid, WaitTarget::Any, WaitOptions::empty());
        assert!(waits.is_pending());
        Step::Block
    }
}

/// Writes or reads bytes in blocks of 64 KiB until there are no more.
enum Stream {
    Writer { read: Fd, write: Fd, left: usize, block: Vec<u8> },
    Reader { read: Fd, block: Vec<u8> },
    Parent { bytes: usize, started: bool },
}

const BLOCK: usize = 64 << 10;

impl Program for Stream {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, _: Slice) -> Step {
        let done = Step::Exit(ExitStatus::SUCCESS);
        match self {
            Stream::Writer { read, write, left, block } => {
                // Only the reader's end may be left, so that a reader that ends is noticed.
                let _ = kernel.close(pid, *read);
                while *left > 0 {
                    match kernel.write(pid, *write, block) {
                        Poll::Pending => return Step::Block,
                        Poll::Ready(n) => *left = left.saturating_sub(n.expect("it is read")),
                    }
                }
                done
            }
            Stream::Reader { read, block } => loop {
                match kernel.read(pid, *read, block) {
                    Poll::Pending => return Step::Block,
                    Poll::Ready(Ok(0)) => return done,
                    Poll::Ready(n) => assert!(n.is_ok()),
                }
            },
            Stream::Parent { bytes, started } => {
                if !*started {
                    *started = true;
                    let (read, write) = kernel.pipe2(pid, OFlags::empty()).expect("a pipe");
                    let block = vec![1; BLOCK];
                    let writer = Stream::Writer { read, write, left: *bytes, block: block.clone() };
                    kernel.fork(pid, ForkAttrs::default(), Box::new(writer)).expect("a writer");
                    kernel.close(pid, write).expect("it is open");
                    let reader = Stream::Reader { read, block };
                    kernel.fork(pid, ForkAttrs::default(), Box::new(reader)).expect("a reader");
                    kernel.close(pid, read).expect("it is open");
                }
                loop {
                    match kernel.waitpid(pid, WaitTarget::Any, WaitOptions::empty()) {
                        Poll::Pending => return Step::Block,
                        Poll::Ready(Ok(_)) => {}
                        Poll::Ready(Err(_)) => return done,
                    }
                }
            }
        }
    }
}

/// A kernel of its own runs the programs to their end.
fn run(programs: impl IntoIterator<Item = Box<dyn Program>>) {
    let fs = MemFs::new(vfs::Limits::default());
    let mut kernel = Kernel::new(Vfs::new(Box::new(fs)), Config::default());
    let init = |body| InitProcess { body: Some(body), ..InitProcess::default() };
    let pids: Vec<Pid> = programs
        .into_iter()
        .map(|body| kernel.create_process(init(body)).expect("a process"))
        .collect();
    for pid in pids {
        let outcome = kernel.run(Until { pid, deadline: None });
        assert!(matches!(outcome, Outcome::Exited(_)), "{outcome:?}");
    }
}

/// Bytes through a pipe of the host, from one thread to another.
#[expect(
    clippy::disallowed_methods,
    reason = "the host's pipe blocks, so its two ends need a thread each"
)]
fn host_pipe(bytes: usize) -> std::io::Result<()> {
    let (mut reader, mut writer) = std::io::pipe()?;
    let writing = thread::spawn(move || {
        let block = vec![1; BLOCK];
        (0..bytes / BLOCK).try_for_each(|_| writer.write_all(&block))
    });
    let mut block = vec![0; BLOCK];
    while reader.read(&mut block)? > 0 {}
    writing.join().expect("the writer ends")
}

fn kernel_calls(criterion: &mut Criterion) {
    const CALLS: u64 = 100_000;
    const BYTES: usize = 64 << 20;
    let mut group = criterion.benchmark_group("kernel");
    group.sample_size(20);
    group.throughput(Throughput::Elements(CALLS));
    group.bench_function("switch", |b| {
        b.iter(|| {
            let half = CALLS / 2;
            run([Box::new(Yields(half)) as Box<dyn Program>, Box::new(Yields(half))]);
        });
    });
    group.bench_function("read_write_64b", |b| {
        b.iter(|| run([Box::new(WriteRead(CALLS / 2)) as Box<dyn Program>]));
    });
    group.bench_function("read_write_64b, the host's pipe", |b| {
        b.iter(|| {
            let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
            let mut buffer = [0; 64];
            for _ in 0..CALLS / 2 {
                writer.write_all(&buffer).expect("it is written");
                reader.read_exact(&mut buffer).expect("it is read");
            }
        });
    });
    group.bench_function("spawn_exit", |b| {
        b.iter(|| run([Box::new(Forks(CALLS)) as Box<dyn Program>]));
    });
    group.throughput(Throughput::Bytes(BYTES as u64));
    group.bench_function("pipe_64KiB", |b| {
        b.iter(|| {
            run([Box::new(Stream::Parent { bytes: BYTES, started: false }) as Box<dyn Program>]);
        });
    });
    group.bench_function("pipe_64KiB, the host's pipe", |b| {
        b.iter(|| host_pipe(BYTES).expect("a pipe"));
    });
}

criterion_group!(benches, kernel_calls);
criterion_main!(benches);
