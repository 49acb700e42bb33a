//! Against what a professional would use instead: the standard library's mutex, and parking_lot's.
//!
//! The first two contests say what it costs to be watched, the third that it costs nothing not to be. The
//! rest times the detector itself, against the only detector at hand: parking_lot has one that looks at
//! intervals, so its latency is its interval, and there is no ratio to be taken.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use deadlock_detection::scenario::ring;
use deadlock_detection::{Detector, Off, Policy, TrackedMutex, TrackedRwLock};
use labkit::clock::Stopwatch;
use labkit::report::number;
use labkit::stats::median;
use labkit::versus::{Suite, Target, Work};

const PAIRS: u32 = 2_000_000;

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let pairs = if suite.quick() { PAIRS / 10 } else { PAIRS };
    watched(&mut suite, pairs);
    nested(&mut suite, pairs);
    unwatched(&mut suite, pairs);
    latency(&mut suite);
    suite.finish()
}

/// Uncontended lock and unlock: tracked against untracked ones.
fn watched(suite: &mut Suite, pairs: u32) {
    let detector = Detector::new(Policy::Youngest);
    let tracked = TrackedMutex::named(&detector, "bench", 0_u64);
    let shared = TrackedRwLock::named(&detector, "bench", 0_u64);
    let (plain, lot) = (Mutex::new(0_u64), parking_lot::Mutex::new(0_u64));
    suite
        .contest(
            "uncontended lock and unlock, watched",
            Work::items(f64::from(pairs), "pairs"),
        )
        .ours("TrackedMutex", || {
            timed(pairs, || *black_box(&tracked).lock().unwrap() += 1)
        })
        .peer("std Mutex", Target::AtLeast(0.25), || {
            timed(pairs, || *black_box(&plain).lock().unwrap() += 1)
        })
        .peer("parking_lot Mutex", Target::None, || {
            timed(pairs, || *black_box(&lot).lock() += 1)
        })
        .peer("TrackedRwLock, writing", Target::None, || {
            timed(pairs, || *black_box(&shared).write().unwrap() += 1)
        })
        .run();
}

/// One lock within another, with orders watched: what the global detector does.
fn nested(suite: &mut Suite, pairs: u32) {
    let detector = Detector::new(Policy::Youngest).watching_order();
    let [outer, inner] = ["outer", "inner"].map(|name| TrackedMutex::named(&detector, name, 0_u64));
    let plain = (Mutex::new(0_u64), Mutex::new(0_u64));
    let lot = (
        parking_lot::Mutex::new(0_u64),
        parking_lot::Mutex::new(0_u64),
    );
    suite
        .contest(
            "one lock within another, orders watched",
            Work::items(f64::from(pairs), "pairs"),
        )
        .ours("TrackedMutex", || {
            timed(pairs, || {
                let _outer = black_box(&outer).lock().unwrap();
                *black_box(&inner).lock().unwrap() += 1;
            })
        })
        .peer("std Mutex", Target::AtLeast(0.25), || {
            timed(pairs, || {
                let _outer = black_box(&plain.0).lock().unwrap();
                *black_box(&plain.1).lock().unwrap() += 1;
            })
        })
        .peer("parking_lot Mutex", Target::None, || {
            timed(pairs, || {
                let _outer = black_box(&lot.0).lock();
                *black_box(&lot.1).lock() += 1;
            })
        })
        .run();
}

/// Uncontended lock and unlock with the watch compiled out.
fn unwatched(suite: &mut Suite, pairs: u32) {
    let off: TrackedMutex<u64, Off> = TrackedMutex::untracked(0);
    let (plain, lot) = (Mutex::new(0_u64), parking_lot::Mutex::new(0_u64));
    suite
        .contest(
            "uncontended lock and unlock, unwatched",
            Work::items(f64::from(pairs), "pairs"),
        )
        .ours("TrackedMutex, Off", || {
            timed(pairs, || *black_box(&off).lock().unwrap() += 1)
        })
        // The same instructions: 1.0, to the hundredth that can be measured.
        .peer("std Mutex", Target::AtLeast(0.99), || {
            timed(pairs, || *black_box(&plain).lock().unwrap() += 1)
        })
        .peer("parking_lot Mutex", Target::None, || {
            timed(pairs, || *black_box(&lot).lock() += 1)
        })
        .run();
}

fn timed(pairs: u32, mut pair: impl FnMut()) -> Duration {
    let watch = Stopwatch::start();
    for _ in 0..pairs {
        pair();
    }
    watch.elapsed()
}

/// From the last request to the answer that it closes a cycle, by the length of the cycle.
fn latency(suite: &mut Suite) {
    let rounds = if suite.quick() { 3 } else { 11 };
    for size in [2, 10, 100, 1_000] {
        let times: Vec<f64> = (0..rounds)
            .map(|_| 1e6 * ring::close(size).took.as_secs_f64())
            .collect();
        suite.note(format!(
            "A cycle of {} threads and as many locks is found {} µs after the wait that closed it began \
             (median of {rounds}).",
            number(size as f64),
            number(median(&times)),
        ));
    }
}
