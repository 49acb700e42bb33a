//! Stage 1: trial division, alone and in equal chunks on threads of their own.

use std::num::NonZeroUsize;
use std::sync::Barrier;
use std::time::Duration;

use labkit::wait;
use parallel_primes::parallel::{equal_chunks, run_equal, total};
use parallel_primes::trial;

const LIMIT: Duration = Duration::from_secs(60);

fn parts(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("a positive number of parts")
}

#[test]
fn the_first_primes() {
    wait::within(LIMIT, || {
        let primes: Vec<u64> = (0..50).filter(|n| trial::is_prime(*n)).collect();
        assert_eq!(
            primes,
            [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]
        );
    });
}

#[test]
fn squares_of_primes_are_composite() {
    wait::within(LIMIT, || {
        for p in [2, 3, 5, 7, 101, 7919, 65_537] {
            assert!(!trial::is_prime(p * p), "{p}²");
        }
    });
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    wait::within(LIMIT, || {
        // Each has a factor below a million, so that this is quick.
        for n in [u64::MAX, u64::MAX - 1, u64::MAX - 2, u64::MAX - 3] {
            assert!(!trial::is_prime(n), "{n}");
        }
    });
}

#[test]
fn known_counts() {
    wait::within(LIMIT, || {
        for (end, count) in [(0, 0), (2, 0), (3, 1), (10, 4), (100, 25), (10_000, 1229)] {
            assert_eq!(trial::count(0..end), count, "below {end}");
        }
        assert_eq!(trial::count(1_000_000..1_001_000), 75);
    });
}

#[test]
fn equal_chunks_cover_a_range_once_and_evenly() {
    wait::within(LIMIT, || {
        for range in [
            0..100,
            7..8,
            5..5,
            17..1_000_003,
            0..u64::MAX,
            u64::MAX - 5..u64::MAX,
        ] {
            for n in [1, 2, 3, 7, 16] {
                let chunks = equal_chunks(range.clone(), parts(n));
                assert_eq!(chunks.len(), n);
                assert_eq!(
                    (chunks[0].start, chunks[n - 1].end),
                    (range.start, range.end)
                );
                assert!(chunks.windows(2).all(|pair| pair[0].end == pair[1].start));
                let len = chunks.iter().map(|chunk| chunk.end - chunk.start);
                let spread = len.clone().max().unwrap_or(0) - len.min().unwrap_or(0);
                assert!(spread <= 1, "{range:?} in {n} parts differs by {spread}");
            }
        }
    });
}

#[test]
fn chunks_run_at_the_same_time_and_add_up() {
    wait::within(LIMIT, || {
        let chunks = equal_chunks(0..20_000, parts(4));
        // Opens only when all four chunks are being worked on at once.
        let together = Barrier::new(4);
        let loads = run_equal(&chunks, |chunk| {
            together.wait();
            trial::count(chunk)
        });
        assert_eq!(total(&loads), 2262);
        for (chunk, load) in chunks.iter().zip(&loads) {
            let done: Vec<_> = load.done().iter().map(|done| &done.range).collect();
            assert_eq!(
                done,
                [chunk],
                "a thread has one chunk, in the chunks' order"
            );
        }
    });
}
