//! The n-th prime: count in chunks up to a bound above it, then look into the one chunk that holds it.

use std::num::NonZeroUsize;
use std::ops::Range;

use crate::error::Error;
use crate::parallel::{self, Done, Load};
use crate::wheel::segments::Segments;
use crate::wheel::sieving::SievingPrimes;
use crate::wheel::{Geometry, wheel_primes};

/// How many primes there are below 2^64 (OEIS A007053).
pub const PRIMES_BELOW_2_64: u64 = 425_656_284_035_217_743;

/// The `n`-th prime, counted from 1: the first is 2.
///
/// `progress` is told how many numbers have been sieved, of about [`upper_bound`].
///
/// # Errors
/// [`Error::NoSuchPrime`] if `n` is zero or there are not that many 64-bit primes.
///
/// # Panics
/// Never: the bound is proved.
pub fn nth(
    n: u64,
    threads: NonZeroUsize,
    geometry: Geometry,
    progress: impl Fn(u64) + Sync,
) -> Result<u64, Error> {
    if n == 0 || n > PRIMES_BELOW_2_64 {
        return Err(Error::NoSuchPrime {
            n,
            last: PRIMES_BELOW_2_64,
        });
    }
    let loads = parallel::count(0..upper_bound(n), threads, geometry, progress);
    // BEGIN SOLUTION stage 5: which chunk holds it, and as which of its primes?
    let mut chunks: Vec<&Done> = loads.iter().flat_map(Load::done).collect();
    chunks.sort_unstable_by_key(|chunk| chunk.range.start);
    let mut before = n - 1;
    let holds = |chunk: &&Done| {
        let here = before < chunk.primes;
        before -= if here { 0 } else { chunk.primes };
        here
    };
    let chunk = chunks.into_iter().find(holds);
    let range = chunk.map(|chunk| chunk.range.clone());
    let prime = range.and_then(|range| within(range, before, geometry));
    Ok(prime.expect("the bound lies above the n-th prime"))
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 5: finding the prime within its chunk may deserve a function
/// The prime of `range` that has `before` others before it.
fn within(range: Range<u64>, mut before: u64, geometry: Geometry) -> Option<u64> {
    for prime in wheel_primes(&range) {
        if before == 0 {
            return Some(prime);
        }
        before -= 1;
    }
    let sieving = SievingPrimes::for_end(range.end, geometry);
    let mut segments = Segments::new(range, &sieving, geometry);
    while let Some(segment) = segments.next_segment() {
        let count = segment.count();
        if before < count {
            return segment.primes().nth(usize::try_from(before).ok()?);
        }
        before -= count;
    }
    None
}
// END SOLUTION

/// A number above the `n`-th prime, by less than 0.02 % for n from a million on (Dusart 2010,
/// proposition 6.6, and Rosser and Schoenfeld 1962, for smaller n).
#[must_use]
pub fn upper_bound(n: u64) -> u64 {
    let n = n.max(6) as f64;
    let (log, loglog) = (n.ln(), n.ln().ln());
    let bound = if n < 688_383.0 {
        n * (log + loglog)
    } else {
        n * (log + loglog - 1.0 + (loglog - 2.0) / log)
    };
    // One part in 10^12 is far more than the rounding errors of these few operations.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and a bound beyond 2^64 becomes the largest number"
    )]
    let bound = (bound * (1.0 + 1e-12)).ceil() as u64;
    bound.saturating_add(1)
}
