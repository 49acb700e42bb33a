//! Stage 4: the wheel of thirty, with patterns, whole turns and buckets.

use std::ops::Range;
use std::time::Duration;

use labkit::wait;
use parallel_primes::cache::Caches;
use parallel_primes::wheel::segments::Segments;
use parallel_primes::wheel::sieving::SievingPrimes;
use parallel_primes::wheel::{self, Geometry, wheel_primes};
use parallel_primes::{odd_bits, trial};
use proptest::prelude::*;

const LIMIT: Duration = Duration::from_secs(100);

/// So small that primes are small up to 512, medium up to 1024 and large from there on, and a segment
/// holds 30,720 numbers: all methods and many ends meet in a range of a few million.
fn tiny() -> Geometry {
    Geometry::new(256, 1024)
}

fn usual() -> Geometry {
    Geometry::for_caches(Caches::FALLBACK)
}

fn primes(range: Range<u64>, geometry: Geometry) -> Vec<u64> {
    let sieving = SievingPrimes::for_end(range.end, geometry);
    let mut primes: Vec<u64> = wheel_primes(&range).collect();
    let mut segments = Segments::new(range, &sieving, geometry);
    while let Some(segment) = segments.next_segment() {
        assert_eq!(segment.primes().count() as u64, segment.count());
        primes.extend(segment.primes());
    }
    primes
}

/// What an independent crate says, number by number.
fn independent(range: Range<u64>) -> Vec<u64> {
    range.filter(|n| primal::is_prime(*n)).collect()
}

#[test]
fn every_small_range() {
    wait::within(LIMIT, || {
        // Up to 200 there are the wheel's primes, all that patterns cross off, and the first others.
        for start in 0..200 {
            for end in start..200 {
                let expected: Vec<u64> = (start..end).filter(|n| trial::is_prime(*n)).collect();
                assert_eq!(primes(start..end, usual()), expected, "{start}..{end}");
            }
        }
    });
}

#[test]
fn known_counts() {
    wait::within(LIMIT, || {
        for geometry in [tiny(), usual(), Geometry::new(256, 256)] {
            for (end, count) in [(0, 0), (2, 0), (100, 25), (1_000_000, 78_498)] {
                assert_eq!(
                    wheel::count(0..end, geometry),
                    count,
                    "below {end}, {geometry:?}"
                );
            }
            assert_eq!(
                wheel::count(0..20_000_000, geometry),
                1_270_607,
                "{geometry:?}"
            );
        }
    });
}

#[test]
fn the_ends_of_every_segment() {
    wait::within(LIMIT, || {
        let numbers = 30 * tiny().segment() as u64;
        let all = primes(0..60 * numbers, tiny());
        let between = |range: &Range<u64>| {
            let rank = |n| all.partition_point(|p| *p < n);
            all[rank(range.start)..rank(range.end)].to_vec()
        };
        assert_eq!(all.len() as u64, odd_bits::count(0..60 * numbers));
        for boundary in (numbers..58 * numbers).step_by(tiny().segment() * 30) {
            for beside in [0, 1, 7, 29, 30, 31] {
                let range = boundary - beside..boundary + 2 * numbers + 31 - beside;
                assert_eq!(primes(range.clone(), tiny()), between(&range), "{range:?}");
            }
        }
    });
}

#[test]
fn the_square_of_every_kind_of_prime() {
    wait::within(LIMIT, || {
        // Crossed off by a pattern, by turns over blocks and over segments, and from a bucket; the
        // largest of each kind and the smallest of the next, and both neighbours of 7·2^k.
        for p in [
            7,
            163,
            167,
            509,
            521,
            1021,
            1031,
            1033,
            2053,
            65_537,
            1_000_003_u64,
        ] {
            for range in [p * p..p * p + 1, (p * p).saturating_sub(700)..p * p + 700] {
                let expected = independent(range.clone());
                assert_eq!(primes(range.clone(), tiny()), expected, "{p}² in {range:?}");
            }
        }
    });
}

#[test]
fn the_largest_prime_below_2_64_is_found() {
    wait::within(LIMIT, || {
        let top = u64::MAX - 300..u64::MAX;
        let found = primes(top.clone(), usual());
        assert_eq!(found.last(), Some(&(u64::MAX - 58)), "2^64-59");
        assert_eq!(found, independent(top));
    });
}

#[test]
fn a_long_way_through_buckets() {
    wait::within(LIMIT, || {
        // Four million primes wait in some thousand buckets; a segment is a fraction of their step.
        let start = 10_u64.pow(15);
        let geometry = Geometry::new(8 << 10, 16 << 10);
        // Counted with primesieve 11.0.
        assert_eq!(wheel::count(start..start + 20_000_000, geometry), 578_837);
    });
}

#[test]
fn ranges_agree_with_trial_division() {
    wait::within(LIMIT, || {
        proptest!(|(start in 0_u64..10_000_000, len in 0_u64..40_000)| {
            let expected = trial::count(start..start + len);
            prop_assert_eq!(wheel::count(start..start + len, tiny()), expected);
        });
    });
}

#[test]
fn ranges_agree_with_an_independent_crate() {
    wait::within(LIMIT, || {
        proptest!(|(exponent in 20_u32..42, offset in any::<u64>(), len in 0_u64..40_000)| {
            let start = (1 << exponent) + offset % (1 << exponent);
            let range = start..start + len;
            let expected = independent(range.clone());
            prop_assert_eq!(primes(range.clone(), tiny()), &expected[..]);
            prop_assert_eq!(wheel::count(range, usual()), expected.len() as u64);
        });
    });
}
