//! What it costs: the time to find a cycle, and the price of being watched.

use std::hint::black_box;
use std::sync::Mutex;

use deadlock_detection::scenario::ring;
use deadlock_detection::{Detector, Error, Off, Policy, TrackedMutex};
use labkit::chart::Chart;
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use labkit::stats::median;

/// How often lock and unlock are timed; short each time, so that some aren't interrupted.
const ROUNDS: usize = 50;

/// The time from the wait that closes a ring to the answer, by the ring's size.
pub(super) fn latency(report: Report, run: &Run) -> Result<Report, Error> {
    let sizes: &[usize] = run.size(&[2, 4, 16, 64, 250, 1_000], &[2, 4, 16, 64]);
    let rounds = run.size(5, 3);
    let (mut points, mut complete) = (Vec::new(), true);
    for size in sizes {
        let rings: Vec<_> = (0..rounds).map(|_| ring::close(*size)).collect();
        complete &= rings.iter().all(|ring| ring.members == *size);
        let times: Vec<f64> = rings
            .iter()
            .map(|ring| 1e6 * ring.took.as_secs_f64())
            .collect();
        points.push((*size as f64, median(&times)));
    }
    let (largest, slowest) = points.last().copied().unwrap_or_default();
    let chart = Chart::lines("From the wait that closes a cycle to the answer")
        .x("threads in the cycle")
        .y("µs")
        .log_x()
        .log_y()
        .series("median", points);
    Ok(report
        .check(
            "cycles of every size are found by the wait that closes them, with all their members",
            complete,
            format!("up to {} threads and as many locks", number(largest)),
        )
        .headline(Figure::new(
            format!(
                "to find a cycle of {} threads and as many locks",
                number(largest)
            ),
            slowest,
            "µs",
        ))
        .heading("What it costs")
        .chart(chart))
}

/// Lock and unlock without anybody else: watched, not watched, and the standard library's.
pub(super) fn uncontended(report: Report, run: &Run) -> Result<Report, Error> {
    let pairs = run.size(40_000_u32, 10_000);
    let detector = Detector::new(Policy::Youngest);
    let tracked = TrackedMutex::named(&detector, "measured", 0_u64);
    let off: TrackedMutex<u64, Off> = TrackedMutex::untracked(0);
    let plain = Mutex::new(0_u64);
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        times[0].push(nanoseconds(pairs, || {
            bump(black_box(&plain).lock().as_deref_mut().ok())
        }));
        times[1].push(nanoseconds(pairs, || {
            bump(black_box(&off).lock().as_deref_mut().ok())
        }));
        times[2].push(nanoseconds(pairs, || {
            bump(black_box(&tracked).lock().as_deref_mut().ok())
        }));
    }
    // The best of them: whatever else the machine did, it did least then.
    let [plain, off, tracked] = times.map(|times| times.into_iter().fold(f64::INFINITY, f64::min));
    let table = Table::new(["mutex", "ns for lock and unlock", "times std"])
        .row(["std".to_owned(), number(plain), "1".to_owned()])
        .row([
            "tracked, Off".to_owned(),
            number(off),
            format!("{:.2}", off / plain),
        ])
        .row([
            "tracked".to_owned(),
            number(tracked),
            format!("{:.2}", tracked / plain),
        ]);
    Ok(report
        .text(
            "Who meets no one pays for one more compare-and-swap in each direction, and for a note of what it \
             holds, where and since when. These figures are of the build at hand; `cargo xtask bench \
             deadlock-detection` measures the optimized one.",
        )
        .table(table))
}

fn bump(value: Option<&mut u64>) {
    if let Some(value) = value {
        *value += 1;
    }
}

fn nanoseconds(pairs: u32, mut pair: impl FnMut()) -> f64 {
    let watch = Stopwatch::start();
    for _ in 0..pairs {
        pair();
    }
    1e9 * watch.seconds() / f64::from(pairs)
}
