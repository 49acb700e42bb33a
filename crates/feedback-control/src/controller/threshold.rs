//! The simplest loop: one server more above a threshold, one fewer below another.
//!
//! The gap between the two is what keeps it quiet: a server more must not bring the CPU below the
//! lower threshold, or the next cycle takes it away again.

use super::{Controller, Observation};
use crate::config::Limits;

/// Adds one above `high`, drops one below `low`.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    limits: Limits,
    low: f64,
    high: f64,
}

impl Threshold {
    /// A controller with these thresholds, as shares of CPU between 0 and 1.
    #[must_use]
    pub fn new(limits: Limits, low: f64, high: f64) -> Self {
        Threshold { limits, low, high }
    }
}

impl Controller for Threshold {
    fn desired(&mut self, seen: &Observation) -> usize {
        let servers = seen.ordered();
        // BEGIN SOLUTION stage 1: one more, one fewer, or as it is; who keeps the limits?
        let wanted = if seen.cpu > self.high {
            servers + 1
        } else if seen.cpu < self.low {
            servers.saturating_sub(1)
        } else {
            servers
        };
        self.limits.clamp(wanted)
        // END SOLUTION
    }
}
