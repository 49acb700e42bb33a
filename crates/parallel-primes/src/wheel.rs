//! Rung 5: a wheel of thirty, one byte for every 30 numbers, and primes sorted by size.
//!
//! Still O(n log log n). Multiples of 2, 3 and 5 are never stored: of 30 numbers only the 8 that are
//! coprime to 30 can be prime, one bit each (Pritchard's wheel, 1982). What remains is crossed off by
//! four methods, each for the primes that it suits:
//!
//! | primes | method | module |
//! |---|---|---|
//! | up to 163 | a repeating pattern, 256 bytes at a time | [`presieve`] |
//! | up to twice an L1 block | whole turns of the wheel, block by block | [`cycles`] |
//! | up to a segment's bytes | whole turns of the wheel over an L2 segment | [`cycles`] |
//! | larger | one list for each segment ahead, of the primes that hit it | [`buckets`] |
//!
//! [`segments`] puts them together, [`sieving`] supplies the primes to sieve by. All positions are
//! byte numbers (a number divided by 30), so that nothing overflows below 2^64.

#![expect(
    clippy::cast_possible_truncation,
    reason = "places lie within a segment, primes below 2^32 and remainders below 210"
)]

pub mod buckets;
pub mod cycles;
pub mod presieve;
pub mod segments;
pub mod sieving;
mod simd;

use std::ops::Range;

use crate::cache::Caches;
use segments::Segments;
use sieving::SievingPrimes;

/// The remainders modulo 30 that a number coprime to 30 can have; bit i of a byte is the i-th.
pub const RESIDUES: [u64; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

/// The primes that the wheel leaves out.
pub const WHEEL_PRIMES: [u64; 3] = [2, 3, 5];

/// The bit of each remainder modulo 30, or 8 if it isn't coprime to 30.
pub(crate) const BIT: [usize; 30] = {
    let mut bits = [8; 30];
    let mut bit = 0;
    while bit < 8 {
        bits[RESIDUES[bit] as usize] = bit;
        bit += 1;
    }
    bits
};

/// The bit that stands for `n`, as an index into [`RESIDUES`].
pub(crate) fn bit_of(n: u64) -> usize {
    let residue = (n % 30) as usize;
    BIT[residue]
}

/// How the sieve is cut to fit the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    block: usize,
    segment: usize,
}

impl Geometry {
    /// Segments of `segment` bytes, in which small primes work on `block` bytes at a time.
    ///
    /// # Panics
    /// Unless both are powers of two, with 256 ≤ block ≤ segment ≤ 2^23.
    #[must_use]
    pub fn new(block: usize, segment: usize) -> Self {
        assert!(block.is_power_of_two() && segment.is_power_of_two());
        assert!((presieve::STRIDE..=segment).contains(&block) && segment <= buckets::MAX_SEGMENT);
        Geometry { block, segment }
    }

    /// Blocks that fit the first cache level, segments that leave room in the second one for the
    /// primes and patterns that pass through it.
    #[must_use]
    pub fn for_caches(caches: Caches) -> Self {
        let block = previous_power_of_two(caches.l1).clamp(8 << 10, 128 << 10);
        let segment = previous_power_of_two(caches.l2 / 4).clamp(block, 1 << 20);
        Geometry::new(block, segment)
    }

    /// Bytes of a block.
    #[must_use]
    pub fn block(self) -> usize {
        self.block
    }

    /// Bytes of a segment; it holds 30 numbers for each.
    #[must_use]
    pub fn segment(self) -> usize {
        self.segment
    }

    /// The same for a range that covers only `bytes`: no larger than it needs.
    fn within(self, bytes: u64) -> Self {
        let bytes = usize::try_from(bytes)
            .unwrap_or(usize::MAX)
            .min(self.segment);
        let segment = bytes.next_power_of_two().max(presieve::STRIDE);
        Geometry {
            block: self.block.min(segment),
            segment,
        }
    }
}

fn previous_power_of_two(n: usize) -> usize {
    (n / 2 + 1).next_power_of_two()
}

/// How many primes `range` holds.
#[must_use]
pub fn count(range: Range<u64>, geometry: Geometry) -> u64 {
    let sieving = SievingPrimes::for_end(range.end, geometry);
    count_by(range, &sieving, geometry, |_| ())
}

/// How many primes `range` holds, by sieving primes that several threads can share. `progress` is
/// told after each segment how many numbers it held.
#[must_use]
pub fn count_by(
    range: Range<u64>,
    sieving: &SievingPrimes,
    geometry: Geometry,
    progress: impl Fn(u64),
) -> u64 {
    let mut count = wheel_primes(&range).count() as u64;
    let mut segments = Segments::new(range, sieving, geometry);
    while let Some(segment) = segments.next_segment() {
        count += segment.count();
        progress(segment.numbers());
    }
    count
}

/// Those of 2, 3 and 5 that lie in `range`.
pub fn wheel_primes(range: &Range<u64>) -> impl Iterator<Item = u64> + use<> {
    let range = range.clone();
    WHEEL_PRIMES.into_iter().filter(move |p| range.contains(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_geometry_fits_any_cache() {
        let of = |l1, l2| Geometry::for_caches(Caches { l1, l2 });
        assert_eq!(of(48 << 10, 2 << 20), Geometry::new(32 << 10, 512 << 10));
        assert_eq!(of(32 << 10, 256 << 10), Geometry::new(32 << 10, 64 << 10));
        assert_eq!(of(128 << 10, 16 << 20), Geometry::new(128 << 10, 1 << 20));
        assert_eq!(of(1, 1), Geometry::new(8 << 10, 8 << 10));
        assert_eq!(of(usize::MAX, usize::MAX).segment(), 1 << 20);
    }
}
