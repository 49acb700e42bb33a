//! A digest of everything that happened, by which two runs are compared.

use std::hash::Hasher;

/// A running 64-bit digest. It is a [`Hasher`], so that what derives `Hash` can be fed into it, and
/// unlike the standard one it is the same in every run. Never proof against malice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Digest(u64);

impl Digest {
    /// The digest of nothing.
    #[must_use]
    pub fn new() -> Self {
        // FNV-1a's offset basis: any odd-looking start does.
        Digest(0xcbf2_9ce4_8422_2325)
    }

    /// Feeds one word.
    pub fn word(&mut self, word: u64) {
        // Multiply by 2^64 / φ and fold the high half back, where the product mixes best.
        let mixed = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    /// What it is so far.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.word(u64::from_le_bytes(word.try_into().expect("eight bytes")));
        }
        let rest = words.remainder();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        // The length tells trailing zeros from none.
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    fn write_u64(&mut self, word: u64) {
        self.word(word);
    }

    fn write_u32(&mut self, word: u32) {
        self.word(word.into());
    }

    fn write_u8(&mut self, word: u8) {
        self.word(word.into());
    }
}
