//! All controllers over all traffic, each against the clairvoyant.

use labkit::rng::Stream;

use crate::config::{Config, Limits};
use crate::controller::{Kind, Tuning};
use crate::error::Error;
use crate::feedback::{Sample, simulate};
use crate::optimum::{self, Optimum};
use crate::queue::Queue;
use crate::score::{Score, settling};
use crate::traffic::{Model, Trace};

/// The mean traffic of the comparison, in requests per second: some twenty servers' worth.
pub const BASE_RATE: f64 = 2_000.0;

/// How many cycles a comparison has: six hours of 15 s, six days of the diurnal model.
pub const CYCLES: usize = 1_440;

/// One controller's run.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which controller it was.
    pub kind: Kind,
    /// What happened.
    pub samples: Vec<Sample>,
    /// What it was worth.
    pub score: Score,
    /// Cycles until the servers had settled after a step, if there was one.
    pub settling: Option<f64>,
}

/// All controllers over one trace.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The traffic.
    pub trace: Trace,
    /// What it could have cost.
    pub optimum: Optimum,
    /// What it did cost, in the order of [`Kind::ALL`].
    pub entries: Vec<Entry>,
}

impl Comparison {
    /// How many times as much as the clairvoyant a controller paid.
    #[must_use]
    pub fn ratio(&self, entry: &Entry) -> f64 {
        entry.score.cost / self.optimum.cost
    }

    /// The controller that paid least.
    #[must_use]
    pub fn best(&self) -> Option<&Entry> {
        self.entries
            .iter()
            .min_by(|a, b| a.score.cost.total_cmp(&b.score.cost))
    }
}

/// The comparison's own surroundings: 1 to 120 servers, 26 at first, two cycles (30 s) to start.
///
/// # Errors
/// None: these numbers are allowed.
pub fn standard() -> Result<Config, Error> {
    Config::new(Queue::default(), Limits::new(1, 120)?, 26, 2)
}

/// The comparison's traffic of one shape, drawn from a seed.
///
/// # Errors
/// If there are no cycles or too many.
pub fn traffic(model: Model, cycles: usize, seed: u64) -> Result<Trace, Error> {
    let mut chance = Stream::named(seed, model.name());
    model.generate(cycles, BASE_RATE, &mut chance)
}

/// Runs all controllers over a trace, and finds what it could have cost.
///
/// # Errors
/// If the trace is too long for the clairvoyant.
pub fn compare(config: &Config, tuning: &Tuning, trace: Trace) -> Result<Comparison, Error> {
    let optimum = optimum::schedule(config, trace.rates())?;
    let entries = Kind::ALL
        .into_iter()
        .map(|kind| {
            let mut controller = kind.build(config, tuning);
            let samples = simulate(*config, controller.as_mut(), trace.rates());
            Entry {
                kind,
                score: Score::of(&samples, config),
                settling: settling(&samples, &trace.steps),
                samples,
            }
        })
        .collect();
    Ok(Comparison {
        trace,
        optimum,
        entries,
    })
}
