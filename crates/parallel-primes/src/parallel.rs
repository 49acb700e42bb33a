//! Many threads: who gets which part of a range, and what that does to the time.
//!
//! The work is a closure that counts in one chunk, so that any rung runs under either distribution.
//! Threads share nothing but the counter that hands out chunks; each returns what it did.

use std::iter;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use labkit::clock::Stopwatch;

use crate::error::Error;
use crate::wheel::sieving::SievingPrimes;
use crate::wheel::{self, Geometry};

/// More threads than any machine this is meant for has processors.
pub const MAX_THREADS: usize = 1024;

/// Chunks for each thread in dynamic distribution: the last one to finish is late by at most one
/// chunk, so about 1/32 of the whole at worst.
const CHUNKS_PER_THREAD: u64 = 32;

/// A chunk as it was done: which, when (from the common start), and what was found.
#[derive(Clone, Debug)]
pub struct Done {
    /// The chunk.
    pub range: Range<u64>,
    /// When it was begun.
    pub start: Duration,
    /// When it was finished.
    pub end: Duration,
    /// How many primes it holds.
    pub primes: u64,
}

/// What one thread did, chunk by chunk.
#[derive(Clone, Debug, Default)]
pub struct Load(Vec<Done>);

impl Load {
    /// The chunks in the order in which the thread did them.
    #[must_use]
    pub fn done(&self) -> &[Done] {
        &self.0
    }

    /// How long the thread was at work.
    #[must_use]
    pub fn busy(&self) -> Duration {
        self.0.iter().map(|done| done.end - done.start).sum()
    }

    /// How many primes it found.
    #[must_use]
    pub fn primes(&self) -> u64 {
        self.0.iter().map(|done| done.primes).sum()
    }
}

/// How long it took until the last thread was done.
#[must_use]
pub fn elapsed(loads: &[Load]) -> Duration {
    let done = loads.iter().flat_map(Load::done);
    done.map(|done| done.end).max().unwrap_or_default()
}

/// How many times as long as the average thread the longest one worked: 1 is perfect balance, the
/// number of threads is one thread doing everything.
#[must_use]
pub fn imbalance(loads: &[Load]) -> f64 {
    let busy = loads.iter().map(|load| load.busy().as_secs_f64());
    let longest = busy.clone().fold(0.0, f64::max);
    longest * loads.len() as f64 / busy.sum::<f64>()
}

/// Checks a number of threads; none given means one for each processor.
///
/// # Errors
/// [`Error::Threads`] if it is zero or beyond [`MAX_THREADS`].
pub fn threads(given: Option<usize>) -> Result<NonZeroUsize, Error> {
    let Some(given) = given else {
        return Ok(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    };
    NonZeroUsize::new(given)
        .filter(|given| given.get() <= MAX_THREADS)
        .ok_or(Error::Threads { given })
}

/// Cuts a range into `parts` of equal length (to within one number), in ascending order.
#[must_use]
pub fn equal_chunks(range: Range<u64>, parts: NonZeroUsize) -> Vec<Range<u64>> {
    // BEGIN SOLUTION stage 1: no number lost or in two chunks, and no overflow near 2^64
    let parts = parts.get() as u128;
    let len = u128::from(range.end.saturating_sub(range.start));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most the range's length, which is a u64"
    )]
    let cut = |part: u128| range.start + (len * part / parts) as u64;
    (0..parts).map(|part| cut(part)..cut(part + 1)).collect()
    // END SOLUTION
}

/// Cuts a range into chunks of `len` numbers, the last one shorter.
///
/// # Panics
/// If `len` is zero.
#[must_use]
pub fn chunks_of(range: Range<u64>, len: u64) -> Vec<Range<u64>> {
    // BEGIN SOLUTION stage 5: where does the last chunk end, and can that overflow?
    let count = range.end.saturating_sub(range.start).div_ceil(len);
    (0..count)
        .map(|chunk| range.start + chunk * len)
        .map(|start| start..range.end.min(start.saturating_add(len)))
        .collect()
    // END SOLUTION
}

/// Runs every chunk on a thread of its own, all at the same time.
///
/// # Panics
/// If `work` panics.
pub fn run_equal(chunks: &[Range<u64>], work: impl Fn(Range<u64>) -> u64 + Sync) -> Vec<Load> {
    let clock = Stopwatch::start();
    // BEGIN SOLUTION stage 1: a scoped thread per chunk; join them all and keep their order
    thread::scope(|scope| {
        let (clock, work) = (&clock, &work);
        let spawn = |range: &Range<u64>| {
            let range = range.clone();
            scope.spawn(move || Load(vec![timed(clock, range, work)]))
        };
        let threads: Vec<_> = chunks.iter().map(spawn).collect();
        threads.into_iter().map(join).collect()
    })
    // END SOLUTION
}

/// Runs chunks on `threads` threads, each of which takes the next chunk as soon as it is free.
///
/// # Panics
/// If `work` panics.
pub fn run_dynamic(
    chunks: &[Range<u64>],
    threads: NonZeroUsize,
    work: impl Fn(Range<u64>) -> u64 + Sync,
) -> Vec<Load> {
    let clock = Stopwatch::start();
    // BEGIN SOLUTION stage 5: how does a thread take the next chunk so that no other one does?
    // The counter only hands out numbers; the chunks themselves were there before the threads, and
    // the results come back through joining. So relaxed ordering is enough.
    let next = AtomicUsize::new(0);
    let take = || chunks.get(next.fetch_add(1, Ordering::Relaxed)).cloned();
    let worker = || {
        let done = iter::from_fn(take).map(|range| timed(&clock, range, &work));
        Load(done.collect())
    };
    thread::scope(|scope| {
        let spawn = |_| scope.spawn(worker);
        let threads: Vec<_> = (0..threads.get()).map(spawn).collect();
        threads.into_iter().map(join).collect()
    })
    // END SOLUTION
}

fn timed(clock: &Stopwatch, range: Range<u64>, work: &impl Fn(Range<u64>) -> u64) -> Done {
    let start = clock.elapsed();
    let primes = work(range.clone());
    Done {
        range,
        start,
        end: clock.elapsed(),
        primes,
    }
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}

/// How long the chunks of a range are in dynamic distribution.
///
/// Short enough to keep all threads busy to the end; but at least a segment, and long enough that
/// finding the first multiple of each sieving prime, which each chunk does anew, is little of it.
#[must_use]
pub fn chunk_len(range: &Range<u64>, threads: NonZeroUsize, geometry: Geometry) -> u64 {
    let len = range.end.saturating_sub(range.start);
    let threads = threads.get() as u64;
    let segment = 30 * geometry.segment() as u64;
    let worthwhile = segment.max(range.end.isqrt().saturating_mul(64));
    let most = len.div_ceil(threads).max(1);
    len.div_ceil(threads * CHUNKS_PER_THREAD)
        .max(worthwhile)
        .min(most)
}

/// Counts the primes of a range with the fastest rung on several threads. `progress` is told after
/// each segment how many numbers it held, by all threads.
pub fn count(
    range: Range<u64>,
    threads: NonZeroUsize,
    geometry: Geometry,
    progress: impl Fn(u64) + Sync,
) -> Vec<Load> {
    let sieving = SievingPrimes::for_end(range.end, geometry);
    let chunks = chunks_of(range.clone(), chunk_len(&range, threads, geometry));
    run_dynamic(&chunks, threads, |chunk| {
        wheel::count_by(chunk, &sieving, geometry, &progress)
    })
}

/// How many primes all threads found together.
#[must_use]
pub fn total(loads: &[Load]) -> u64 {
    loads.iter().map(Load::primes).sum()
}
