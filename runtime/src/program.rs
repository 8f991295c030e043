//! A WebAssembly guest as a process body.
//!
//! The guest is a resumable call: it stops inside a system call that must wait, and wherever
//! its slice of fuel ends. During a step the kernel lives in the guest's store.

use core::fmt;
use core::task::Poll;

use kernel::{ExitStatus, Fd, Kernel, Pid, Program, SigSet, Signal, Slice, Step};
use syscalls::{Answer, Paths, Preopen, Row, WasiState};
use vfs::Errno;
use wasmi::{
    Func, Memory, Module, ResumableCall, ResumableCallHostTrap, ResumableCallOutOfFuel, Store,
    TrapCode, Val,
};

use crate::compat::{CWD_BYTES, Compat};
use crate::engine::Shared;
use crate::limiter::Limiter;
use crate::linker::{self, Args};
use crate::module::{LoadError, Loaded};

/// What a guest's store holds.
pub(crate) struct Guest {
    /// Lent for a step; vacant between steps.
    pub(crate) kernel: Kernel,
    pub(crate) pid: Pid,
    pub(crate) memory: Option<Memory>,
    pub(crate) state: WasiState,
    pub(crate) pending: Option<Pending>,
    pub(crate) exit: Option<ExitStatus>,
    /// The program that the process becomes.
    pub(crate) next: Option<Box<dyn Program>>,
    pub(crate) limiter: Limiter,
}

impl Guest {
    /// Whether the guest is not to go on from the call that it has made: a signal has stopped or
    /// ended it, or its handler is to run.
    pub(crate) fn must_stop(&self) -> bool {
        self.kernel.must_yield(self.pid)
            || self.state.runs_handlers() && self.kernel.has_signal(self.pid)
    }
}

/// A system call in which a guest has stopped.
pub(crate) enum Pending {
    /// It has to be made again.
    Call {
        /// Which one.
        row: &'static Row,
        /// Its arguments.
        args: Args,
    },
    /// It was made; the guest does not know its answer yet.
    Answered {
        /// Which one.
        row: &'static Row,
        /// The answer.
        value: u32,
    },
}

/// The host error by which a guest stops in a system call: to wait, or for good.
#[derive(Debug)]
pub(crate) struct Parked;

impl fmt::Display for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parked in a system call")
    }
}

impl wasmi::errors::HostError for Parked {}

/// A guest between two steps.
enum State {
    /// `_start` was not called yet.
    New(Func),
    /// In a system call.
    Parked(ResumableCallHostTrap),
    /// Its slice ended.
    OutOfFuel(ResumableCallOutOfFuel),
    /// It must not be stepped again.
    Done,
}

/// A call that waits until the handler of a signal has returned.
struct Interrupted {
    call: ResumableCallHostTrap,
    answered: Pending,
    /// The signals that were masked then.
    mask: SigSet,
}

/// A WebAssembly process.
pub(crate) struct WasmProgram {
    store: Store<Guest>,
    state: State,
    /// What a module exports to be called with the number of a signal that it catches.
    trampoline: Option<Func>,
    interrupted: Vec<Interrupted>,
    name: String,
}

/// The name of that export, as later commands of Agent OS have it.
const TRAMPOLINE: &str = "__wasi_signal_trampoline";

/// How many handlers may interrupt each other: each masks its own signal.
const MAX_INTERRUPTED: usize = 64;

impl WasmProgram {
    /// Instantiates a module for a process. `preopens` are what a program of preview1 finds
    /// open; commands of the extension ABI expect the root.
    pub(crate) fn new(
        engine: &Shared,
        loaded: &Loaded,
        pid: Pid,
        start: Start,
    ) -> Result<WasmProgram, LoadError> {
        let Start { limiter, name, preopens, cwd } = start;
        let module = &loaded.module;
        let at_root = preopens == [Preopen::root()];
        let plain = is_plain(module);
        let guest = Guest {
            kernel: Kernel::vacant(),
            pid,
            memory: None,
            state: if plain { WasiState::strict(preopens) } else { WasiState::default() },
            pending: None,
            exit: None,
            next: None,
            limiter,
        };
        let mut store = Store::new(&engine.wasmi, guest);
        store.limiter(|guest| &mut guest.limiter);
        // A start function runs here and cannot wait: it gets what instantiation itself needs.
        store.set_fuel(START_FUEL).map_err(LoadError::wasm)?;
        let linker = engine.linkers.of(module);
        let instance = match linker.instantiate_and_start(&mut store, module) {
            Ok(instance) => instance,
            Err(_) if store.data().limiter.refused() => {
                return Err(LoadError::Errno(Errno::ENOMEM));
            }
            Err(error) => return Err(LoadError::Wasm(explain(module, &error))),
        };
        let start = instance
            .get_func(&store, "_start")
            .ok_or_else(|| LoadError::Wasm("the module exports no function `_start`".to_owned()))?;
        let ty = start.ty(&store);
        if !ty.params().is_empty() || !ty.results().is_empty() {
            let why = "the module's `_start` has parameters or results, which a program's has not";
            return Err(LoadError::Wasm(why.to_owned()));
        }
        store.data_mut().memory = instance.get_memory(&store, "memory");
        if loaded.compat != Compat::default() {
            tell_cwd(&mut store, loaded.compat, &cwd, at_root);
        }
        let takes_signal = |func: &Func| {
            let ty = func.ty(&store);
            ty.params() == [wasmi::ValType::I32] && ty.results().is_empty()
        };
        let trampoline = instance.get_func(&store, TRAMPOLINE).filter(takes_signal);
        if trampoline.is_some() {
            let state = &mut store.data_mut().state;
            *state = std::mem::take(state).with_handlers();
        }
        let state = State::New(start);
        Ok(WasmProgram { store, state, trampoline, interrupted: Vec::new(), name })
    }

    /// Goes on until the guest waits, ends, or its fuel is used up.
    fn run(&mut self, fuel: u64) -> Result<ResumableCall, wasmi::Error> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::New(start) => start.call_resumable(&mut self.store, &[], &mut []),
            State::OutOfFuel(call) => {
                // A bulk operation can need more than a whole slice at once.
                if call.required_fuel() > fuel {
                    self.store.set_fuel(call.required_fuel())?;
                }
                call.resume(&mut self.store, &mut [])
            }
            State::Parked(call) => self.unpark(call),
            State::Done => Ok(ResumableCall::Finished),
        }
    }

    /// Goes on from a system call: makes it again, runs a handler, or hands over the answer.
    fn unpark(&mut self, call: ResumableCallHostTrap) -> Result<ResumableCall, wasmi::Error> {
        let pending = self.store.data_mut().pending.take();
        let (Some(pending), Some(memory)) = (pending, self.store.data().memory) else {
            return Err(wasmi::Error::new("parked without a system call"));
        };
        let (row, value) = match pending {
            Pending::Answered { row, value } => {
                let guest = self.store.data_mut();
                let caught = self.trampoline.filter(|_| self.interrupted.len() < MAX_INTERRUPTED);
                if let Some(trampoline) = caught
                    && let Some(signal) = guest.kernel.take_signal(guest.pid)
                {
                    return self.handle(trampoline, signal, call, Pending::Answered { row, value });
                }
                (row, value)
            }
            Pending::Call { row, args } => {
                match linker::retry(row, &args, memory, &mut self.store) {
                    Poll::Ready(Answer::Value(value)) => {
                        let guest = self.store.data_mut();
                        if guest.must_stop() {
                            guest.pending = Some(Pending::Answered { row, value });
                            return Ok(ResumableCall::HostTrap(call));
                        }
                        (row, value)
                    }
                    Poll::Ready(Answer::Exit(status)) => {
                        self.store.data_mut().exit = Some(status);
                        return Ok(ResumableCall::HostTrap(call));
                    }
                    Poll::Ready(Answer::Exec) => return Ok(ResumableCall::HostTrap(call)),
                    Poll::Pending => {
                        self.store.data_mut().pending = Some(Pending::Call { row, args });
                        return Ok(ResumableCall::HostTrap(call));
                    }
                }
            }
        };
        let result = [Val::I32(value.cast_signed())];
        let results = result.get(..row.results.len()).unwrap_or(&result);
        call.resume(&mut self.store, results, &mut [])
    }

    /// Starts the handler of a signal, which is masked until the handler has returned.
    fn handle(
        &mut self,
        trampoline: Func,
        signal: Signal,
        call: ResumableCallHostTrap,
        answered: Pending,
    ) -> Result<ResumableCall, wasmi::Error> {
        let guest = self.store.data_mut();
        let mut mask = guest.kernel.sigmask(guest.pid).unwrap_or(SigSet::EMPTY);
        let before = mask;
        mask.insert(signal);
        // The process is there: it is running.
        let _ = guest.kernel.sigprocmask(guest.pid, mask);
        self.interrupted.push(Interrupted { call, answered, mask: before });
        let number = Val::I32(i32::from(signal.number()));
        trampoline.call_resumable(&mut self.store, &[number], &mut [])
    }

    /// Goes back to what a handler that has returned had interrupted; whether there was something.
    fn resume_interrupted(&mut self) -> bool {
        let Some(Interrupted { call, answered, mask }) = self.interrupted.pop() else {
            return false;
        };
        let guest = self.store.data_mut();
        let _ = guest.kernel.sigprocmask(guest.pid, mask);
        guest.pending = Some(answered);
        self.state = State::Parked(call);
        true
    }

    fn advance(&mut self, fuel: u64) -> Step {
        loop {
            let outcome = self.run(fuel);
            if let Some(status) = self.store.data_mut().exit.take() {
                return Step::Exit(status);
            }
            if let Some(program) = self.store.data_mut().next.take() {
                return Step::Exec(program);
            }
            match outcome {
                Ok(ResumableCall::Finished) => {
                    if !self.resume_interrupted() {
                        return Step::Exit(ExitStatus::Exited(0));
                    }
                }
                Ok(ResumableCall::OutOfFuel(call)) => {
                    self.state = State::OutOfFuel(call);
                    return Step::Yield;
                }
                Ok(ResumableCall::HostTrap(call)) => match &self.store.data().pending {
                    None => return self.die(call.host_error().to_string(), Signal::SYS),
                    Some(Pending::Call { .. }) => {
                        self.state = State::Parked(call);
                        return Step::Block;
                    }
                    Some(Pending::Answered { .. }) => self.state = State::Parked(call),
                },
                Err(error) => {
                    let signal = signal_of(error.as_trap_code());
                    return self.die(error.to_string(), signal);
                }
            }
            let guest = self.store.data();
            if guest.kernel.must_yield(guest.pid) {
                return Step::Yield;
            }
        }
    }

    /// Says on descriptor 2 why the guest dies, and by which signal.
    fn die(&mut self, why: String, signal: Signal) -> Step {
        let text = format!("{}: {why}\n", self.name);
        let guest = self.store.data_mut();
        // Nobody may be reading; the status says the essential.
        let _ = guest.kernel.write(guest.pid, Fd::STDERR, text.as_bytes());
        Step::Exit(ExitStatus::Signaled(signal))
    }
}

/// What a process starts with.
pub(crate) struct Start {
    pub(crate) limiter: Limiter,
    /// What messages call it.
    pub(crate) name: String,
    /// What a program of preview1 finds open.
    pub(crate) preopens: Vec<Preopen>,
    /// The working directory.
    pub(crate) cwd: Vec<u8>,
}

/// Gives a guest that needs it a page with its working directory, and room for paths. Without
/// the page, for want of memory, the guest believes to be in `/`; so does one that finds other
/// directories open than the root.
fn tell_cwd(store: &mut Store<Guest>, compat: Compat, cwd: &[u8], at_root: bool) {
    let set = |store: &mut Store<Guest>, paths| {
        let state = &mut store.data_mut().state;
        *state = std::mem::take(state).with_paths(paths);
    };
    if compat.asks_for_paths {
        set(store, Paths::Stripped);
    }
    let Some(memory) = store.data().memory.filter(|_| at_root) else { return };
    let Ok(pages) = memory.grow(&mut *store, 1) else { return };
    let Ok(page) = u32::try_from(pages * 65536) else { return };
    if compat.asks_for_paths {
        set(store, Paths::FromRoot { scratch: page + CWD_BYTES, next: 0 });
    }
    if let Some(variable) = compat.cwd_variable
        && cwd.len() < CWD_BYTES as usize
        && memory.write(&mut *store, page as usize, cwd).is_ok()
    {
        // The variable is in memory: the module's own data is there.
        let _ = memory.write(store, variable as usize, &page.to_le_bytes());
    }
}

/// Fuel of a module's start function, which has no memory to work on yet.
const START_FUEL: u64 = 10_000_000;

/// The signal that the like of a trap raises on Linux.
fn signal_of(trap: Option<TrapCode>) -> Signal {
    match trap {
        // A guest's `abort`, and a panic in Rust, end in `unreachable`.
        Some(TrapCode::UnreachableCodeReached) => Signal::ABRT,
        Some(TrapCode::IntegerDivisionByZero | TrapCode::IntegerOverflow) => Signal::FPE,
        Some(
            TrapCode::MemoryOutOfBounds
            | TrapCode::TableOutOfBounds
            | TrapCode::IndirectCallToNull
            | TrapCode::StackOverflow,
        ) => Signal::SEGV,
        Some(TrapCode::OutOfSystemMemory | TrapCode::GrowthOperationLimited) => Signal::KILL,
        _ => Signal::ILL,
    }
}

/// Whether a module knows nothing beyond preview1.
fn is_plain(module: &Module) -> bool {
    module.imports().all(|import| import.module() == "wasi_snapshot_preview1")
}

/// What is wrong with a module that does not link: its first import that nobody provides.
fn explain(module: &Module, error: &wasmi::Error) -> String {
    let missing = module.imports().find(|import| {
        !syscalls::tables().any(|row| row.module == import.module() && row.name == import.name())
    });
    match missing {
        Some(import) => format!(
            "the module imports `{}.{}`, which this system does not have",
            import.module(),
            import.name()
        ),
        None => error.to_string(),
    }
}

impl Program for WasmProgram {
    fn step(&mut self, kernel: &mut Kernel, pid: Pid, slice: Slice) -> Step {
        std::mem::swap(&mut self.store.data_mut().kernel, kernel);
        self.store.data_mut().pid = pid;
        let before = match self.store.set_fuel(slice.fuel) {
            Ok(()) => slice.fuel,
            Err(_) => 0,
        };
        let step = self.advance(slice.fuel);
        let left = self.store.get_fuel().unwrap_or(0);
        std::mem::swap(&mut self.store.data_mut().kernel, kernel);
        // A limit that is hit here ends the process, or the run, before its next step.
        let _ = kernel.charge(pid, before.saturating_sub(left));
        step
    }

    fn name(&self) -> &str {
        &self.name
    }
}
