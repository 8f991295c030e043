//! The content of a regular file in memory: shared pieces of 64 KiB, holes between them.

use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;

use super::ranges::Ranges;
use crate::{Blob, Result};

/// Bytes of a full piece.
const PIECE: u64 = 64 << 10;

/// A file's content.
#[derive(Clone, Default)]
pub(super) struct Data {
    len: u64,
    /// What is under the pieces: content that nobody has copied. Cut off at `blob_len`.
    blob: Option<Arc<dyn Blob>>,
    blob_len: u64,
    /// By number; a piece may be shorter than `PIECE`: the rest is a hole. Forks share them.
    pieces: OrdMap<u64, Arc<Vec<u8>>>,
    /// Room that was allocated and that no piece takes yet: it counts, but needs no memory.
    allocated: Ranges,
    held: u64,
}

impl Data {
    pub(super) fn from_blob(blob: Arc<dyn Blob>) -> Data {
        let len = blob.len();
        Data { len, blob_len: len, blob: Some(blob), ..Data::default() }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that pieces hold or that were allocated for them.
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// 512-byte blocks that are not holes.
    pub(super) fn blocks(&self) -> u64 {
        if self.blob_len == 0 {
            return self.held.div_ceil(512);
        }
        let copied: u64 = self.pieces.range(..self.blob_len.div_ceil(PIECE)).count() as u64 * PIECE;
        (self.held + self.blob_len.saturating_sub(copied)).div_ceil(512)
    }

    /// The content as it was given, while it is still that.
    pub(super) fn blob(&self) -> Option<Arc<dyn Blob>> {
        let untouched = self.pieces.is_empty() && self.blob_len == self.len;
        self.blob.as_ref().filter(|blob| untouched && blob.len() == self.len).cloned()
    }

    pub(super) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        if offset >= self.len {
            return Ok(0);
        }
        let n = (self.len - offset).min(buf.len() as u64) as usize;
        let buf = &mut buf[..n];
        if self.pieces.is_empty() {
            self.read_blob(offset, buf)?;
            return Ok(n);
        }
        let mut done = 0;
        while done < n {
            let at = offset + done as u64;
            let (number, within) = (at / PIECE, (at % PIECE) as usize);
            let part = (PIECE as usize - within).min(n - done);
            let out = &mut buf[done..done + part];
            match self.pieces.get(&number) {
                Some(piece) => {
                    let have = piece.get(within..).unwrap_or_default();
                    let have = &have[..have.len().min(part)];
                    out[..have.len()].copy_from_slice(have);
                    out[have.len()..].fill(0);
                }
                None => self.read_blob(at, out)?,
            }
            done += part;
        }
        Ok(n)
    }

    /// What lies under the pieces: the blob, then zeros.
    fn read_blob(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let mut copied = 0;
        if let Some(blob) = self.blob.as_ref().filter(|_| offset < self.blob_len) {
            let bytes: Bytes = blob.bytes()?;
            let end = (bytes.len() as u64).min(self.blob_len).min(offset + out.len() as u64);
            if let Some(part) = bytes.get(offset as usize..end as usize) {
                out[..part.len()].copy_from_slice(part);
                copied = part.len();
            }
        }
        out[copied..].fill(0);
        Ok(())
    }

    /// How much more a write would hold, at the most.
    pub(super) fn cost(&self, offset: u64, len: u64) -> u64 {
        let end = offset.saturating_add(len);
        let (first, last) = (offset / PIECE, end.saturating_sub(1) / PIECE);
        if first == last {
            let have = self.pieces.get(&first).map_or(0, |piece| piece.len() as u64);
            let base = first * PIECE;
            let under = self.under(first);
            let after = (end - base).max(if have == 0 { under } else { 0 });
            let paid = self.allocated.overlap(base + have, base + after.max(have));
            return after.saturating_sub(have).saturating_sub(paid);
        }
        let had: u64 = self.pieces.range(first..=last).map(|(_, piece)| piece.len() as u64).sum();
        // The last piece also takes what the blob has behind the write.
        let tail = if self.pieces.contains_key(&last) { 0 } else { self.under(last) };
        let end = end.max(last * PIECE + tail);
        let paid = self.allocated.overlap(first * PIECE, end);
        end.saturating_sub(first * PIECE).saturating_sub(had).saturating_sub(paid)
    }

    /// Bytes of the blob that lie where a piece is to be.
    fn under(&self, number: u64) -> u64 {
        self.blob_len.saturating_sub(number.saturating_mul(PIECE)).min(PIECE)
    }

    /// How much more [`allocate`](Data::allocate) would hold.
    pub(super) fn cost_to_allocate(&self, offset: u64, end: u64) -> u64 {
        let start = offset / PIECE * PIECE;
        let (first, last) = (offset / PIECE, end.saturating_sub(1) / PIECE);
        let had =
            |(number, piece): (&u64, &Arc<Vec<u8>>)| (piece.len() as u64).min(end - number * PIECE);
        let had: u64 = self.pieces.range(first..=last).map(had).sum();
        end.saturating_sub(start).saturating_sub(had + self.allocated.overlap(start, end))
    }

    /// Makes sure that what lies between two offsets can be written without holding more; room
    /// has been checked for.
    pub(super) fn allocate(&mut self, offset: u64, end: u64) {
        // From the start of a piece, which begins there whatever is written of it.
        let mut start = offset / PIECE * PIECE;
        let (first, last) = (offset / PIECE, end.saturating_sub(1) / PIECE);
        for (number, piece) in self.pieces.range(first..=last) {
            self.held += self.allocated.insert(start, (number * PIECE).min(end));
            start = number * PIECE + piece.len() as u64;
        }
        self.held += self.allocated.insert(start, end);
    }

    pub(super) fn write_at(&mut self, offset: u64, buf: &[u8]) -> Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            let at = offset + done as u64;
            let (number, within) = (at / PIECE, (at % PIECE) as usize);
            let part = (PIECE as usize - within).min(buf.len() - done);
            self.write_piece(number, within, &buf[done..done + part])?;
            done += part;
        }
        self.len = self.len.max(offset + buf.len() as u64);
        Ok(done)
    }

    fn write_piece(&mut self, number: u64, within: usize, part: &[u8]) -> Result<()> {
        if !self.pieces.contains_key(&number) {
            let piece = self.copy_under(number)?;
            self.hold(number, 0, piece.len());
            self.pieces.insert(number, Arc::new(piece));
        }
        let Some(piece) = self.pieces.get_mut(&number).map(Arc::make_mut) else { return Ok(()) };
        let before = piece.len();
        let end = within + part.len();
        if piece.capacity() < end {
            // Twice as much as before, but no more than a piece can use.
            let capacity = end.max((2 * piece.capacity()).min(PIECE as usize));
            piece.reserve_exact(capacity - before);
        }
        if within == before {
            piece.extend_from_slice(part);
        } else {
            if before < end {
                piece.resize(end, 0);
            }
            piece[within..end].copy_from_slice(part);
        }
        let after = piece.len();
        self.hold(number, before, after);
        Ok(())
    }

    /// Accounts for a piece that grows.
    fn hold(&mut self, number: u64, before: usize, after: usize) {
        let base = number * PIECE;
        let paid = self.allocated.remove(base + before as u64, base + after as u64);
        self.held += (after - before) as u64 - paid;
    }

    /// What the blob has where a piece is to be.
    fn copy_under(&self, number: u64) -> Result<Vec<u8>> {
        let start = number * PIECE;
        let len = self.under(number) as usize;
        let mut piece = vec![0; len];
        if len > 0 {
            self.read_blob(start, &mut piece)?;
        }
        Ok(piece)
    }

    /// Cuts the content, or extends it with a hole.
    pub(super) fn set_len(&mut self, len: u64) -> Result<()> {
        if len < self.len {
            self.blob_len = self.blob_len.min(len);
            if self.blob_len == 0 {
                self.blob = None;
            }
            let (number, within) = (len / PIECE, (len % PIECE) as usize);
            let (kept, at, _) = self.pieces.split_lookup(&number);
            self.pieces = kept;
            if let Some(mut piece) = at.filter(|_| within > 0) {
                if piece.len() > within {
                    let piece = Arc::make_mut(&mut piece);
                    piece.truncate(within);
                    // What is not counted any more is not kept either.
                    piece.shrink_to_fit();
                }
                self.pieces.insert(number, piece);
            }
            self.allocated.remove(len, u64::MAX);
            self.held = self.pieces.values().map(|piece| piece.len() as u64).sum::<u64>()
                + self.allocated.overlap(0, len);
        }
        self.len = len;
        Ok(())
    }
}
