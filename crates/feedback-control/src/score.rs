//! What a run was worth: what it cost, how often the service was too slow, how restless it was.

use crate::config::{Config, Price};
use crate::feedback::Sample;

/// A run, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Servers, starting ones included, times hours.
    pub server_hours: f64,
    /// Minutes in which the service was over its objective.
    pub over_minutes: f64,
    /// Those minutes' share of all, 0 to 1.
    pub over_share: f64,
    /// Requests dropped.
    pub dropped: f64,
    /// Their share of all requests, 0 to 1.
    pub dropped_share: f64,
    /// How often the number of servers was changed.
    pub actions: usize,
    /// How often a change went the other way than the one before it.
    pub reversals: usize,
    /// What all of it costs, in server-hours.
    pub cost: f64,
}

impl Price {
    /// What a cycle of `cycle_s` seconds costs, in server-hours.
    #[must_use]
    pub fn of(&self, servers: usize, over_slo: bool, dropped: f64, cycle_s: f64) -> f64 {
        let over = if over_slo { self.over_slo_minute } else { 0.0 };
        servers as f64 * cycle_s / 3600.0
            + over * cycle_s / 60.0
            + self.dropped_thousand * dropped / 1000.0
    }
}

impl Score {
    /// Sums up a run.
    #[must_use]
    pub fn of(samples: &[Sample], config: &Config) -> Self {
        let cycle_s = config.queue.cycle_s;
        let sum = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>();
        let over = samples.iter().filter(|sample| sample.over_slo).count() as f64;
        let (dropped, arrived) = (sum(&|s| s.dropped), sum(&|s| s.arrived));
        let changes: Vec<bool> = samples
            .windows(2)
            .filter(|pair| pair[0].ordered() != pair[1].ordered())
            .map(|pair| pair[1].ordered() > pair[0].ordered())
            .collect();
        let price = config.price;
        Score {
            server_hours: sum(&|s| s.ordered() as f64) * cycle_s / 3600.0,
            over_minutes: over * cycle_s / 60.0,
            over_share: over / (samples.len().max(1)) as f64,
            dropped,
            dropped_share: if arrived > 0.0 {
                dropped / arrived
            } else {
                0.0
            },
            actions: changes.len(),
            reversals: changes.windows(2).filter(|pair| pair[0] != pair[1]).count(),
            cost: sum(&|s| price.of(s.ordered(), s.over_slo, s.dropped, cycle_s)),
        }
    }
}

/// How many cycles after each step the number of ready servers entered, for good, the range of one
/// server or a tenth around what it was at the end of the level. None if there is no step.
#[must_use]
pub fn settling(samples: &[Sample], steps: &[usize]) -> Option<f64> {
    let ends = steps.iter().skip(1).copied().chain([samples.len()]);
    let times: Vec<f64> = steps
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| {
            let level = samples.get(*start..end)?;
            let last = level.last()?.ready as f64;
            let band = (last / 10.0).max(1.0);
            let outside = |sample: &Sample| (sample.ready as f64 - last).abs() > band;
            Some(level.iter().rposition(outside).map_or(0, |at| at + 1) as f64)
        })
        .collect();
    (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64)
}
