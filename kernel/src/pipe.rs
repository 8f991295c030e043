//! Pipes: a bounded queue of bytes between writers and readers. Analogous to `pipe(7)`.
//!
//! Not here: descriptors on a pipe, `SIGPIPE` (`io`), opening a fifo (`fifo`), and when a
//! pipe grows (`growth`).

use std::collections::VecDeque;

use crate::wait_queue::WaitQueue;

/// `PIPE_BUF`: a write of up to this many bytes is never mixed with another's. POSIX asks for
/// at least 512; Linux has 4,096.
pub const PIPE_BUF: usize = 4096;

/// Memory that a pipe keeps when it is empty.
const KEPT: usize = 4096;

/// One pipe, named or not.
#[derive(Debug)]
pub(crate) struct Pipe {
    bytes: VecDeque<u8>,
    /// How many bytes it takes before a writer waits; grows, never shrinks.
    pub(crate) capacity: usize,
    /// Open file descriptions that can read.
    pub(crate) readers: u32,
    /// Open file descriptions that can write.
    pub(crate) writers: u32,
    /// How often a reader, and a writer, was opened: a fifo's open waits for a change.
    pub(crate) reader_opens: u64,
    pub(crate) writer_opens: u64,
    /// Whether the driver holds the reading, or the writing, end.
    pub(crate) host_reads: bool,
    pub(crate) host_writes: bool,
    pub(crate) read_queue: WaitQueue,
    pub(crate) write_queue: WaitQueue,
    /// Processes in the `open` of a fifo.
    pub(crate) open_queue: WaitQueue,
}

/// What a write could do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Put {
    /// This many bytes went in.
    Written(usize),
    /// Nothing fits now.
    Full,
}

impl Pipe {
    pub(crate) fn new(capacity: usize) -> Pipe {
        Pipe {
            bytes: VecDeque::new(),
            capacity,
            readers: 0,
            writers: 0,
            reader_opens: 0,
            writer_opens: 0,
            host_reads: false,
            host_writes: false,
            read_queue: WaitQueue::new(),
            write_queue: WaitQueue::new(),
            open_queue: WaitQueue::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn has_reader(&self) -> bool {
        self.readers > 0 || self.host_reads
    }

    pub(crate) fn has_writer(&self) -> bool {
        self.writers > 0 || self.host_writes
    }

    /// Room for more bytes before a writer waits.
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.bytes.len())
    }

    /// Whether `poll` calls it writable: a write of `PIPE_BUF` bytes would not wait.
    pub(crate) fn is_writable(&self) -> bool {
        self.room() >= PIPE_BUF.min(self.capacity)
    }

    /// Moves bytes out; 0 only if there are none or `buf` is empty.
    pub(crate) fn take(&mut self, buf: &mut [u8]) -> usize {
        let n = buf.len().min(self.bytes.len());
        let (front, back) = self.bytes.as_slices();
        let first = n.min(front.len());
        buf[..first].copy_from_slice(&front[..first]);
        if first < n {
            buf[first..n].copy_from_slice(&back[..n - first]);
        }
        if n == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..n);
        }
        self.give_back();
        n
    }

    /// Keeps the memory of a pipe near what is in it: the limits count bytes, not room.
    fn give_back(&mut self) {
        let (len, room) = (self.bytes.len(), self.bytes.capacity());
        if room > KEPT && len < room / 4 {
            self.bytes.shrink_to((len * 2).max(KEPT));
        }
    }

    /// Puts in what fits: all or nothing up to [`PIPE_BUF`] bytes, else what there is room for.
    pub(crate) fn put(&mut self, buf: &[u8]) -> Put {
        let room = self.room();
        // A pipe smaller than PIPE_BUF (a limit) can only promise what it has.
        let atomic = buf.len() <= PIPE_BUF && buf.len() <= self.capacity;
        if room == 0 && !buf.is_empty() || atomic && buf.len() > room {
            return Put::Full;
        }
        let n = buf.len().min(room);
        self.bytes.extend(&buf[..n]);
        Put::Written(n)
    }
}

#[cfg(test)]
mod tests {
    use super::{PIPE_BUF, Pipe, Put};

    #[test]
    fn small_writes_are_all_or_nothing() {
        let mut pipe = Pipe::new(65_536);
        assert_eq!(pipe.put(&[1; 65_530]), Put::Written(65_530));
        assert_eq!(pipe.put(&[2; 7]), Put::Full);
        assert_eq!(pipe.put(&[2; 6]), Put::Written(6));
        assert_eq!(pipe.put(&[3; 1]), Put::Full);
    }

    #[test]
    fn large_writes_take_what_fits() {
        let mut pipe = Pipe::new(65_536);
        assert_eq!(pipe.put(&[1; 65_000]), Put::Written(65_000));
        assert_eq!(pipe.put(&[2; PIPE_BUF + 1]), Put::Written(536));
    }

    #[test]
    fn an_emptied_pipe_gives_its_memory_back() {
        let mut pipe = Pipe::new(1 << 20);
        pipe.put(&vec![0; 1 << 20]);
        pipe.take(&mut vec![0; (1 << 20) - 1]);
        assert!(pipe.bytes.capacity() <= 2 * super::KEPT, "{}", pipe.bytes.capacity());
    }

    #[test]
    fn bytes_come_out_in_order_across_the_ring() {
        let mut pipe = Pipe::new(16);
        let mut out = Vec::new();
        let mut next = 0u8;
        for round in 0..50 {
            let chunk: Vec<u8> = (0..(round % 7 + 1)).map(|i| next.wrapping_add(i)).collect();
            if let Put::Written(n) = pipe.put(&chunk) {
                next = next.wrapping_add(u8::try_from(n).unwrap());
            }
            let mut buf = [0; 5];
            let n = pipe.take(&mut buf);
            out.extend_from_slice(&buf[..n]);
        }
        let expected: Vec<u8> = (0..out.len()).map(|i| u8::try_from(i % 256).unwrap()).collect();
        assert_eq!(out, expected);
    }
}
