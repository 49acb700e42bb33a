//! The loop: measure, decide, act. It runs simulated servers and real processes alike.

use std::convert::Infallible;

use crate::config::Config;
use crate::controller::{Controller, Observation};
use crate::plant::Plant;

/// What happened in one cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Requests that arrived, per second.
    pub rate: f64,
    /// Servers that worked.
    pub ready: usize,
    /// Servers that were starting, and already cost.
    pub starting: usize,
    /// The mean busy share of the ready servers' time, 0 to 1.
    pub cpu: f64,
    /// The mean response time, in seconds.
    pub response_s: f64,
    /// The share of served requests that were later than the objective, 0 to 1.
    pub late: f64,
    /// Requests that arrived.
    pub arrived: f64,
    /// Requests that were dropped.
    pub dropped: f64,
    /// Whether the cycle was over the objective.
    pub over_slo: bool,
}

impl Sample {
    /// What a controller gets to see of it.
    #[must_use]
    pub fn observation(&self) -> Observation {
        Observation {
            ready: self.ready,
            starting: self.starting,
            cpu: self.cpu,
            rate: self.rate,
        }
    }

    /// Servers that are paid for.
    #[must_use]
    pub fn ordered(&self) -> usize {
        self.ready + self.starting
    }
}

/// Something with servers: it passes cycles and can be given more servers or fewer.
pub trait System {
    /// What can go wrong with it.
    type Error;

    /// Passes one cycle at the end of which it has been measured.
    ///
    /// # Errors
    /// If it can't be driven or measured.
    fn advance(&mut self, rate: f64) -> Result<Sample, Self::Error>;

    /// Orders servers, or gives some up, until `servers` are ready or starting.
    ///
    /// # Errors
    /// If they can't be started or stopped.
    fn scale_to(&mut self, servers: usize) -> Result<(), Self::Error>;
}

/// One turn of the loop: passes a cycle, and gives the system as many servers as the controller wants
/// after it.
///
/// # Errors
/// The system's.
pub fn step<S: System>(
    system: &mut S,
    controller: &mut dyn Controller,
    rate: f64,
) -> Result<Sample, S::Error> {
    let sample = system.advance(rate)?;
    let desired = controller.desired(&sample.observation());
    if desired != sample.ordered() {
        system.scale_to(desired)?;
    }
    Ok(sample)
}

/// Runs the loop for as long as `rate` names one for the next cycle; it sees what happened so far.
///
/// # Errors
/// The system's.
pub fn run<S: System>(
    system: &mut S,
    controller: &mut dyn Controller,
    mut rate: impl FnMut(&[Sample]) -> Option<f64>,
) -> Result<Vec<Sample>, S::Error> {
    let mut samples = Vec::new();
    while let Some(rate) = rate(&samples) {
        samples.push(step(system, controller, rate)?);
    }
    Ok(samples)
}

/// Runs a controller over simulated servers, one cycle for each rate.
#[must_use]
pub fn simulate(config: Config, controller: &mut dyn Controller, rates: &[f64]) -> Vec<Sample> {
    let mut plant = Plant::new(config);
    let Ok::<_, Infallible>(samples) = run(&mut plant, controller, |so_far| {
        rates.get(so_far.len()).copied()
    });
    samples
}
