//! Rung 1: trial division. A number is prime if nothing from 2 to its root divides it.
//!
//! O(√n) divisions for one number, O(n √n / log n) for all below n: nearly all the time goes into
//! the primes themselves, since only they are tried to the end.

use std::ops::Range;

/// Whether `n` is prime.
#[must_use]
pub fn is_prime(n: u64) -> bool {
    // BEGIN SOLUTION stage 1: try every divisor up to the root; how far is that near 2^64?
    // Comparing the divisor with the quotient, not its square with n: the square of 2^32 overflows,
    // and the quotient comes with the remainder from the same instruction.
    n >= 2
        && (2..)
            .take_while(|d| *d <= n / d)
            .all(|d| !n.is_multiple_of(d))
    // END SOLUTION
}

/// How many primes `range` holds.
#[must_use]
pub fn count(range: Range<u64>) -> u64 {
    range.filter(|n| is_prime(*n)).count() as u64
}
