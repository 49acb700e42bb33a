//! Rung 4: the odd-only bit sieve, one cache-sized segment after the other.
//!
//! Still O(n log log n), but the bits being crossed off stay in the first-level cache, and memory is
//! O(√n + segment) instead of O(n) (Bays and Hudson 1977). A range may start anywhere.

use std::ops::Range;

use crate::odd_bits::OddBits;

/// A sieving prime and the bit of its next odd multiple, counted from the current segment's start.
struct Multiple {
    prime: u64,
    next: u64,
}

/// How many primes `range` holds, sieved in segments of `segment_bytes` (rounded up to 8).
///
/// Bit i of a segment that starts at the even number `low` stands for `low + 2i + 1`.
#[must_use]
pub fn count(range: Range<u64>, segment_bytes: usize) -> u64 {
    // Starting at 2 leaves out the number 1, which is no multiple of a prime.
    let low = range.start.max(2) & !1;
    let mut bits_left = range.end.saturating_sub(low) / 2;
    let root = range.end.saturating_sub(1).isqrt();
    let mut multiples: Vec<Multiple> = OddBits::below(root + 1)
        .iter()
        .map(|prime| Multiple {
            prime,
            next: first_multiple(prime, low),
        })
        .collect();
    let mut segment = vec![0_u64; segment_bytes.div_ceil(8).max(1)];
    let mut count = u64::from(range.contains(&2));
    while bits_left > 0 {
        let bits = bits_left.min(segment.len() as u64 * 64);
        segment.fill(u64::MAX);
        cross_off(&mut segment, bits, &mut multiples);
        count += ones(&segment, bits);
        bits_left -= bits;
    }
    count
}

/// The bit of the first odd multiple of `prime` that is at least its square and not below `low`.
fn first_multiple(prime: u64, low: u64) -> u64 {
    // BEGIN SOLUTION stage 3: mind that low + prime can exceed 64 bits; which multiples are even?
    let square = prime * prime;
    let distance = match (square.checked_sub(low), low % prime) {
        (Some(distance), _) => distance,
        (None, 0) => prime,
        // The number `low` is even, so an odd multiple is at an odd distance.
        (None, past) if (prime - past) % 2 == 1 => prime - past,
        (None, past) => 2 * prime - past,
    };
    distance / 2
    // END SOLUTION
}

/// Crosses off all multiples among the segment's first `bits` bits, and moves on to the next segment.
fn cross_off(segment: &mut [u64], bits: u64, multiples: &mut [Multiple]) {
    // BEGIN SOLUTION stage 3: where must a prime go on in the next segment?
    for Multiple { prime, next } in multiples {
        while *next < bits {
            segment[(*next / 64) as usize] &= !(1 << (*next % 64));
            *next += *prime;
        }
        *next -= bits;
    }
    // END SOLUTION
}

/// How many of the first `bits` bits are set.
fn ones(segment: &[u64], bits: u64) -> u64 {
    let (whole, rest) = ((bits / 64) as usize, bits % 64);
    let last = segment
        .get(whole)
        .map_or(0, |word| word & ((1 << rest) - 1));
    let whole: u32 = segment[..whole].iter().map(|word| word.count_ones()).sum();
    u64::from(whole + last.count_ones())
}
