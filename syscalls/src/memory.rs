//! The guest's memory: the only place where offsets become slices.

use vfs::{Errno, Result};

/// The most bytes of one read or write that a call moves; more is a short count.
pub(crate) const MAX_TRANSFER: u32 = 1 << 30;

/// The most scatter/gather elements of a call: Linux's `IOV_MAX`.
const IOV_MAX: u32 = 1024;

/// A guest's linear memory, for the time of one call.
pub struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> GuestMemory<'a> {
    /// Wraps the bytes of a linear memory.
    pub fn new(bytes: &'a mut [u8]) -> GuestMemory<'a> {
        GuestMemory { bytes }
    }

    /// `len` bytes at `at`.
    ///
    /// # Errors
    /// - `EFAULT`: not all of them are in memory.
    pub fn slice(&self, at: u32, len: u32) -> Result<&[u8]> {
        let start = at as usize;
        let end = start.checked_add(len as usize).ok_or(Errno::EFAULT)?;
        self.bytes.get(start..end).ok_or(Errno::EFAULT)
    }

    /// `len` bytes at `at`, to be written.
    ///
    /// # Errors
    /// - `EFAULT`: not all of them are in memory.
    pub fn slice_mut(&mut self, at: u32, len: u32) -> Result<&mut [u8]> {
        let start = at as usize;
        let end = start.checked_add(len as usize).ok_or(Errno::EFAULT)?;
        self.bytes.get_mut(start..end).ok_or(Errno::EFAULT)
    }

    /// A little-endian number.
    ///
    /// # Errors
    /// - `EFAULT`: not in memory.
    pub fn u32(&self, at: u32) -> Result<u32> {
        let bytes = self.slice(at, 4)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| Errno::EFAULT)?))
    }

    /// Writes a little-endian number.
    ///
    /// # Errors
    /// - `EFAULT`: not in memory.
    pub fn set_u32(&mut self, at: u32, value: u32) -> Result<()> {
        self.write(at, &value.to_le_bytes())
    }

    /// Writes a little-endian number.
    ///
    /// # Errors
    /// - `EFAULT`: not in memory.
    pub fn set_u64(&mut self, at: u32, value: u64) -> Result<()> {
        self.write(at, &value.to_le_bytes())
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// - `EFAULT`: not all of them are in memory.
    pub fn write(&mut self, at: u32, bytes: &[u8]) -> Result<()> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::EFAULT)?;
        self.slice_mut(at, len)?.copy_from_slice(bytes);
        Ok(())
    }

    /// The scatter/gather elements of a call, checked as a whole, cut at [`MAX_TRANSFER`].
    ///
    /// # Errors
    /// - `EFAULT`: the list, or something it points to, is not in memory.
    /// - `EINVAL`: more than 1,024.
    pub(crate) fn iovecs(&self, at: u32, count: u32) -> Result<IoVecs> {
        if count > IOV_MAX {
            return Err(Errno::EINVAL);
        }
        let mut list = IoVecs::default();
        let mut total: u32 = 0;
        for i in 0..count {
            let element = at.checked_add(i * 8).ok_or(Errno::EFAULT)?;
            let (buf, len) = (self.u32(element)?, self.u32(element.saturating_add(4))?);
            self.slice(buf, len)?;
            let len = len.min(MAX_TRANSFER - total);
            if len > 0 {
                total += len;
                list.push((buf, len));
            }
        }
        Ok(list)
    }
}

/// A checked scatter/gather list; one element needs no allocation.
#[derive(Default)]
pub(crate) struct IoVecs {
    first: Option<(u32, u32)>,
    rest: Vec<(u32, u32)>,
}

impl IoVecs {
    fn push(&mut self, element: (u32, u32)) {
        match self.first {
            None => self.first = Some(element),
            Some(_) => self.rest.push(element),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.first.iter().chain(&self.rest).copied()
    }
}
