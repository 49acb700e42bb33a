//! The primes to sieve by: those up to the root of a range's end, found by the sieve itself.
//!
//! Kept as the sieve leaves them, a byte for 30 numbers: even for ranges up to 2^64 that is 143 MB,
//! where a list of the two hundred million primes would take 800. Threads share them.

use std::slice::Chunks;

use super::segments::Segments;
use super::{Geometry, RESIDUES, presieve};

/// The primes up to the root of the largest number of a range, but for 2, 3 and 5.
#[derive(Debug)]
pub struct SievingPrimes {
    largest: u64,
    bytes: Vec<u8>,
}

impl SievingPrimes {
    /// The primes that are needed to sieve below `end`.
    #[must_use]
    pub fn for_end(end: u64, geometry: Geometry) -> Self {
        let largest = end.saturating_sub(1).isqrt();
        // The patterns alone find these, so this is where the recursion ends: 2^64, 2^32, 2^16, 2^8.
        if largest <= presieve::LARGEST {
            return SievingPrimes {
                largest,
                bytes: Vec::new(),
            };
        }
        let smaller = SievingPrimes::for_end(largest + 1, geometry);
        let mut segments = Segments::new(0..largest + 1, &smaller, geometry);
        let mut bytes = Vec::new();
        while let Some(segment) = segments.next_segment() {
            bytes.extend_from_slice(segment.bytes());
        }
        SievingPrimes { largest, bytes }
    }

    /// The largest number whose multiples may have to be crossed off.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// The primes in ascending order.
    pub(crate) fn primes(&self) -> Primes<'_> {
        Primes::of(&self.bytes, 0)
    }
}

/// The numbers whose bits are set in some bytes of the wheel, in ascending order.
#[derive(Clone, Debug)]
pub struct Primes<'s> {
    chunks: Chunks<'s, u8>,
    /// The byte of the wheel at which the next chunk starts.
    next: u64,
    /// The number at which the current chunk starts, and its bits that are still to come.
    number: u64,
    left: u64,
}

impl<'s> Primes<'s> {
    /// Those of `bytes`, which start at byte `first` of the wheel.
    pub(crate) fn of(bytes: &'s [u8], first: u64) -> Self {
        Primes {
            chunks: bytes.chunks(8),
            next: first,
            number: 0,
            left: 0,
        }
    }
}

impl Iterator for Primes<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        while self.left == 0 {
            let chunk = self.chunks.next()?;
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.left = u64::from_le_bytes(word);
            self.number = 30 * self.next;
            self.next += 8;
        }
        let bit = self.left.trailing_zeros();
        self.left &= self.left - 1;
        Some(self.number + OFFSET[bit as usize])
    }
}

/// What the i-th bit of eight bytes adds to the number at which they start.
const OFFSET: [u64; 64] = {
    let mut offset = [0; 64];
    let mut bit = 0;
    while bit < 64 {
        offset[bit] = 30 * (bit as u64 / 8) + RESIDUES[bit % 8];
        bit += 1;
    }
    offset
};
