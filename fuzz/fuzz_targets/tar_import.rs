//! Any bytes as a tar stream: an error, or a tree that comes back when it is packed and unpacked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vfs::testing::check_tree;
use vfs::{FileSystem, Limits, MemFs, Timestamp, export_tar, import_tar};

fn unpack(bytes: &[u8]) -> std::io::Result<MemFs> {
    let mut fs = MemFs::new(Limits { bytes: 1 << 24, ..Limits::default() });
    let root = fs.root();
    let done = import_tar(&mut fs, root, bytes, Timestamp::new(1_000_000_000, 0));
    check_tree(&fs);
    done.map(|()| fs)
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(fs) = unpack(bytes) else { return };
    let mut packed = Vec::new();
    export_tar(&fs, fs.root(), &mut packed).expect("what was unpacked can be packed");
    let again = unpack(&packed).expect("what was packed can be unpacked");
    let contents = |fs| check_tree(fs).into_iter().map(|(path, node)| (path, node.content));
    assert!(contents(&fs).eq(contents(&again)));
});
