//! The lab's experiments: the same work done in several ways, and how long each took.
//!
//! Counts are returned beside the times, so that a fast wrong answer is seen to be one.

use std::iter;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::slice;
use std::time::Duration;

use labkit::clock::Stopwatch;

use crate::cache::Caches;
use crate::error::Error;
use crate::ladder::Rung;
use crate::parallel::{self, Load, chunks_of, equal_chunks, run_dynamic, run_equal};
use crate::scaling::Point;
use crate::trial;
use crate::wheel::Geometry;

/// Short work is repeated until it took this long together; the fastest round counts.
const SHORTEST: Duration = Duration::from_millis(2);

/// How often a speed-up is measured. Here too the fastest round counts, since all that other programs
/// can do to a measurement is to lengthen it.
pub const ROUNDS: usize = 3;

/// Chunks for each thread when trial division is distributed dynamically.
const CHUNKS_PER_THREAD: u64 = 16;

/// How long a rung took to count all primes below 10^`power`.
#[derive(Clone, Copy, Debug)]
pub struct RungTime {
    /// The end's power of ten.
    pub power: u32,
    /// Seconds.
    pub seconds: f64,
    /// How many primes it counted.
    pub primes: u64,
}

/// Times a rung for 10^3, 10^4, … up to 10^`most`, and stops where the next would take longer than
/// about `budget`.
///
/// # Errors
/// That of [`Rung::count`], which these ends don't reach.
pub fn climb(
    rung: Rung,
    most: u32,
    budget: Duration,
    caches: Caches,
) -> Result<Vec<RungTime>, Error> {
    let mut times: Vec<RungTime> = Vec::new();
    for power in 3..=most {
        if times
            .last()
            .is_some_and(|last| 10.0 * last.seconds > budget.as_secs_f64())
        {
            break;
        }
        let all = Stopwatch::start();
        let (mut seconds, mut primes) = (f64::INFINITY, 0);
        while seconds.is_infinite() || all.elapsed() < SHORTEST {
            let clock = Stopwatch::start();
            primes = rung.count(0..10_u64.pow(power), caches)?;
            seconds = seconds.min(clock.seconds());
        }
        times.push(RungTime {
            power,
            seconds,
            primes,
        });
    }
    Ok(times)
}

/// What the threads did under each distribution of the same work.
#[derive(Debug)]
pub struct Balance {
    /// All of it on one thread.
    pub alone: Vec<Load>,
    /// One chunk for each thread, all of the same length.
    pub equal: Vec<Load>,
    /// Many chunks, taken when a thread is free.
    pub dynamic: Vec<Load>,
}

/// Counts the primes of `range` by trial division, whose cost grows with the numbers: on one thread,
/// in equal chunks, and dynamically.
#[must_use]
pub fn balance(range: &Range<u64>, threads: NonZeroUsize) -> Balance {
    let parts = threads.get() as u64 * CHUNKS_PER_THREAD;
    let len = (range.end - range.start).div_ceil(parts).max(1);
    let pieces = chunks_of(range.clone(), len);
    Balance {
        alone: run_equal(slice::from_ref(range), trial::count),
        equal: run_equal(&equal_chunks(range.clone(), threads), trial::count),
        dynamic: run_dynamic(&pieces, threads, trial::count),
    }
}

/// How the fastest rung scales with threads.
#[derive(Clone, Debug)]
pub struct Speedup {
    /// The same work on more threads.
    pub fixed: Vec<Point>,
    /// As many times the work as there are threads.
    pub scaled: Vec<Point>,
    /// Seconds of one thread on the fixed work.
    pub seconds: f64,
    /// How many primes one thread counted.
    pub primes: u64,
    /// Whether every number of threads counted the same.
    pub agree: bool,
}

/// The numbers of threads to measure: 1, 2, 4, … and `most`.
#[must_use]
pub fn doubling(most: NonZeroUsize) -> Vec<NonZeroUsize> {
    let two = NonZeroUsize::MIN.saturating_add(1);
    let doubled = iter::successors(Some(NonZeroUsize::MIN), |n| n.checked_mul(two));
    doubled.take_while(|n| *n < most).chain([most]).collect()
}

/// Measures the speed-up of counting all primes below `end` on each of these numbers of threads, the
/// first of which is one. `progress` is told after each round, of which there are [`ROUNDS`].
#[must_use]
pub fn speedup(
    end: u64,
    threads: &[NonZeroUsize],
    geometry: Geometry,
    progress: impl Fn(),
) -> Speedup {
    let mut fixed = vec![f64::INFINITY; threads.len()];
    let mut scaled = fixed.clone();
    let mut counts = Vec::new();
    // Round by round, so that a change of the machine's mood meets all numbers of threads.
    for _ in 0..ROUNDS {
        for (at, threads) in threads.iter().enumerate() {
            let more = end.saturating_mul(threads.get() as u64);
            let (seconds, primes) = count(end, *threads, geometry);
            let (seconds_for_more, _) = count(more, *threads, geometry);
            fixed[at] = seconds.min(fixed[at]);
            scaled[at] = seconds_for_more.min(scaled[at]);
            counts.push(primes);
        }
        progress();
    }
    // For one thread both are the same work.
    let alone = fixed[0].min(scaled[0]);
    (fixed[0], scaled[0]) = (alone, alone);
    let processors = threads.iter().map(|threads| threads.get() as f64);
    let point = |(processors, speedup)| Point {
        processors,
        speedup,
    };
    let gain = fixed.iter().map(|seconds| alone / seconds);
    let scaled_gain = scaled
        .iter()
        .zip(processors.clone())
        .map(|(s, p)| p * alone / s);
    Speedup {
        fixed: processors.clone().zip(gain).map(point).collect(),
        scaled: processors.zip(scaled_gain).map(point).collect(),
        seconds: alone,
        primes: counts[0],
        agree: counts.iter().all(|primes| *primes == counts[0]),
    }
}

/// How many seconds it takes to count the primes below `end`, and how many there are.
fn count(end: u64, threads: NonZeroUsize, geometry: Geometry) -> (f64, u64) {
    let clock = Stopwatch::start();
    let primes = parallel::total(&parallel::count(0..end, threads, geometry, |_| ()));
    (clock.seconds(), primes)
}
