//! Randomness: where a kernel's comes from.

/// A source of random bytes. The kernel asks nobody else.
pub trait Entropy: Send {
    /// Fills the buffer.
    fn fill(&mut self, buf: &mut [u8]);
}

/// A reproducible stream of bytes: xoshiro256** seeded through splitmix64.
///
/// Not for secrets: who sees some of the output can tell the rest.
#[derive(Clone, Debug)]
pub struct SeededEntropy {
    state: [u64; 4],
}

impl SeededEntropy {
    /// The stream of this seed.
    pub fn new(seed: u64) -> SeededEntropy {
        let mut x = seed;
        let state = core::array::from_fn(|_| {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        });
        SeededEntropy { state }
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }
}

impl Default for SeededEntropy {
    fn default() -> SeededEntropy {
        SeededEntropy::new(0)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, buf: &mut [u8]) {
        for chunk in buf.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

/// Bytes from the host's operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostEntropy;

impl Entropy for HostEntropy {
    fn fill(&mut self, buf: &mut [u8]) {
        if getrandom::fill(buf).is_ok() {
            return;
        }
        // No system source: the keys of the standard library's hasher are random per process.
        use core::hash::BuildHasher;
        let seed = std::hash::RandomState::new().hash_one(buf.len());
        SeededEntropy::new(seed).fill(buf);
    }
}
