//! Rung 2: the sieve of Eratosthenes, a byte for every number.
//!
//! O(n log log n) additions and no division. What trial division finds out about every number again,
//! the sieve writes down once for all multiples of a prime. It pays with n bytes of memory, and past
//! the caches' size memory is what it waits for.

use std::ops::Range;

/// For every number below `end`, whether it is prime.
#[must_use]
pub fn sieve(end: usize) -> Vec<bool> {
    let mut prime = vec![true; end];
    // BEGIN SOLUTION stage 2: cross off the multiples of each prime; from where, and until when?
    prime
        .iter_mut()
        .take(2)
        .for_each(|below_two| *below_two = false);
    for p in (2..).take_while(|p| p * p < end) {
        if prime[p] {
            // Smaller multiples have a smaller prime factor and are crossed off already.
            prime[p * p..]
                .iter_mut()
                .step_by(p)
                .for_each(|multiple| *multiple = false);
        }
    }
    // END SOLUTION
    prime
}

/// How many primes `range` holds. It sieves everything below the end, wherever the range starts.
///
/// # Panics
/// If the end doesn't fit this machine's memory.
#[must_use]
pub fn count(range: Range<u64>) -> u64 {
    let place = |n| usize::try_from(n).expect("an end that fits the memory");
    let prime = sieve(place(range.end));
    prime
        .iter()
        .skip(place(range.start))
        .filter(|prime| **prime)
        .count() as u64
}
