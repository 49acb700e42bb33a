//! The smallest primes: their multiples repeat, so they are crossed off by copying a pattern.
//!
//! The multiples of 7 repeat every 7 bytes of the wheel, those of 7, 11 and 13 together every 1001.
//! A handful of such patterns ANDed together, many bytes at a time, crosses off all multiples of the
//! primes up to [`LARGEST`], which would be more than half of all the work one by one.

use std::sync::LazyLock;

use super::{BIT, simd};

/// The largest prime that is crossed off by patterns. A pattern costs the same for any prime, single
/// crossings get rarer as primes grow; measured, they meet between 150 and 250.
pub const LARGEST: u64 = 163;

/// How many bytes are filled at a time, and how far a pattern goes on past its period.
pub(crate) const STRIDE: usize = 256;

/// The longest period of a pattern, in bytes. Fewer and longer patterns mean fewer ANDs, until
/// together they no longer fit the second-level cache.
const LONGEST_PERIOD: usize = 16 << 10;

/// The multiples of some primes, crossed off in as many bytes as their product, and once more in the
/// [`STRIDE`] bytes after it, so that a stride can begin anywhere in the period.
pub(crate) struct Pattern {
    pub(crate) period: usize,
    pub(crate) bytes: Vec<u8>,
}

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for prime in primes().map(|prime| prime as usize) {
        let fits =
            |group: &&mut Vec<usize>| prime * group.iter().product::<usize>() <= LONGEST_PERIOD;
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(prime),
            None => groups.push(vec![prime]),
        }
    }
    groups.iter().map(|group| Pattern::of(group)).collect()
});

impl Pattern {
    fn of(primes: &[usize]) -> Self {
        let period: usize = primes.iter().product();
        let mut bytes = vec![u8::MAX; period + STRIDE];
        // BEGIN SOLUTION stage 4: clear the bit of every multiple; of which multiples is there none?
        for prime in primes {
            for multiple in (0..bytes.len() * 30).step_by(*prime) {
                if BIT[multiple % 30] < 8 {
                    bytes[multiple / 30] &= !(1 << BIT[multiple % 30]);
                }
            }
        }
        // END SOLUTION
        Pattern { period, bytes }
    }
}

/// The primes that the patterns stand for: 7 to [`LARGEST`].
pub(crate) fn primes() -> impl Iterator<Item = u64> {
    (7..=LARGEST).filter(|n| crate::trial::is_prime(*n))
}

/// Fills `sieve`, whose first byte is the number `at` of the whole wheel, with all ones but for the
/// multiples of 7 to [`LARGEST`], those primes among them.
///
/// # Panics
/// Unless `sieve` is a whole number of strides long.
pub(crate) fn fill(sieve: &mut [u8], at: u64) {
    let (strides, rest) = sieve.as_chunks_mut::<STRIDE>();
    assert!(rest.is_empty(), "a sieve of whole strides");
    let mut phases: Vec<(&Pattern, usize)> = PATTERNS
        .iter()
        .map(|pattern| (pattern, (at % pattern.period as u64) as usize))
        .collect();
    simd::and_patterns(strides, &mut phases);
}
