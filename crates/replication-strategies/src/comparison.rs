//! All strategies over all mixes of reads and writes.

use std::thread;

use crate::config::{Config, Settings};
use crate::error::Error;
use crate::outcome::Outcome;
use crate::simulator::simulate;
use crate::strategy::Kind;

/// The shares of writes that are compared.
pub const MIXES: [f64; 5] = [0.0, 0.01, 0.05, 0.2, 0.5];

/// By how much the adaptive strategy may cost more than the best of the others.
pub const ALLOWED: f64 = 1.05;

/// All strategies under one mix, in the order of [`Kind::ALL`].
#[derive(Clone, Debug)]
pub struct Mix {
    /// The share of writes.
    pub write_share: f64,
    /// What each strategy came to.
    pub outcomes: Vec<(Kind, Outcome)>,
    /// What a million requests cost with each, in dollars.
    pub costs: Vec<f64>,
}

impl Mix {
    /// The strategy that costs least among those that `of` admits, and what it costs.
    #[must_use]
    pub fn cheapest(&self, of: impl Fn(Kind) -> bool) -> Option<(Kind, f64)> {
        let costs = self.outcomes.iter().zip(&self.costs);
        costs
            .map(|((kind, _), cost)| (*kind, *cost))
            .filter(|(kind, _)| of(*kind))
            .min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// How many times as much as the best of the others the adaptive strategy costs.
    #[must_use]
    pub fn adaptive_ratio(&self) -> f64 {
        let best = self.cheapest(|kind| kind != Kind::Adaptive);
        let adaptive = self.cheapest(|kind| kind == Kind::Adaptive);
        match (adaptive, best) {
            (Some((_, adaptive)), Some((_, best))) => adaptive / best,
            _ => f64::NAN,
        }
    }
}

/// Runs all strategies under one configuration; `done` hears of each that is.
///
/// Two threads share the work, and the result doesn't depend on which did what.
pub fn compare(config: &Config, seed: u64, done: &(dyn Fn() + Sync)) -> Mix {
    let run = |kind: Kind| {
        let outcome = simulate(config, kind, seed);
        done();
        (kind, outcome)
    };
    let (front, back) = Kind::ALL.split_at(Kind::ALL.len() / 2);
    let outcomes: Vec<(Kind, Outcome)> = thread::scope(|scope| {
        let other = scope.spawn(|| back.iter().map(|kind| run(*kind)).collect::<Vec<_>>());
        let mut outcomes: Vec<_> = front.iter().map(|kind| run(*kind)).collect();
        match other.join() {
            Ok(others) => outcomes.extend(others),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        outcomes
    });
    let price = config.settings().price;
    Mix {
        write_share: config.settings().write_share,
        costs: outcomes.iter().map(|(_, o)| o.cost(&price)).collect(),
        outcomes,
    }
}

/// Runs all strategies under all mixes.
///
/// # Errors
/// If a setting can't be.
pub fn compare_mixes(
    settings: &Settings,
    seed: u64,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Mix>, Error> {
    let mix = |write_share: f64| {
        let config = Config::new(Settings {
            write_share,
            ..settings.clone()
        })?;
        Ok(compare(&config, seed, done))
    };
    MIXES.into_iter().map(mix).collect()
}
