//! The tables of `syscalls` as imports of a guest.

use core::task::Poll;

use syscalls::{Answer, Cx, GuestMemory, Row, ValType};
use wasmi::{Caller, Engine, FuncType, Linker, Memory, Module, Val};

use crate::program::{Guest, Parked, Pending};

/// The most parameters that a row has.
pub(crate) const MAX_PARAMS: usize = 12;

/// The arguments of a call, 32-bit ones zero-extended.
pub(crate) type Args = [u64; MAX_PARAMS];

/// The imports that guests find.
pub(crate) struct Linkers {
    /// The first row of each name.
    first: Linker<Guest>,
    /// The last row of each name, where two calls of different types share one: `proc_waitpid`
    /// has three parameters in published commands and four in later ones.
    last: Linker<Guest>,
}

impl Linkers {
    pub(crate) fn new(engine: &Engine) -> Linkers {
        let mut last = Linker::new(engine);
        last.allow_shadowing(true);
        let mut linkers = Linkers { first: Linker::new(engine), last };
        for row in syscalls::tables() {
            // The first linker refuses a second row of one name, as it should.
            let _ = bind(&mut linkers.first, row);
            let _ = bind(&mut linkers.last, row);
        }
        linkers
    }

    /// The linker whose types a module's imports have.
    pub(crate) fn of(&self, module: &Module) -> &Linker<Guest> {
        let differs = module.imports().any(|import| {
            let row = syscalls::tables()
                .find(|row| row.module == import.module() && row.name == import.name());
            match (row, import.ty().func()) {
                (Some(row), Some(ty)) => ty.params().len() != row.params.len(),
                _ => false,
            }
        });
        if differs { &self.last } else { &self.first }
    }
}

/// Binds one row.
fn bind(linker: &mut Linker<Guest>, row: &'static Row) -> Result<(), wasmi::errors::LinkerError> {
    let ty = FuncType::new(
        row.params.iter().map(|ty| val_type(*ty)),
        row.results.iter().map(|ty| val_type(*ty)),
    );
    linker.func_new(row.module, row.name, ty, move |caller, params, results| {
        enter(row, caller, params, results)
    })?;
    Ok(())
}

fn val_type(ty: ValType) -> wasmi::ValType {
    match ty {
        ValType::I32 => wasmi::ValType::I32,
        ValType::I64 => wasmi::ValType::I64,
    }
}

/// A call from the guest.
fn enter(
    row: &'static Row,
    mut caller: Caller<'_, Guest>,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), wasmi::Error> {
    // There is no process yet while the module is instantiated.
    if caller.data().kernel.is_vacant() {
        return Err(wasmi::Error::new(
            "a system call from the start function: call it from `_start`",
        ));
    }
    let mut args = Args::default();
    for (arg, param) in args.iter_mut().zip(params) {
        *arg = match param {
            Val::I32(v) => u64::from(v.cast_unsigned()),
            Val::I64(v) => v.cast_unsigned(),
            _ => 0,
        };
    }
    let Some(memory) = caller.data().memory else {
        return Err(wasmi::Error::new("a system call from a module without memory"));
    };
    let (bytes, guest) = memory.data_and_store_mut(&mut caller);
    match call(row, &args, bytes, guest) {
        Poll::Ready(Answer::Value(value)) if guest.must_stop() => {
            guest.pending = Some(Pending::Answered { row, value });
            Err(wasmi::Error::host(Parked))
        }
        Poll::Ready(Answer::Value(value)) => {
            if let Some(result) = results.first_mut() {
                *result = Val::I32(value.cast_signed());
            }
            Ok(())
        }
        Poll::Ready(Answer::Exit(status)) => {
            guest.exit = Some(status);
            Err(wasmi::Error::host(Parked))
        }
        // What the process is next is in the guest's `next`.
        Poll::Ready(Answer::Exec) => Err(wasmi::Error::host(Parked)),
        Poll::Pending => {
            guest.pending = Some(Pending::Call { row, args });
            Err(wasmi::Error::host(Parked))
        }
    }
}

/// Runs a row's handler.
pub(crate) fn call(row: &Row, args: &Args, bytes: &mut [u8], guest: &mut Guest) -> Poll<Answer> {
    let mut cx = Cx {
        kernel: &mut guest.kernel,
        pid: guest.pid,
        memory: GuestMemory::new(bytes),
        state: &mut guest.state,
        next: &mut guest.next,
    };
    row.call(&mut cx, args.get(..row.params.len()).unwrap_or(args))
}

/// Repeats a call that had to wait.
pub(crate) fn retry(
    row: &Row,
    args: &Args,
    memory: Memory,
    store: &mut wasmi::Store<Guest>,
) -> Poll<Answer> {
    let (bytes, guest) = memory.data_and_store_mut(store);
    call(row, args, bytes, guest)
}
