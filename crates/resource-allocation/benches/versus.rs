//! Against progressive filling as it is usually written: from event to event, looking at everybody
//! (O(n²)); in the order of a sort (O(n log n) to the letter: who gains on it from the small size to the
//! large one grows no faster); and task by task through a heap, as cluster managers do it.
//!
//! A round is a whole re-allocation: new demands of everyone are checked and taken in, then the pool
//! is shared.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::process::ExitCode;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::rng::Stream;
use labkit::stats::median;
use labkit::versus::{Suite, Target, Work};
use resource_allocation::fairness::conserves;
use resource_allocation::quantities::Quantities;
use resource_allocation::{Allocation, Policy, Pool, Problem, Service};

const KINDS: [&str; 4] = ["cpu", "memory", "disk", "network"];
const MANY: usize = 100_000;
/// What the specification allows for a re-allocation of so many.
const BUDGET_MS: f64 = 50.0;
/// As many as looking at everybody for every event can still do in a blink.
const FEW: usize = 4_000;
/// How finely the peer with a heap cuts a demand.
const TASKS: u32 = 10;

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let few = Case::new(FEW);
    suite
        .contest(
            format!("drf, {FEW} services x 4"),
            Work::items(FEW as f64, "services"),
        )
        .ours("by bisection", || few.timed(drf))
        .peer("event by event", Target::AtLeast(10.0), || {
            few.timed(event_by_event)
        })
        .peer("by a sort", Target::None, || few.timed(by_sort))
        .run();
    let many = Case::new(MANY);
    suite
        .contest(
            format!("drf, {MANY} services x 4"),
            Work::items(MANY as f64, "services"),
        )
        .ours("by bisection", || many.timed(drf))
        .peer(
            "ten tasks each, through a heap",
            Target::AtLeast(1.0),
            || many.timed(by_heap),
        )
        .peer("by a sort", Target::AtLeast(1.0), || many.timed(by_sort))
        .run();
    // n log n: what a service costs grows with log n alone, so the rate falls by ln 10⁴ / ln 10⁵.
    let tenth = Case::new(MANY / 10);
    let growth = (MANY as f64 / 10.0).ln() / (MANY as f64).ln();
    suite
        .contest(
            "drf, ten times as many services",
            Work::items(1.0, "services"),
        )
        .ours("each of 100000", || many.timed(drf) / 100_000)
        .peer("each of 10000", Target::AtLeast(growth), || {
            tenth.timed(drf) / 10_000
        })
        .run();
    let rounds = if suite.quick() { 5 } else { 51 };
    for policy in Policy::ALL {
        let times: Vec<f64> = (0..rounds)
            .map(|_| 1e3 * many.timed(|it| allocate(policy, it)).as_secs_f64())
            .collect();
        suite.note(format!(
            "{}: {:.1} ms for a re-allocation of {MANY} services x 4 (median of {rounds}; {BUDGET_MS} ms \
             are allowed).",
            policy.name(),
            median(&times)
        ));
    }
    suite.finish()
}

/// A problem, and the demands that are to replace what it has.
struct Case {
    problem: std::cell::RefCell<Problem>,
    next: Quantities,
}

impl Case {
    fn new(services: usize) -> Self {
        let mut chance = Stream::named(1, "versus");
        let pool = Pool::new(KINDS.map(|kind| (kind, services as f64))).expect("a pool");
        // One in five needs nothing of a kind, so that kinds are used up one after the other.
        let mut demand = || -> Vec<f64> {
            let cell = |_| {
                if chance.below(5) == 0 {
                    0.0
                } else {
                    4.0 * chance.unit()
                }
            };
            KINDS.map(cell).to_vec()
        };
        let named = |at| Service::new(format!("s{at}"), demand()).weight(1.0 + (at % 3) as f64);
        let all: Vec<Service> = (0..services).map(named).collect();
        let rows: Vec<Vec<f64>> = (0..services).map(|_| demand()).collect();
        Case {
            problem: Problem::new(pool, all).expect("it makes sense").into(),
            next: Quantities::of(KINDS.len(), rows.iter().map(|row| &row[..])),
        }
    }

    /// How long it takes to take the new demands in and share.
    fn timed(&self, share: impl FnOnce(&Problem) -> Allocation) -> Duration {
        let mut problem = self.problem.borrow_mut();
        let watch = Stopwatch::start();
        for (service, demand) in self.next.rows().enumerate() {
            problem
                .set_demand(service, demand)
                .expect("within the capacity");
        }
        let allocation = share(&problem);
        let took = watch.elapsed();
        assert!(conserves(
            &allocation,
            problem.demands(),
            problem.capacities()
        ));
        took
    }
}

fn drf(problem: &Problem) -> Allocation {
    allocate(Policy::Drf, problem)
}

fn allocate(policy: Policy, problem: &Problem) -> Allocation {
    policy.allocator().allocate(problem)
}

/// The level rises to the next event, and then everybody is looked at again.
fn event_by_event(problem: &Problem) -> Allocation {
    let speed: Vec<f64> = (0..problem.services())
        .map(|at| problem.weights()[at] / problem.dominant_demand(at))
        .collect();
    let mut parts = vec![0.0; problem.services()];
    let mut rising: Vec<usize> = (0..problem.services())
        .filter(|at| speed[*at].is_finite())
        .collect();
    let mut left = problem.capacities().to_vec();
    while !rising.is_empty() {
        let mut rates = [0.0; KINDS.len()];
        let mut rise = f64::INFINITY;
        for at in &rising {
            rise = rise.min((1.0 - parts[*at]) / speed[*at]);
            for (rate, demand) in rates.iter_mut().zip(problem.demands().row(*at)) {
                *rate += speed[*at] * demand;
            }
        }
        for (left, rate) in left.iter().zip(rates) {
            if rate > 0.0 {
                rise = rise.min((left / rate).max(0.0));
            }
        }
        for at in &rising {
            parts[*at] += rise * speed[*at];
        }
        for (left, rate) in left.iter_mut().zip(rates) {
            *left -= rise * rate;
        }
        let gone = |kind: usize| left[kind] <= 1e-12 * problem.capacities()[kind];
        rising.retain(|at| {
            let demand = problem.demands().row(*at);
            parts[*at] < 1.0 - 1e-12
                && !(0..KINDS.len()).any(|kind| demand[kind] > 0.0 && gone(kind))
        });
    }
    granted(problem, &parts)
}

/// Everyone in the order in which they are satisfied, and the first whom the level doesn't reach.
fn by_sort(problem: &Problem) -> Allocation {
    let level_of = |at| problem.dominant_demand(at) / problem.weights()[at];
    let services = (0..problem.services()).map(|at| (level_of(at), at));
    let mut rising: Vec<(f64, usize)> = services.filter(|(full_at, _)| *full_at > 0.0).collect();
    rising.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let mut parts = vec![1.0; problem.services()];
    let mut used = [0.0; KINDS.len()];
    while let Some((kind, level)) = first_stop(problem, &rising, used) {
        rising.retain(|(full_at, at)| {
            let demand = problem.demands().row(*at);
            let part = (level / full_at).min(1.0);
            let stops = part == 1.0 || demand[kind] > 0.0;
            if stops {
                parts[*at] = part;
                add(&mut used, demand, part);
            }
            !stops
        });
    }
    granted(problem, &parts)
}

fn first_stop(problem: &Problem, rising: &[(f64, usize)], used: Row) -> Option<(usize, f64)> {
    let demand = |at: usize| problem.demands().row(at);
    // What those from each place on take for each unit of level, summed from the end.
    let mut rates = vec![[0.0; KINDS.len()]; rising.len() + 1];
    for (place, (full_at, at)) in rising.iter().enumerate().rev() {
        rates[place] = rates[place + 1];
        add(&mut rates[place], demand(*at), 1.0 / full_at);
    }
    let mut below = used;
    for ((full_at, at), rates) in rising.iter().zip(&rates) {
        let level = |kind: usize| (problem.capacities()[kind] - below[kind]).max(0.0) / rates[kind];
        let kinds = (0..KINDS.len()).filter(|kind| rates[*kind] > 0.0);
        let stop = kinds.min_by(|left, right| level(*left).total_cmp(&level(*right)));
        if let Some(kind) = stop.filter(|kind| level(*kind) < *full_at) {
            return Some((kind, level(kind)));
        }
        add(&mut below, demand(*at), 1.0);
    }
    None
}

/// A quantity of each kind.
type Row = [f64; KINDS.len()];

fn add(sums: &mut Row, row: &[f64], factor: f64) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += factor * value;
    }
}

/// Whoever has the lowest dominant share gets another tenth of what it demands.
fn by_heap(problem: &Problem) -> Allocation {
    let step = 1.0 / f64::from(TASKS);
    let mut parts = vec![0.0; problem.services()];
    let mut left = problem.capacities().to_vec();
    let mut turns: BinaryHeap<Turn> = (0..problem.services())
        .map(|at| Turn {
            level: 0.0,
            at,
            tasks: 0,
        })
        .collect();
    while let Some(turn) = turns.pop() {
        let demand = problem.demands().row(turn.at);
        if demand
            .iter()
            .zip(&left)
            .any(|(demand, left)| demand * step > *left)
        {
            continue;
        }
        for (left, demand) in left.iter_mut().zip(demand) {
            *left -= demand * step;
        }
        let tasks = turn.tasks + 1;
        parts[turn.at] = f64::from(tasks) / f64::from(TASKS);
        if tasks < TASKS {
            let level =
                parts[turn.at] * problem.dominant_demand(turn.at) / problem.weights()[turn.at];
            turns.push(Turn {
                level,
                tasks,
                ..turn
            });
        }
    }
    granted(problem, &parts)
}

fn granted(problem: &Problem, parts: &[f64]) -> Allocation {
    let mut grants = problem.demands().clone();
    for (at, part) in parts.iter().enumerate() {
        grants
            .row_mut(at)
            .iter_mut()
            .for_each(|grant| *grant *= part.min(1.0));
    }
    Allocation::new(grants)
}

#[derive(PartialEq)]
struct Turn {
    level: f64,
    at: usize,
    tasks: u32,
}

impl Eq for Turn {}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Turn {
    /// The lowest level is the greatest turn: the heap hands out its greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .level
            .total_cmp(&self.level)
            .then(other.at.cmp(&self.at))
    }
}
