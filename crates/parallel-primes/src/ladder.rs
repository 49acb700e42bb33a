//! The rungs of the ladder side by side: one name, cost and purpose for each.

use std::fmt;
use std::ops::Range;

use crate::cache::Caches;
use crate::error::Error;
use crate::wheel::Geometry;
use crate::{eratosthenes, odd_bits, segmented, trial, wheel};

/// A way to count primes. Each buys something that the one before it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Rung {
    /// Trial division by every number up to the root.
    Trial,
    /// The sieve of Eratosthenes, a byte a number.
    Eratosthenes,
    /// A bit for every odd number.
    OddBits,
    /// The same in segments that fit the first cache level.
    Segmented,
    /// A wheel of 30, patterns, whole turns and buckets.
    Wheel,
}

impl Rung {
    /// All rungs from the lowest.
    pub const ALL: [Rung; 5] = [
        Rung::Trial,
        Rung::Eratosthenes,
        Rung::OddBits,
        Rung::Segmented,
        Rung::Wheel,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Rung::Trial => "trial division",
            Rung::Eratosthenes => "Eratosthenes",
            Rung::OddBits => "odd bits",
            Rung::Segmented => "segmented",
            Rung::Wheel => "wheel",
        }
    }

    /// Time and memory for all primes below n.
    #[must_use]
    pub fn cost(self) -> &'static str {
        match self {
            Rung::Trial => "n √n / log n; none",
            Rung::Eratosthenes => "n log log n; n bytes",
            Rung::OddBits => "n log log n; n/16 bytes",
            Rung::Segmented => "n log log n; √n and the L1 cache",
            Rung::Wheel => "n log log n; √n and the L2 cache",
        }
    }

    /// What it buys.
    #[must_use]
    pub fn buys(self) -> &'static str {
        match self {
            Rung::Trial => "needs nothing but a division",
            Rung::Eratosthenes => "a composite costs an addition per prime factor",
            Rung::OddBits => "half the crossings, 16 times as much in a cache",
            Rung::Segmented => "memory is no longer waited for, nor the limit",
            Rung::Wheel => "a fifth of the crossings, of one instruction each",
        }
    }

    /// The largest end of a range that it takes: what isn't segmented needs memory for all of it.
    #[must_use]
    pub fn limit(self) -> u64 {
        match self {
            Rung::Trial | Rung::Wheel => u64::MAX,
            // A byte for each number, 1 GiB.
            Rung::Eratosthenes => 1 << 30,
            // A bit for each odd number, 1 GiB.
            Rung::OddBits => 1 << 34,
            // 16 bytes for each of the 5.8 million primes up to the root.
            Rung::Segmented => 10_u64.pow(16),
        }
    }

    /// How many primes `range` holds.
    ///
    /// # Errors
    /// [`Error::Memory`] if the range ends beyond [`Rung::limit`].
    pub fn count(self, range: Range<u64>, caches: Caches) -> Result<u64, Error> {
        if range.end > self.limit() {
            return Err(Error::Memory {
                rung: self.name(),
                end: range.end,
                limit: self.limit(),
            });
        }
        Ok(match self {
            Rung::Trial => trial::count(range),
            Rung::Eratosthenes => eratosthenes::count(range),
            Rung::OddBits => odd_bits::count(range),
            Rung::Segmented => segmented::count(range, caches.l1),
            Rung::Wheel => wheel::count(range, Geometry::for_caches(caches)),
        })
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
