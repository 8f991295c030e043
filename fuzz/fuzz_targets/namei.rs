//! Any bytes as paths and as targets of symbolic links, each answer judged by the naive model.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vfs::testing::{Model, Op, Traits, run};
use vfs::{MemFs, Vfs};

fuzz_target!(|bytes: &[u8]| {
    let mut model = Model::new(Traits::default());
    run(Vfs::new(Box::new(MemFs::default())), &mut model, &Op::walks(bytes));
});
