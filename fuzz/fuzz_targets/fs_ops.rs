//! Operations on files in memory, on an overlay over what some of them left, and on its fork,
//! each answer judged by the naive model.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vfs::testing::{Model, Op, Traits, run};
use vfs::{MemFs, OverlayFs, Vfs};

fuzz_target!(|bytes: &[u8]| {
    let mut model = Model::new(Traits { no_atime: true, ..Traits::default() });
    let (before, after) = bytes.split_at(bytes.len() / 32 * 16);
    let vfs = run(Vfs::new(Box::new(MemFs::default())), &mut model, &Op::sequence(before));
    let lower = vfs.filesystem(vfs.root().mount).and_then(vfs::FileSystem::fork);
    let overlay = OverlayFs::new(lower.expect("files in memory can be forked").into());
    let (one, two) = after.split_at(after.len() / 32 * 16);
    let vfs = run(Vfs::new(Box::new(overlay)), &mut model, &Op::sequence(one));
    let fork = vfs.fork().expect("an overlay in memory can be forked");
    run(fork, &mut model, &Op::sequence(two));
});
