//! Stage 5: dynamic distribution, the n-th prime, the list, and the laws of the speed-up.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use labkit::wait;
use parallel_primes::cache::Caches;
use parallel_primes::list::list;
use parallel_primes::nth::{nth, upper_bound};
use parallel_primes::parallel::{self, Load, chunk_len, chunks_of, imbalance, run_dynamic, total};
use parallel_primes::scaling::{Point, amdahl, fit_amdahl, fit_gustafson, gustafson, karp_flatt};
use parallel_primes::wheel::{self, Geometry};
use parallel_primes::{Error, odd_bits, trial};
use proptest::prelude::*;

const LIMIT: Duration = Duration::from_secs(100);

/// π(10^k), from k = 1 (OEIS A006880).
const PRIMES_BELOW_POWERS_OF_TEN: [u64; 11] = [
    4,
    25,
    168,
    1_229,
    9_592,
    78_498,
    664_579,
    5_761_455,
    50_847_534,
    455_052_511,
    4_118_054_813,
];

fn some(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("a positive number")
}

fn geometry() -> Geometry {
    Geometry::for_caches(Caches::detect())
}

fn count_below_powers_of_ten(powers: std::ops::RangeInclusive<u32>) {
    for power in powers {
        let range = 0..10_u64.pow(power);
        let loads = parallel::count(range, some(2), geometry(), |_| ());
        let expected = PRIMES_BELOW_POWERS_OF_TEN[power as usize - 1];
        assert_eq!(total(&loads), expected, "10^{power}");
    }
}

#[test]
fn primes_below_powers_of_ten() {
    wait::within(LIMIT, || count_below_powers_of_ten(1..=10));
}

#[test]
#[ignore = "a minute without optimization; cargo test --release -- --ignored"]
fn primes_below_10_to_the_11() {
    wait::within(6 * LIMIT, || count_below_powers_of_ten(11..=11));
}

#[test]
fn every_chunk_is_run_once() {
    wait::within(LIMIT, || {
        let chunks = chunks_of(0..100_000, 100);
        let seen = Mutex::new(Vec::new());
        let loads = run_dynamic(&chunks, some(3), |chunk| {
            seen.lock().expect("no thread panics").push(chunk.start);
            1
        });
        let mut seen = seen.into_inner().expect("no thread panics");
        seen.sort_unstable();
        assert_eq!(seen, (0..100_000).step_by(100).collect::<Vec<_>>());
        assert_eq!(total(&loads), 1000);
        assert_eq!(loads.len(), 3);
    });
}

#[test]
fn a_slow_chunk_holds_nobody_up() {
    wait::within(LIMIT / 5, || {
        // The first chunk ends only when all others have, so another thread must do all of those.
        let chunks = chunks_of(0..50, 1);
        let done = AtomicUsize::new(0);
        let loads = run_dynamic(&chunks, some(2), |chunk| {
            if chunk.start == 0 {
                while done.load(Ordering::Relaxed) < 49 {
                    std::thread::yield_now();
                }
            }
            done.fetch_add(1, Ordering::Relaxed);
            1
        });
        let mut by_thread: Vec<usize> = loads.iter().map(|load| load.done().len()).collect();
        by_thread.sort_unstable();
        assert_eq!(by_thread, [1, 49]);
    });
}

#[test]
fn no_prime_is_lost_or_doubled_between_chunks() {
    wait::within(LIMIT, || {
        // Every length puts the seams elsewhere: on primes, multiples of 30, and between.
        for len in 1..=64 {
            let chunks = chunks_of(3..2_003, len);
            assert!(chunks.windows(2).all(|pair| pair[0].end == pair[1].start));
            let loads = run_dynamic(&chunks, some(2), |chunk| wheel::count(chunk, geometry()));
            assert_eq!(total(&loads), trial::count(3..2_003), "chunks of {len}");
        }
    });
}

#[test]
fn chunks_at_the_top_do_not_overflow() {
    wait::within(LIMIT, || {
        let chunks = chunks_of(u64::MAX - 25..u64::MAX, 10);
        assert_eq!(chunks.len(), 3);
        assert_eq!(chunks.last(), Some(&(u64::MAX - 5..u64::MAX)));
        let whole = 0..u64::MAX;
        assert!(chunk_len(&whole, some(8), geometry()) <= u64::MAX / 8 + 1);
    });
}

#[test]
fn parallel_counts_agree_with_sequential_ones() {
    wait::within(LIMIT, || {
        proptest!(|(start in 0_u64..3_000_000, len in 0_u64..3_000_000, threads in 1_usize..6)| {
            let loads = parallel::count(start..start + len, some(threads), geometry(), |_| ());
            prop_assert_eq!(total(&loads), odd_bits::count(start..start + len));
        });
    });
}

#[test]
fn progress_adds_up_to_the_range() {
    wait::within(LIMIT, || {
        let sieved = AtomicU64::new(0);
        let add = |numbers| {
            sieved.fetch_add(numbers, Ordering::Relaxed);
        };
        let loads = parallel::count(0..30_000_000, some(2), geometry(), add);
        assert_eq!(total(&loads), 1_857_859);
        // Each chunk rounds up to whole bytes of the wheel.
        assert!((30_000_000..30_010_000).contains(&sieved.into_inner()));
    });
}

#[test]
fn the_first_thousands_of_primes_by_number() {
    wait::within(LIMIT, || {
        let primes: Vec<u64> = (2..20_000).filter(|n| trial::is_prime(*n)).collect();
        for (n, prime) in (1..=2_000).zip(&primes) {
            assert_eq!(
                nth(n, some(2), geometry(), |_| ()).ok(),
                Some(*prime),
                "number {n}"
            );
        }
    });
}

#[test]
fn known_primes_by_number() {
    wait::within(LIMIT, || {
        // OEIS A006988.
        for (n, prime) in [
            (100_000, 1_299_709),
            (1_000_000, 15_485_863),
            (10_000_000, 179_424_673),
        ] {
            assert_eq!(
                nth(n, some(2), geometry(), |_| ()).ok(),
                Some(prime),
                "number {n}"
            );
            assert!(upper_bound(n) > prime);
        }
    });
}

#[test]
fn there_is_no_prime_zero_and_no_65_bit_prime() {
    wait::within(LIMIT, || {
        // Solved wrongly or not at all, this would start to sieve all 64-bit numbers.
        assert_eq!(nth(1, some(1), geometry(), |_| ()).ok(), Some(2));
        for n in [0, parallel_primes::nth::PRIMES_BELOW_2_64 + 1] {
            let error = nth(n, some(1), geometry(), |_| ());
            assert!(matches!(error, Err(Error::NoSuchPrime { .. })), "{n}");
        }
    });
}

#[test]
fn a_list_has_every_prime_in_order() {
    wait::within(LIMIT, || {
        for range in [0..3, 2..1_000, 90..100, 24..24, 999_983..1_100_000] {
            let mut out = Vec::new();
            list(range.clone(), geometry(), &mut out, |_| ()).expect("memory can be written");
            let expected: String = range
                .filter(|n| trial::is_prime(*n))
                .map(|p| format!("{p}\n"))
                .collect();
            assert_eq!(String::from_utf8(out).as_deref(), Ok(expected.as_str()));
        }
    });
}

#[test]
fn the_laws_of_the_speed_up() {
    wait::within(LIMIT, || {
        let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-9, "{left} {right}");
        // A tenth serial: 10 / 1.9 times as fast on 10 processors; 9.1 times as much in the same time.
        close(amdahl(0.1, 10.0), 10.0 / 1.9);
        close(gustafson(0.1, 10.0), 9.1);
        let of = |law: fn(f64, f64) -> f64, serial| {
            [2.0, 4.0, 8.0].map(|processors| Point {
                processors,
                speedup: law(serial, processors),
            })
        };
        for serial in [0.0, 0.03, 0.5, 1.0] {
            close(fit_amdahl(&of(amdahl, serial)), serial);
            close(fit_gustafson(&of(gustafson, serial)), serial);
            for point in of(amdahl, serial) {
                close(karp_flatt(point).unwrap_or(f64::NAN), serial);
            }
        }
        let alone = Point {
            processors: 1.0,
            speedup: 1.0,
        };
        assert_eq!(karp_flatt(alone), None);
        close(fit_amdahl(&[alone]), 0.0);
    });
}

#[test]
fn imbalance_of_one_is_balance() {
    wait::within(LIMIT, || {
        let chunks = chunks_of(0..2, 1);
        let alone: Vec<Load> = run_dynamic(&chunks, some(1), trial::count);
        assert!((imbalance(&alone) - 1.0).abs() < 1e-9);
        let idle = vec![alone[0].clone(), Load::default()];
        assert!((imbalance(&idle) - 2.0).abs() < 1e-9);
    });
}
