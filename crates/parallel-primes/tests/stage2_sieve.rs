//! Stage 2: the sieve of Eratosthenes, with a byte for a number and with a bit for an odd number.

use std::time::Duration;

use labkit::wait;
use parallel_primes::odd_bits::OddBits;
use parallel_primes::{eratosthenes, odd_bits, trial};
use proptest::prelude::*;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn every_end_up_to_a_thousand() {
    wait::within(LIMIT, || {
        for end in 0..1000_usize {
            let expected: Vec<bool> = (0..end as u64).map(trial::is_prime).collect();
            assert_eq!(eratosthenes::sieve(end), expected, "bytes below {end}");
            let odd: Vec<u64> = (3..end as u64).filter(|n| trial::is_prime(*n)).collect();
            let bits = OddBits::below(end as u64);
            assert_eq!(bits.iter().collect::<Vec<_>>(), odd, "bits below {end}");
            assert_eq!(bits.len(), odd.len() as u64, "bits below {end}");
        }
    });
}

#[test]
fn the_square_of_a_prime_is_crossed_off() {
    wait::within(LIMIT, || {
        for p in [3, 5, 7, 31, 101, 997_u64] {
            // The square is the sieve's last number.
            let end = p * p + 1;
            assert_eq!(eratosthenes::count(p * p..end), 0, "{p}²");
            assert_eq!(odd_bits::count(p * p..end), 0, "{p}²");
        }
    });
}

#[test]
fn known_counts() {
    wait::within(LIMIT, || {
        for (end, count) in [
            (10, 4),
            (1000, 168),
            (1_000_000, 78_498),
            (10_000_000, 664_579),
        ] {
            assert_eq!(eratosthenes::count(0..end), count, "bytes below {end}");
            assert_eq!(odd_bits::count(0..end), count, "bits below {end}");
        }
    });
}

#[test]
fn ranges_agree_with_trial_division() {
    wait::within(LIMIT, || {
        proptest!(|(start in 0_u64..20_000, len in 0_u64..2_000)| {
            let expected = trial::count(start..start + len);
            prop_assert_eq!(eratosthenes::count(start..start + len), expected);
            prop_assert_eq!(odd_bits::count(start..start + len), expected);
        });
    });
}
