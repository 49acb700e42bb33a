//! The whole sieve: a range's segments one after the other, each crossed off by all four methods.

use std::iter::Peekable;
use std::ops::Range;

use super::buckets::Buckets;
use super::cycles::Cycles;
use super::sieving::{Primes, SievingPrimes};
use super::{Geometry, RESIDUES, bit_of, presieve, simd};

/// The segments of a range, sieved when they are asked for.
pub struct Segments<'s> {
    range: Range<u64>,
    geometry: Geometry,
    /// The byte of the wheel at which the next segment starts, and at which the last one ends.
    at: u64,
    end: u64,
    /// A segment, and behind it what its last turns of the wheel overshoot.
    sieve: Vec<u8>,
    /// The sieving primes whose squares are still ahead.
    ahead: Peekable<Primes<'s>>,
    small: Cycles,
    medium: Cycles,
    large: Buckets,
}

/// A sieved piece of the range: 30 numbers for a byte, a set bit for a prime.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'s> {
    first: u64,
    bytes: &'s [u8],
}

impl<'s> Segments<'s> {
    /// The segments of `range`; 2, 3 and 5 are in none of them.
    ///
    /// # Panics
    /// If `sieving` was made for a smaller end than the range's.
    #[must_use]
    pub fn new(range: Range<u64>, sieving: &'s SievingPrimes, geometry: Geometry) -> Self {
        // Starting at 2 spares the number 1 a case of its own.
        let range = range.start.max(2)..range.end;
        let root = range.end.saturating_sub(1).isqrt();
        assert!(
            root <= sieving.largest(),
            "primes up to the root of the range's end"
        );
        let (at, end) = (range.start / 30, range.end.div_ceil(30));
        let geometry = geometry.within(end.saturating_sub(at));
        // A turn overshoots by less than its prime, which is at most a segment's bytes. Since the
        // last byte is sieved to its end, the square of a prime root + 1 can still lie in it.
        let overshoot =
            usize::try_from(root + 1).map_or(geometry.segment, |p| p.min(geometry.segment));
        let mut ahead = sieving.primes().peekable();
        while ahead.next_if(|p| *p <= presieve::LARGEST).is_some() {}
        Segments {
            geometry,
            at,
            end: if range.is_empty() { at } else { end },
            sieve: vec![u8::MAX; geometry.segment + overshoot],
            ahead,
            small: Cycles::default(),
            medium: Cycles::default(),
            large: Buckets::new(geometry.segment, root),
            range,
        }
    }

    /// Sieves the next segment, or returns none when the range is done.
    pub fn next_segment(&mut self) -> Option<Segment<'_>> {
        let segment = self.geometry.segment;
        let len = usize::try_from(self.end - self.at).map_or(segment, |left| left.min(segment));
        if len == 0 {
            return None;
        }
        self.start(len);
        self.admit(len);
        self.cross_off(len);
        self.trim(len);
        let first = self.at;
        self.at += len as u64;
        Some(Segment {
            first,
            bytes: &self.sieve[..len],
        })
    }

    /// Fills the segment with the patterns, and adds what the last one's turns overshot.
    fn start(&mut self, len: usize) {
        let (sieve, overshot) = self.sieve.split_at_mut(self.geometry.segment);
        presieve::fill(
            &mut sieve[..len.next_multiple_of(presieve::STRIDE)],
            self.at,
        );
        for (byte, carried) in sieve.iter_mut().zip(overshot) {
            *byte &= std::mem::replace(carried, u8::MAX);
        }
    }

    /// Takes up the sieving primes whose squares begin to matter, each by the method for its size.
    fn admit(&mut self, len: usize) {
        let (at, segment_end) = (self.at, self.at + len as u64);
        let (block, segment) = (self.geometry.block as u64, self.geometry.segment as u64);
        while let Some(prime) = self.ahead.next_if(|p| p * p / 30 < segment_end) {
            if prime > segment {
                self.large.admit(prime, at, self.end);
            } else if prime > 2 * block {
                self.medium.admit(prime, at, &mut self.sieve);
            } else {
                self.small.admit(prime, at, &mut self.sieve);
            }
        }
    }

    fn cross_off(&mut self, len: usize) {
        for start in (0..len).step_by(self.geometry.block) {
            let block = self.geometry.block.min(len - start);
            self.small.cross_off(&mut self.sieve[start..], block);
        }
        self.medium.cross_off(&mut self.sieve, len);
        self.large.cross_off(&mut self.sieve);
    }

    /// Puts back the primes that the patterns crossed off with their multiples, and removes what the
    /// first and last byte hold beyond the range.
    fn trim(&mut self, len: usize) {
        let sieve = &mut self.sieve[..len];
        // BEGIN SOLUTION stage 4: which bits of the first and the last byte are not of the range?
        if self.at <= presieve::LARGEST / 30 {
            for prime in presieve::primes().filter(|p| p / 30 >= self.at) {
                if let Some(byte) = sieve.get_mut((prime / 30 - self.at) as usize) {
                    *byte |= 1 << bit_of(prime);
                }
            }
        }
        if self.at == self.range.start / 30 {
            sieve[0] &= !residues_below(self.range.start - 30 * self.at);
        }
        let last = self.at + len as u64 - 1;
        if last == (self.range.end - 1) / 30 {
            sieve[len - 1] &= residues_below(self.range.end - 30 * last);
        }
        // END SOLUTION
    }
}

/// The bits of the remainders smaller than `limit`.
fn residues_below(limit: u64) -> u8 {
    let bits = RESIDUES.iter().enumerate();
    bits.filter(|(_, residue)| **residue < limit)
        .map(|(bit, _)| 1 << bit)
        .sum()
}

impl<'s> Segment<'s> {
    /// How many primes it holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        simd::count_ones(self.bytes)
    }

    /// Its primes in ascending order.
    pub fn primes(&self) -> Primes<'s> {
        Primes::of(self.bytes, self.first)
    }

    /// How many numbers it covers.
    #[must_use]
    pub fn numbers(&self) -> u64 {
        30 * self.bytes.len() as u64
    }

    /// Its bytes as they were sieved.
    #[must_use]
    pub fn bytes(&self) -> &'s [u8] {
        self.bytes
    }
}
