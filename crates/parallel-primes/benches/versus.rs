//! Against primesieve, the fastest program known for this, and against the crate primal.
//!
//! `primesieve` is timed by the seconds that it reports itself, which leave out the start of its
//! process; ours and `primal` by a stopwatch around the call. All count, none keeps a list.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::process::{Command, ExitCode};
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::versus::{Suite, Target, Work};
use parallel_primes::cache::Caches;
use parallel_primes::parallel::{self, total};
use parallel_primes::wheel::Geometry;

const PRIMESIEVE: &str = "primesieve";
const HOW_TO_GET_IT: &str = "apt install primesieve, or github.com/kimwalisch/primesieve";

/// What is counted, and how many primes that is, so that nobody is fast and wrong.
struct Count {
    name: &'static str,
    range: Range<u64>,
    primes: u64,
    /// The ratio to primesieve that is asked for.
    target: Target,
}

const COUNTS: [Count; 3] = [
    Count {
        name: "primes below 10^9",
        range: 0..1_000_000_000,
        primes: 50_847_534,
        target: Target::AtLeast(1.0),
    },
    Count {
        name: "primes below 10^10",
        range: 0..10_000_000_000,
        primes: 455_052_511,
        target: Target::AtLeast(1.0),
    },
    Count {
        name: "primes from 10^15, a billion numbers",
        range: 1_000_000_000_000_000..1_000_001_000_000_000,
        primes: 28_946_421,
        target: Target::None,
    },
];

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let cores = parallel::threads(None).unwrap_or(NonZeroUsize::MIN);
    for count in &COUNTS {
        against_peers(&mut suite, count, NonZeroUsize::MIN);
        if cores > NonZeroUsize::MIN {
            against_peers(&mut suite, count, cores);
            if let Target::AtLeast(_) = count.target {
                speedup(&mut suite, count, cores);
            }
        }
    }
    suite.finish()
}

fn work(count: &Count) -> Work {
    Work::items((count.range.end - count.range.start) as f64, "numbers")
}

fn against_peers(suite: &mut Suite, count: &Count, threads: NonZeroUsize) {
    let name = match threads.get() {
        1 => format!("{}, one thread", count.name),
        several => format!("{}, {several} threads", count.name),
    };
    let contest = suite
        .contest(name, work(count))
        .ours("wheel", || ours(count, threads));
    let contest = match version() {
        Some(version) => contest.peer(version, count.target, || primesieve(count, threads)),
        None => contest.missing(PRIMESIEVE, count.target, HOW_TO_GET_IT),
    };
    // primal has one thread only, and counts from 0.
    let contest = if threads == NonZeroUsize::MIN && count.range.start == 0 {
        contest.peer("primal", Target::None, || primal(count))
    } else {
        contest
    };
    contest.run();
}

/// Ours on all cores against ours on one: the target is 0.9 of the number of cores.
fn speedup(suite: &mut Suite, count: &Count, cores: NonZeroUsize) {
    let target = Target::AtLeast(0.9 * cores.get() as f64);
    suite
        .contest(format!("{}, speed-up", count.name), work(count))
        .ours(format!("{cores} threads"), || ours(count, cores))
        .peer("one thread", target, || ours(count, NonZeroUsize::MIN))
        .run();
}

fn ours(count: &Count, threads: NonZeroUsize) -> Duration {
    let geometry = Geometry::for_caches(Caches::detect());
    let clock = Stopwatch::start();
    let loads = parallel::count(count.range.clone(), threads, geometry, |_| ());
    let took = clock.elapsed();
    assert_eq!(total(&loads), count.primes);
    took
}

fn primal(count: &Count) -> Duration {
    let end = usize::try_from(count.range.end).expect("64 bits");
    let clock = Stopwatch::start();
    let counted = primal::StreamingSieve::prime_pi(end);
    let took = clock.elapsed();
    assert_eq!(counted as u64, count.primes);
    took
}

/// The version of the program on the path, if there is one.
fn version() -> Option<String> {
    let output = Command::new(PRIMESIEVE).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next()?.split(',').next()?;
    Some(line.to_owned())
}

fn primesieve(count: &Count, threads: NonZeroUsize) -> Duration {
    // Its ranges include their end.
    let range = [count.range.start, count.range.end - 1].map(|bound| bound.to_string());
    let output = Command::new(PRIMESIEVE)
        .args(range)
        .args(["--quiet", "--time", &format!("--threads={threads}")])
        .output()
        .expect("the program was there a moment ago");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.lines().any(|line| line == count.primes.to_string()),
        "{text}"
    );
    let seconds = text.lines().find_map(|line| line.strip_prefix("Seconds: "));
    let seconds = seconds.and_then(|seconds| seconds.trim().parse().ok());
    Duration::from_secs_f64(seconds.expect("a line `Seconds: ...`"))
}
