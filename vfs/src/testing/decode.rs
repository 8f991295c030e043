//! Operations out of bytes: a fuzzer's, or proptest's. Fewer and smaller bytes, simpler operations.

use proptest::prelude::*;

use super::{At, Op, SLOTS, Spot};
use crate::{Access, FileType, Follow, Mode, OFlags, RenameFlags, SetTime, Timestamp, Whence};

/// The bytes of which one operation is made.
const OP: usize = 16;

/// Names that random operations use: few, so that they meet, and some that are awkward.
const NAMES: [&[u8]; 16] = [
    b"a",
    b"b",
    b"c",
    b"a",
    b"b",
    b"c",
    b"a",
    b"b",
    b"a",
    b"b",
    b"d",
    b"d",
    b"\xff\n",
    &[b'n'; 255],
    b"..",
    b".",
];

/// Modes of new and changed files: most are useful.
const MODES: [u32; 14] = [
    0o755, 0o644, 0o777, 0o777, 0o755, 0o777, 0o666, 0o700, 0o1777, 0o2775, 0o4755, 0o000, 0o444,
    0o2755,
];

/// Sizes and offsets: about the ends of pages, of pieces of 64 KiB, and beyond.
const SIZES: [u64; 9] = [0, 1, 100, 4096, 5000, 65_535, 65_536, 70_000, 200_000];

/// Sequences of up to `most` operations, for proptest.
pub fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    proptest::collection::vec(any::<[u8; OP]>(), 1..=most)
        .prop_map(|chunks| Op::sequence(chunks.as_flattened()))
}

impl Op {
    /// The operations that a fuzzer's input stands for; any bytes are some. The first one lets
    /// everybody write in the root, or most would fail.
    pub fn sequence(bytes: &[u8]) -> Vec<Op> {
        let open = Op::Chmod { spot: "/".into(), mode: Mode::new(0o777) };
        std::iter::once(open).chain(bytes.chunks(OP).map(Op::decode)).collect()
    }

    /// Calls on the paths that a fuzzer's lines are, among links whose targets its first lines
    /// are: for the path walk, which a pool of names leads only so far.
    pub fn walks(bytes: &[u8]) -> Vec<Op> {
        let mode = Mode::new(0o755);
        let mut ops =
            vec![Op::Mkdir { spot: "d".into(), mode }, Op::Mkdir { spot: "d/e".into(), mode }];
        for path in ["f", "d/f"] {
            ops.push(Op::Mknod { spot: path.into(), file_type: FileType::Regular, mode });
        }
        let mut lines = bytes.split(|byte| *byte == b'\n');
        for (link, target) in ["l", "m", "d/l", "d/e/m"].iter().zip(&mut lines) {
            // No system call can be given these.
            if target.contains(&0) || target.len() > 4095 {
                break;
            }
            ops.push(Op::Symlink { target: target.to_vec(), spot: (*link).into() });
        }
        let mut last = Spot::from("f");
        for line in lines {
            let (choice, path) = line.split_first().unwrap_or((&0, b""));
            let spot = Spot { at: At::Cwd, path: path.to_vec() };
            let follow = if choice & 0x80 == 0 { Follow::Yes } else { Follow::No };
            let flags = OFlags::from_bits_truncate(u32::from(*choice) << 2) & !OFlags::NONBLOCK;
            ops.push(match choice & 15 {
                0 | 1 => Op::Stat { spot: spot.clone(), follow },
                2 => Op::Chdir(spot.clone()),
                3 => Op::Mkdir { spot: spot.clone(), mode },
                4 => Op::Symlink { target: last.path.clone(), spot: spot.clone() },
                5 => Op::Link { from: last, to: spot.clone(), follow },
                6 => Op::Unlink(spot.clone()),
                7 => Op::Rmdir(spot.clone()),
                8 => Op::Rename { from: last, to: spot.clone(), flags: RenameFlags::empty() },
                9 => Op::Rename { from: last, to: spot.clone(), flags: RenameFlags::EXCHANGE },
                10 => Op::ReadLink(spot.clone()),
                11 => Op::Truncate { spot: spot.clone(), size: 1 },
                _ => Op::Open { slot: 0, spot: spot.clone(), flags: flags | OFlags::READ, mode },
            });
            last = spot;
        }
        ops
    }

    fn decode(bytes: &[u8]) -> Op {
        let mut from = Choices(bytes.iter().copied());
        match from.below(48) {
            0 => Op::Become { uid: if from.below(4) == 3 { 1000 } else { 0 } },
            1 => Op::Umask(Mode::new([0o022, 0, 0o002, 0o077][from.below(4)])),
            2 => Op::Chdir(from.spot()),
            3..=8 => Op::Open {
                slot: from.slot(),
                flags: from.oflags(),
                mode: from.mode(),
                spot: from.spot(),
            },
            9 => Op::Open {
                slot: from.slot(),
                flags: OFlags::READ | OFlags::DIRECTORY,
                mode: Mode::empty(),
                spot: from.spot(),
            },
            10..=12 => Op::Mkdir { mode: from.mode(), spot: from.spot() },
            13 => Op::Mknod {
                file_type: [FileType::Fifo, FileType::Regular, FileType::Socket][from.below(3)],
                mode: from.mode(),
                spot: from.spot(),
            },
            14 => Op::Symlink { target: from.path(), spot: from.spot() },
            15 | 16 => Op::Link { follow: from.follow(), from: from.spot(), to: from.spot() },
            17 | 18 => Op::Unlink(from.spot()),
            19 => Op::Rmdir(from.spot()),
            20..=23 => Op::Rename {
                flags: RenameFlags::from_bits_truncate([0, 0, 1, 2, 3][from.below(5)]),
                from: from.spot(),
                to: from.spot(),
            },
            24 | 25 => Op::Stat { follow: from.follow(), spot: from.spot() },
            26 => Op::Access {
                access: Access::from_bits_truncate(from.below(8) as u32),
                spot: from.spot(),
            },
            27 => Op::ReadLink(from.spot()),
            28 => Op::Chmod { mode: from.mode(), spot: from.spot() },
            29 => Op::Chown {
                uid: from.id(),
                gid: from.id(),
                follow: from.follow(),
                spot: from.spot(),
            },
            30 => Op::Utimens {
                atime: from.time(),
                mtime: from.time(),
                follow: from.follow(),
                spot: from.spot(),
            },
            31 => Op::Truncate { size: from.size(), spot: from.spot() },
            32 => Op::Close(from.slot()),
            _ => from.open_file_op(),
        }
    }
}

/// Numbers out of bytes; zeros after the last one.
struct Choices<I>(I);

impl<I: Iterator<Item = u8>> Choices<I> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % bound
    }

    fn open_file_op(&mut self) -> Op {
        let slot = self.slot();
        match self.below(14) {
            0 => Op::Read { slot, len: self.size() as usize },
            1 => Op::Pread { slot, offset: self.size(), len: self.size() as usize },
            2 | 3 => Op::Write { slot, len: self.size() as usize, byte: self.below(256) as u8 },
            4 => Op::Pwrite {
                slot,
                offset: self.size(),
                len: self.size() as usize,
                byte: self.below(256) as u8,
            },
            5 => {
                let whence = [Whence::Set, Whence::Cur, Whence::End][self.below(3)];
                let back = self.below(4) == 3;
                let offset = self.size() as i64;
                Op::Seek { slot, offset: if back { -offset } else { offset }, whence }
            }
            6 => Op::Ftruncate { slot, size: self.size() },
            7 => Op::Fallocate { slot, offset: self.size(), len: self.size() },
            8 => Op::Fstat(slot),
            9 => Op::Fchmod { slot, mode: self.mode() },
            10 => Op::Futimens { slot, atime: self.time(), mtime: self.time() },
            11 => match self.below(3) {
                0 => Op::Fchown { slot, uid: self.id(), gid: self.id() },
                1 => Op::Fsync(slot),
                _ => Op::Rewind(slot),
            },
            _ => Op::ReadDir { slot, take: 1 + self.below(5) },
        }
    }

    fn size(&mut self) -> u64 {
        SIZES[self.below(SIZES.len())]
    }

    fn mode(&mut self) -> Mode {
        Mode::new(MODES[self.below(MODES.len())])
    }

    fn id(&mut self) -> Option<u32> {
        [None, Some(1000), Some(0), Some(1001)][self.below(4)]
    }

    fn follow(&mut self) -> Follow {
        if self.below(2) == 0 { Follow::Yes } else { Follow::No }
    }

    fn time(&mut self) -> SetTime {
        match self.below(4) {
            0 => SetTime::Now,
            1 => SetTime::Omit,
            n => SetTime::At(Timestamp::new(100_000_000 + n as i64, 7 * n as u32)),
        }
    }

    fn oflags(&mut self) -> OFlags {
        let (rw, read) = (OFlags::RDWR, OFlags::READ);
        let access = [rw, rw, read, read, read, OFlags::WRITE, rw, OFlags::PATH][self.below(8)];
        let bits = self.below(256);
        let mut flags = access;
        // Half of all opens create, as those of programs that do something.
        flags.set(OFlags::CREAT, bits & 1 == 0);
        flags.set(OFlags::EXCL, bits & 0b110 == 0b110);
        flags.set(OFlags::TRUNC, bits & 0b1_1000 == 0b1_1000);
        flags.set(OFlags::APPEND, bits & 0b10_0010 == 0b10_0010);
        flags.set(OFlags::DIRECTORY, bits & 0b110_0001 == 0b110_0001);
        flags.set(OFlags::NOFOLLOW, bits & 0b1000_0000 != 0 && bits & 0b100 == 0);
        flags
    }

    /// Mostly the first ones, so that something is open in them.
    fn slot(&mut self) -> usize {
        [0, 0, 0, 0, 1, 1, 2, SLOTS - 1][self.below(8)]
    }

    fn spot(&mut self) -> Spot {
        let choice = self.below(256);
        let at = if choice >= 240 { At::Slot(choice % SLOTS) } else { At::Cwd };
        Spot { at, path: self.path() }
    }

    fn path(&mut self) -> Vec<u8> {
        let shape = self.below(256);
        let mut path = Vec::new();
        if shape & 0b0111_1000 == 0b0111_1000 {
            path.push(b'/');
        }
        for _ in 1..[1, 1, 1, 1, 1, 2, 2, 3][shape & 7] {
            path.extend_from_slice(NAMES[self.below(NAMES.len())]);
            path.push(b'/');
        }
        // What ends in a dot can neither be made nor removed.
        let plain = NAMES.len() - if self.below(16) == 15 { 0 } else { 2 };
        path.extend_from_slice(NAMES[self.below(plain)]);
        if shape & 0b1111_0000 == 0b1111_0000 {
            path.push(b'/');
        }
        path
    }
}
