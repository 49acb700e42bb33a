//! A whole course of cycles on loads that are known beforehand, and its sums.
//!
//! Nothing here reads a clock or draws a number: the same loads give the same course, to the bit.

use crate::Error;
use crate::allocator::Policy;
use crate::broker::{Broker, Cycle};
use crate::fairness::jain;
use crate::problem::{Pool, Service};
use crate::quantities::{Quantities, add};
use crate::reclaim::Hysteresis;

/// The most cycles of a course: all of them are kept.
pub const MAX_CYCLES: usize = 100_000;

/// All cycles under one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The rule.
    pub policy: Policy,
    /// What came of it.
    pub cycles: Vec<Cycle>,
}

/// Lets services with these loads share a pool under one rule.
///
/// # Errors
/// Those of [`Broker::new`], and [`Error::Cycles`] if there are no loads or too many.
///
/// # Panics
/// If the loads aren't those of as many services and kinds.
pub fn simulate(
    pool: &Pool,
    services: &[Service],
    policy: Policy,
    rule: Hysteresis,
    loads: &[Quantities],
) -> Result<Course, Error> {
    if loads.is_empty() || loads.len() > MAX_CYCLES {
        return Err(Error::Cycles {
            given: loads.len(),
            most: MAX_CYCLES,
        });
    }
    let mut broker = Broker::new(pool.clone(), services.to_vec(), policy, rule)?;
    let cycles = loads.iter().map(|load| broker.step(load));
    Ok(Course {
        policy,
        cycles: cycles.collect::<Result<_, _>>()?,
    })
}

impl Course {
    /// How much of its load each service carried, on average over the cycles.
    #[must_use]
    pub fn mean_progress(&self) -> Vec<f64> {
        self.mean(|cycle| &cycle.progress)
    }

    /// Jain's index over the services' mean progress: whether some go short for long.
    #[must_use]
    pub fn fairness(&self) -> f64 {
        jain(&self.mean_progress())
    }

    /// The mean over all cycles of something that is there for every service or kind.
    pub fn mean(&self, of: impl Fn(&Cycle) -> &Vec<f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.cycles.first().map_or(0, |cycle| of(cycle).len())];
        for cycle in &self.cycles {
            add(&mut sums, of(cycle));
        }
        sums.iter()
            .map(|sum| sum / self.cycles.len() as f64)
            .collect()
    }

    /// The sum over all cycles of something that is counted.
    pub fn total(&self, of: impl Fn(&Cycle) -> usize) -> usize {
        self.cycles.iter().map(of).sum()
    }
}
