//! Waiting longer after each failure, and never in step with others.
//!
//! Exponential growth with *full jitter*: the n-th wait is drawn evenly between zero and
//! `first · 2ⁿ`, at most `most` (Brooker, "Exponential Backoff and Jitter", 2015). Never sleeps: it
//! says how long, the driver waits.

use std::time::Duration;

use crate::rng::Stream;

/// A sequence of waits that grows until it is reset.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
    chance: Stream,
}

impl Backoff {
    /// Waits that start below `first` and never exceed `most`, drawn from `chance`.
    #[must_use]
    pub fn new(first: Duration, most: Duration, chance: Stream) -> Self {
        Backoff {
            first,
            most,
            failures: 0,
            chance,
        }
    }

    /// How long to wait after one more failure.
    pub fn next_wait(&mut self) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        let bound = self.first.saturating_mul(factor).min(self.most);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(self.chance.unit())
    }

    /// Starts anew after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// How many failures there were since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_stays_below_its_bound_for_ever(
            seed: u64,
            first in 1_u64..10_000,
            most in 1_u64..100_000,
            failures in 1_u32..200,
        ) {
            let (first, most) = (Duration::from_millis(first), Duration::from_millis(most));
            let mut backoff = Backoff::new(first, most, Stream::named(seed, "backoff"));
            for failure in 0..failures {
                let bound = first.saturating_mul(2_u32.saturating_pow(failure)).min(most);
                prop_assert!(backoff.next_wait() <= bound);
            }
            backoff.reset();
            prop_assert!(backoff.next_wait() <= first);
        }
    }

    #[test]
    fn waits_of_two_clients_are_not_in_step() {
        let waits = |seed| {
            let chance = Stream::named(seed, "client");
            let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60), chance);
            [backoff.next_wait(), backoff.next_wait()]
        };
        assert_ne!(waits(1), waits(2));
    }
}
